import assert from "node:assert/strict";
import { BodyTooLargeError, readBodyText } from "../../src/network/body_text.ts";

function streamOf(
  ...chunks: readonly (readonly number[])[]
): { body: ReadableStream<Uint8Array>; isCancelled(): boolean } {
  let isCancelled = false;
  const rest = [...chunks];
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const next = rest.shift();
      if (next === undefined) controller.close();
      else controller.enqueue(Uint8Array.from(next));
    },
    cancel: () => void (isCancelled = true),
  });
  return { body, isCancelled: () => isCancelled };
}

Deno.test("readBodyText() joins a character that arrives in two chunks, and treats no body as an empty one", async () => {
  assert.equal(await readBodyText(streamOf([0x61, 0xc3], [0xa9]).body, { maxBytes: 3 }), "aé");
  assert.equal(await readBodyText(null, { maxBytes: 1 }), "");
});

Deno.test("readBodyText() stops at the first byte over its maximum, and cancels the rest", async () => {
  const { body, isCancelled } = streamOf([1, 2], [3], [4]);
  await assert.rejects(readBodyText(body, { maxBytes: 2 }), BodyTooLargeError);
  assert.ok(isCancelled());
});

Deno.test("readBodyText() replaces invalid UTF-8, and refuses it when strict", async () => {
  assert.equal(await readBodyText(streamOf([0xff]).body, { maxBytes: 1 }), "\ufffd");
  await assert.rejects(readBodyText(streamOf([0xff]).body, { maxBytes: 1, strict: true }), TypeError);
  await assert.rejects(readBodyText(streamOf([0xc3]).body, { maxBytes: 1, strict: true }), TypeError);
});

Deno.test("readBodyText() ends with its signal, and abandons a body that stalls", async () => {
  const left = Promise.withResolvers<void>();
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new Uint8Array([0x61])),
    cancel: () => left.resolve(),
  });
  const controller = new AbortController();
  const text = readBodyText(body, { maxBytes: 5, signal: controller.signal });
  controller.abort(new RangeError("too late"));
  await assert.rejects(text, RangeError);
  await left.promise;
});
