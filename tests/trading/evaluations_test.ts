/** How often an order is read and checked against the policy, counted at the policy's and the request's own members. */

import assert from "node:assert/strict";
import { normalizeOrder } from "../../src/trading/orders/order_rules.ts";
import type { OrderRequest } from "../../src/trading/orders/order.ts";
import { BrokerWorld, REST } from "./broker_world.ts";
import { XBTZAR } from "./xbtzar.ts";

/** Counts how often an order is checked against the policy, which reads its sides each time. */
function countEvaluations({ policies }: BrokerWorld): { take(): number } {
  let count = 0;
  const of = policies.of.bind(policies);
  policies.of = (identity) =>
    Object.defineProperty({ ...of(identity) }, "sides", {
      enumerable: true,
      get() {
        count++;
        return undefined;
      },
    });
  return {
    take() {
      const taken = count;
      count = 0;
      return taken;
    },
  };
}

/** A request that counts how often its amounts are read. */
function watched(request: OrderRequest): { readonly request: OrderRequest; readonly reads: () => number } {
  let reads = 0;
  const get = (target: OrderRequest, name: string | symbol): unknown => {
    if (name === "counter_volume") reads++;
    return Reflect.get(target, name);
  };
  return { request: new Proxy(request, { get }), reads: () => reads };
}

/** How often a request was parsed. */
function parsesOf(reads: number): number {
  const once = watched(REST);
  assert.ok(normalizeOrder(once.request, XBTZAR).ok);
  return reads / once.reads();
}

Deno.test("a previewed order is checked against the policy when it is requested and right before sending, and read once", async () => {
  await using world = await BrokerWorld.start();
  const evaluations = countEvaluations(world);
  const { request, reads } = watched(REST);
  const { previewId } = await world.broker.preview(request, world.call());
  assert.deepEqual([evaluations.take(), parsesOf(reads())], [1, 1]);
  assert.equal((await world.broker.place({ previewId }, world.call())).status, "placed");
  assert.deepEqual([evaluations.take(), parsesOf(reads())], [1, 1]);
});

Deno.test("a full order is checked against the policy twice, and read once", async () => {
  await using world = await BrokerWorld.start();
  const evaluations = countEvaluations(world);
  const { request, reads } = watched(REST);
  assert.equal((await world.broker.place({ request, idempotencyKey: "k-1" }, world.call())).status, "placed");
  assert.deepEqual([evaluations.take(), parsesOf(reads())], [2, 1]);
  assert.equal((await world.broker.place({ request, idempotencyKey: "k-1" }, world.call())).status, "placed");
  assert.deepEqual([evaluations.take(), parsesOf(reads())], [0, 1]);
});

Deno.test("an order that a person approves is checked against the policy when it is requested and right before sending", async () => {
  await using world = await BrokerWorld.start({ bound: "confirm" });
  const evaluations = countEvaluations(world);
  const waiting = await world.broker.place({ request: REST }, world.call());
  assert.ok(waiting.status === "awaiting_confirmation");
  assert.equal(evaluations.take(), 1);
  const { approvalId, previewId } = waiting;
  world.record.approvals.decide(approvalId, { approved: true, by: "terminal", now: world.now });
  assert.equal((await world.broker.place({ previewId }, world.call())).status, "placed");
  assert.equal(evaluations.take(), 1);
});

Deno.test("an order that takes more than the short book is checked against the policy once when it is previewed", async () => {
  await using world = await BrokerWorld.start();
  const evaluations = countEvaluations(world);
  const { request, reads } = watched({ ...REST, side: "BUY", price: "1200000", volume: "90" });
  await world.broker.preview(request, world.call());
  assert.ok(world.exchange.seen.some(({ path }) => path.endsWith("/orderbook")), "the whole book was not needed");
  assert.deepEqual([evaluations.take(), parsesOf(reads())], [1, 1]);
});

Deno.test("a replacement is also checked against the policy before its old order is cancelled", async () => {
  await using world = await BrokerWorld.start();
  const placed = await world.broker.place({ request: REST }, world.call());
  assert.ok(placed.status === "placed");
  const evaluations = countEvaluations(world);
  const target = { orderId: placed.order_id };
  const replaced = await world.broker.replace({ target, price: "1060000" }, world.call());
  assert.equal(replaced.status, "replaced");
  assert.equal(evaluations.take(), 3);
});
