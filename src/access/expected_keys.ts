/**
 * A file beside the key store that records its existence, its identity and its latest revision. Without it, a store
 * that was deleted, moved or restored from an old copy would look like none, and the server would admit everyone, or
 * accept keys that were revoked.
 */

import { join } from "node:path";
import { z } from "zod";
import { readJson } from "../text/read_json.ts";
import { reasonOf } from "../errors/reason_of.ts";
import { fileProblems } from "../state/private_file.ts";
import type { KeysMark } from "./keys.ts";

/** The file's name in the state folder. */
export const EXPECTED_FILE = "keys-expected.json";

/** The expected store; `undefined` when no key was ever created here; or why that is unknown. */
export type ExpectedKeys = { readonly ok: true; readonly mark?: KeysMark } | {
  readonly ok: false;
  readonly problem: string;
};

const Mark = z.strictObject({ store: z.string().regex(/^[0-9a-f]{16}$/), revision: z.int().min(0) });

/** Reads the expected store of a state folder. */
export async function readExpectedKeys(folder: string): Promise<ExpectedKeys> {
  const path = join(folder, EXPECTED_FILE);
  let text: string;
  try {
    const [problem] = fileProblems(path, await Deno.lstat(path), { as: "record" });
    if (problem !== undefined) return { ok: false, problem };
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { ok: true };
    return { ok: false, problem: `expected a readable file: ${reasonOf(error)}` };
  }
  const read = Mark.safeParse(readJson(text));
  if (read.success) return { ok: true, mark: read.data };
  return { ok: false, problem: `expected what is remembered of the API keys: ${path} is damaged: ${remedy(path)}` };
}

/** The store that a state folder expects, and the one that it has; each absent when there is none. */
export interface ComparedKeys {
  readonly expected: KeysMark | undefined;
  readonly found: KeysMark | undefined;
}

/** How the store differs from the expected one; empty when it does not. */
export function checkKeys(folder: string, { expected, found }: ComparedKeys): string[] {
  if (expected === undefined) return [];
  const path = join(folder, EXPECTED_FILE);
  if (found === undefined) {
    return [
      "expected the API keys that were made here: their file keys.db is gone: put it back, " +
      `or remove ${path} if there are to be none any more`,
    ];
  }
  if (found.store !== expected.store) {
    return [`expected the file of API keys that was here: keys.db is another one: ${remedy(path)}`];
  }
  if (found.revision >= expected.revision) return [];
  return [
    `expected the file of API keys as it was last: keys.db is older (change ${found.revision} of ` +
    `${expected.revision}), so keys that were revoked since may be good again: ${remedy(path)}`,
  ];
}

/**
 * Records a store. Writes a new file first and renames it, so that the file is never half written and no link is
 * followed.
 */
export async function writeExpectedKeys(folder: string, { store, revision }: KeysMark): Promise<void> {
  const path = join(folder, EXPECTED_FILE);
  const draft = `${path}.new`;
  await Deno.remove(draft).catch(() => {});
  await Deno.writeTextFile(draft, `${JSON.stringify({ store, revision })}\n`, { createNew: true, mode: 0o600 });
  await Deno.rename(draft, path);
}

function remedy(path: string): string {
  return `put the right keys.db back, or look at keys list and remove ${path} to take it as it is`;
}
