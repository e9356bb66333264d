import { listDuplicateMembers } from "./duplicate_members.ts";

/** The content of a JSON file: its value and its duplicate members, or why it is not JSON. */
export type OperatorJson =
  | { readonly ok: true; readonly value: unknown; readonly duplicates: readonly string[] }
  | { readonly ok: false; readonly problem: string };

/** Parses JSON that an operator wrote. An error names only the position, as the text may hold a secret. */
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
