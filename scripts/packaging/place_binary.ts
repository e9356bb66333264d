/** Puts a compiled program where it belongs, or nothing at all. */

import { targetOfFile } from "./executable.ts";
import type { TargetName } from "./targets.ts";

/** Compiles into a file; undefined where it did, or why it did not. */
export type Compile = (file: string) => Promise<string | undefined>;

/**
 * Has the program compiled beside `path` and moves it there once it is whole and for the system `name`.
 * Deno embeds the runtime that `DENORT_BIN` names whatever system it is for, and says nothing.
 *
 * @returns why there is no file now, in a sentence; undefined where there is one
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
