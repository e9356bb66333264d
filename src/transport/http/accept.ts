/** `Accept` as HTTP has it (RFC 9110, section 12.5.1): media ranges in any case, with parameters and weights. */

/** The forms in which an answer can be had. */
export const JSON_TYPE = "application/json";
export const EVENTS_TYPE = "text/event-stream";

interface Range {
  readonly type: string;
  readonly weight: number;
}

/** How much a client wants an answer in each form. */
export interface Forms {
  readonly json: number;
  readonly events: number;
}

/** `Accept` headers that are kept; there are as many as kinds of clients. */
const MAX_KEPT = 100;

/** What is longer is read each time, in characters. */
const MAX_LENGTH = 200;

const kept = new Map<string | null, Forms>();

/** How much a client wants an answer in each form. */
export function formsOf(header: string | null): Forms {
  const known = kept.get(header);
  if (known !== undefined) return known;
  const forms = { json: acceptance(header, JSON_TYPE), events: acceptance(header, EVENTS_TYPE) };
  if (header !== null && header.length > MAX_LENGTH) return forms;
  if (kept.size >= MAX_KEPT) kept.clear();
  kept.set(header, forms);
  return forms;
}

/** How much a client wants a media type, from 0 for not at all to 1; one that says nothing takes everything. */
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
  const name = written === "*" ? "*/*" : written; // As older libraries for Java write it.
  if (!/^[^\s/]+\/[^\s/]+$/.test(name)) return [];
  const weight = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
  return [{ type: name, weight: weight === undefined ? 1 : readWeight(weight) }];
}

/** Some clients write `.2`, or more digits than there may be; a weight that is no number says nothing. */
function readWeight(text: string): number {
  const weight = text === "" ? NaN : Number(text);
  return Number.isNaN(weight) ? 1 : Math.min(Math.max(weight, 0), 1);
}
