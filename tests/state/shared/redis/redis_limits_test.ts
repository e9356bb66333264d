import assert from "node:assert/strict";
import "reflect-metadata"; // The certificate library asks for it, and for being second.
import { ExtendedKeyUsage } from "@peculiar/x509";
import type { RateLimit } from "../../../../src/session/rate_limit.ts";
import { DEADLINE_MS } from "../../../../src/state/shared/redis/connection.ts";
import type { RedisState } from "../../../../src/state/shared/redis/open_redis.ts";
import type { Draw } from "../../../../src/state/shared/redis/shared_tokens.ts";
import { LogRecords } from "../../../support/log_records.ts";
import { TestAuthority } from "../../../transport/test_authority.ts";
import { documentedRights, openRedis } from "./redis_installation.ts";
import { startRedis } from "./redis_server.ts";
import type { RedisServer } from "./redis_server.ts";

const now = () => performance.now();

function limitOf(state: RedisState, perMinute: number): RateLimit {
  return state.createRateLimit({ perMinute: () => perMinute, now });
}

/** How many of so many requests are admitted, all asked at once. */
async function admitted(limit: RateLimit, tries: number, key = "ann"): Promise<number> {
  const admissions = await Promise.all(Array.from({ length: tries }, () => limit.take(key)));
  return admissions.filter(({ ok }) => ok).length;
}

/** How many flow in until now. */
function flowedIn(perMinute: number, sinceMs: number): number {
  return Math.ceil((now() - sinceMs) * perMinute / 60_000);
}

/** A Redis, and servers that use it; all of them end with the test. */
async function withServers(
  { count = 1, deadlineMs }: { count?: number; deadlineMs?: number },
  use: (redis: RedisServer, servers: RedisState[]) => Promise<void>,
): Promise<void> {
  await using redis = await startRedis();
  const options = deadlineMs === undefined ? {} : { deadlineMs };
  const servers = await Promise.all(Array.from({ length: count }, () => openRedis(redis.url, options)));
  try {
    await Promise.all(servers.map(({ servers }) => servers.beat()));
    await use(redis, servers);
  } finally {
    await Promise.all(servers.map((server) => server.close()));
  }
}

Deno.test("Servers on one Redis share each limit: together they allow what one may", async () => {
  await withServers({ count: 3 }, async (_, servers) => {
    const limits = servers.map((server) => limitOf(server, 30));
    const startedMs = now();
    const counts = await Promise.all(limits.map((limit) => admitted(limit, 40)));
    const sum = counts.reduce((total, count) => total + count, 0);
    assert.ok(sum >= 30 && sum <= 31 + flowedIn(30, startedMs), `admitted ${counts.join(" + ")}`);
  });
});

Deno.test("A busy key reads Redis rarely, and a refused one does not until tokens have refilled", async () => {
  await withServers({}, async (redis, [server]) => {
    assert.ok(server);
    const limit = limitOf(server, 1_000);
    const before = await calls(redis);
    for (let request = 0; request < 1_000; request++) assert.ok((await limit.take("ann")).ok);
    const drawn = await calls(redis);
    assert.ok(drawn - before < 60, `${drawn - before} draws for 1,000 requests`);
    while ((await limit.take("ann")).ok);
    const refused = await calls(redis);
    for (let request = 0; request < 100; request++) limit.take("ann");
    assert.ok(await calls(redis) - refused <= 2);
  });
});

