import { listDuplicateMembers } from "./duplicate_members.ts";

/** A file of JSON by its text: its value, with the members that stand in it twice, or why it is no JSON. */
export type OperatorJson =
  | { readonly ok: true; readonly value: unknown; readonly duplicates: readonly string[] }
  | { readonly ok: false; readonly problem: string };

/** Reads what an operator wrote as JSON. Of what is no JSON only the place is told, as the text may hold a secret. */
export function readOperatorJson(text: string): OperatorJson {
  try {
    const value: unknown = JSON.parse(text);
    const duplicates = listDuplicateMembers(text).map((path) => `${path}: expected once: it is repeated`);
    return { ok: true, value, duplicates };
  } catch (error) {
    const place = /line \d+ column \d+/.exec(String(error))?.[0];
    return { ok: false, problem: `expected JSON${place === undefined ? "" : `: cannot read it at ${place}`}` };
  }
}
