import assert from "node:assert/strict";
import { Confirmations } from "../../../src/trading/confirmation/confirmations.ts";
import { CONFIRMATION_LIFETIME_MS } from "../../../src/trading/record/approval.ts";
import { orderRequest } from "../approval_requests.ts";

function waiting(identity: string) {
  return orderRequest({ identity });
}

function newConfirmations() {
  const clock = { now: 0 };
  return { clock, confirmations: new Confirmations({ now: () => clock.now }) };
}

Deno.test("Confirmations.take() gives each one once, to its own caller alone", () => {
  const { confirmations } = newConfirmations();
  const order = waiting("key:alice");
  const { id } = confirmations.add(order) ?? assert.fail("none");
  assert.match(id, /^cf-[0-9a-f]{32}$/);
  assert.equal(confirmations.take(id, "key:mallory"), undefined);
  assert.equal(confirmations.take(id, "key:alice")?.order, order);
  assert.equal(confirmations.take(id, "key:alice"), undefined);
});

Deno.test("Confirmations.take() gives none whose time is over", () => {
  const { clock, confirmations } = newConfirmations();
  const { id } = confirmations.add(waiting("local")) ?? assert.fail("none");
  clock.now = CONFIRMATION_LIFETIME_MS;
  assert.equal(confirmations.take(id, "local"), undefined);
});

Deno.test("Confirmations.of() lists a caller's own, and none that is over", () => {
  const { clock, confirmations } = newConfirmations();
  confirmations.add(waiting("key:alice"));
  assert.equal(confirmations.of("key:alice").length, 1);
  assert.deepEqual(confirmations.of("key:bob"), []);
  clock.now = CONFIRMATION_LIFETIME_MS;
  assert.deepEqual(confirmations.of("key:alice"), []);
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
