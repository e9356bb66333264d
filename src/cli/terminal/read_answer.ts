/** What somebody answers in a terminal. */

import type { World } from "../../world.ts";

/** The longest answer that is read; what is behind it belongs to the same answer. */
const MAX_ANSWER_BYTES = 1_024;

/** One line of a terminal, which gives its input line by line; `null` at its end. */
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

/** Whoever does not say yes has said no. */
export function isYes(answer: string): boolean {
  return /^y(es)?$/i.test(answer.trim());
}
