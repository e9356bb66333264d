/** Text of a server on a terminal, and text that is drawn anew in its place. */

import type { Output } from "./world.ts";
import { print } from "./world.ts";

/** Takes out what would steer a terminal: a server's words must not move the cursor or hide a line. */
export function printable(text: string): string {
  return text.replace(/[^\P{C}\n]|[\p{Zl}\p{Zp}]/gu, "\u{fffd}");
}

/** A block of lines on a terminal whose every version replaces the one before. */
export class LiveText {
  readonly #output: Output;
  #height = 0;

  constructor(output: Output) {
    this.#output = output;
  }

  /** Draws `text`, whose lines fit the terminal. */
  async draw(text: string): Promise<void> {
    const above = this.#height === 0 ? "" : `\x1b[${this.#height}A\x1b[0J`;
    this.#height = text.split("\n").length;
    await print(this.#output, above + printable(text));
  }
}
