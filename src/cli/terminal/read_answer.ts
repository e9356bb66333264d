/** Reads a person's answer from a terminal. */

import type { World } from "../../world.ts";

/** The longest answer; further bytes of it are ignored. */
const MAX_ANSWER_BYTES = 1_024;

/** Reads one line from a line-buffered terminal; `null` at the end of the input. */
export async function readAnswer({ stdin }: Pick<World, "stdin">): Promise<string | null> {
  const buffer = new Uint8Array(MAX_ANSWER_BYTES);
  let text = "";
  const decoder = new TextDecoder();
  while (!text.includes("\n")) {
    const count = await stdin.read(buffer);
    if (count === null) return null;
    text = (text + decoder.decode(buffer.subarray(0, count), { stream: true })).slice(-MAX_ANSWER_BYTES);
  }
  return text;
}

/** Anything but yes means no. */
export function isYes(answer: string): boolean {
  return /^y(es)?$/i.test(answer.trim());
}
