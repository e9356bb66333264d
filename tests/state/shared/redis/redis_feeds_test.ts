import assert from "node:assert/strict";
import { feedKeys } from "../../../../src/state/shared/redis/feed/feed_keys.ts";
import { PUBLISH, RELEASE, WRITE_SNAPSHOT } from "../../../../src/state/shared/redis/feed/feed_scripts.ts";
import { LogRecords } from "../../../support/log_records.ts";
import { lookUntil } from "../../../support/look_until.ts";
import { TcpRelay } from "../../../support/tcp_relay.ts";
import { feedPrefix, FeedWorld } from "./feed_world.ts";
import type { FeedServer } from "./feed_world.ts";
import { documentedRights } from "./redis_installation.ts";
import { startRedis } from "./redis_server.ts";

const PAIR = { pair: "XBTZAR" };

const portOf = (url: string) => Number(new URL(url).port);

/** The whole book of a server, and where it came from. */
async function bookOf(server: FeedServer) {
  const { answer, source } = await server.shared.read("getOrderBookFull", PAIR);
  return { answer, source };
}

/** Moves the exchange on; afterwards every server has the same book, from a stream. */
async function convergeOn(world: FeedWorld, servers: readonly FeedServer[]): Promise<void> {
  const sequence = await world.pass(60_000);
  await Promise.all(servers.map((server) => server.reaches(sequence)));
  const [first, ...others] = await Promise.all(servers.map(bookOf));
  assert.equal(first?.source, "stream");
  for (const other of others) assert.deepEqual(other, first);
}

/** Waits until one of the servers leads and the others follow it. */
async function oneLeader(servers: readonly FeedServer[]): Promise<FeedServer> {
  const [any = assert.fail()] = servers;
  const roles = () => servers.map(({ role }) => role).sort().join(" ");
  const wanted = [...servers.slice(1).map(() => "follower"), "leader"].join(" ");
  await any.until(() => roles() === wanted && servers.every(({ isLive }) => isLive), "no single leader");
  return servers.find(({ role }) => role === "leader") ?? assert.fail();
}

/** Waits until the servers have so many streams with the exchange; one that is closed takes a moment. */
async function streamsAre(count: number, servers: readonly FeedServer[]): Promise<void> {
  const [any = assert.fail()] = servers;
  const open = () => servers.reduce((sum, { sessions }) => sum + sessions.open, 0);
  await any.until(() => open() === count, `not ${count} streams`);
}

Deno.test("One server of three reads the exchange's stream, and all three have the same book of it", async () => {
  await using world = await FeedWorld.start();
  const servers = await world.cluster(3);
  assert.deepEqual(servers.map(({ role }) => role), ["leader", "follower", "follower"]);
  for (let minute = 0; minute < 5; minute++) await convergeOn(world, servers);
  await streamsAre(1, servers);
  const [leader, follower] = servers.map(({ sharing }) => sharing);
  assert.ok(leader!.bytesSent > 1_000 && follower!.bytesReceived > 1_000 && follower!.lagMs !== undefined);
});

Deno.test("A follower reports no smaller age than the leader, whatever the clocks of their machines show", async () => {
  await using world = await FeedWorld.start();
  const [leader, near] = await world.cluster(2);
  const ahead = 1e9;
  const far = await world.serve({ now: () => performance.now() + ahead });
  assert.ok(near !== undefined);
  for (let step = 0; step < 20; step++) {
    const sequence = await world.pass(1_000);
    await Promise.all([leader, near, far].map((server) => server.reaches(sequence)));
    // What is read last may only have been heard of later.
    const told: readonly number[] = [near, far].map(({ markets }) =>
      performance.now() - markets.peek(PAIR.pair)!.ageMs
    );
    const age = leader.markets.peek(PAIR.pair)!.ageMs;
    const truth = performance.now() - age;
    for (const heard of told) assert.ok(heard <= truth && truth - heard < 60_000, `heard at ${truth}, told ${told}`);
  }
});

