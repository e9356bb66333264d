import assert from "node:assert/strict";
import Big from "big.js";
import { StreamSessions } from "../../../src/exchange/stream/stream_sessions.ts";
import { AccountWorld } from "./account_world.ts";

const REVOKED = { id: "simulated_key", secret: "another" };

Deno.test("LiveAccount has one stream for any number of users, and none a while after the last", async () => {
  await using world = await AccountWorld.start();
  const { account } = world;
  const status = () => account.status;
  assert.equal(status(), undefined);
  const needs = [account.need(), account.need(), account.need()];
  await world.live();
  assert.deepEqual([status()?.needed, status()?.connections], [3, 1]);
  for (const need of needs) {
    need[Symbol.dispose]();
    need[Symbol.dispose]();
  }
  assert.equal(status()?.needed, 0);
  await world.clock.advance(15_000);
  assert.equal(account.isLive, true);
  await world.advanceUntil(() => status() === undefined, 15_000);
  assert.ok(world.clock.now() >= 120_000, `${world.clock.now()}`);
  account.touch();
  await world.live();
  assert.equal(account.isLive, true);
});

Deno.test("LiveAccount notifies followers of orders, balances, losses and recoveries, until they unsubscribe", async () => {
  await using world = await AccountWorld.start();
  const { account, exchange } = world;
  const told: string[] = [];
  const leave = account.follow({
    changed: ({ type }) => told.push(type),
    connected: ({ mayHaveMissed }) => told.push(mayHaveMissed ? "connected anew" : "connected again"),
    lost: () => told.push("lost"),
  });
  using _need = account.need();
  await world.live();
  assert.equal(told[0], "connected anew");
  assert.ok(told.includes("order_status") && told.includes("balance"), told.join());
  exchange.simulation.faults.set([{ kind: "stream_close", path: "/api/1/userstream", times: 1, code: 1000 }]);
  await world.place("0.001");
  await world.until(() => told.includes("lost"));
  assert.deepEqual([account.isLive, account.status?.problem?.code], [false, "closed"]);
  await world.advanceUntil(() => told.includes("connected again"), 1_000);
  leave[Symbol.dispose]();
  const { length } = told;
  const id = await world.place("0.001");
  await world.until(() => world.statusOf(id) === "PENDING");
  assert.equal(told.length, length);
});

Deno.test("LiveAccount gives up a key that the exchange refuses, reports that, and tries again after ten minutes", async () => {
  await using world = await AccountWorld.start({}, { credentials: REVOKED });
  const { account } = world;
  using _need = account.need();
  await world.until(() => account.status?.problem?.code === "invalid_credentials");
  assert.deepEqual([account.isLive, account.status?.connections], [false, 1]);
  const isTriedAgain = () => account.status?.connections !== 1 || account.status.problem === null;
  await world.advanceUntil(isTriedAgain, 15_000);
  assert.ok(world.clock.now() >= 600_000, `${world.clock.now()}`);
});

Deno.test("LiveAccount waits for a session when all are in use, and reports that", async () => {
  const sessions = new StreamSessions(1);
  const other = sessions.take();
  await using world = await AccountWorld.start({}, { sessions });
  const { account } = world;
  using _need = account.need();
  await world.until(() => account.status?.problem?.code === "session_limit");
  assert.equal(account.status?.connections, 0);
  other?.[Symbol.dispose]();
  await world.advanceUntil(() => account.status?.connections === 1, 15_000);
  await world.live();
  assert.equal(account.status?.problem, null);
});

Deno.test("LiveAccount waits and reports it when the exchange has no session left for the key", async () => {
  await using world = await AccountWorld.start({ streamSessions: 0 });
  const { account } = world;
  using _need = account.need();
  await world.until(() => account.status?.problem?.code === "session_limit");
  assert.deepEqual([account.isLive, account.status?.connections], [false, 1]);
});

