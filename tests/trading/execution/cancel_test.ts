/** Cancelling is always tried, and its outcome reported truthfully. */

import assert from "node:assert/strict";
import { ExchangeError } from "../../../src/exchange/errors.ts";
import { StoreError } from "../../../src/trading/record/store_error.ts";
import { CROSSING, ExecutorWorld, expectStatus, LOOK, POST, RESTING, STOP, withJournal } from "../executor_world.ts";
import type { WireFault } from "../faulty_exchange.ts";

const LIST = "/api/exchange/2/listorders";

async function placed(world: ExecutorWorld, order = RESTING) {
  const request = world.request(order);
  return { request, result: expectStatus(await world.executor.place(request), "placed") };
}

/** An order with the client order id `mine` that no record knows; returns the exchange's id. */
async function placedElsewhere(world: ExecutorWorld): Promise<string> {
  const order = { pair: "XBTZAR", type: "BID", volume: "0.001", price: "900000", client_order_id: "mine" } as const;
  return (await world.exchange.connect().call("postLimitOrder", order)).order_id;
}

Deno.test("OrderExecutor.cancel() cancels by either id, reports what was traded, and records it", async () => {
  await using world = await ExecutorWorld.start();
  for (const name of ["orderId", "clientOrderId"] as const) {
    const { request, result } = await placed(world);
    const target = name === "orderId" ? { orderId: result.order_id } : { clientOrderId: result.client_order_id };
    const ended = expectStatus(await world.executor.cancel(target, "local"), "cancelled");
    assert.deepEqual([ended.order_id, ended.filled_volume, ended.unfilled_volume], [result.order_id, "0", "0.001"]);
    assert.equal(world.orders(request)[0]?.status, "COMPLETE");
    assert.equal(world.placement(request)?.isOpen, false);
    const events = world.store.audit.trail({ orderId: result.order_id }).map(({ event }) => event);
    assert.deepEqual(events, ["intent", "sent", "outcome", "cancel", "closed", "cancel"]);
  }
});

Deno.test("OrderExecutor.cancel() returns filled when the cancellation came too late", async () => {
  await using world = await ExecutorWorld.start();
  const { result } = await placed(world, CROSSING);
  const ended = expectStatus(await world.executor.cancel({ orderId: result.order_id }, "local"), "filled");
  assert.deepEqual([ended.filled_volume, ended.unfilled_volume], ["0.001", "0"]);
});

Deno.test("OrderExecutor.cancel() reports no negative volume when more was traded than requested", async () => {
  await using world = await ExecutorWorld.start();
  const { result } = await placed(world);
  world.exchange.fault = ({ path }) =>
    path === LOOK ? { kind: "changed", change: (order) => ({ ...order, base: "0.0012" }) } : undefined;
  const ended = expectStatus(await world.executor.cancel({ orderId: result.order_id }, "local"), "filled");
  assert.deepEqual([ended.filled_volume, ended.unfilled_volume], ["0.0012", "0"]);
});

const LOSING: Readonly<Record<string, WireFault>> = {
  "is lost": { kind: "cut", when: "before" },
  "is done and its answer lost": { kind: "cut", when: "after" },
  "is answered 500": { kind: "rules", rules: [{ kind: "server_error", when: "before" }] },
  "is answered 429": { kind: "rules", rules: [{ kind: "too_many_requests" }] },
  "arrives a second later": { kind: "late", ms: 1_000 },
  "is sent twice": { kind: "twice", last: "answer" },
};

for (const [what, fault] of Object.entries(LOSING)) {
  Deno.test(`OrderExecutor.cancel() cancels although the cancellation ${what}`, async () => {
    await using world = await ExecutorWorld.start();
    const { request, result } = await placed(world);
    world.fault(STOP, fault);
    expectStatus(await world.executor.cancel({ orderId: result.order_id }, "local"), "cancelled");
    assert.equal(world.orders(request)[0]?.status, "COMPLETE");
  });
}

Deno.test("OrderExecutor.cancel() returns open, never cancelled, when the order is not seen final", async () => {
  await using world = await ExecutorWorld.start();
  const { result } = await placed(world);
  world.fault(STOP, { kind: "cut", when: "before" }, Infinity);
  const open = expectStatus(await world.executor.cancel({ orderId: result.order_id }, "local"), "open");
  assert.equal(open.client_order_id, result.client_order_id);
  assert.match(open.message, /not seen final in time: ask again/);
});

