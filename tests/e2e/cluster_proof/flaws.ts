/** Engines that are broken on purpose: the program, with the statements of its PostgreSQL engine or their answers changed. */

import { PROGRAMS, SHIPPED } from "../program.ts";
import type { Program } from "../program.ts";

/** What is wrong with an engine. */
export const FLAWS = [
  /** Sends though its lease has run out, and another server may have taken over from it. */
  "no lease check",
  /** Takes a server for dead that has just missed a renewal, and its orders for gone while they may still arrive. */
  "hasty takeover",
  /** Holds an order against limits as they were before the transaction that it is written in. */
  "limits read outside",
  /** Asks whether trading is halted before that transaction. */
  "halt read outside",
] as const;

/** One of them. */
export type Flaw = (typeof FLAWS)[number];

/** The program as it is, or with a flaw. */
export function programOf(flaw: Flaw | undefined): Program {
  const [source] = PROGRAMS;
  const [shipped] = SHIPPED;
  if (source === undefined || shipped === undefined) throw new TypeError("Cannot run servers as there is no program");
  if (flaw === undefined) return shipped;
  const entry = new URL("./flawed_program.ts", import.meta.url).pathname;
  const args = source.args.map((arg) => arg === "main.ts" ? entry : arg);
  return { ...source, args: [...args, `--flaw=${flaw}`] };
}
