/** What limits, the exchange's calls and sessions have of a Redis that fails over, or that one server alone does not reach. */

import assert from "node:assert/strict";
import { CallBudget } from "../../../../src/exchange/budget.ts";
import { DEADLINE_MS } from "../../../../src/state/shared/redis/connection.ts";
import type { RedisState } from "../../../../src/state/shared/redis/open_redis.ts";
import { isEnded } from "../../../../src/session/session_ends.ts";
import type { EndedElsewhere } from "../../../../src/session/session_ends.ts";
import { lookUntil } from "../../../support/look_until.ts";
import { TcpRelay } from "../../../support/tcp_relay.ts";
import { openRedis } from "./redis_installation.ts";
import { startRedis } from "./redis_server.ts";
import type { RedisServer } from "./redis_server.ts";

const now = () => performance.now();
const portOf = (url: string) => Number(new URL(url).port);

/** How many requests or calls a minute a limit allows. */
const PER_MINUTE = 60;

/** How many calls to the exchange may come at once. */
const AT_ONCE = PER_MINUTE / 5;

/** When a drain ends at last, in milliseconds. */
const LONGEST_DRAIN_MS = 3_000;

/** How many of them flow in until now, and one on its way. */
function flowedIn(sinceMs: number): number {
  return Math.ceil((now() - sinceMs) * PER_MINUTE / 60_000) + 1;
}

/** Until the server can use Redis. */
async function untilUsable(state: RedisState, isUsable = true): Promise<void> {
  const look = () => new Promise<boolean>((resolve) => setTimeout(() => resolve(state.connection.isUsable), 10));
  await lookUntil((is) => is === isUsable, look, "Redis never became as wanted");
}

/** How many of forty requests a server admits. */
async function admitted(state: RedisState, key = "ann"): Promise<number> {
  const limit = state.createRateLimit({ perMinute: () => PER_MINUTE, now });
  const admissions = await Promise.all(Array.from({ length: 40 }, () => limit.take(key)));
  return admissions.filter(({ ok }) => ok).length;
}

/** How many calls to the exchange a server gets until there is none for a while. */
async function called(state: RedisState): Promise<number> {
  const supply = state.createCallSupply({ name: "exchange", limitPerMinute: PER_MINUTE, now });
  const budget = new CallBudget({ limitPerMinute: PER_MINUTE, now, supply, maxWaitMs: 500 });
  const startedMs = now();
  for (let taken = 0;;) {
    const turn = await budget.take("cancel");
    // A slow machine may not have heard from Redis yet; in the long run calls flow in.
    if (!turn.ok && (turn.retryAfterMs > DEADLINE_MS || now() - startedMs > LONGEST_DRAIN_MS)) return taken;
    if (!turn.ok) continue;
    turn.reservation.use();
    taken++;
  }
}

/** Two servers, each with its own way to one Redis. */
class World implements AsyncDisposable {
  readonly redis: RedisServer;
  readonly ways: readonly [TcpRelay, TcpRelay];
  readonly servers: readonly [RedisState, RedisState];

  private constructor(redis: RedisServer, ways: [TcpRelay, TcpRelay], servers: [RedisState, RedisState]) {
    this.redis = redis;
    this.ways = ways;
    this.servers = servers;
  }

  static async start(): Promise<World> {
    const redis = await startRedis();
    const ways: [TcpRelay, TcpRelay] = [TcpRelay.to(portOf(redis.url)), TcpRelay.to(portOf(redis.url))];
    const open = ({ port }: TcpRelay) => openRedis(`redis://127.0.0.1:${port}`, { deadlineMs: 4 * DEADLINE_MS });
    const servers: [RedisState, RedisState] = [await open(ways[0]), await open(ways[1])];
    for (const state of [...servers, servers[0]]) await state.servers.beat();
    return new World(redis, ways, servers);
  }

