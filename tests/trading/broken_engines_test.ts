/**
 * Errors of an engine that random histories do not detect, each tested on the real engine and on a broken one: own
 * orders that trade with each other, exchanges that are confused, and equal orders that are merged into one request.
 */

import assert from "node:assert/strict";
import type { ExecutorOptions } from "../../src/trading/execution/executor_parts.ts";
import type { SqliteRecord } from "../../src/state/record/sqlite/record.ts";
import { orderDigest } from "../../src/trading/orders/order.ts";
import type { Order } from "../../src/trading/orders/order.ts";
import { BrokerWorld, REST } from "./broker_world.ts";
import { CROSSING, ExecutorWorld, withJournal } from "./executor_world.ts";
import { entry, FREE, INSTANCE, NOW, withStore } from "./stores.ts";

/** Fills in part, and the rest is then the best offer. */
const PARTLY: Order = { ...CROSSING, side: "SELL", volume: "0.5", price: "1093900", timeInForce: "GTC" };

/** Treats an order that may trade with an own one as one that takes nothing. */
function blindToOwnOrders(options: ExecutorOptions): ExecutorOptions {
  const { journal } = options.record;
  const begin: typeof journal.begin = async (entry, policy, now) => {
    const order = { ...entry.order, postOnly: true };
    const begun = await journal.begin({ ...entry, order, digest: orderDigest(order) }, policy, now);
    if (begun.kind !== "begun") return begun;
    return { ...begun, placement: { ...begun.placement, order: entry.order, digest: entry.digest } };
  };
  return withJournal(options, { begin });
}

/** Two orders of one account that would match; returns how often they have. */
async function meet(wrap?: (options: ExecutorOptions) => ExecutorOptions): Promise<number> {
  await using world = await ExecutorWorld.start(wrap === undefined ? {} : { wrap });
  await world.executor.place(world.request(PARTLY));
  await world.executor.place(world.request(CROSSING));
  return world.exchange.ownTradesSince(0).length;
}

Deno.test("OrderExecutor.place() lets no own orders trade with each other, as a broken engine does", async () => {
  assert.equal(await meet(), 0);
  assert.ok(await meet(blindToOwnOrders) > 0);
});

/** What of an order on one exchange is applied to another one that assigns the same order id. */
function mixed({ journal, replacements }: SqliteRecord, [one, other]: readonly [string, string]): string[] {
  const id = "BX1";
  const keyed = entry("a", { venue: one, idempotencyKey: "k" });
  journal.begin(keyed, FREE, NOW);
  journal.settle(keyed.clientOrderId, { state: "placed", orderId: id }, NOW);
  const claim = {
    account: "main",
    venue: one,
    orderId: id,
    identity: "key:alice",
    idempotencyKey: null,
    asked: null,
    terms: null,
  };
  const claiming = { ...claim, instance: INSTANCE.id, attempt: "1" };
  replacements.claim(claiming, { isFinal: false, now: NOW });
  journal.begin(entry("b", { venue: one, replaces: claiming, order: { ...keyed.order, price: "1" } }), FREE, NOW);
  const { maxPerDay } = { maxPerDay: { currency: "ZAR", amount: "2000" } };
  const next = entry("c", { venue: other, idempotencyKey: "k2" });
  const again = { ...claiming, venue: other, attempt: "2" };
  const found = {
    key: journal.findByKey("key:alice", "k", { account: "main", venue: other }) !== undefined,
    order: journal.findByOrderId(id, { account: "main", venue: other }) !== undefined,
    claim: replacements.claim(again, { isFinal: false, now: NOW }).kind === "taken",
    limit: journal.wouldRefuse(next, { policy: { ...FREE, maxPerDay }, now: NOW }) !== undefined,
  };
  return Object.entries(found).flatMap(([what, isMixed]) => isMixed ? [what] : []);
}

Deno.test("Journal keeps exchanges separate, unlike an engine without venues", async () => {
  await withStore((store) => assert.deepEqual(mixed(store, ["simulated-1", "simulated-2"]), []));
  await withStore((store) => assert.deepEqual(mixed(store, ["", ""]), ["key", "order", "claim", "limit"]));
});

/** Two equal orders of one caller wait for a person, who approves every request; returns how many are placed. */
async function approveEqual(isBroken: boolean): Promise<number> {
  await using world = await BrokerWorld.start({ policy: { default: { mode: "confirm" } } });
  const { approvals } = world.record;
  const request = approvals.request.bind(approvals);
  // One request for what looks the same.
  if (isBroken) {
    approvals.request = (asked, now) => {
      const [equal] = approvals.equalTo({ ...asked, digest: orderDigest(asked.facts.order) }, now);
      return equal === undefined ? request(asked, now) : { ok: true, approval: equal, token: "" };
    };
  }
  const previews = await Promise.all([REST, REST].map((order) => world.broker.preview(order, world.call())));
  world.meanwhile = () => {
    const now = world.now;
    for (const { id } of approvals.pending(now)) approvals.decide(id, { approved: true, by: "terminal", now });
  };
  await Promise.allSettled(previews.map(({ previewId }) => world.broker.place({ previewId }, world.call())));
  return world.orders.length;
}

Deno.test("Broker.place() asks about equal orders separately, unlike an engine that merges them", async () => {
  assert.equal(await approveEqual(false), 2);
  assert.equal(await approveEqual(true), 1);
});
