/** Text of a server on a terminal, and text that is redrawn in its place. */

import type { Output } from "../../world.ts";
import { print, write } from "../../world.ts";

/** Takes out what would steer a terminal: a server's words must not move the cursor or hide a line. */
export function printable(text: string): string {
  return text.replace(/[^\P{C}\n]|[\p{Zl}\p{Zp}]/gu, "\u{fffd}");
}

/** A block of lines on a terminal whose every version replaces the one before, and which leaves nothing behind. */
export class LiveText {
  readonly #output: Output;
  #height = 0;

  constructor(output: Output) {
    this.#output = output;
  }

  /** Draws `text`, whose lines fit the terminal, and which is shorter than it. */
  async draw(text: string): Promise<void> {
    const above = this.#above();
    this.#height = text.split("\n").length;
    await print(this.#output, above + text);
  }

  /** Takes the text away. */
  async clear(): Promise<void> {
    const above = this.#above();
    this.#height = 0;
    if (above !== "") await write(this.#output, above);
  }

  #above(): string {
    // Keys that were pressed, Ctrl-C too, have moved the cursor to the right.
    return this.#height === 0 ? "" : `\r\x1b[${this.#height}A\x1b[0J`;
  }
}