  /** Has the replica take the place of Redis, which is gone. */
  async failOver(replica: RedisServer): Promise<void> {
    await this.redis.stop();
    await replica.command("REPLICAOF", "NO", "ONE");
    for (const way of this.ways) way.lead(portOf(replica.url));
    for (const state of this.servers) await untilUsable(state);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.servers.map((state) => state.close()));
    await Promise.all(this.ways.map((way) => way[Symbol.asyncDispose]()));
    await this.redis[Symbol.asyncDispose]();
  }
}

/** A replica that has all that Redis has. */
async function replicaOf(redis: RedisServer): Promise<RedisServer> {
  const replica = await startRedis({ settings: [`replicaof 127.0.0.1 ${portOf(redis.url)}`] });
  await lookUntil((reply) => reply.startsWith(":1"), () => redis.command("WAIT", "1", "100"), "it never followed");
  return replica;
}

Deno.test("Redis failed over to its replica: limits and exchange calls that were used up stay used up", async () => {
  await using world = await World.start();
  const [one, two] = world.servers;
  const startedMs = now();
  let requests = await admitted(one) + await admitted(two);
  let calls = await called(one) + await called(two);
  assert.ok(requests >= PER_MINUTE / 2 && calls > AT_ONCE / 2, `${requests} requests, ${calls} calls before`);
  await using replica = await replicaOf(world.redis);
  await world.failOver(replica);
  requests += await admitted(two) + await admitted(one);
  assert.ok(requests <= PER_MINUTE + flowedIn(startedMs), `${requests} requests in all`);
  calls += await called(one) + await called(two);
  assert.ok(calls <= AT_ONCE + flowedIn(startedMs), `${calls} calls in all`);
});

Deno.test("Redis failed over to an empty replica: all limits count as used up", async () => {
  await using world = await World.start();
  const [one, two] = world.servers;
  const startedMs = now();
  await admitted(one);
  await called(one);
  await using empty = await startRedis();
  await world.failOver(empty);
  const requests = await admitted(two) + await admitted(one);
  assert.ok(requests <= flowedIn(startedMs), `${requests} requests after the failover`);
  const calls = await called(one) + await called(two);
  assert.ok(calls <= flowedIn(startedMs), `${calls} calls after the failover`);
});

Deno.test("Redis flushed under load: exchange calls that were used up stay used up", async () => {
  await using world = await World.start();
  const [one, two] = world.servers;
  const startedMs = now();
  assert.ok(await called(one) > AT_ONCE / 2);
  await world.redis.command("FLUSHALL");
  const calls = await called(two) + await called(one);
  assert.ok(calls <= flowedIn(startedMs), `${calls} calls after the loss`);
});

Deno.test("Partitioned from Redis alone: a server uses its share, the other one Redis, and both Redis afterwards", async () => {
  await using world = await World.start();
  const [one, two] = world.servers;
  world.ways[0].cut();
  await untilUsable(one, false);
  const startedMs = now();
  const [alone, other] = [await admitted(one), await admitted(two)];
  assert.ok(alone > 0 && alone <= PER_MINUTE / 2 + flowedIn(startedMs), `${alone} alone`);
  assert.equal(other, 40);
  world.ways[0].mend();
  await untilUsable(one);
  const after = await admitted(one) + await admitted(two);
  assert.ok(after <= PER_MINUTE - other + flowedIn(startedMs), `${after} after the split`);
});

Deno.test("Redis failed over to its replica: sessions and the events of their streams continue", async () => {
  await using world = await World.start();
  const [one, two] = world.servers.map((state) => state.createSessionStore({ idleMs: 60_000 }));
  assert.ok(one !== undefined && two !== undefined);
  await one.save({ id: "secret", identity: "ann", opening: "{}", subscriptions: ["a:1"] });
  const log = one.eventsOf("secret");
  await log.begin("1", 7);
  await log.append("1", { number: 1, text: "first" });
  await using replica = await replicaOf(world.redis);
  await world.failOver(replica);
  assert.deepEqual((await two.take("secret", "ann"))?.subscriptions, ["a:1"]);
  assert.equal(await two.take("secret", "bob"), undefined);
  await log.append("1", { number: 2, text: "second" });
  assert.deepEqual((await two.eventsOf("secret").read("1"))?.events.map(({ text }) => text), ["first", "second"]);
});