/** Shows orders in an undocumented status. */
function inStatus(status: unknown, fields: Record<string, unknown> = {}): WireFault {
  return { kind: "changed", change: (order) => ({ ...order, status, ...fields }) };
}

Deno.test("OrderExecutor.cancel() treats an order with a completion time as final, whatever the status, and sends one cancellation", async () => {
  for (const status of ["CANCELLED", "FAILED", "", null]) {
    await using world = await ExecutorWorld.start();
    const { request, result } = await placed(world);
    world.fault(LOOK, inStatus(status), Infinity);
    expectStatus(await world.executor.cancel({ orderId: result.order_id }, "local"), "cancelled");
    assert.deepEqual([world.exchange.count(STOP), world.placement(request)?.isOpen], [1, false], String(status));
  }
});

Deno.test("OrderExecutor.cancel() returns filled when the last fill was faster than the cancellation", async () => {
  await using world = await ExecutorWorld.start();
  const { result } = await placed(world);
  world.fault(LOOK, { kind: "changed", change: (order) => ({ ...order, base: order.limit_volume }) }, Infinity);
  expectStatus(await world.executor.cancel({ orderId: result.order_id }, "local"), "filled");
});

Deno.test("OrderExecutor.cancel() soon returns unknown for an order in an undocumented status that is not final", async () => {
  await using world = await ExecutorWorld.start();
  const { request, result } = await placed(world);
  world.fault(LOOK, inStatus("FROZEN", { completed_timestamp: 0, expiration_timestamp: 0 }), Infinity);
  const startedAt = world.now;
  const unknown = expectStatus(await world.executor.cancel({ orderId: result.order_id }, "local"), "unknown");
  assert.deepEqual([unknown.order_id, unknown.reason], [result.order_id, "ERR_STATUS_UNKNOWN"]);
  assert.ok(world.now - startedAt < 6_000, `it took ${world.now - startedAt} ms`);
  assert.equal(world.placement(request)?.isOpen, true);
  const { remaining } = await world.executor.cancelAll({}, "local");
  assert.ok(remaining.some(({ order_id, status }) => order_id === result.order_id && status === "unknown"));
});

Deno.test("OrderExecutor.cancel() finds an order with an unknown outcome by its client order id", async () => {
  await using world = await ExecutorWorld.start();
  const request = world.request();
  world.fault(POST, { kind: "cut", when: "after" });
  world.fault(LOOK, { kind: "rules", rules: [{ kind: "server_error", when: "before" }] }, Infinity);
  world.fault(LIST, { kind: "rules", rules: [{ kind: "server_error", when: "before" }] }, Infinity);
  const { client_order_id: clientOrderId } = expectStatus(await world.executor.place(request), "unknown");
  expectStatus(await world.executor.cancel({ clientOrderId }, "local"), "open");
  world.exchange.fault = () => undefined;
  await world.exchange.advance(15_000); // The client holds reads back after so many failures.
  expectStatus(await world.executor.cancel({ clientOrderId }, "local"), "cancelled");
});

Deno.test("OrderExecutor.cancel() and cancelAll() keep track of an order that the exchange claims not to know", async () => {
  await using world = await ExecutorWorld.start();
  const { result } = await placed(world);
  const absent = { error: "Order not found", error_code: "ErrOrderNotFound" };
  // Cancellations do not arrive, and no look-up finds the order, which is on the book.
  world.exchange.fault = ({ path }): WireFault | undefined =>
    path === LOOK
      ? { kind: "instead", status: 404, answer: absent }
      : path === STOP
      ? { kind: "cut", when: "before" }
      : undefined;
  const cancelled = expectStatus(await world.executor.cancel({ orderId: result.order_id }, "local"), "unknown");
  assert.deepEqual([cancelled.order_id, cancelled.reason], [result.order_id, "ERR_NOT_FINAL"]);
  assert.match(cancelled.message, /the exchange, which had it before, says now that it does not know it/);
  const all = await world.executor.cancelAll({}, "local");
  assert.deepEqual([all.cancelled, all.ended], [[], []]);
  const listed = world.exchange.ledger.filter(({ status }) => status !== "COMPLETE").map(({ id }) => id);
  assert.ok(listed.length > 1 && listed.includes(result.order_id));
  assert.deepEqual(all.remaining.map(({ order_id }) => order_id ?? "").toSorted(), listed.toSorted());
});

