/** Replacing: never both alive, never more than was left. */

import assert from "node:assert/strict";
import { formatDecimal } from "../../src/exchange/money.ts";
import type { Order } from "../../src/trading/order.ts";
import { ANYTHING, DeskWorld, expectStatus, LOOK, POST, RESTING, STOP } from "./desk_world.ts";

const BETTER: Order = { ...RESTING, price: "910000" };

/** Rests with what the best offers leave of it. */
const PARTLY: Order = { ...RESTING, volume: "0.2", price: "1098000" };

function replacing(orderId: string, order: Order = BETTER) {
  return { target: { orderId }, order, identity: "local", previewId: "r1", policy: ANYTHING, notionalOf: () => null };
}

Deno.test("Desk.replace() cancels the old order, and places the new one after it is final", async () => {
  await using world = await DeskWorld.start();
  const request = world.request();
  const { order_id } = expectStatus(await world.desk.place(request), "placed");
  let statusAtPost: string | undefined;
  world.exchange.fault = ({ path }) => {
    if (path === POST) statusAtPost = world.orders(request)[0]?.status;
    return undefined;
  };
  const result = expectStatus(await world.desk.replace(replacing(order_id)), "replaced");
  assert.equal(statusAtPost, "COMPLETE");
  assert.equal(result.old.order_id, order_id);
  expectStatus(result.placement, "placed");
  assert.equal(world.exchange.ledger.at(-1)?.limitPrice, 910_000);
});

Deno.test("Desk.replace() places only what the old order left untraded", async () => {
  await using world = await DeskWorld.start();
  const request = world.request(PARTLY);
  const { order_id } = expectStatus(await world.desk.place(request), "placed");
  const filled = world.orders(request)[0]?.base;
  assert.ok(filled !== undefined && filled.gt(0) && filled.lt("0.2"), `filled ${filled}`);
  const order = { ...BETTER, volume: "0.2" };
  expectStatus(await world.desk.replace(replacing(order_id, order)), "replaced");
  const placed = world.store.journal.open()[0]?.order.volume;
  assert.equal(placed, formatDecimal(filled.minus("0.2").abs()));
});

Deno.test("Desk.replace() takes off only what was traded since the new order was made", async () => {
  await using world = await DeskWorld.start();
  const request = world.request(PARTLY);
  const { order_id } = expectStatus(await world.desk.place(request), "placed");
  const filledBefore = formatDecimal(world.orders(request)[0]?.base ?? assert.fail("no order"));
  expectStatus(await world.desk.replace({ ...replacing(order_id), filledBefore }), "replaced");
  assert.equal(world.store.journal.open()[0]?.order.volume, "0.001");
});

Deno.test("Desk.replace() places nothing when the old order was filled meanwhile", async () => {
  await using world = await DeskWorld.start();
  const { order_id } = expectStatus(await world.desk.place(world.request({ ...RESTING, price: "1200000" })), "placed");
  const result = expectStatus(await world.desk.replace(replacing(order_id)), "nothing_left");
  assert.equal(result.old.status, "filled");
  assert.equal(world.exchange.count(POST), 1);
});

for (const [what, path] of [["cancellation is lost", STOP], ["order cannot be read", LOOK]] as const) {
  Deno.test(`Desk.replace() places nothing while the ${what}`, async () => {
    await using world = await DeskWorld.start();
    const { order_id } = expectStatus(await world.desk.place(world.request()), "placed");
    world.fault(path, { kind: "cut", when: "before" }, Infinity);
    const result = expectStatus(await world.desk.replace(replacing(order_id)), "not_replaced");
    assert.equal(result.message, "Nothing was placed, as the old order is not known to be final");
    assert.equal(world.exchange.count(POST), 1);
  });
}

Deno.test("Desk.replace() answers what the first call placed when it is repeated with its key", async () => {
  await using world = await DeskWorld.start();
  const { order_id } = expectStatus(await world.desk.place(world.request(PARTLY)), "placed");
  const request = { ...replacing(order_id, { ...BETTER, volume: "0.2" }), idempotencyKey: "k" };
  const first = expectStatus(await world.desk.replace(request), "replaced");
  const again = expectStatus(await world.desk.replace(request), "repeated");
  assert.deepEqual(again.placement, { ...first.placement, repeated: true });
  const other = await world.desk.replace({ ...request, order: { ...BETTER, volume: "0.2", price: "900001" } });
  assert.equal(expectStatus(other, "refused").reason, "ERR_IDEMPOTENCY_MISMATCH");
  assert.equal(world.exchange.count(POST), 2);
});