Deno.test("A leader that is about to end hands over at once, and follows the next leader", async () => {
  await using world = await FeedWorld.start();
  const servers = await world.cluster(3);
  const [leader, ...others] = servers;
  await leader.markets.handOver();
  const next = await oneLeader(servers);
  assert.ok(others.includes(next));
  assert.equal(next.sharing?.takeovers, 1);
  await convergeOn(world, servers);
  await streamsAre(1, servers);
});

Deno.test("A leader that closes its last reader's pair leaves it to the others", async () => {
  await using world = await FeedWorld.start();
  const [leader, ...others] = await world.cluster(3);
  await leader.markets.close();
  await oneLeader(others);
  await convergeOn(world, others);
});

Deno.test("A leader whose commands are late loses its lead, and what it wrote since then reaches no server", async () => {
  await using world = await FeedWorld.start();
  await using way = TcpRelay.to(portOf(world.redis.url));
  const stale = await world.serve({ redisUrl: `redis://127.0.0.1:${way.port}` });
  await stale.live();
  const others = [await world.serve(), await world.serve()];
  await Promise.all(others.map((server) => server.live()));
  way.hold();
  await world.pass(60_000);
  const next = await oneLeader(others);
  const sequence = await world.pass(1_000);
  await Promise.all(others.map((server) => server.reaches(sequence)));
  way.mend();
  assert.equal(await oneLeader([stale, ...others]), next);
  await convergeOn(world, [stale, ...others]);
  assert.deepEqual(others.map(({ markets }) => markets.status[0]?.gaps), [0, 0]);
});

Deno.test("What a former leader writes changes nothing, in any way of writing", async () => {
  await using world = await FeedWorld.start();
  const [leader] = await world.cluster(1);
  await world.startOther();
  await convergeOn(world, [leader]);
  const { lease, state, updates, snapshot } = feedKeys(new URL(world.exchange.simulation.url).host, PAIR.pair);
  const keys = [lease, state, updates, snapshot];
  const isWritten = (found: string) => !found.startsWith("$-1");
  const found = await lookUntil(isWritten, () => world.onKey("HGET", "state", "edition"), "no book was written");
  const [, edition = ""] = found.split("\r\n");
  const look = async () => [await world.onKey("HGET", "state", "edition"), await world.onKey("EXISTS", "snapshot")];
  const before = await look();
  const { connection } = leader.state;
  for (const own of [edition, "1 ab 1"]) {
    const published = await connection.evaluate(PUBLISH, keys, ["1 ab", own, "5", "{}"]) as unknown[];
    const written = await connection.evaluate(WRITE_SNAPSHOT, keys, ["1 ab", own, "5", "0-0", "{}", ""]) as unknown[];
    assert.deepEqual([published[1], written[1]], ["lost", "lost"]);
  }
  await connection.evaluate(RELEASE, [lease], ["1 ab"]);
  assert.deepEqual(await look(), before);
  assert.match(await world.onKey("EXISTS", "lease"), /:1/);
});

Deno.test("Partitioned from Redis alone: a server reads the exchange itself, and follows again when Redis is back", async () => {
  await using world = await FeedWorld.start();
  await using way = TcpRelay.to(portOf(world.redis.url));
  const [leader, follower] = await world.cluster(2);
  const alone = await world.serve({ redisUrl: `redis://127.0.0.1:${way.port}` });
  await alone.live();
  assert.equal(alone.role, "follower");
  using logs = LogRecords.start();
  way.cut();
  await alone.until(() => alone.role === "alone" && alone.isLive, "it never read alone");
  assert.equal(logs.of("reading the exchange's stream for this server alone").length, 1);
  await convergeOn(world, [leader, follower!, alone]);
  assert.deepEqual([leader.role, follower!.role], ["leader", "follower"]);
  await streamsAre(2, world.servers);
  way.mend();
  await oneLeader(world.servers);
  await convergeOn(world, world.servers);
  await streamsAre(1, world.servers);
});

Deno.test("Redis away: each server reads the exchange itself; Redis back: one reads for all again", async () => {
  await using world = await FeedWorld.start();
  const servers = await world.cluster(3);
  await world.redis.stop();
  await Promise.all(servers.map((server) => server.until(() => server.role === "alone" && server.isLive, "not alone")));
  await convergeOn(world, servers);
  await streamsAre(3, servers);
  await world.redis.start();
  await oneLeader(servers);
  await convergeOn(world, servers);
  await streamsAre(1, servers);
});

