import assert from "node:assert/strict";
import { CONFIRMATION_LIFETIME_MS, Confirmations } from "../../src/trading/confirmations.ts";
import type { WaitingOrder } from "../../src/trading/confirmations.ts";

function waiting(identity: string, previewId = "pv-1"): WaitingOrder<string> {
  const order = { identity, previewId, digest: "d", text: "BUY", sameAs: previewId };
  return { ...order, ways: () => ["dialog"], run: () => Promise.resolve("sent") };
}

function newConfirmations() {
  const clock = { now: 0 };
  return { clock, confirmations: new Confirmations<string>({ now: () => clock.now }) };
}

Deno.test("Confirmations.take() gives each one once, to its own caller alone", () => {
  const { confirmations } = newConfirmations();
  const { id } = confirmations.add(waiting("key:alice")) ?? assert.fail("none");
  assert.match(id, /^cf-[0-9a-f]{32}$/);
  assert.equal(confirmations.take(id, "key:mallory"), undefined);
  assert.equal(confirmations.take(id, "key:alice")?.previewId, "pv-1");
  assert.equal(confirmations.take(id, "key:alice"), undefined);
});

Deno.test("Confirmations.take() gives none whose time is over", () => {
  const { clock, confirmations } = newConfirmations();
  const { id } = confirmations.add(waiting("local")) ?? assert.fail("none");
  clock.now = CONFIRMATION_LIFETIME_MS;
  assert.equal(confirmations.take(id, "local"), undefined);
});

Deno.test("Confirmations.find() finds a caller's own, and none that is over", () => {
  const { clock, confirmations } = newConfirmations();
  confirmations.add(waiting("key:alice", "pv-2"));
  const is = ({ previewId }: { previewId: string }) => previewId === "pv-2";
  assert.equal(confirmations.find("key:alice", is)?.previewId, "pv-2");
  assert.equal(confirmations.find("key:bob", is), undefined);
  clock.now = CONFIRMATION_LIFETIME_MS;
  assert.equal(confirmations.find("key:alice", is), undefined);
});

Deno.test("Confirmations.add() takes ten of a caller and two hundred in all, until they are over", () => {
  const { clock, confirmations } = newConfirmations();
  for (let caller = 0; caller < 20; caller++) {
    for (let i = 0; i < 10; i++) assert.ok(confirmations.add(waiting(`key:k${caller}`)));
    assert.equal(confirmations.add(waiting(`key:k${caller}`)), undefined);
  }
  assert.equal(confirmations.add(waiting("key:other")), undefined);
  clock.now = CONFIRMATION_LIFETIME_MS;
  assert.ok(confirmations.add(waiting("key:other")));
});
