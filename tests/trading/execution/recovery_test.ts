/** What an earlier run left, and outcomes that could not be found out in time. */

import assert from "node:assert/strict";
import { PLACEMENTS_A_PAGE } from "../../../src/trading/record/placement_pages.ts";
import { StoreError } from "../../../src/trading/record/store_error.ts";
import type { ExecutorOptions } from "../../../src/trading/execution/executor_parts.ts";
import { ExecutorWorld, expectStatus, LOOK, POST, RESTING, withJournal } from "../executor_world.ts";
import { toRequestParams } from "../../../src/trading/orders/order_rules.ts";
import { asIntent, entry, FREE, INSTANCE, tamper } from "../stores.ts";
import type { WireFault } from "../faulty_exchange.ts";

const DOWN: WireFault = { kind: "rules", rules: [{ kind: "server_error", when: "before" }] };

/** The first run ends before the outcome of its orders is written. */
function firstRunEndsUnsettled(): (options: ExecutorOptions) => ExecutorOptions {
  let runs = 0;
  return (options) => {
    if (++runs > 1) return options;
    const settle = () => Promise.reject(new StoreError("unusable"));
    return withJournal(options, { settle });
  };
}

Deno.test("OrderExecutor.recover() settles an intent of a version that recorded intents separately, and sends nothing", async () => {
  await using world = await ExecutorWorld.start({ isRecovered: false });
  world.store.instances.enter(INSTANCE);
  world.store.journal.begin(entry("a"), FREE, world.now);
  asIntent(world.folder, "a");
  await world.executor.recover();
  const { state, reason } = world.store.journal.find("lm-a") ?? {};
  assert.deepEqual([state, reason], ["not_placed", "ERR_NEVER_SENT"]);
  assert.equal(world.exchange.count(POST), 0);
});

for (
  const [what, fault, state] of [
    ["was taken", { kind: "cut", when: "after" }, "placed"],
    ["was lost", { kind: "cut", when: "before" }, "not_placed"],
  ] as const
) {
  Deno.test(`OrderExecutor.recover() finds that an order of the last run ${what}`, async () => {
    await using world = await ExecutorWorld.start({ wrap: firstRunEndsUnsettled() });
    const request = world.request();
    world.fault(POST, fault);
    await world.executor.place(request);
    await world.restart();
    assert.equal(world.placement(request)?.state, "sent");
    await world.executor.recover();
    assert.equal(world.placement(request)?.state, state);
    assert.equal(world.orders(request).length, state === "placed" ? 1 : 0);
    assert.equal(world.exchange.count(POST), 1);
  });
}

Deno.test("OrderExecutor.recover() finds many orders of the last run in lists, and asks only for those that they lack", async () => {
  await using world = await ExecutorWorld.start({ isRecovered: false });
  world.store.instances.enter(INSTANCE);
  const [ids, lost] = [Array.from({ length: 30 }, (_, place) => `lm-${place}`), "lm-29"];
  for (const id of ids) world.store.journal.begin(entry(id.slice(3), { order: RESTING }), FREE, world.now);
  const client = world.exchange.connect();
  const call = toRequestParams(RESTING);
  assert.ok(call.endpoint === "postLimitOrder");
  const sending = { timestamp: world.now, ttl: 5_000 };
  for (const id of ids.filter((id) => id !== lost)) {
    const { order_id } = await client.call(call.endpoint, { ...call.params, ...sending, client_order_id: id });
    if (id === "lm-3") await client.call("stopOrder", { order_id });
  }
  await world.executor.recover();
  const placements = ids.map((id) => world.store.journal.find(id));
  for (const placement of placements) {
    const [order] = world.exchange.ordersOf(placement?.clientOrderId ?? "");
    assert.deepEqual([placement?.orderId, placement?.state], [order?.id ?? null, order ? "placed" : "not_placed"]);
  }
  assert.deepEqual(placements.filter((placement) => placement?.isOpen).length, 28);
  const looks = world.exchange.count(LOOK);
  assert.ok(looks > 1 && looks < ids.length - 1, `${looks} orders were asked for`);
});

Deno.test("OrderExecutor.recover() settles more placements than the journal lists at a time", async () => {
  await using world = await ExecutorWorld.start({ isRecovered: false });
  world.store.instances.enter(INSTANCE);
  const ids = Array.from({ length: PLACEMENTS_A_PAGE + 20 }, (_, place) => `lm-${place}`);
  for (const id of ids) world.store.journal.begin(entry(id.slice(3)), FREE, world.now);
  tamper(world.folder, "UPDATE placements SET state = 'intent', sent_at = NULL, valid_until = NULL, instance = NULL");
  await world.executor.recover();
  const states = new Set(ids.map((id) => world.store.journal.find(id)?.state));
  assert.deepEqual([...states], ["not_placed"]);
});

