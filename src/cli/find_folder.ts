/** Finds the state folder of a command. */

import type { Origin } from "../config/parse.ts";
import { missingFolder, stateFolder } from "../state/folder.ts";

/** The folder, or why there is none; `name` is what the operator typed. */
export type StateFolder =
  | { readonly ok: true; readonly path: string; readonly name: string }
  | { readonly ok: false; readonly problem: string };

/** The folder of `--state`, or the user's state folder. */
export function findFolder(
  { values, origins }: {
    readonly values: { readonly state?: string | undefined };
    readonly origins: { readonly state: Origin };
  },
  env: (name: string) => string | undefined,
): StateFolder {
  const name = origins.state === "environment" ? "LUNO_MCP_STATE" : "--state";
  const path = values.state ?? stateFolder(env);
  return path === undefined ? { ok: false, problem: missingFolder() } : { ok: true, path, name };
}

/** Whether a path certainly does not exist; a broken link exists, and opening it reports the problem. */
export async function isMissing(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => false, (error) => error instanceof Deno.errors.NotFound);
}

/** The problem of a named folder that does not exist: a listing of it would be empty without explanation. */
export async function missingNamed(
  { path, name }: { readonly path: string; readonly name: string },
  { state }: { readonly state?: string | undefined },
): Promise<string[]> {
  return state !== undefined && await isMissing(path)
    ? [`${name}: expected a folder that exists: there is no ${path}`]
    : [];
}
