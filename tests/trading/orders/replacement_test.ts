import assert from "node:assert/strict";
import { TradingError } from "../../../src/trading/orders/trading_error.ts";
import type { Order as ExchangeOrder } from "../../../src/exchange/order_schemas.ts";
import { findReplaced, isReducing, replacementOf } from "../../../src/trading/orders/replacement.ts";
import { BrokerWorld, FILL, policyFileOf, REST } from "../broker_world.ts";

/** An order of the simulated exchange as it reads. */
async function readOrder(world: BrokerWorld, args: Record<string, unknown>): Promise<ExchangeOrder> {
  const { order_id } = await world.answer("place_order", args);
  const { exchange, signal } = world.context();
  return await findReplaced(exchange, { orderId: order_id }, signal);
}

function target({ order_id }: ExchangeOrder) {
  return { orderId: order_id };
}

Deno.test("findReplaced() finds an order by either id", async () => {
  await using world = await BrokerWorld.start();
  const { order_id, client_order_id } = await world.answer("place_order", REST);
  const { exchange, signal } = world.context();
  const byId = await findReplaced(exchange, { orderId: order_id }, signal);
  const byOwnId = await findReplaced(exchange, { clientOrderId: client_order_id }, signal);
  assert.deepEqual([byId.order_id, byOwnId.order_id], [order_id, order_id]);
});

Deno.test("replacementOf() changes the given members and keeps the rest", async () => {
  await using world = await BrokerWorld.start();
  const old = await readOrder(world, REST);
  const kept = { pair: "XBTZAR", side: "BUY", type: "limit", volume: "0.001", price: "1050000" };
  assert.deepEqual(replacementOf(old, { target: target(old) }), kept);
  const changed = replacementOf(old, { target: target(old), price: "1060000", volume: "0.002", postOnly: true });
  assert.deepEqual(changed, { ...kept, price: "1060000", volume: "0.002", post_only: true });
});

Deno.test("replacementOf() refuses an order that is final by its time, and one in an unknown status", async () => {
  await using world = await BrokerWorld.start();
  const old = await readOrder(world, REST);
  for (
    const [fields, why] of [
      [{ completed_timestamp: 1_790_000_000_000 }, /it is final: place a new one$/],
      [{ status: "COMPLETE" }, /it is final: place a new one$/],
      [{ status: "UNKNOWN" }, /its status is not known here/],
    ] as const
  ) {
    assert.throws(
      () => replacementOf({ ...old, ...fields }, { target: target(old), price: "1060000" }),
      (error) => error instanceof TradingError && why.test(error.message),
    );
  }
});

Deno.test("replacementOf() refuses an order of an unknown type, time in force or stop direction", async () => {
  await using world = await BrokerWorld.start();
  const old = await readOrder(world, REST);
  for (
    const [fields, why] of [
      [{ type: "UNKNOWN" }, /its type is not known here: cancel it and place a new one$/],
      [{ time_in_force: "UNKNOWN" }, /its time in force is not known here/],
      [
        { type: "STOP_LIMIT", stop_price: "1060000", stop_direction: "UNKNOWN" },
        /its stop direction is not known here/,
      ],
      [{ type: "STOP_LIMIT", stop_price: "1060000", stop_direction: "" }, /its stop direction is not known here/],
    ] as const
  ) {
    assert.throws(
      () => replacementOf({ ...old, ...fields }, { target: target(old), price: "1060000" }),
      (error) => error instanceof TradingError && why.test(error.message),
    );
  }
});

for (
  const [name, change] of Object.entries({
    pair: { pair: "ETHZAR" },
    side: { side: "SELL" },
    type: { type: "STOP_LIMIT", stop_price: "1060000", stop_direction: "BELOW" },
    price: { limit_price: "1040000" },
    volume: { limit_volume: "5" },
  })
) {
  Deno.test(`replace_order sends nothing when the exchange shows the order with another ${name} than it was placed with`, async () => {
    await using world = await BrokerWorld.start();
    const { order_id } = await world.answer("place_order", REST);
    const sent = world.sent.length;
    world.exchange.fault = ({ path }) =>
      path === "/api/exchange/3/order" ? { kind: "changed", change: (order) => ({ ...order, ...change }) } : undefined;
    const refused = await world.refusal("replace_order", { order_id, price: "1045000" });
    assert.equal(refused.code, "ERR_ORDER_NOT_REPLACEABLE");
    assert.match(refused.message, new RegExp(`shows it with another ${name} than it was placed with`));
    assert.equal(world.sent.length, sent);
  });
}