Deno.test("Redis frozen: readers are answered anyway, and one server reads for all when it continues", async () => {
  await using world = await FeedWorld.start();
  const servers = await world.cluster(2);
  world.redis.freeze();
  await Promise.all(servers.map((server) => server.until(() => server.role === "alone" && server.isLive, "not alone")));
  await convergeOn(world, servers);
  world.redis.thaw();
  await oneLeader(servers);
  await convergeOn(world, servers);
});

Deno.test("Redis away: servers keep within the sessions of the key, and read over REST beyond", async () => {
  await using world = await FeedWorld.start();
  const started: FeedServer[] = [];
  for (let each = 0; each < 2; each++) {
    const server = await world.serve({ sessions: 2 });
    started.push(server);
    await server.live();
    server.markets.read("ETHZAR");
    await server.until(() => server.markets.peek("ETHZAR")!.isFresh, "the other pair never came");
  }
  const [one = assert.fail(), two = assert.fail()] = started;
  await one.state.servers.beat();
  await two.state.servers.beat();
  await one.state.servers.beat();
  using logs = LogRecords.start();
  await world.redis.stop();
  const told = () => logs.of("no stream left for this server alone; reading over REST").length;
  const livePairs = ({ markets }: FeedServer) => markets.status.filter(({ isLive }) => isLive).length;
  await one.until(() => told() === 2 && [one, two].every((server) => livePairs(server) === 1), "not one pair each");
  await streamsAre(2, [one, two]);
  for (const server of [one, two]) {
    const readings = ["XBTZAR", "ETHZAR"].map((pair) => server.shared.read("getOrderBook", { pair }));
    const sources = (await Promise.all(readings)).map(({ source }) => source);
    assert.deepEqual(sources.sort(), ["exchange", "stream"]);
  }
  await world.redis.start();
  await one.until(() => [one, two].every((server) => livePairs(server) === 2), "not back");
  await streamsAre(2, [one, two]);
});

Deno.test("Redis flushed under load: the book stays right, and one server reads for all again", async () => {
  await using world = await FeedWorld.start();
  const servers = await world.cluster(3);
  for (let time = 0; time < 3; time++) {
    await world.pass(60_000);
    await world.redis.command("FLUSHALL");
    await world.pass(60_000);
    await oneLeader(servers);
    await convergeOn(world, servers);
  }
  await streamsAre(1, servers);
});

Deno.test("Redis failed over to its replica: servers continue there, with one leader", async () => {
  await using world = await FeedWorld.start();
  await using replica = await startRedis({ settings: [`replicaof 127.0.0.1 ${portOf(world.redis.url)}`] });
  await using way = TcpRelay.to(portOf(world.redis.url));
  const redisUrl = `redis://127.0.0.1:${way.port}`;
  const servers = [await world.serve({ redisUrl }), await world.serve({ redisUrl })];
  await oneLeader(servers);
  await convergeOn(world, servers);
  await world.redis.stop();
  await replica.command("REPLICAOF", "NO", "ONE");
  way.lead(portOf(replica.url));
  await oneLeader(servers);
  await convergeOn(world, servers);
});

/** What keeps servers from writing: they read the exchange themselves then, and say why. */
const REFUSALS = {
  "a wrong password": { settings: ["requirepass right"], user: ":wrong@", says: /WRONGPASS/ },
  "no password": { settings: ["requirepass right"], user: "", says: /NOAUTH|unauthenticated/ },
  "a user without a right to streams": {
    settings: ["user ann on >right ~* +@all -xadd -xrange"],
    user: "ann:right@",
    says: /NOPERM|can't run this command/,
  },
  "a read-only replica": { settings: ["replicaof 127.0.0.1 1"], user: "", says: /READONLY|LOADING|MASTERDOWN/ },
  "no memory left": { settings: ["maxmemory 1", "maxmemory-policy noeviction"], user: "", says: /OOM/ },
} as const;