Deno.test("OrderExecutor.recover() waits for an order of the last run that is still in flight", async () => {
  await using world = await ExecutorWorld.start({ wrap: firstRunEndsUnsettled() });
  const request = world.request();
  world.exchange.fault = ({ path }) => {
    if (path === LOOK) world.executor.stop();
    return path === POST ? { kind: "late", ms: 4_000 } : undefined;
  };
  await world.executor.place(request);
  world.exchange.fault = () => undefined;
  await world.restart();
  assert.deepEqual([world.placement(request)?.state, world.orders(request)], ["sent", []]);
  await world.executor.recover();
  assert.equal(world.placement(request)?.state, "placed");
});

Deno.test("OrderExecutor.place() places nothing before the executor has recovered", async () => {
  await using world = await ExecutorWorld.start({ isRecovered: false });
  const readiness = await world.executor.readiness();
  assert.ok(!readiness.ready && readiness.code === "ERR_RECOVERING");
  const { store } = world;
  const unreadable = () => {
    throw new StoreError("damaged");
  };
  const { unsettled } = store.journal;
  store.journal.unsettled = unreadable;
  assert.equal(expectStatus(await world.executor.place(world.request()), "refused").reason, "ERR_RECOVERING");
  store.journal.unsettled = unsettled;
  expectStatus(await world.executor.place(world.request()), "placed");
});

Deno.test("OrderExecutor keeps looking for an unknown order in the background and records its outcome", async () => {
  await using world = await ExecutorWorld.start();
  const request = world.request();
  world.fault(POST, { kind: "cut", when: "after" });
  world.fault(LOOK, DOWN, Infinity);
  expectStatus(await world.executor.place(request), "unknown");
  world.exchange.fault = () => undefined;
  await world.wakeUntil(() => world.placement(request)?.state !== "unknown");
  assert.equal(world.placement(request)?.state, "placed");
  const outcomes = world.store.audit.trail({ clientOrderId: world.placement(request)?.clientOrderId ?? "" });
  assert.deepEqual(outcomes.map(({ event }) => event), ["intent", "sent", "outcome", "outcome"]);
  assert.deepEqual(world.store.audit.verify().ok, true);
});

Deno.test("OrderExecutor.place() returns the outcome of an unknown order when the call is repeated", async () => {
  await using world = await ExecutorWorld.start();
  const request = world.request(RESTING, { idempotencyKey: "k" });
  world.fault(POST, { kind: "cut", when: "after" });
  world.fault(LOOK, DOWN, Infinity);
  expectStatus(await world.executor.place(request), "unknown");
  world.exchange.fault = () => undefined;
  assert.equal(expectStatus(await world.executor.place(request), "placed").repeated, true);
});

Deno.test("OrderExecutor.stop() ends the search, and the caller gets an unknown outcome", async () => {
  await using world = await ExecutorWorld.start();
  const request = world.request();
  world.exchange.fault = ({ path }) => {
    if (path === LOOK) world.executor.stop();
    return path === POST ? { kind: "cut", when: "after" } : path === LOOK ? DOWN : undefined;
  };
  expectStatus(await world.executor.place(request), "unknown");
});

for (const [state, wanted] of [["not_placed", "not_placed"], ["unknown", "placed"]] as const) {
  Deno.test(`OrderExecutor.place() reads a placement that another version wrote as ${state} for a reason unknown here`, async () => {
    await using world = await ExecutorWorld.start();
    const request = world.request(RESTING, { idempotencyKey: "k1" });
    const first = expectStatus(await world.executor.place(request), "placed");
    tamper(
      world.folder,
      `UPDATE placements SET state = '${state}', order_id = NULL, reason = 'ERR_OF_ANOTHER_VERSION'
       WHERE client_order_id = '${first.client_order_id}'`,
    );
    const repeated = await world.executor.place(request);
    assert.equal(repeated.status, wanted);
    if (repeated.status !== "not_placed") return;
    assert.equal(repeated.reason, "ERR_OF_ANOTHER_VERSION");
    assert.equal(
      repeated.message,
      "Cannot place the order as it was refused (ERR_OF_ANOTHER_VERSION); use a new idempotency key",
    );
  });
}

Deno.test("OrderExecutor.place() repeats a refusal with its row of the error table", async () => {
  await using world = await ExecutorWorld.start();
  world.fault(POST, { kind: "rules", rules: [{ kind: "luno_error", code: "ErrInsufficientBalance" }] });
  const request = world.request(RESTING, { idempotencyKey: "k1" });
  expectStatus(await world.executor.place(request), "not_placed");
  const { reason, message } = expectStatus(await world.executor.place(request), "not_placed");
  assert.equal(reason, "ERR_INSUFFICIENT_FUNDS");
  assert.equal(
    message,
    "Cannot place the order as the account's balance is too small: trade less, or cancel orders that reserve funds; use a new idempotency key",
  );
});