Deno.test("replacementOf() subtracts what was already traded from the volume", async () => {
  await using world = await BrokerWorld.start();
  const old = await readOrder(world, REST);
  const partly = { ...old, base: "0.0004" };
  assert.equal(replacementOf(partly, { target: target(old) }).volume, "0.0006");
});

Deno.test("replacementOf() keeps a stop-limit order's stop", async () => {
  await using world = await BrokerWorld.start();
  const stop = { stop_price: "1040000", stop_direction: "BELOW" };
  const old = await readOrder(world, { ...REST, side: "SELL", type: "stop_limit", price: "1030000", ...stop });
  const request = replacementOf(old, { target: target(old), price: "1020000" });
  const { type, stop_price, stop_direction, price } = request;
  assert.deepEqual([type, stop_price, stop_direction, price], ["stop_limit", "1040000", "BELOW", "1020000"]);
});

Deno.test("replacementOf() refuses an order that is final", async () => {
  await using world = await BrokerWorld.start();
  const old = await readOrder(world, FILL);
  assert.throws(
    () => replacementOf(old, { target: target(old) }),
    (error) =>
      error instanceof TradingError && error.code === "ERR_ORDER_NOT_REPLACEABLE" &&
      /it is final: place a new one/.test(error.message),
  );
});

const PLACED = {
  pair: "XBTZAR",
  base: "XBT",
  counter: "ZAR",
  side: "BUY",
  type: "limit",
  price: "1050000",
  volume: "0.001",
  timeInForce: "GTC",
} as const;

Deno.test("isReducing() is true only for less volume at the same price", async () => {
  await using world = await BrokerWorld.start();
  const old = await readOrder(world, REST);
  assert.equal(isReducing(PLACED, { old, placed: PLACED }), true);
  assert.equal(isReducing({ ...PLACED, volume: "0.0005" }, { old, placed: PLACED }), true);
  assert.equal(isReducing({ ...PLACED, volume: "0.0011" }, { old, placed: PLACED }), false);
  for (const price of ["1049999", "1050001"]) {
    assert.equal(isReducing({ ...PLACED, price }, { old, placed: PLACED }), false);
  }
  assert.equal(isReducing({ ...PLACED, volume: "0.0005" }, { old: { ...old, base: "0.0006" }, placed: PLACED }), false);
});

Deno.test("isReducing() is false when a maker could become a taker, or other terms change", async () => {
  await using world = await BrokerWorld.start();
  const old = await readOrder(world, { ...REST, post_only: true });
  const maker = { ...PLACED, postOnly: true };
  assert.equal(isReducing({ ...maker, volume: "0.0005" }, { old, placed: maker }), true);
  assert.equal(isReducing({ ...maker, volume: "0.0005" }, { old, placed: PLACED }), true);
  assert.equal(isReducing({ ...PLACED, volume: "0.0005" }, { old, placed: maker }), false);
  const stop = { ...PLACED, type: "stop_limit", stopPrice: "1060000", stopDirection: "ABOVE" } as const;
  assert.equal(isReducing({ ...stop, volume: "0.0005" }, { old, placed: stop }), true);
  assert.equal(isReducing({ ...stop, stopPrice: "1070000" }, { old, placed: stop }), false);
  assert.equal(isReducing({ ...PLACED, timeInForce: "IOC" }, { old, placed: PLACED }), false);
});

Deno.test("replace_order asks a person before a post-only order may take, although it gets smaller", async () => {
  await using world = await BrokerWorld.start();
  const { order_id } = await world.answer("place_order", { ...REST, post_only: true });
  world.policies.replace(policyFileOf({ default: { mode: "confirm" } }));
  const sent = world.sent.length;
  const asked = await world.answer("replace_order", { order_id, volume: "0.0005", post_only: false });
  assert.equal(asked.status, "awaiting_confirmation");
  assert.equal(world.sent.length, sent);
  const smaller = await world.answer("replace_order", { order_id, volume: "0.0005" });
  assert.equal(smaller.status, "replaced", JSON.stringify(smaller));
  assert.equal(world.orders.at(-1)?.postOnly, true);
});
