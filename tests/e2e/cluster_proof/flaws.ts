/** Engines that are broken on purpose: the program, with the statements of its PostgreSQL engine or their answers changed. */

import { PROGRAMS, SHIPPED } from "../program.ts";
import type { Program } from "../program.ts";

/** What is wrong with an engine. */
export const FLAWS = [
  /** Sends though its lease has expired, and another server may have taken over. */
  "no lease check",
  /** Considers a server dead that has just missed a renewal, and its orders gone while they may still arrive. */
  "hasty takeover",
  /** Checks an order against limits as they were before the transaction that writes it. */
  "limits read outside",
  /** Checks whether trading is halted before that transaction. */
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
