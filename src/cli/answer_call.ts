/** The end of a command that has run a tool: its answer is printed, and the exit code tells of it. */

import { print } from "../world.ts";
import type { ExitCode, World } from "../world.ts";
import { exitCodeWithoutAnswer } from "./exit_code.ts";
import { writeFailure } from "./report.ts";
import { printAnswer } from "./terminal/print_answer.ts";

/** A tool that was run. */
export interface RunTool {
  readonly tool: string;
  /** The exit code that its answer stands for. */
  readonly code: ExitCode;
  readonly world: World;
  readonly json: boolean;
  readonly wide: boolean;
}

/**
 * Prints the answer. Where it cannot be written, stderr has it, and whoever reads stdout alone learns by the code that an
 * order may exist.
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
