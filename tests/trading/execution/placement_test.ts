/** Placing: an order is journalled first, sent once, and its outcome reported truthfully. */

import assert from "node:assert/strict";
import { StoreError } from "../../../src/trading/record/store_error.ts";
import type { Order } from "../../../src/trading/orders/order.ts";
import { sealPolicy } from "../../../src/trading/policy/policy.ts";
import { rightsBy } from "../sending_rights.ts";
import {
  ANYTHING,
  CROSSING,
  ExecutorWorld,
  expectStatus,
  LOOK,
  POST,
  RESTING,
  withJournal,
} from "../executor_world.ts";
import type { WireFault } from "../faulty_exchange.ts";

Deno.test("OrderExecutor.place() journals the order as sent before the request, and sends it once", async () => {
  await using world = await ExecutorWorld.start();
  const request = world.request();
  const states: (string | undefined)[] = [];
  world.exchange.fault = ({ path }) => {
    if (path === POST) states.push(world.placement(request)?.state);
    return undefined;
  };
  const result = expectStatus(await world.executor.place(request), "placed");
  const [order, ...others] = world.orders(request);
  assert.deepEqual([result.order_id, others], [order?.id, []]);
  assert.match(result.client_order_id, /^lm-[0-9a-f]{40}$/);
  assert.deepEqual(states, ["sent"]);
  assert.deepEqual([world.placement(request)?.state, world.placement(request)?.orderId], ["placed", order?.id]);
});

const LOSING: Readonly<Record<string, WireFault>> = {
  "a connection that breaks": { kind: "cut", when: "after" },
  "a 500": { kind: "rules", rules: [{ kind: "server_error", when: "after" }] },
  "a page of the edge": { kind: "rules", rules: [{ kind: "html", when: "after" }] },
  "a truncated answer": { kind: "rules", rules: [{ kind: "truncated_json" }] },
  "an empty answer": { kind: "rules", rules: [{ kind: "empty_body", when: "after" }] },
  "a request that was sent twice": { kind: "twice", last: "answer" },
  "a request that was sent twice and a 429": { kind: "twice", last: "429" },
  "a request that arrives four seconds later": { kind: "late", ms: 4_000 },
};

for (const [what, fault] of Object.entries(LOSING)) {
  Deno.test(`OrderExecutor.place() finds the order after ${what}`, async () => {
    await using world = await ExecutorWorld.start();
    const request = world.request();
    world.fault(POST, fault);
    const result = expectStatus(await world.executor.place(request), "placed");
    assert.deepEqual(world.orders(request).map(({ id }) => id), [result.order_id]);
    assert.equal(world.exchange.count(POST), 1);
  });
}

const PREVENTING: Readonly<Record<string, WireFault>> = {
  "a connection that breaks": { kind: "cut", when: "before" },
  "a 503": { kind: "rules", rules: [{ kind: "server_error", when: "before", status: 503 }] },
  "a 429": { kind: "rules", rules: [{ kind: "too_many_requests" }] },
  "a request that arrives after its time to live": { kind: "late", ms: 5_500 },
};

for (const [what, fault] of Object.entries(PREVENTING)) {
  Deno.test(`OrderExecutor.place() returns not_placed after ${what}, once the order cannot arrive any more`, async () => {
    await using world = await ExecutorWorld.start();
    const request = world.request();
    world.fault(POST, fault);
    const result = expectStatus(await world.executor.place(request), "not_placed");
    assert.match(result.reason, /^ERR_(NETWORK|UNAVAILABLE|RATE_LIMITED)$/);
    assert.equal(world.placement(request)?.state, "not_placed");
    await world.exchange.advance(60_000);
    assert.deepEqual(world.orders(request), []);
  });
}

Deno.test("OrderExecutor.place() finds an order although reads lag by two and a half seconds", async () => {
  await using world = await ExecutorWorld.start();
  const request = world.request();
  world.fault(POST, { kind: "late", ms: 4_900 });
  world.fault(LOOK, { kind: "rules", rules: [{ kind: "stale", ms: 2_500 }] }, Infinity);
  expectStatus(await world.executor.place(request), "placed");
});

