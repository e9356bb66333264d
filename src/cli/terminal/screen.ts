/** What text on a terminal is made for: its width, whether it takes colours, and the moment. */

import type { World } from "../../world.ts";

/** Where no terminal says how wide it is. */
const DEFAULT_SIZE = { columns: 80, rows: 24 };

/** The terminal as those see it who write on it. */
export interface Screen {
  readonly columns: number;
  readonly rows: number;
  readonly colour: boolean;
  /** Wall clock in milliseconds since the Unix epoch, which relative times are told from. */
  readonly now: number;
}

/** The screen of a run; with `wide` tables show every column, however long the lines become. @default false */
export function screenOf(world: World, { wide = false }: { wide?: boolean } = {}): Screen {
  const { columns, rows } = world.terminal?.size() ?? DEFAULT_SIZE;
  return {
    columns: wide ? Infinity : Math.max(20, columns),
    rows: Math.max(4, rows),
    colour: world.terminal?.colour ?? false,
    now: world.now(),
  };
}

const CODES = { bold: ["1", "22"], dim: ["2", "22"], red: ["31", "39"], green: ["32", "39"] } as const;

/** How text can be emphasized. */
export type Style = keyof typeof CODES;

/** Text in a style, where the screen takes it. */
export function styled(text: string, style: Style, { colour }: Pick<Screen, "colour">): string {
  const [on, off] = CODES[style];
  return colour && text !== "" ? `\x1b[${on}m${text}\x1b[${off}m` : text;
}
