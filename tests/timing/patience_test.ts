import assert from "node:assert/strict";
import { Patience } from "../../src/timing/patience.ts";
import { FakeClock } from "../exchange/fake_clock.ts";

const never = () => new Promise<string>(() => {});

function setup() {
  const clock = new FakeClock();
  return { clock, patience: new Patience(clock) };
}

Deno.test("Patience.wait() returns what arrives in time, and keeps no timer", async () => {
  const { clock, patience } = setup();
  const answer = Promise.withResolvers<string>();
  const waited = patience.wait("book", answer.promise);
  await clock.advance(999);
  answer.resolve("answer");
  assert.equal(await waited, "answer");
  assert.equal(clock.sleeping, 0);
});

Deno.test("Patience.wait() gives up after a second, callers that join meanwhile wait no longer, and others hardly", async () => {
  const { clock, patience } = setup();
  const first = patience.wait("book", never());
  await clock.advance(600);
  const joined = patience.wait("book", never());
  await clock.advance(400);
  assert.deepEqual(await Promise.all([first, joined]), [undefined, undefined]);
  const later = patience.wait("book", never());
  const other = patience.wait("ticker", never());
  await clock.advance(100);
  assert.equal(await later, undefined);
  assert.equal(clock.sleeping, 1);
  await clock.advance(900);
  assert.equal(await other, undefined);
});

Deno.test("Patience.wait() waits a second again after an answer, even a late one, and half a minute after the last failure", async () => {
  const { clock, patience } = setup();
  const late = Promise.withResolvers<string>();
  const gaveUp = patience.wait("book", late.promise);
  await clock.advance(1_000);
  assert.equal(await gaveUp, undefined);
  late.resolve("late");
  await clock.advance(0);
  const again = patience.wait("book", never());
  await clock.advance(999);
  assert.equal(clock.sleeping, 1);
  await clock.advance(1);
  assert.equal(await again, undefined);
  await clock.advance(30_001);
  const afterwards = patience.wait("book", never());
  await clock.advance(999);
  assert.equal(clock.sleeping, 1);
  await clock.advance(1);
  assert.equal(await afterwards, undefined);
});

Deno.test("Patience.wait() rejects as the answer does, and a later failure is not unhandled", async () => {
  const { clock, patience } = setup();
  await assert.rejects(patience.wait("book", Promise.reject(new Error("away"))), /away/);
  const late = Promise.withResolvers<string>();
  const gaveUp = patience.wait("book", late.promise);
  await clock.advance(1_000);
  assert.equal(await gaveUp, undefined);
  late.reject(new Error("away"));
  await clock.advance(0);
});