Deno.test("OrderExecutor.place() returns unknown while the exchange is unreachable, and keeps the order reserved", async () => {
  await using world = await ExecutorWorld.start();
  const request = world.request();
  world.fault(POST, { kind: "cut", when: "after" });
  world.fault(LOOK, { kind: "rules", rules: [{ kind: "server_error", when: "before" }] }, Infinity);
  const result = expectStatus(await world.executor.place(request), "unknown");
  assert.match(result.message, /may exist: look it up by this client order id/);
  assert.equal(world.placement(request)?.state, "unknown");
});

Deno.test("OrderExecutor.place() takes only the exchange's own error, not any 404, for an absent order", async () => {
  await using world = await ExecutorWorld.start();
  world.fault(POST, { kind: "cut", when: "after" });
  world.fault(LOOK, { kind: "rules", rules: [{ kind: "html", status: 404 }] }, Infinity);
  expectStatus(await world.executor.place(world.request()), "unknown");
});

Deno.test("OrderExecutor.place() never returns not_placed after the exchange has called the order a duplicate", async () => {
  await using world = await ExecutorWorld.start();
  const duplicate: WireFault = { kind: "rules", rules: [{ kind: "luno_error", code: "ErrDuplicateClientOrderID" }] };
  world.fault(POST, duplicate);
  const result = expectStatus(await world.executor.place(world.request()), "unknown");
  assert.equal(result.reason, "ERR_DUPLICATE");
});

