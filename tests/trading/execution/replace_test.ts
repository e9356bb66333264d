/** Replacing: never two orders alive, never more than the remainder. */

import assert from "node:assert/strict";
import { formatDecimal } from "../../../src/money/decimals.ts";
import type { Order } from "../../../src/trading/orders/order.ts";
import type { Terms } from "../../../src/trading/execution/sending_terms.ts";
import { refuse } from "../../../src/trading/execution/placement_result.ts";
import type { RefusedResult } from "../../../src/trading/execution/placement_result.ts";
import { sealPolicy } from "../../../src/trading/policy/policy.ts";
import { rightsBy } from "../sending_rights.ts";
import { StoreError } from "../../../src/trading/record/store_error.ts";
import { ExecutorWorld, expectStatus, FREE_TERMS, LOOK, POST, RESTING, STOP, withJournal } from "../executor_world.ts";

const BETTER: Order = { ...RESTING, price: "910000" };

/** Rests with the remainder after the best offers. */
const PARTLY: Order = { ...RESTING, volume: "0.2", price: "1098000" };

function replacing(orderId: string, order: Order = BETTER, termsOf: () => Terms | RefusedResult = () => FREE_TERMS) {
  return { target: { orderId }, order, identity: "local", previewId: "r1", ...rightsBy(termsOf) };
}

Deno.test("OrderExecutor.replace() cancels the old order, and places the new one after it is final", async () => {
  await using world = await ExecutorWorld.start();
  const request = world.request();
  const { order_id } = expectStatus(await world.executor.place(request), "placed");
  let statusAtPost: string | undefined;
  world.exchange.fault = ({ path }) => {
    if (path === POST) statusAtPost = world.orders(request)[0]?.status;
    return undefined;
  };
  const result = expectStatus(await world.executor.replace(replacing(order_id)), "replaced");
  assert.equal(statusAtPost, "COMPLETE");
  assert.equal(result.old.order_id, order_id);
  expectStatus(result.placement, "placed");
  assert.equal(world.exchange.ledger.at(-1)?.limitPrice, 910_000);
});

Deno.test("OrderExecutor.replace() places only what the old order left untraded", async () => {
  await using world = await ExecutorWorld.start();
  const request = world.request(PARTLY);
  const { order_id } = expectStatus(await world.executor.place(request), "placed");
  const filled = world.orders(request)[0]?.base;
  assert.ok(filled !== undefined && filled.gt(0) && filled.lt("0.2"), `filled ${filled}`);
  const order = { ...BETTER, volume: "0.2" };
  expectStatus(await world.executor.replace(replacing(order_id, order)), "replaced");
  const placed = world.store.journal.open()[0]?.order.volume;
  assert.equal(placed, formatDecimal(filled.minus("0.2").abs()));
});

Deno.test("OrderExecutor.replace() subtracts only what was traded since the new order was made", async () => {
  await using world = await ExecutorWorld.start();
  const request = world.request(PARTLY);
  const { order_id } = expectStatus(await world.executor.place(request), "placed");
  const filledBefore = formatDecimal(world.orders(request)[0]?.base ?? assert.fail("no order"));
  expectStatus(await world.executor.replace({ ...replacing(order_id), filledBefore }), "replaced");
  assert.equal(world.store.journal.open()[0]?.order.volume, "0.001");
});

Deno.test("OrderExecutor.replace() places nothing when the old order was filled meanwhile", async () => {
  await using world = await ExecutorWorld.start();
  const { order_id } = expectStatus(
    await world.executor.place(world.request({ ...RESTING, price: "1200000" })),
    "placed",
  );
  const result = expectStatus(await world.executor.replace(replacing(order_id)), "nothing_left");
  assert.equal(result.old.status, "filled");
  assert.equal(world.exchange.count(POST), 1);
});

for (
  const [what, path, why] of [
    ["cancellation is lost", STOP, "is not known to be final"],
    ["order cannot be read", LOOK, "could not be read"],
  ] as const
) {
  Deno.test(`OrderExecutor.replace() places nothing while the ${what}`, async () => {
    await using world = await ExecutorWorld.start();
    const { order_id } = expectStatus(await world.executor.place(world.request()), "placed");
    world.fault(path, { kind: "cut", when: "before" }, Infinity);
    const result = expectStatus(await world.executor.replace(replacing(order_id)), "not_replaced");
    assert.equal(result.message, `Nothing was placed, as the old order ${why}`);
    assert.equal(world.exchange.count(POST), 1);
  });
}

