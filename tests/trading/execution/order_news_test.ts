/** Reports of orders by the exchange, and their effect on the record. */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { OrderEvent } from "../../../src/exchange/stream/own_order.ts";
import type { Order } from "../../../src/trading/orders/order.ts";
import type { PlaceRequest } from "../../../src/trading/execution/place_request.ts";
import { expectStatus, LOOK, POST, RESTING } from "../executor_world.ts";
import type { WireFault } from "../faulty_exchange.ts";
import { ToldWorld } from "../told_world.ts";

const DOWN: WireFault = { kind: "rules", rules: [{ kind: "server_error", when: "before" }] };

/** Trades at once, completely. */
const FILLED: Order = { ...RESTING, price: "1200000" };

/** Ends at once without a trade. */
const EXPIRED: Order = { ...RESTING, timeInForce: "IOC" };

const MARKET: Order = {
  pair: "XBTZAR",
  base: "XBT",
  counter: "ZAR",
  side: "BUY",
  type: "market",
  counterVolume: "1000",
};

/** The record without any report, when everything is looked up. */
async function lookedUp(order: Order, after: (told: ToldWorld, request: PlaceRequest) => Promise<void>) {
  await using told = await ToldWorld.start();
  const request = told.world.request(order);
  await told.world.executor.place(request);
  await after(told, request);
  await told.world.executor.refresh();
  return told.recorded(request);
}

const nothing = () => Promise.resolve();

/** Cancels the order outside of this program. */
async function cancelElsewhere({ world }: ToldWorld, request: PlaceRequest): Promise<void> {
  const [order] = world.orders(request);
  await world.exchange.connect().call("stopOrder", { order_id: order?.id ?? "" });
}

Deno.test("an order whose whole volume has traded is closed by the stream as look-ups would, and without one", async () => {
  await using told = await ToldWorld.start();
  const { world } = told;
  const request = world.request(FILLED);
  expectStatus(await world.executor.place(request), "placed");
  assert.equal(world.placement(request)?.isOpen, true);
  world.exchange.seen.length = 0;
  told.tell();
  await told.until(() => world.placement(request)?.isOpen === false);
  assert.deepEqual(world.exchange.seen, []);
  assert.deepEqual(told.recorded(request), await lookedUp(FILLED, nothing));
});

for (
  const [what, order, after] of [
    ["is cancelled elsewhere", RESTING, cancelElsewhere],
    ["ends without a trade", EXPIRED, nothing],
    ["is a market order", MARKET, nothing],
  ] as const
) {
  Deno.test(`an order that ${what} is looked up once when its end is reported, however often that is`, async () => {
    await using told = await ToldWorld.start();
    const { world } = told;
    const request = world.request(order);
    expectStatus(await world.executor.place(request), "placed");
    await after(told, request);
    world.exchange.seen.length = 0;
    const events = told.events();
    told.tell([...events, ...events, ...events]);
    await told.until(() => world.placement(request)?.isOpen === false);
    await world.executor.stop();
    assert.equal(world.exchange.count(LOOK), 1);
    assert.deepEqual(told.recorded(request), await lookedUp(order, after));
  });
}

Deno.test("an order whose answer was lost is known from the stream, while it cannot be looked up", async () => {
  await using told = await ToldWorld.start();
  const { world } = told;
  const request = world.request();
  world.fault(POST, { kind: "cut", when: "after" });
  world.fault(LOOK, DOWN, Infinity);
  told.beforeAnswer = () => told.tell();
  const startedAt = world.now;
  const { order_id } = expectStatus(await world.executor.place(request), "placed");
  assert.equal(order_id, world.orders(request)[0]?.id);
  assert.ok(world.now - startedAt < 10_000, `found out after ${world.now - startedAt} ms`);
  assert.equal(world.placement(request)?.state, "placed");
  assert.equal(world.exchange.count(POST), 1);
});

Deno.test("a report that arrives before the answer to an order's request settles it, and the answer changes nothing", async () => {
  await using told = await ToldWorld.start();
  const { world } = told;
  const request = world.request(FILLED);
  told.beforeAnswer = () => told.tell();
  expectStatus(await world.executor.place(request), "placed");
  await told.until(() => world.placement(request)?.isOpen === false);
  assert.deepEqual(told.recorded(request), await lookedUp(FILLED, nothing));
});