Deno.test("OrderExecutor.place() returns why the exchange refused, and checks whether another copy was accepted", async () => {
  await using world = await ExecutorWorld.start();
  const result = expectStatus(await world.executor.place(world.request({ ...RESTING, volume: "30" })), "not_placed");
  assert.equal(result.reason, "ERR_INSUFFICIENT_FUNDS");
  assert.match(result.message, /the exchange refused it \(ErrInsufficientBalance/);
  assert.ok(world.exchange.count(LOOK) >= 2);
});

Deno.test("OrderExecutor.place() accepts a refusal only when reads would show an earlier accepted copy", async () => {
  await using world = await ExecutorWorld.start();
  const request = world.request();
  const answer = { error_code: "ErrInsufficientBalance", error: "Insufficient balance." };
  world.fault(POST, { kind: "instead", status: 400, answer });
  world.fault(LOOK, { kind: "rules", rules: [{ kind: "stale", ms: 2_500 }] }, Infinity);
  const result = expectStatus(await world.executor.place(request), "placed");
  assert.deepEqual(world.orders(request).map(({ id }) => id), [result.order_id]);
});

Deno.test("OrderExecutor.place() never sends an order that may trade with one in flight", async () => {
  await using world = await ExecutorWorld.start();
  const sale: Order = { ...RESTING, side: "SELL", price: "1300000" };
  const bid: Order = { ...RESTING, price: "1300000" };
  const answers = await Promise.all([sale, bid].map((order) => world.executor.place(world.request(order))));
  assert.deepEqual(answers.map((answer) => answer.status).toSorted(), ["placed", "refused"]);
  const refused = answers.find(({ status }) => status === "refused");
  assert.ok(refused?.status === "refused" && refused.reason === "ERR_SELF_CROSSING", JSON.stringify(refused));
  assert.equal(world.exchange.count(POST), 1);
});

Deno.test("OrderExecutor.place() checks which orders are final before it refuses one that may trade with them", async () => {
  await using world = await ExecutorWorld.start();
  const first = world.request(RESTING);
  expectStatus(await world.executor.place(first), "placed");
  const sale = { ...RESTING, side: "SELL", price: RESTING.price ?? "", timeInForce: "IOC" } as const;
  assert.equal(expectStatus(await world.executor.place(world.request(sale)), "refused").reason, "ERR_SELF_CROSSING");
  world.exchange.clear();
  expectStatus(await world.executor.place(world.request(sale)), "placed");
  assert.equal(world.placement(first)?.isOpen, false);
});

Deno.test("OrderExecutor.place() returns the first result for the same key and order, and sends nothing", async () => {
  await using world = await ExecutorWorld.start();
  const request = world.request(RESTING, { idempotencyKey: "k1" });
  const first = await world.executor.place(request);
  const second = await world.executor.place({ ...request, previewId: "another" });
  assert.deepEqual(second, { ...first, repeated: true });
  assert.equal(world.exchange.count(POST), 1);
});

Deno.test("OrderExecutor.place() lets a repetition wait for the call in progress", async () => {
  await using world = await ExecutorWorld.start();
  const request = world.request(RESTING, { idempotencyKey: "k1" });
  world.fault(POST, { kind: "cut", when: "after" });
  const [first, second] = await Promise.all([world.executor.place(request), world.executor.place(request)]);
  expectStatus(first, "placed");
  assert.deepEqual(second, { ...first, repeated: true });
  assert.equal(world.exchange.count(POST), 1);
});

Deno.test("OrderExecutor.place() refuses another order under the same key, and a used preview", async () => {
  await using world = await ExecutorWorld.start();
  const request = world.request(RESTING, { idempotencyKey: "k1" });
  await world.executor.place(request);
  const other = await world.executor.place(world.request({ ...RESTING, volume: "0.002" }, { idempotencyKey: "k1" }));
  assert.equal(expectStatus(other, "refused").reason, "ERR_IDEMPOTENCY_MISMATCH");
  const again = await world.executor.place({ ...request, idempotencyKey: null });
  assert.equal(expectStatus(again, "refused").reason, "ERR_PREVIEW_USED");
  assert.equal(world.exchange.count(POST), 1);
});

Deno.test("OrderExecutor.place() sends nothing when the caller has aborted before", async () => {
  await using world = await ExecutorWorld.start();
  const request = world.request();
  const signal = AbortSignal.abort();
  assert.equal(expectStatus(await world.executor.place(request, { signal }), "refused").reason, "ERR_CANCELLED");
  assert.deepEqual([world.placement(request), world.exchange.count(POST)], [undefined, 0]);
});

Deno.test("OrderExecutor.place() continues when the caller aborts after the request was sent", async () => {
  await using world = await ExecutorWorld.start();
  const request = world.request();
  const caller = new AbortController();
  world.exchange.fault = ({ path }) => {
    if (path === POST) caller.abort();
    return path === POST ? { kind: "cut", when: "after" } : undefined;
  };
  expectStatus(await world.executor.place(request, { signal: caller.signal }), "placed");
  assert.equal(world.placement(request)?.state, "placed");
});

for (const skewMs of [-3_100, 3_100, 60_000]) {
  Deno.test(`OrderExecutor.place() refuses before anything is journalled when the clock is ${skewMs} ms off`, async () => {
    await using world = await ExecutorWorld.start();
    world.skewMs = skewMs;
    const request = world.request();
    const result = expectStatus(await world.executor.place(request), "refused");
    assert.equal(result.reason, "ERR_CLOCK_SKEW");
    assert.match(result.message, skewMs > 0 ? /clock is about [\d.]+ s ahead of/ : /clock is about [\d.]+ s behind/);
    assert.deepEqual([world.placement(request), world.exchange.count(POST)], [undefined, 0]);
  });
}

Deno.test("OrderExecutor.place() places with a clock that is a second and a half off either way", async () => {
  await using world = await ExecutorWorld.start();
  for (const skewMs of [-1_500, 1_500]) {
    world.skewMs = skewMs;
    expectStatus(await world.executor.place(world.request()), "placed");
  }
});

Deno.test("OrderExecutor.place() notices that the clock has jumped since it was last compared", async () => {
  await using world = await ExecutorWorld.start();
  expectStatus(await world.executor.place(world.request()), "placed");
  world.skewMs = 30_000;
  assert.equal(expectStatus(await world.executor.place(world.request()), "refused").reason, "ERR_CLOCK_SKEW");
});

Deno.test("OrderExecutor.place() refuses when the exchange's clock cannot be read", async () => {
  await using world = await ExecutorWorld.start();
  world.fault("/api/1/ticker", { kind: "cut", when: "before" }, Infinity);
  assert.equal(expectStatus(await world.executor.place(world.request()), "refused").reason, "ERR_CLOCK_UNKNOWN");
});

Deno.test("OrderExecutor.place() sends nothing when it cannot be recorded", async () => {
  let isFull = true;
  await using world = await ExecutorWorld.start({
    wrap: (options) => {
      const begin: typeof options.record.journal.begin = (...args) => {
        if (isFull) throw new StoreError("full");
        return options.record.journal.begin(...args);
      };
      return withJournal(options, { begin });
    },
  });
  const result = expectStatus(await world.executor.place(world.request()), "refused");
  assert.equal(result.reason, "ERR_RECORD_FAILED");
  assert.match(result.message, /disk is full/);
  assert.equal(world.exchange.count(POST), 0);
  isFull = false;
  expectStatus(await world.executor.place(world.request()), "placed");
});

Deno.test("OrderExecutor.place() returns what is known when the outcome cannot be written, and places nothing until it can", async () => {
  let isFull = true;
  await using world = await ExecutorWorld.start({
    wrap: (options) => {
      const settle: typeof options.record.journal.settle = (...args) => {
        if (isFull) throw new StoreError("full");
        return options.record.journal.settle(...args);
      };
      return withJournal(options, { settle });
    },
  });
  const request = world.request();
  expectStatus(await world.executor.place(request), "placed");
  assert.equal(world.placement(request)?.state, "sent");
  const readiness = await world.executor.readiness();
  assert.ok(!readiness.ready && readiness.code === "ERR_RECORD_FAILED");
  assert.equal(expectStatus(await world.executor.place(world.request()), "refused").reason, "ERR_RECORD_FAILED");
  isFull = false;
  assert.ok((await world.executor.readiness()).ready);
  assert.equal(world.placement(request)?.state, "placed");
});

Deno.test("OrderExecutor.place() enforces the day's limit for concurrent callers as for consecutive ones", async () => {
  await using world = await ExecutorWorld.start();
  const policy = sealPolicy({ mode: "auto", maxPerDay: { amount: "2000", currency: "ZAR" } });
  const notional = { amount: "900", currency: "ZAR" };
  const calls = Array.from(
    { length: 5 },
    () => world.executor.place(world.request(RESTING, rightsBy(() => ({ policy, notional })))),
  );
  const statuses = (await Promise.all(calls)).map(({ status }) => status);
  assert.deepEqual(statuses.filter((status) => status === "placed").length, 2);
  assert.equal(world.exchange.count(POST), 2);
});

Deno.test("OrderExecutor.place() checks which orders are final before it refuses one more open order", async () => {
  await using world = await ExecutorWorld.start();
  const policy = sealPolicy({ mode: "auto", maxOpenOrders: 1 });
  const taken = world.request(CROSSING, rightsBy(() => ({ policy, notional: null })));
  expectStatus(await world.executor.place(taken), "placed");
  expectStatus(
    await world.executor.place(world.request(RESTING, rightsBy(() => ({ policy, notional: null })))),
    "placed",
  );
  assert.equal(world.placement(taken)?.isOpen, false);
  const fills = world.store.audit.trail({ identity: "local" }).filter(({ event }) => event === "fill");
  assert.match(fills[0]?.data ?? "", /"base":"0.001"/);
  const refused = expectStatus(
    await world.executor.place(world.request(RESTING, rightsBy(() => ({ policy, notional: null })))),
    "refused",
  );
  assert.equal(refused.reason, "ERR_LIMIT_OPEN_ORDERS");
});

Deno.test("OrderExecutor.place() refuses once the executor has stopped", async () => {
  await using world = await ExecutorWorld.start();
  await world.executor.stop();
  assert.equal(expectStatus(await world.executor.place(world.request()), "refused").reason, "ERR_STOPPED");
  assert.equal(ANYTHING.mode, "auto");
});
