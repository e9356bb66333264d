/** The state folder that a command works on. */

import type { Origin } from "../config/parse.ts";
import { missingFolder, stateFolder } from "../state/folder.ts";

/** The folder, or why there is none; `name` is what the operator typed. */
export type StateFolder =
  | { readonly ok: true; readonly path: string; readonly name: string }
  | { readonly ok: false; readonly problem: string };

/** What was given as `--state`, or the user's folder for state. */
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

/** Whether there is certainly nothing at a path; a link to nothing is something, which whoever opens it looks into. */
export async function isMissing(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => false, (error) => error instanceof Deno.errors.NotFound);
}

/** What is wrong with a folder that was named, and is not there: what is listed from it would be nothing, in silence. */
export async function missingNamed(
  { path, name }: { readonly path: string; readonly name: string },
  { state }: { readonly state?: string | undefined },
): Promise<string[]> {
  return state !== undefined && await isMissing(path)
    ? [`${name}: expected a folder that exists: there is no ${path}`]
    : [];
}
