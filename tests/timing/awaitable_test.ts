import assert from "node:assert/strict";
import { attempt, concluded, endedBy, whenAnswered } from "../../src/timing/awaitable.ts";

Deno.test("whenAnswered() continues synchronously when the answer is there, and later otherwise", async () => {
  assert.equal(whenAnswered(1, (value) => value + 1), 2);
  const later = whenAnswered(Promise.resolve(1), (value) => value + 1);
  assert.ok(later instanceof Promise);
  assert.equal(await later, 2);
});

Deno.test("attempt() handles a synchronous and an asynchronous failure", async () => {
  const failed = (error: unknown) => `failed: ${error}`;
  assert.equal(attempt(() => "made", failed), "made");
  assert.equal(await attempt(() => Promise.resolve("made"), failed), "made");
  assert.equal(
    attempt(() => {
      throw "now";
    }, failed),
    "failed: now",
  );
  assert.equal(await attempt(() => Promise.reject("later"), failed), "failed: later");
});

Deno.test("concluded() calls its continuation with the answer or the failure, and does not catch what that throws", async () => {
  const answered = (value: string) => `answered: ${value}`;
  const failed = (error: unknown) => `failed: ${error}`;
  assert.equal(concluded(() => "made", answered, failed), "answered: made");
  assert.equal(await concluded(() => Promise.resolve("made"), answered, failed), "answered: made");
  const fail = () => {
    throw "now";
  };
  assert.equal(concluded(fail, answered, failed), "failed: now");
  assert.equal(await concluded(() => Promise.reject("later"), answered, failed), "failed: later");
  assert.throws(() => concluded(() => "made", fail, failed), (error) => error === "now");
});

Deno.test("endedBy() calls its end once, after success or failure, and passes both on", async () => {
  let ends = 0;
  const end = () => void ends++;
  assert.equal(endedBy(() => 1, end), 1);
  assert.equal(ends, 1);
  const { promise, resolve } = Promise.withResolvers<number>();
  const answer = endedBy(() => promise, end);
  assert.equal(ends, 1);
  resolve(2);
  assert.equal(await answer, 2);
  assert.equal(ends, 2);
  const fail = () => {
    throw new RangeError("now");
  };
  assert.throws(() => endedBy(fail, end), RangeError);
  assert.equal(ends, 3);
  await assert.rejects(async () => await endedBy(() => Promise.reject(new RangeError("later")), end), RangeError);
  assert.equal(ends, 4);
});
