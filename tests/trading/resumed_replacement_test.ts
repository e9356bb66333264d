/** Replacements that were cut short between the cancellation and the new order, and are asked for again later. */

import assert from "node:assert/strict";
import { BrokerWorld, policyFileOf, REST } from "./broker_world.ts";

const CONFIRM = { default: { mode: "confirm" } };
const HOUR_MS = 3_600_000;

/** Approves everything that waits, in a terminal. */
function approving({ record: { approvals }, now }: BrokerWorld): void {
  for (const { id } of approvals.pending(now)) approvals.decide(id, { approved: true, by: "terminal", now });
}

/** The call that replaced an order which rests, and was halted once that was cancelled. */
async function cutShort(world: BrokerWorld): Promise<Record<string, string>> {
  world.meanwhile = () => approving(world);
  const { order_id } = await world.answer("place_order", REST);
  const { halts } = world.record;
  world.exchange.fault = ({ path }) => {
    if (path === "/api/1/stoporder") halts.pull({ by: "test", reason: "enough", now: world.now });
    return undefined;
  };
  const keyed = { order_id, price: "1051000", idempotency_key: "k" };
  assert.equal((await world.answer("replace_order", keyed)).status, "cancelled_only");
  world.exchange.fault = () => undefined;
  halts.lift({ by: "test", now: world.now });
  world.meanwhile = () => {};
  return keyed;
}

Deno.test("Broker.replace() continues soon after a person has confirmed it, and asks again later", async () => {
  await using soon = await BrokerWorld.start({ policy: CONFIRM });
  const first = await cutShort(soon);
  assert.equal((await soon.answer("replace_order", first)).status, "replaced");
  assert.equal(soon.announced.length, 2);

  await using later = await BrokerWorld.start({ policy: CONFIRM });
  const keyed = await cutShort(later);
  await later.exchange.advance(HOUR_MS);
  assert.equal((await later.answer("replace_order", keyed)).status, "awaiting_confirmation");
  assert.equal(later.sent.filter((path) => path === "/api/1/postorder").length, 1);
  later.meanwhile = () => approving(later);
  // The same call waits for the question that it has asked.
  assert.equal((await later.answer("replace_order", keyed)).status, "replaced");
  assert.equal((await later.answer("replace_order", keyed)).status, "repeated");
  assert.equal(later.announced.length, 3);
});

Deno.test("Broker.replace() asks a person before it continues when the policy has come to require that", async () => {
  await using world = await BrokerWorld.start();
  const keyed = await cutShort(world);
  world.policies.replace(policyFileOf(CONFIRM));
  assert.equal((await world.answer("replace_order", keyed)).status, "awaiting_confirmation");
});

Deno.test("Broker.replace() checks what it continues later against the current market", async () => {
  await using world = await BrokerWorld.start();
  const keyed = await cutShort(world);
  await world.exchange.advance(HOUR_MS);
  world.policies.replace(policyFileOf({ default: { price_band_percent: "1" } }));
  assert.equal((await world.refusal("replace_order", keyed)).code, "ERR_POLICY_PRICE_BAND");
  world.policies.replace(policyFileOf({}));
  assert.equal((await world.answer("replace_order", keyed)).status, "replaced");
});

Deno.test("Broker.replace() that continues leaves the old order when a limit would refuse the new one", async () => {
  await using world = await BrokerWorld.start();
  const { order_id } = await world.answer("place_order", REST);
  world.exchange.fault = ({ path }) => path === "/api/1/stoporder" ? { kind: "cut", when: "before" } : undefined;
  const keyed = { order_id, price: "1051000", idempotency_key: "k" };
  assert.equal((await world.answer("replace_order", keyed)).status, "not_replaced");
  world.exchange.fault = () => undefined;
  world.policies.replace(policyFileOf({ default: { max_orders_per_minute: 1 } }));
  assert.equal((await world.refusal("replace_order", keyed)).code, "ERR_LIMIT_RATE");
  assert.deepEqual(world.orders.map(({ status }) => status), ["PENDING"]);
});