Deno.test("the record has the same result in any order and repetition of the reports of an order's life", async () => {
  const expected = await lookedUp(RESTING, cancelElsewhere);
  await fc.assert(
    fc.asyncProperty(fc.infiniteStream(fc.nat()), fc.boolean(), async (numbers, isEarly) => {
      await using told = await ToldWorld.start();
      const { world } = told;
      const request = world.request();
      if (isEarly) told.beforeAnswer = () => told.tell();
      await world.executor.place(request);
      const early = isEarly ? [] : told.events();
      await cancelElsewhere(told, request);
      const life = [...early, ...told.events()];
      const twice = [...life, ...life].map((event) => ({ event, place: numbers.next().value }));
      told.tell(twice.sort((one, other) => one.place - other.place).map(({ event }) => event));
      await told.until(() => world.placement(request)?.isOpen === false);
      await world.executor.stop();
      assert.deepEqual(told.recorded(request), expected);
    }),
    { numRuns: 12 },
  );
});

Deno.test("reports of other programs' orders, or of one that does not match what was sent, are not recorded", async () => {
  await using told = await ToldWorld.start();
  const { world } = told;
  const request = world.request();
  expectStatus(await world.executor.place(request), "placed");
  const events = told.events().filter((event): event is OrderEvent => event.type !== "balance");
  const last = world.request(FILLED);
  expectStatus(await world.executor.place(last), "placed");
  const before = told.recorded(request);
  world.exchange.seen.length = 0;
  const changed = (change: Record<string, string>): OrderEvent[] =>
    events.map((event) =>
      event.type === "order_status"
        ? { ...event, status: { ...event.status, status: "COMPLETE", ...change } }
        : { ...event, fill: { ...event.fill, ...change } }
    );
  told.tell([
    ...changed({ client_order_id: "lm-unknown", order_id: "BXUNKNOWN1" }),
    ...changed({ client_order_id: "", order_id: "BXUNKNOWN2" }),
    ...changed({ order_id: "BXANOTHER1" }),
    ...changed({ market_id: "ETHZAR" }),
  ]);
  // They are processed one after another.
  told.tell();
  await told.until(() => world.placement(last)?.isOpen === false);
  assert.deepEqual(told.recorded(request), before);
  assert.deepEqual(world.exchange.seen, []);
});

Deno.test("a burst of reports stays bounded, and dropped ones are looked up", async () => {
  await using told = await ToldWorld.start();
  const { world } = told;
  const request = world.request(FILLED);
  expectStatus(await world.executor.place(request), "placed");
  const events = told.events();
  const [first] = events.filter((event) => event.type === "order_status");
  assert.ok(first?.type === "order_status");
  const { status } = first;
  const foreign = Array.from({ length: 3_000 }, (_, index): OrderEvent => ({
    ...first,
    status: { ...status, client_order_id: "", order_id: `BXFOREIGN${index}` },
  }));
  told.tell([...foreign, ...events]);
  await world.wakeUntil(() => world.placement(request)?.isOpen === false);
  assert.deepEqual(told.recorded(request), await lookedUp(FILLED, nothing));
});

Deno.test("a cancellation ends as soon as the stream reports that it has taken effect", async () => {
  await using told = await ToldWorld.start();
  const { world } = told;
  const request = world.request();
  const { order_id } = expectStatus(await world.executor.place(request), "placed");
  told.beforeAnswer = () => told.tell();
  expectStatus(await world.executor.cancel({ orderId: order_id ?? "" }, "local"), "cancelled");
  assert.deepEqual(told.recorded(request), await lookedUp(RESTING, cancelElsewhere));
});

for (const does of ["place", "replace", "cancel", "cancelAll"] as const) {
  Deno.test(`OrderExecutor.${does}() follows the account's stream from its beginning to its end`, async () => {
    await using told = await ToldWorld.start();
    const { executor, exchange } = told.world;
    const { order_id: orderId } = await exchange.connect().call("postLimitOrder", {
      pair: "XBTZAR",
      type: "BID",
      volume: "0.001",
      price: "900000",
    });
    const request = told.world.request({ ...RESTING, price: "910000" });
    const before = told.needs.begun;
    const doing = does === "place"
      ? executor.place(request)
      : does === "replace"
      ? executor.replace({ ...request, target: { orderId } })
      : does === "cancel"
      ? executor.cancel({ orderId }, "local")
      : executor.cancelAll({}, "local");
    assert.equal(told.needs.begun, before + 1);
    const { over } = told.needs;
    told.beforeAnswer = () => assert.ok(told.needs.begun - told.needs.over > 0);
    await doing;
    assert.ok(told.needs.over > over);
  });
}