Deno.test("OrderExecutor.replace() returns what the first call placed when it is repeated with its key", async () => {
  await using world = await ExecutorWorld.start();
  const { order_id } = expectStatus(await world.executor.place(world.request(PARTLY)), "placed");
  const request = { ...replacing(order_id, { ...BETTER, volume: "0.2" }), idempotencyKey: "k" };
  const first = expectStatus(await world.executor.replace(request), "replaced");
  const again = expectStatus(await world.executor.replace(request), "repeated");
  assert.deepEqual(again.placement, { ...first.placement, repeated: true });
  const other = await world.executor.replace({ ...request, order: { ...BETTER, volume: "0.2", price: "900001" } });
  assert.equal(expectStatus(other, "refused").reason, "ERR_IDEMPOTENCY_MISMATCH");
  assert.equal(world.exchange.count(POST), 2);
});

Deno.test("OrderExecutor.replace() called four times at once places one new order", async () => {
  await using world = await ExecutorWorld.start();
  const { order_id } = expectStatus(await world.executor.place(world.request()), "placed");
  const requests = [1, 2, 3, 4].map((n) => ({ ...replacing(order_id), previewId: `r${n}` }));
  const results = await Promise.all(requests.map((request) => world.executor.replace(request)));
  const statuses = results.map(({ status }) => status).toSorted();
  assert.deepEqual(statuses, ["not_replaced", "not_replaced", "not_replaced", "replaced"]);
  assert.equal(world.exchange.count(POST), 2);
});

Deno.test("OrderExecutor.replace() places nothing for an order that was cancelled before", async () => {
  await using world = await ExecutorWorld.start();
  const { order_id } = expectStatus(await world.executor.place(world.request()), "placed");
  await world.executor.cancel({ orderId: order_id }, "local");
  const result = expectStatus(await world.executor.replace(replacing(order_id)), "not_replaced");
  assert.equal(result.message, "Nothing was placed, as the old order is final already");
  assert.equal(world.exchange.count(POST), 1);
});

Deno.test("OrderExecutor.replace() leaves the old order when a limit would refuse the new one", async () => {
  await using world = await ExecutorWorld.start();
  const request = world.request();
  const { order_id } = expectStatus(await world.executor.place(request), "placed");
  const policy = sealPolicy({ mode: "auto", maxPerDay: { amount: "10", currency: "ZAR" } });
  const termsOf = () => ({ policy, notional: { amount: "11", currency: "ZAR" } });
  expectStatus(await world.executor.replace(replacing(order_id, BETTER, termsOf)), "refused");
  assert.equal(world.exchange.count(STOP), 0);
  expectStatus(await world.executor.replace(replacing(order_id)), "replaced");
});

Deno.test("OrderExecutor.replace() reports a policy that changed while the old order was cancelled", async () => {
  await using world = await ExecutorWorld.start();
  const { order_id } = expectStatus(await world.executor.place(world.request()), "placed");
  const observing = refuse("ERR_POLICY_MODE", "Trading was put in observe mode");
  const termsOf = () => world.exchange.count(STOP) === 0 ? FREE_TERMS : observing;
  const result = expectStatus(await world.executor.replace(replacing(order_id, BETTER, termsOf)), "replaced");
  assert.equal(result.old.status, "cancelled");
  expectStatus(result.placement, "refused");
  assert.equal(world.exchange.count(POST), 1);
});

Deno.test("OrderExecutor.replace() reports that the old order is cancelled, even if the record cannot be read then", async () => {
  let isBroken = false;
  await using world = await ExecutorWorld.start({
    wrap: (options) =>
      withJournal(options, {
        open: (scope) => isBroken ? Promise.reject(new StoreError("unavailable")) : options.record.journal.open(scope),
      }),
  });
  const { order_id } = expectStatus(await world.executor.place(world.request()), "placed");
  expectStatus(await world.executor.place(world.request({ ...RESTING, price: "800000" })), "placed");
  const policy = sealPolicy({ mode: "auto", maxOpenOrders: 1 });
  const termsOf = () => {
    isBroken = world.exchange.count(STOP) > 0;
    return isBroken ? { policy, notional: null } : FREE_TERMS;
  };
  const result = expectStatus(await world.executor.replace(replacing(order_id, BETTER, termsOf)), "replaced");
  assert.equal(result.old.status, "cancelled");
  assert.equal(expectStatus(result.placement, "refused").reason, "ERR_LIMIT_OPEN_ORDERS");
});
