import type { World } from "../world.ts";

/** How a command is called that reads settings of its own. */
export interface CommandCall {
  readonly world: World;
  /** Those of the command line itself. */
  readonly problems: readonly string[];
  /** The words after the command that are no flags. */
  readonly operands: readonly string[];
  /** Print JSON also on a terminal. */
  readonly json: boolean;
  /** Print whole tables, wider than the terminal. @default false */
  readonly wide?: boolean;
}