Deno.test("OrderExecutor.cancel() returns not_found for ids that nobody has", async () => {
  await using world = await ExecutorWorld.start();
  expectStatus(await world.executor.cancel({ clientOrderId: "nobody" }, "local"), "not_found");
  expectStatus(await world.executor.cancel({ orderId: "BXNOBODY1" }, "local"), "not_found");
});

Deno.test("OrderExecutor.cancel() ignores a look-up sent while reads could lag, however late its answer arrives", async () => {
  await using world = await ExecutorWorld.start();
  const { result } = await placed(world);
  const absent = { error: "no such order", error_code: "ErrOrderNotFound" };
  let looks = 0;
  world.exchange.fault = ({ path }) => {
    if (path !== LOOK || ++looks > 2) return undefined;
    if (looks === 2) world.exchange.clock.now += 3_100;
    return { kind: "instead", status: 404, answer: absent };
  };
  expectStatus(await world.executor.cancel({ orderId: result.order_id }, "local"), "cancelled");
});

Deno.test("OrderExecutor.cancel() finds another program's order by its client order id although reads do not show it yet", async () => {
  await using world = await ExecutorWorld.start();
  await placedElsewhere(world);
  world.fault(LOOK, { kind: "rules", rules: [{ kind: "stale", ms: 2_500 }] }, Infinity);
  expectStatus(await world.executor.cancel({ clientOrderId: "mine" }, "local"), "cancelled");
});

Deno.test("OrderExecutor.cancel() rejects when the exchange does not let this key cancel", async () => {
  await using world = await ExecutorWorld.start();
  const { result } = await placed(world);
  world.fault(STOP, { kind: "rules", rules: [{ kind: "luno_error", code: "ErrInsufficientPerms" }] });
  await assert.rejects(
    world.executor.cancel({ orderId: result.order_id }, "local"),
    (error) => error instanceof ExchangeError && error.code === "ERR_PERMISSION_MISSING",
  );
});

Deno.test("OrderExecutor.cancel() rejects when the exchange does not let this key look up another program's order", async () => {
  await using world = await ExecutorWorld.start();
  world.exchange.fault = () => ({ kind: "rules", rules: [{ kind: "luno_error", code: "ErrApiKeyRevoked" }] });
  await assert.rejects(
    world.executor.cancel({ clientOrderId: "of-another-program" }, "local"),
    (error) => error instanceof ExchangeError && error.code === "ERR_CREDENTIALS_REFUSED",
  );
});

Deno.test("OrderExecutor.cancel() cancels while trading is halted, and while nothing can be written", async () => {
  let isFull = false;
  await using world = await ExecutorWorld.start({
    wrap: (options) => ({
      ...options,
      record: {
        ...withJournal(options, {}).record,
        audit: {
          record: async (...args) => {
            if (isFull) throw new StoreError("full");
            await options.record.audit.record(...args);
          },
        },
      },
    }),
  });
  const first = await placed(world);
  const second = await placed(world);
  world.store.halts.pull({ by: "test", reason: "enough", now: world.now });
  expectStatus(await world.executor.cancel({ orderId: first.result.order_id }, "local"), "cancelled");
  isFull = true;
  expectStatus(await world.executor.cancel({ orderId: second.result.order_id }, "local"), "cancelled");
  assert.ok(!(await world.executor.readiness()).ready);
  isFull = false;
  assert.ok((await world.executor.readiness()).ready);
  assert.equal(world.placement(second.request)?.isOpen, false);
});

Deno.test("OrderExecutor.cancelAll() cancels open orders in one pair or in all, and lists what remained", async () => {
  await using world = await ExecutorWorld.start();
  await world.executor.cancelAll({}, "local");
  const kept = await placed(world, { ...RESTING, pair: "ETHZAR", base: "ETH", volume: "0.01", price: "30000" });
  const first = await placed(world);
  const stuck = await placed(world);
  world.exchange.fault = ({ path }) =>
    path === LOOK || path === LIST ? { kind: "rules", rules: [{ kind: "server_error", when: "before" }] } : undefined;
  const blind = await world.executor.cancelAll({ pair: "XBTZAR" }, "local");
  assert.deepEqual(blind.cancelled, []);
  assert.deepEqual(
    new Set(blind.remaining.map(({ order_id }) => order_id)),
    new Set([first, stuck].map(({ result }) => result.order_id)),
  );
  world.exchange.fault = () => undefined;
  const seen = await world.executor.cancelAll({ pair: "XBTZAR" }, "local");
  assert.deepEqual(
    new Set(seen.cancelled.map(({ order_id }) => order_id)),
    new Set([first, stuck].map(({ result }) => result.order_id)),
  );
  assert.deepEqual([seen.remaining, seen.is_complete], [[], true]);
  const rest = await world.executor.cancelAll({}, "local");
  assert.deepEqual(rest.cancelled.map(({ order_id }) => order_id), [kept.result.order_id]);
});

