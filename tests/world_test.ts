import assert from "node:assert/strict";
import { bestEffort, print } from "../src/world.ts";
import type { Output } from "../src/world.ts";

/** An output that takes three bytes at a time, or fails. */
function output(error?: Error): Output & { text(): string } {
  const bytes: number[] = [];
  return {
    write(chunk) {
      if (error !== undefined) return Promise.reject(error);
      bytes.push(...chunk.subarray(0, 3));
      return Promise.resolve(Math.min(3, chunk.length));
    },
    isTerminal: () => false,
    text: () => new TextDecoder().decode(new Uint8Array(bytes)),
  };
}

Deno.test("print() writes all of a text and a newline, however few bytes are accepted at a time", async () => {
  const stdout = output();
  await print(stdout, "prices: €5 and 😀\nsecond line");
  assert.equal(stdout.text(), "prices: €5 and 😀\nsecond line\n");
});

Deno.test("print() does not treat a closed reader as an error, but any other failure", async () => {
  await print(output(new Deno.errors.BrokenPipe("gone")), "text");
  await assert.rejects(print(output(new Error("disk full")), "text"), /disk full/);
});

Deno.test("bestEffort() writes as long as it can, and never fails", async () => {
  const stderr = output();
  await print(bestEffort(stderr), "text");
  assert.equal(stderr.text(), "text\n");
  await print(bestEffort(output(new Error("disk full"))), "text");
});