Deno.test("a balance that was read is never older than the stream's", async () => {
  await using world = await AccountWorld.start({ readLagMs: 3_000 });
  const reads = world.shared.as("local");
  using _need = world.account.need();
  await world.live();
  const balances = async () => {
    const { balance } = await world.readWhileMoving(reads.call("getBalances", {}));
    return balance.find(({ asset }) => asset === "ZAR");
  };
  world.exchange.clock.now += 10_000;
  const before = world.events.length;
  const id = await world.place("0.5");
  await world.until(() => world.statusOf(id) === "PENDING");
  const rows = world.events.slice(before).flatMap((event) => event.type === "balance" ? [event.balance] : []);
  const newest = rows.at(-1);
  assert.ok(newest !== undefined);
  const read = await balances();
  assert.equal(read?.account_id, newest.account_id);
  assert.equal(read?.balance, newest.balance);
  assert.equal(new Big(read?.balance ?? 0).minus(read?.reserved ?? 0).toFixed(), newest.available);
  // What the exchange answers by itself trails still, as those who settle orders read it.
  const { balance } = await world.client.call("getBalances", {});
  const trailing = balance.find(({ asset }) => asset === "ZAR");
  assert.notEqual(trailing?.reserved, read?.reserved);
});

Deno.test("orders that were read are never older than the stream's", async () => {
  await using world = await AccountWorld.start();
  const { exchange: { simulation } } = world;
  const reads = world.shared.as("local");
  using _need = world.account.need();
  await world.live();
  const resting = await world.place("0.002");
  await world.until(() => world.statusOf(resting) === "PENDING");
  world.exchange.clock.now += 60_000;
  await world.client.call("stopOrder", { order_id: resting });
  const filled = await world.place("0.001", { crosses: true });
  await world.until(() => world.statusOf(resting) === "COMPLETE" && world.statusOf(filled) === "COMPLETE");
  // Every answer shows the exchange as it was, before both.
  simulation.faults.set([{ kind: "stale", ms: 50_000 }]);
  const list = await world.readWhileMoving(reads.call("listOrders", { closed: false }));
  assert.equal(list.orders.find(({ order_id }) => order_id === resting)?.status, "UNKNOWN");
  const asked = world.readWhileMoving(reads.call("getOrder", { id: filled }));
  await assert.rejects(asked, { code: "ERR_NOT_FOUND" });
  simulation.faults.set([{ kind: "stale", ms: 50_000, times: 2 }]);
  const order = await world.readWhileMoving(reads.call("getOrder", { id: filled }));
  assert.deepEqual([order.status, order.base], ["COMPLETE", "0.001"]);
});

Deno.test("a list of open orders that lacks one the stream just reported is read again", async () => {
  await using world = await AccountWorld.start();
  const reads = world.shared.as("local");
  using _need = world.account.need();
  await world.live();
  world.exchange.clock.now += 60_000;
  const resting = await world.place("0.002");
  await world.until(() => world.statusOf(resting) === "PENDING");
  world.exchange.simulation.faults.set([{ kind: "stale", ms: 50_000, times: 1 }]);
  const list = await world.readWhileMoving(reads.call("listOrders", { closed: false }));
  assert.ok(list.orders.some(({ order_id }) => order_id === resting));
});

for (const kind of ["stream_garbage", "stream_repeat", "stream_gap"] as const) {
  Deno.test(`LiveAccount survives ${kind} on the user stream, and reports what happens after it`, async () => {
    await using world = await AccountWorld.start();
    using _need = world.account.need();
    await world.live();
    world.exchange.simulation.faults.set([{ kind, path: "/api/1/userstream", times: 1 }]);
    const broken = await world.place("0.001");
    // What is spoilt ends the connection, and is sent again on the next one; what is lost in between nobody can know of.
    if (kind !== "stream_gap") await world.advanceUntil(() => world.statusOf(broken) === "PENDING", 100);
    const id = await world.place("0.001");
    await world.advanceUntil(() => world.statusOf(id) === "PENDING", 100);
    assert.equal(world.account.status?.lost.garbage, kind === "stream_garbage" ? 1 : undefined);
    assert.equal(world.account.status?.gaps, 0);
  });
}