Deno.test("A key with a wide limit that refills fast reads Redis rarely too", async () => {
  await withServers({}, async (redis, [server]) => {
    assert.ok(server);
    const limit = limitOf(server, 10_000_000);
    const before = await calls(redis);
    for (let request = 0; request < 1_000; request++) {
      assert.ok((await limit.take("ann")).ok);
      // Requests come one after the other, each in a turn of its own.
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    const drawn = await calls(redis) - before;
    assert.ok(drawn < 60, `${drawn} draws for 1,000 requests`);
  });
});

Deno.test("SharedTokens.draw() takes what is there, leaves a reserve, and counts what is returned", async () => {
  await withServers({ count: 2 }, async (_, [one, two]) => {
    assert.ok(one !== undefined && two !== undefined);
    // So little flows in that it does not show.
    const limit = { size: 100, perMinute: 0.001 };
    const left = async ({ tokens }: RedisState, draw: Draw) => {
      const { granted, available } = await tokens.draw("ann", limit, draw);
      return [granted, Math.floor(available)];
    };
    assert.deepEqual(await left(one, { want: 40 }), [40, 60]);
    assert.deepEqual(await left(two, { want: 10, giveBack: 5 }), [10, 55]);
    assert.deepEqual(await left(two, { want: 40, reserve: 20 }), [35, 20]);
    assert.deepEqual(await left(one, { want: 1, reserve: 20 }), [0, 20]);
    assert.deepEqual(await left(one, { want: 40 }), [20, 0]);
    assert.deepEqual(await left(one, { want: 1, giveBack: 1_000 }), [1, 99]);
    assert.deepEqual(await left(one, { want: 0, giveBack: -60 }), [0, 39]);
    assert.deepEqual(await left(two, { want: 1, giveBack: -60 }), [0, -21]);
  });
});

Deno.test("Redis away: each server applies its share of the limit, never none, and uses Redis again when it is back", async () => {
  await withServers({ count: 3 }, async (redis, servers) => {
    const limits = servers.map((server) => limitOf(server, 300));
    await redis.stop();
    const awayMs = now();
    const counts = await Promise.all(limits.map((limit) => admitted(limit, 100, "bob")));
    // A batch at once, as others may have used the rest, and then the share of each.
    for (const count of counts) assert.ok(count >= 15 && count <= 15 + flowedIn(100, awayMs), `admitted ${counts}`);
    await redis.start();
    await Promise.all(servers.map((server) => untilUsable(server)));
    // It came back empty: nobody knows what was used, so nothing is there but what flows in.
    const wide = servers.map((server) => limitOf(server, 600));
    const wideMs = now();
    const sum = (await Promise.all(wide.map((limit) => admitted(limit, 40, "cyd")))).reduce((a, b) => a + b, 0);
    assert.ok(sum <= 20 + flowedIn(600, wideMs), `admitted ${sum}`);
    const refused = await wide[0]?.take("cyd");
    if (refused?.ok === false) await new Promise((resolve) => setTimeout(resolve, refused.retryAfterMs + 50));
    assert.deepEqual(await wide[0]?.take("cyd"), { ok: true });
  });
});

Deno.test("Redis away: what a server allows meanwhile is charged when Redis is back", async () => {
  await withServers({}, async (redis, [server]) => {
    assert.ok(server);
    const limit = limitOf(server, 100);
    const startedMs = now();
    const before = await admitted(limit, 30);
    redis.freeze();
    const meanwhile = await admitted(limit, 40);
    redis.thaw();
    await untilUsable(server);
    const sum = before + meanwhile + await admitted(limit, 200);
    assert.equal(meanwhile, 40);
    // A batch may be lost with an answer that came too late.
    assert.ok(sum >= 95 && sum <= 101 + flowedIn(100, startedMs), `admitted ${sum}`);
  });
});

Deno.test("Redis flushed under load: limits that were used up stay used up", async () => {
  await withServers({ count: 2 }, async (redis, servers) => {
    const limits = servers.map((server) => limitOf(server, 60));
    const startedMs = now();
    const used = (await Promise.all(limits.map((limit) => admitted(limit, 50)))).reduce((a, b) => a + b, 0);
    assert.ok(used >= 60 && used <= 61 + flowedIn(60, startedMs), `admitted ${used}`);
    await redis.command("FLUSHALL");
    await servers[0]?.servers.beat();
    const late = await openRedis(redis.url);
    try {
      const after = await Promise.all([...limits, limitOf(late, 60)].map((limit) => admitted(limit, 50)));
      const sum = after.reduce((a, b) => a + b, 0);
      assert.ok(sum <= 3 + flowedIn(60, startedMs), `admitted ${after.join(" + ")} after the loss`);
    } finally {
      await late.close();
    }
  });
});

Deno.test("Redis frozen: requests use the share within the deadline, and nothing piles up", async () => {
  await withServers({ count: 2, deadlineMs: DEADLINE_MS }, async (redis, [server]) => {
    assert.ok(server);
    const limit = limitOf(server, 20);
    redis.freeze();
    try {
      const frozenMs = now();
      const count = await admitted(limit, 5_000);
      assert.ok(count >= 1 && count <= 1 + flowedIn(10, frozenMs), `admitted ${count}`);
      // Nothing is sent any more, so the answer is there at once.
      assert.ok(!(limit.take("ann") instanceof Promise));
      assert.ok(!(limit.take("bob") instanceof Promise));
    } finally {
      redis.thaw();
    }
    await untilUsable(server);
    assert.ok((await limit.take("cyd")).ok);
  });
});

Deno.test("Two services on one Redis with different key prefixes share nothing", async () => {
  await using redis = await startRedis();
  const [one, two] = await Promise.all(["one", "two"].map((name) => openRedis(`${redis.url}?prefix=${name}`)));
  try {
    assert.ok(one !== undefined && two !== undefined);
    assert.deepEqual(await Promise.all([one, two].map((state) => admitted(limitOf(state, 10), 20))), [10, 10]);
    assert.deepEqual([one.servers.count, two.servers.count], [1, 1]);
  } finally {
    await Promise.all([one?.close(), two?.close()]);
  }
});

/** What speaks against using a Redis, and whether servers see each other over it. */
const REFUSALS = {
  "a wrong password": { settings: ["requirepass right"], user: ":wrong@", says: /WRONGPASS|invalid password/ },
  "no password": { settings: ["requirepass right"], user: "", says: /NOAUTH/ },
  "an unknown user": { settings: ["requirepass right"], user: "ann:right@", says: /WRONGPASS/ },
  "a user without a right to run scripts": {
    settings: ["user ann on >right ~* +@all -evalsha -eval"],
    user: "ann:right@",
    says: /NOPERM/,
  },
  "a user without a right to its keys": {
    settings: ["user ann on >right ~other:* +@all"],
    user: "ann:right@",
    says: /NOPERM|ACL|permission/,
  },
  "a read-only replica": { settings: ["replicaof 127.0.0.1 1"], user: "", says: /READONLY|LOADING|MASTERDOWN/ },
  "no memory left": { settings: ["maxmemory 1", "maxmemory-policy noeviction"], user: "", says: /OOM/ },
} as const;

for (const [fault, { settings, user, says }] of Object.entries(REFUSALS)) {
  Deno.test(`Redis with ${fault}: the server applies its own limits and logs why, without the password`, async () => {
    await using redis = await startRedis({ settings });
    using logs = LogRecords.start();
    const state = await openRedis(redis.url.replace("redis://", `redis://${user}`));
    try {
      const limit = limitOf(state, 5);
      assert.equal(await admitted(limit, 20), 5);
      const text = JSON.stringify(logs.of("shared state unavailable; each server goes by its share of the limits"));
      assert.match(text, says);
      assert.doesNotMatch(JSON.stringify(logs.all), /right|wrong/);
    } finally {
      await state.close();
    }
  });
}

Deno.test("Redis with a password and a narrow ACL user serves limits", async () => {
  const rules = `user ann on >right ~luno-mcp-server:* resetchannels -@all ${await documentedRights()}`;
  await using redis = await startRedis({ settings: [rules] });
  const state = await openRedis(redis.url.replace("redis://", "redis://ann:right@"));
  try {
    assert.equal(await admitted(limitOf(state, 5), 20), 5);
    (await state.places.take("ann", 1))?.release();
    const sessions = state.createSessionStore({ idleMs: 60_000 });
    const log = sessions.eventsOf("one");
    for (const subscriptions of [[], ["a:1"]]) {
      await sessions.save({ id: "one", identity: "ann", opening: "{}", subscriptions });
    }
    await Promise.all([log.begin("1", 7), log.append("1", { number: 1, text: "a" }), log.end("1")]);
    assert.equal((await log.read("1"))?.events.length, 1);
    await log.remove("1");
    assert.equal((await sessions.take("one", "ann"))?.times, 1);
    await sessions.touch("one");
    await sessions.remove("one");
    await state.servers.beat();
    assert.equal(await state.connection.run("PING"), "PONG");
    assert.equal(state.connection.refusal, undefined);
  } finally {
    await state.close();
  }
});

Deno.test("Redis over TLS serves with a certificate of its host by a trusted authority, and not otherwise", async () => {
  const [authority, stranger] = [await TestAuthority.create(), await TestAuthority.create()];
  const usages = [ExtendedKeyUsage.serverAuth];
  const own = await authority.issue({ usages, names: [{ type: "ip", value: "127.0.0.1" }] });
  const others = await authority.issue({ usages, names: [{ type: "dns", value: "other.example.com" }] });
  for (
    const [certificate, ca, isUsable] of [[own, authority, true], [own, stranger, false], [
      others,
      authority,
      false,
    ]] as const
  ) {
    await using redis = await startRedis({ tls: certificate.files });
    const state = await openRedis(redis.url, { ca: ca.files.cert });
    try {
      assert.equal(await admitted(limitOf(state, 5), 20), 5);
      assert.equal(state.connection.isUsable, isUsable);
    } finally {
      await state.close();
    }
  }
});

/** How many scripts Redis has run. */
async function calls(redis: RedisServer): Promise<number> {
  const text = await redis.command("INFO", "commandstats");
  return Number(/cmdstat_evalsha:calls=(\d+)/.exec(text)?.[1] ?? 0);
}

/** Until the server can use Redis again. */
async function untilUsable(server: RedisState): Promise<void> {
  while (!server.connection.isUsable) await new Promise((resolve) => setTimeout(resolve, 10));
}
