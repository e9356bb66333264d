/** The properties of a terminal that text is formatted for: width, colours, and the current time. */

import type { World } from "../../world.ts";

/** Used when the size of the terminal is unknown. */
const DEFAULT_SIZE = { columns: 80, rows: 24 };

/** A terminal to write on. */
export interface Screen {
  readonly columns: number;
  readonly rows: number;
  readonly colour: boolean;
  /** Wall clock in milliseconds since the Unix epoch, for relative times. */
  readonly now: number;
}

/**
 * The screen of a run; with `wide`, tables show every column, however long the lines become.
 *
 * @default false
 */
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

/** Ways of emphasizing text. */
export type Style = keyof typeof CODES;

/** Text in a style, if the screen supports colours. */
export function styled(text: string, style: Style, { colour }: Pick<Screen, "colour">): string {
  const [on, off] = CODES[style];
  return colour && text !== "" ? `\x1b[${on}m${text}\x1b[${off}m` : text;
}
