/** Prints a tool's answer: JSON for programs, text for people. */

import { print } from "../../world.ts";
import type { World } from "../../world.ts";
import { formatAnswer, formatError } from "./answer.ts";
import { screenOf } from "./screen.ts";

/** Prints an answer, or `error` instead. JSON always goes to stdout; an error as text goes to stderr. */
export async function printAnswer(
  answer: Readonly<Record<string, unknown>>,
  { world, json, wide }: { world: World; json: boolean; wide: boolean },
): Promise<void> {
  if (json || !world.stdout.isTerminal()) return await print(world.stdout, JSON.stringify(answer));
  const { error } = answer;
  const screen = screenOf(world, { wide });
  if (typeof error === "object" && error !== null) await print(world.stderr, formatError({ ...error }, screen));
  else await print(world.stdout, formatAnswer(answer, screen));
}
