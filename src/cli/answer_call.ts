/** Ends a command that has run a tool: prints the answer and returns its exit code. */

import { print } from "../world.ts";
import type { ExitCode, World } from "../world.ts";
import { exitCodeWithoutAnswer } from "./exit_code.ts";
import { writeFailure } from "./report.ts";
import { printAnswer } from "./terminal/print_answer.ts";

/** A tool run. */
export interface RunTool {
  readonly tool: string;
  /** The exit code for its answer. */
  readonly code: ExitCode;
  readonly world: World;
  readonly json: boolean;
  readonly wide: boolean;
}

/**
 * Prints the answer. When stdout cannot be written, it goes to stderr, and the exit code tells a script that an order
 * may exist.
 */
export async function answerCall(
  answer: Readonly<Record<string, unknown>>,
  { tool, code, world, ...form }: RunTool,
): Promise<ExitCode> {
  try {
    await printAnswer(answer, { world, ...form });
    return code;
  } catch (error) {
    const sentence = writeFailure(error);
    if (sentence === undefined) throw error;
    await print(world.stderr, `${sentence}; the answer was ${JSON.stringify(answer)}`);
    return code === 0 ? exitCodeWithoutAnswer(tool) : code;
  }
}
