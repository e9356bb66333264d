/** Parses `Accept` headers (RFC 9110, section 12.5.1): media ranges in any case, with parameters and weights. */

/** The media types of answers. */
export const JSON_TYPE = "application/json";
export const EVENTS_TYPE = "text/event-stream";

interface Range {
  readonly type: string;
  readonly weight: number;
}

/** How much a client prefers each form. */
export interface Forms {
  readonly json: number;
  readonly events: number;
}

/** Parsed headers to remember; there are as many as kinds of clients. */
const MAX_KEPT = 100;

/** A longer header is not remembered, in characters. */
const MAX_LENGTH = 200;

const kept = new Map<string | null, Forms>();

/** How much a client prefers each form. */
export function formsOf(header: string | null): Forms {
  const known = kept.get(header);
  if (known !== undefined) return known;
  const forms = { json: acceptance(header, JSON_TYPE), events: acceptance(header, EVENTS_TYPE) };
  if (header !== null && header.length > MAX_LENGTH) return forms;
  if (kept.size >= MAX_KEPT) kept.clear();
  kept.set(header, forms);
  return forms;
}

/** The weight of a media type, from 0 (not acceptable) to 1; without a header everything is acceptable. */
export function acceptance(header: string | null, type: string): number {
  if (header === null || header.trim() === "") return 1;
  const ranges = header.split(",").flatMap(readRange);
  const wanted = [type, `${type.split("/")[0]}/*`, "*/*"];
  for (const name of wanted) {
    const range = ranges.find((candidate) => candidate.type === name);
    if (range !== undefined) return range.weight;
  }
  return 0;
}

function readRange(text: string): Range[] {
  const [written = "", ...parameters] = text.split(";").map((part) => part.trim().toLowerCase());
  const name = written === "*" ? "*/*" : written; // Older Java libraries write it like this.
  if (!/^[^\s/]+\/[^\s/]+$/.test(name)) return [];
  const weight = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
  return [{ type: name, weight: weight === undefined ? 1 : readWeight(weight) }];
}

/** Some clients write `.2`, or more digits than allowed; an invalid weight is ignored. */
function readWeight(text: string): number {
  const weight = text === "" ? NaN : Number(text);
  return Number.isNaN(weight) ? 1 : Math.min(Math.max(weight, 0), 1);
}
