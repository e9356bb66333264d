/** The listeners that each program has. Every test file that imports this asks the programs, which takes a while. */

import { PROGRAMS, runProgram } from "./program.ts";
import type { Program } from "./program.ts";

const HARDENED = await Promise.all(PROGRAMS.map(async (program) => {
  const { stderr } = await runProgram(program, ["--transport", "http", "--listener", "hardened", "--ssl-key", "none"]);
  return stderr.includes("need Deno 2.9") ? [] : [program.name];
}));

/** The listeners that a program supports: a binary with an older runtime says itself that it cannot be hardened. */
export function listenersOf({ name }: Program): readonly ("native" | "hardened")[] {
  return HARDENED.flat().includes(name) ? ["native", "hardened"] : ["native"];
}

/** A program with one of its listeners. */
export interface Served {
  readonly program: Program;
  readonly listener: "native" | "hardened";
}

/**
 * Each listener once: with the binary where it has it, else from source. For slow tests that do not depend on how the
 * program is built.
 */
export const SERVED: readonly Served[] = (["native", "hardened"] as const).flatMap((listener) =>
  PROGRAMS.filter((program) => listenersOf(program).includes(listener)).slice(-1)
    .map((program) => ({ program, listener }))
);