for (const [fault, { settings, user, says }] of Object.entries(REFUSALS)) {
  Deno.test(`Redis with ${fault}: servers read the exchange's streams themselves, and log why`, async () => {
    await using world = await FeedWorld.start(settings);
    using logs = LogRecords.start();
    const redisUrl = world.redis.url.replace("redis://", `redis://${user}`);
    const servers = [await world.serve({ redisUrl }), await world.serve({ redisUrl })];
    await Promise.all(servers.map((server) => server.live()));
    await convergeOn(world, servers);
    const told = logs.of("shared state unavailable; each server reads the exchange's streams itself");
    assert.match(JSON.stringify(told), says);
    assert.doesNotMatch(JSON.stringify(logs.all), /"right|wrong/);
  });
}

Deno.test("Redis with a password and a narrow ACL user serves market data", async () => {
  const rules = `user ann on >right ~luno-mcp-server:* resetchannels -@all ${await documentedRights()}`;
  await using world = await FeedWorld.start([rules]);
  const redisUrl = world.redis.url.replace("redis://", "redis://ann:right@");
  const servers = [await world.serve({ redisUrl }), await world.serve({ redisUrl })];
  const leader = await oneLeader(servers);
  await convergeOn(world, servers);
  await leader.markets.handOver();
  await oneLeader(servers);
  // What has a trace of another hand needs rights of its own.
  await world.onKey("SET", "updates", "garbage");
  await convergeOn(world, [...servers, await world.serve({ redisUrl })]);
});

/** What somebody else may put in the place of a pair's keys. */
const FOREIGN: Readonly<Record<string, (world: FeedWorld) => Promise<unknown>>> = {
  "a lease that never ends": (world) => world.onKey("SET", "lease", "somebody"),
  "a lease of another kind": async (world) => {
    await world.onKey("DEL", "lease");
    await world.onKey("LPUSH", "lease", "somebody");
  },
  "a state of another kind": (world) => world.onKey("SET", "state", "garbage"),
  "updates of another kind": (world) => world.onKey("SET", "updates", "garbage"),
  "a snapshot of another kind": (world) => world.onKey("SET", "snapshot", "garbage"),
  "a foreign entry": (world) => world.onKey("XADD", "updates", "*", "hello", "world"),
  "an entry of an older leader": (world) => world.onKey("XADD", "updates", "*", "edition", "1 ab 1", "update", "{}"),
  "an entry that is no update": async (world) => {
    const [, edition = ""] = (await world.onKey("HGET", "state", "edition")).split("\r\n");
    await world.onKey("XADD", "updates", "*", "edition", edition, "update", '{"sequence":"x"}');
  },
  "an update that goes back": async (world) => {
    const [, edition = ""] = (await world.onKey("HGET", "state", "edition")).split("\r\n");
    await world.onKey("XADD", "updates", "*", "edition", edition, "update", '{"sequence":"1","timestamp":1}');
  },
  "a time that is none": (world) => world.onKey("HSET", "state", "as_of", "yesterday"),
  "missing updates": (world) => world.onKey("XTRIM", "updates", "MAXLEN", "0"),
  "no updates at all": (world) => world.onKey("DEL", "updates"),
  "no snapshot": (world) => world.onKey("DEL", "snapshot"),
  "a snapshot of garbage": (world) => world.onKey("HSET", "snapshot", "text", "{{{"),
  "a snapshot without a place": (world) => world.onKey("HSET", "snapshot", "anchor", "nowhere"),
  "no state": (world) => world.onKey("DEL", "state"),
};

for (const [what, put] of Object.entries(FOREIGN)) {
  Deno.test(`${what} in Redis ends nothing: servers that follow and a new one get the leader's book`, async () => {
    await using world = await FeedWorld.start();
    const servers: FeedServer[] = await world.cluster(2);
    await convergeOn(world, servers);
    await put(world);
    await world.pass(60_000);
    servers.push(await world.serve());
    await oneLeader(servers);
    await convergeOn(world, servers);
    await streamsAre(1, servers);
  });
}

Deno.test("A value in Redis that no luno-mcp server wrote is rejected and logged, once", async () => {
  await using world = await FeedWorld.start();
  const [, follower] = await world.cluster(2);
  using logs = LogRecords.start();
  for (let time = 0; time < 5; time++) await world.onKey("XADD", "updates", "*", "hello", "world");
  await follower!.until(() => follower!.sharing!.foreign >= 5, "nothing was refused");
  assert.equal(logs.of("rejecting data in Redis that no luno-mcp server wrote").length, 1);
  assert.equal(follower!.markets.status[0]?.gaps, 0);
});

Deno.test("Two services on one Redis with different key prefixes have a leader each", async () => {
  await using world = await FeedWorld.start();
  const [one, two] = await Promise.all(
    ["one", "two"].map((name) => world.serve({ redisUrl: `${world.redis.url}?prefix=${name}` })),
  );
  await Promise.all([one!.live(), two!.live()]);
  assert.deepEqual([one!.role, two!.role], ["leader", "leader"]);
  await convergeOn(world, [one!, two!]);
});

Deno.test("A leader that loses the exchange leaves the lease to one that reaches it", async () => {
  await using world = await FeedWorld.start();
  await using way = TcpRelay.to(portOf(world.exchange.simulation.url));
  const first = await world.serve({ streamUrl: `http://127.0.0.1:${way.port}` });
  await first.live();
  const second = await world.serve();
  await second.live();
  assert.deepEqual([first.role, second.role], ["leader", "follower"]);
  way.cut();
  await second.until(() => second.role === "leader" && second.isLive, "the other one never led");
  await first.until(() => first.role === "follower" && first.isLive, "it never followed");
  await convergeOn(world, [first, second]);
});

Deno.test("A new stream of the leader begins a new book for all", async () => {
  await using world = await FeedWorld.start();
  await using way = TcpRelay.to(portOf(world.exchange.simulation.url));
  const leader = await world.serve({ streamUrl: `http://127.0.0.1:${way.port}` });
  await leader.live();
  const follower = await world.serve();
  await follower.live();
  way.cut();
  await follower.until(() => !follower.isLive, "it never heard of the loss");
  way.mend();
  await world.pass(60_000);
  await oneLeader([leader, follower]);
  await convergeOn(world, [leader, follower]);
});

Deno.test("A leader that is alone writes nothing but its lease, and its book once there is another server", async () => {
  await using world = await FeedWorld.start();
  const one = await world.serve();
  await one.live();
  await world.pass(60_000);
  const prefix = `luno-mcp-server:${feedPrefix(world.exchange.simulation.url)}`;
  const keys = async () => (await world.redis.command("KEYS", `${prefix}*`)).match(/[a-z]+(?=\r)/g) ?? [];
  const look = async () => (await keys()).sort().join(" ");
  await lookUntil((found) => found === "lease", look, "the lease is not all");
  assert.equal(one.sharing?.bytesSent, 0);
  const two = await world.serve();
  await two.live();
  assert.deepEqual([one.role, two.role], ["leader", "follower"]);
  await convergeOn(world, [one, two]);
  await two.close();
  world.servers.splice(world.servers.indexOf(two), 1);
  await lookUntil((found) => found === "lease", look, "what nobody follows is written on");
  const sent = one.sharing?.bytesSent;
  await world.pass(60_000);
  assert.equal(one.sharing?.bytesSent, sent);
  assert.equal(one.isLive, true);
});

Deno.test("The keys of a pair carry the service's prefix, and expire when nobody leads any more", async () => {
  await using world = await FeedWorld.start();
  const [leader] = await world.cluster(1);
  await convergeOn(world, [leader]);
  await world.startOther();
  const look = async () => {
    await world.pass(1_000);
    return await world.redis.command("KEYS", "*feed:*");
  };
  const keys = await lookUntil((found) => found.startsWith("*4"), look, "not four keys");
  for (const key of ["lease", "state", "updates", "snapshot"]) {
    assert.match(keys, new RegExp(`luno-mcp-server:${feedPrefix(world.exchange.simulation.url)}${key}`));
    const [, left] = /:(-?\d+)/.exec(await world.onKey("PTTL", key)) ?? [];
    assert.ok(Number(left) > 0 && Number(left) <= 60_000, `${key} is kept for ${left} ms`);
  }
  await leader.markets.close();
  assert.match(await world.onKey("EXISTS", "lease"), /:0/);
});