/** What keeps a server from writing sessions. */
const REFUSALS = {
  "read-only": (redis: RedisServer) => redis.command("REPLICAOF", "127.0.0.1", "1"),
  "out of memory": (redis: RedisServer) => redis.command("CONFIG", "SET", "maxmemory", "1"),
} as const;

for (const [fault, begin] of Object.entries(REFUSALS)) {
  Deno.test(`Redis ${fault} meanwhile: sessions are not saved and nothing fails, limits use the share, and all recovers afterwards`, async () => {
    await using world = await World.start();
    const [one] = world.servers;
    const store = one.createSessionStore({ idleMs: 60_000 });
    await begin(world.redis);
    await store.save({ id: "lost", identity: "ann", opening: "{}", subscriptions: [] });
    await store.eventsOf("lost").begin("1", 7);
    const requests = await admitted(one);
    assert.ok(requests > 0 && requests <= PER_MINUTE / 2 + 1, `${requests} requests`);
    await world.redis.command("REPLICAOF", "NO", "ONE");
    await world.redis.command("CONFIG", "SET", "maxmemory", "0");
    await untilUsable(one);
    assert.equal(await store.take("lost", "ann"), undefined);
    await store.save({ id: "kept", identity: "ann", opening: "{}", subscriptions: [] });
    assert.equal((await store.take("kept", "ann"))?.identity, "ann");
  });
}

Deno.test("Two services on one Redis: neither sees the other's sessions, calls or connection counts", async () => {
  await using redis = await startRedis();
  const states = await Promise.all(["one", "two"].map((name) => openRedis(`${redis.url}?prefix=${name}`)));
  try {
    const [one, two] = states as [RedisState, RedisState];
    const [mine, other] = [one, two].map((state) => state.createSessionStore({ idleMs: 60_000 }));
    await mine!.save({ id: "secret", identity: "ann", opening: "{}", subscriptions: [] });
    assert.equal(await other!.take("secret", "ann"), undefined);
    assert.ok(await called(one) > AT_ONCE / 2);
    assert.ok(await called(two) > AT_ONCE / 2);
    assert.ok(await one.places.take("ann", 1));
    assert.ok(await two.places.take("ann", 1));
  } finally {
    await Promise.all(states.map((state) => state.close()));
  }
});

/** What it takes to end sessions, and to hear of it. */
function resumptionsOf(state: RedisState) {
  const { store, ends } = state.createResumptions({ idleMs: 60_000 });
  const heard: EndedElsewhere[] = [];
  ends.watch?.((ended) => void heard.push(ended));
  return { store, ends, heard };
}

