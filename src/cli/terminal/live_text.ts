/** Text of a server made safe for a terminal, and text that is redrawn in place. */

import type { Output } from "../../world.ts";
import { print, write } from "../../world.ts";

/** Removes terminal control sequences: a server's text must not move the cursor or hide a line. */
export function printable(text: string): string {
  return text.replace(/[^\P{C}\n]|[\p{Zl}\p{Zp}]/gu, "\u{fffd}");
}

/** A block of lines on a terminal; each version replaces the previous one, and nothing is left behind. */
export class LiveText {
  readonly #output: Output;
  #height = 0;

  constructor(output: Output) {
    this.#output = output;
  }

  /** Draws `text`, whose lines must fit the terminal's width and height. */
  async draw(text: string): Promise<void> {
    const above = this.#above();
    this.#height = text.split("\n").length;
    await print(this.#output, above + text);
  }

  /** Removes the text. */
  async clear(): Promise<void> {
    const above = this.#above();
    this.#height = 0;
    if (above !== "") await write(this.#output, above);
  }

  #above(): string {
    // Echoed key presses, Ctrl-C too, have moved the cursor to the right.
    return this.#height === 0 ? "" : `\r\x1b[${this.#height}A\x1b[0J`;
  }
}
