/** `Accept` as HTTP has it (RFC 9110, section 12.5.1): media ranges in any case, with parameters and weights. */

/** The forms in which an answer can be had. */
export const JSON_TYPE = "application/json";
export const EVENTS_TYPE = "text/event-stream";

interface Range {
  readonly type: string;
  readonly weight: number;
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
