/**
 * A minimal JSON-RPC server on stdio to compare with. Answers every request with as many bytes as its argument says, so
 * that both sides send the same amount.
 */

import { answersOf } from "./bare_answer.ts";

const decoder = new TextDecoder();
const encoder = new TextEncoder();
const buffer = new Uint8Array(65_536);
const answer = answersOf(Number(Deno.args[0] ?? 0));
let rest = "";
for (let count = await Deno.stdin.read(buffer); count !== null; count = await Deno.stdin.read(buffer)) {
  const lines = (rest + decoder.decode(buffer.subarray(0, count), { stream: true })).split("\n");
  rest = lines.pop() ?? "";
  const answers = lines.map(answer).filter((text) => text !== undefined);
  const bytes = encoder.encode(answers.map((text) => `${text}\n`).join(""));
  for (let written = 0; written < bytes.length;) written += await Deno.stdout.write(bytes.subarray(written));
}