Deno.test("Redis away while sessions are ended: their tokens are void and the other servers are notified once Redis is back", async () => {
  await using world = await World.start();
  const [one, two] = world.servers.map(resumptionsOf);
  assert.ok(one !== undefined && two !== undefined);
  await two.store.keep("a1", { id: "a1", identity: "ann", subscriptions: [] });
  await two.store.keep("b1", { id: "b1", identity: "bob", subscriptions: [] });
  await two.store.keep("b2", { id: "b2", identity: "bob", subscriptions: [] });
  world.ways[0].cut();
  await untilUsable(world.servers[0], false);
  assert.equal(await one.ends.end({ identity: "ann" }), false);
  assert.equal(await one.ends.end({ id: "b1" }), false);
  // What is said of the ends reaches Redis a moment later, by which they seem more recent; on a busy machine that takes long.
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  await two.store.keep("a2", { id: "a2", identity: "ann", subscriptions: [] });
  world.ways[0].mend();
  const look = async () => {
    await world.servers[1].servers.beat();
    // What Redis did without its answer being heard is said again.
    return new Set(two.heard.map(({ agoMs: _, ...ended }) => JSON.stringify(ended))).size;
  };
  await lookUntil((count: number) => count === 2, look, "the other server hears nothing");
  for (const [digest, identity] of [["a1", "ann"], ["b1", "bob"]] as const) {
    assert.equal(await two.store.take(digest, { identity, next: `${digest}-next` }), "unknown", digest);
  }
  for (const [digest, identity] of [["a2", "ann"], ["b2", "bob"]] as const) {
    assert.notEqual(
      await two.store.take(digest, { identity, next: `${digest}-next` }),
      "unknown",
      `${digest} began afterwards`,
    );
  }
  const session = { id: "", identity: "ann" };
  const ended = two.heard.find((each) => "identityDigest" in each);
  assert.ok(ended !== undefined && ended.agoMs >= 2_000);
  assert.equal(isEnded(ended, { ...session, ageMs: ended.agoMs + 1 }), true);
  assert.equal(isEnded(ended, { ...session, ageMs: ended.agoMs - 1 }), false, "a session that began since");
  assert.equal(isEnded(ended, { ...session, ageMs: 0, isResumed: true }), true, "one that may have begun before");
  assert.equal(isEnded(ended, { ...session, identity: "bob", ageMs: Infinity }), false);
  assert.deepEqual(one.heard, [], "nobody hears of what it ended itself");
});

Deno.test("A server that does not reach Redis for long learns which sessions were ended meanwhile", async () => {
  await using world = await World.start();
  const [one, two] = world.servers.map(resumptionsOf);
  assert.ok(one !== undefined && two !== undefined);
  world.ways[1].cut();
  await untilUsable(world.servers[1], false);
  assert.equal(await one.ends.end({ id: "00112233aabbccdd" }), true);
  const left = /:(\d+)/.exec(await world.redis.command("PTTL", "luno-mcp-server:session-ends"))?.[1];
  assert.ok(Number(left) > 23 * 3_600_000, `it is told for ${left} ms`);
  world.ways[1].mend();
  const look = () => new Promise<number>((resolve) => setTimeout(() => resolve(two.heard.length), 20));
  await lookUntil((count: number) => count > 0, look, "it hears nothing");
  const [ended] = two.heard;
  assert.ok(ended !== undefined && "id" in ended && ended.id === "00112233aabbccdd");
});

Deno.test("Redis stores a digest of an identity where that is enough", async () => {
  await using redis = await startRedis();
  const identity = "key:ann-the-trader";
  const state = await openRedis(redis.url);
  try {
    const { store, ends } = resumptionsOf(state);
    await store.keep("a1", { id: "a1", identity, subscriptions: [] });
    await store.keep("a2", { id: "a2", identity, subscriptions: [] });
    assert.notEqual(await store.take("a1", { identity, next: "a3" }), "unknown");
    await state.createSessionStore({ idleMs: 60_000 }).save({ id: "s", identity, opening: "{}", subscriptions: [] });
    await state.createRateLimit({ perMinute: () => PER_MINUTE, now }).take(identity);
    await state.places.take(identity, 5);
    await ends.end({ identity });
    const keys = (await redis.command("KEYS", "*")).match(/luno-mcp-server:\S+/g) ?? [];
    assert.ok(keys.length >= 9, keys.join(" "));
    const READ: Readonly<Record<string, readonly string[]>> = {
      string: ["GET"],
      hash: ["HGETALL"],
      zset: ["ZRANGE", "0", "-1"],
    };
    for (const key of keys) {
      const type = /\+(\w+)/.exec(await redis.command("TYPE", key))?.[1] ?? "";
      const [command = "", ...rest] = READ[type] ?? assert.fail(`${key} is a ${type}`);
      const text = await redis.command(command, key, ...rest);
      assert.ok(!`${key} ${text}`.includes("ann-the-trader"), `${key}: ${text}`);
    }
  } finally {
    await state.close();
  }
});