Deno.test("OrderExecutor.cancelAll() reports an incomplete list when the exchange's cannot be read", async () => {
  await using world = await ExecutorWorld.start();
  const { result } = await placed(world);
  world.fault("/api/exchange/2/listorders", { kind: "cut", when: "before" }, Infinity);
  const { cancelled, is_complete } = await world.executor.cancelAll({}, "local");
  assert.deepEqual([cancelled.map(({ order_id }) => order_id), is_complete], [[result.order_id], false]);
});

Deno.test("OrderExecutor.cancel() finds another program's order by its client order id only in the lists", async () => {
  await using world = await ExecutorWorld.start();
  const order_id = await placedElsewhere(world);
  world.fault(LOOK, { kind: "rules", rules: [{ kind: "html", status: 200 }] }, Infinity);
  const ended = expectStatus(await world.executor.cancel({ clientOrderId: "mine" }, "local"), "cancelled");
  assert.equal(ended.order_id, order_id);
});

Deno.test("OrderExecutor.cancelAll() sees in the lists that orders are final when they cannot be read one by one", async () => {
  await using world = await ExecutorWorld.start();
  const { result } = await placed(world);
  world.fault(LOOK, { kind: "rules", rules: [{ kind: "html", status: 200 }] }, Infinity);
  const { cancelled, remaining } = await world.executor.cancelAll({ pair: "xbt-zar" }, "local");
  assert.ok(cancelled.some(({ order_id }) => order_id === result.order_id));
  assert.deepEqual(remaining, []);
});

Deno.test("OrderExecutor.cancelAll() cancels orders whose rows cannot be read, and says when others may remain", async () => {
  await using world = await ExecutorWorld.start();
  const { result } = await placed(world);
  const spoilt = (fields: Record<string, unknown>): WireFault => ({
    kind: "changed",
    change: ({ orders }) => ({ orders: Array.isArray(orders) ? orders.map((order) => ({ ...order, ...fields })) : [] }),
  });
  const client = world.exchange.connect();
  const { order_id } = await client.call("postLimitOrder", {
    pair: "XBTZAR",
    type: "BID",
    volume: "0.001",
    price: "900000",
  });
  world.fault(LIST, spoilt({ side: null, pair: null, creation_timestamp: "soon" }), 2);
  const blind = await world.executor.cancelAll({ pair: "XBTZAR" }, "local");
  assert.deepEqual(blind.cancelled.map((order) => order.order_id), [result.order_id]);
  assert.equal(blind.is_complete, false);
  world.fault(LIST, spoilt({ side: null, creation_timestamp: "soon" }), 2);
  const all = await world.executor.cancelAll({ pair: "XBTZAR" }, "local");
  assert.ok(all.cancelled.some((order) => order.order_id === order_id));
  assert.equal(all.is_complete, true);
});

Deno.test("OrderExecutor.cancelAll() cancels an order whose outcome was unknown", async () => {
  await using world = await ExecutorWorld.start();
  const request = world.request();
  world.fault(POST, { kind: "cut", when: "after" });
  world.fault(LOOK, { kind: "rules", rules: [{ kind: "server_error", when: "before" }] }, Infinity);
  expectStatus(await world.executor.place(request), "unknown");
  world.exchange.fault = ({ path }) =>
    path.endsWith("listorders") ? { kind: "rules", rules: [{ kind: "stale", ms: 120_000 }] } : undefined;
  await world.exchange.advance(15_000);
  const { cancelled } = await world.executor.cancelAll({ pair: "XBTZAR" }, "local");
  assert.ok(cancelled.some(({ order_id }) => order_id === world.orders(request)[0]?.id));
  assert.equal(world.orders(request)[0]?.status, "COMPLETE");
});
