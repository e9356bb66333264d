/** Moves a compiled program to its place, or leaves nothing there. */

import { targetOfFile } from "./executable.ts";
import type { TargetName } from "./targets.ts";

/** Compiles into a file; returns undefined, or the reason for a failure. */
export type Compile = (file: string) => Promise<string | undefined>;

/**
 * Compiles the program next to `path` and moves it there once it is complete and for the system `name`. Deno embeds the
 * runtime that `DENORT_BIN` names without checking its system.
 *
 * @returns why there is no file now, in a sentence; undefined when there is one
 */
export async function placeBinary(name: TargetName, path: string, compile: Compile): Promise<string | undefined> {
  const folder = await Deno.makeTempDir({ dir: parentOf(path), prefix: ".compile-" });
  try {
    const file = `${folder}/${path.slice(parentOf(path).length + 1)}`;
    await Deno.remove(path).catch(ignoreMissing);
    const reason = await compile(file);
    if (reason !== undefined) return `Cannot compile for ${name}: ${reason}`;
    const found = await targetOfFile(file);
    if (found !== name) {
      return `Cannot compile for ${name}: the runtime that was embedded is for ${
        found ?? "another system"
      }, see DENORT_BIN`;
    }
    await Deno.rename(file, path);
    return undefined;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
