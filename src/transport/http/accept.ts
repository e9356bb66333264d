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
  const [name = "", ...parameters] = text.split(";").map((part) => part.trim().toLowerCase());
  if (!/^[^\s/]+\/[^\s/]+$/.test(name)) return [];
  const weight = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
  return [{ type: name, weight: weight === undefined ? 1 : readWeight(weight) }];
}

function readWeight(text: string): number {
  return /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(text) ? Number(text) : 0;
}
