import assert from "node:assert/strict";
import { abortable, Deadline } from "../../src/timing/deadline.ts";

function tick(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5));
}

Deno.test("Deadline aborts when its time is up, or when an outer signal does or already has", async () => {
  using timed = new Deadline(0);
  await tick();
  assert.ok(timed.signal.aborted);
  const outer = new AbortController();
  using nested = new Deadline(60_000, [outer.signal]);
  assert.ok(!nested.signal.aborted);
  outer.abort();
  assert.ok(nested.signal.aborted);
  using late = new Deadline(60_000, [outer.signal]);
  assert.ok(late.signal.aborted);
});

Deno.test("Deadline removes its timer and its listeners when it is disposed", async () => {
  const outer = new AbortController();
  const deadline = new Deadline(1, [outer.signal]);
  deadline[Symbol.dispose]();
  outer.abort();
  await tick();
  assert.ok(!deadline.signal.aborted);
});

Deno.test("abortable() abandons only its own wait and otherwise passes on what the promise gives", async () => {
  const caller = new AbortController();
  const { promise, resolve } = Promise.withResolvers<string>();
  const given = abortable(promise, caller.signal, () => new Error("gave up"));
  const stayed = abortable(promise, undefined, () => new Error("gave up"));
  const other = abortable(promise, new AbortController().signal, () => new Error("gave up"));
  caller.abort();
  await assert.rejects(given, /gave up/);
  resolve("done");
  assert.deepEqual(await Promise.all([stayed, other]), ["done", "done"]);
  await assert.rejects(
    abortable(Promise.reject(new Error("failed")), caller.signal, () => new Error("gave up")),
    /failed/,
  );
});
