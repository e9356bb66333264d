import type { World } from "../world.ts";

/** The invocation of a command that parses its own settings. */
export interface CommandCall {
  readonly world: World;
  /** Problems of the command line itself. */
  readonly problems: readonly string[];
  /** The words after the command that are not flags. */
  readonly operands: readonly string[];
  /** Print JSON on a terminal too. */
  readonly json: boolean;
  /** Print whole tables, wider than the terminal. @default false */
  readonly wide?: boolean;
}
