import assert from "node:assert/strict";
import { LazyAbort } from "../../src/timing/lazy_abort.ts";

Deno.test("LazyAbort.signal notifies its listeners, and is aborted from the beginning when read later", () => {
  const early = new LazyAbort();
  const { signal } = early;
  assert.equal(early.signal, signal);
  assert.equal(signal.aborted, false);
  early.abort();
  assert.deepEqual([signal.aborted, early.isAborted], [true, true]);
  const late = new LazyAbort();
  late.abort();
  assert.equal(late.signal.aborted, true);
});
