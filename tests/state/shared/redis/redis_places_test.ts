import assert from "node:assert/strict";
import type { Place } from "../../../../src/session/registry.ts";
import type { RedisState } from "../../../../src/state/shared/redis/open_redis.ts";
import { openRedis } from "./redis_installation.ts";
import { startRedis } from "./redis_server.ts";
import type { RedisServer } from "./redis_server.ts";

/** Takes places until there is none. */
async function takeAll({ places }: RedisState, max: number): Promise<Place[]> {
  const taken: Place[] = [];
  for (;;) {
    const place = await places.take("ann", max);
    if (place === undefined) return taken;
    taken.push(place);
  }
}

async function withTwo(use: (redis: RedisServer, one: RedisState, two: RedisState) => Promise<void>): Promise<void> {
  await using redis = await startRedis();
  const [one, two] = [await openRedis(redis.url), await openRedis(redis.url)];
  try {
    await Promise.all([one, two].map(({ servers }) => servers.beat()));
    await use(redis, one, two);
  } finally {
    await Promise.all([one, two].map((state) => state.close()));
  }
}

/** Until Redis has heard of everything that was told before. */
async function heard(state: RedisState): Promise<void> {
  await state.connection.run("PING");
}

Deno.test("Servers on one Redis count a client's connections together", async () => {
  await withTwo(async (_, one, two) => {
    const first = await one.places.take("ann", 3);
    const others = await takeAll(two, 3);
    assert.equal(others.length, 2);
    assert.equal(await one.places.take("ann", 3), undefined);
    assert.ok(await one.places.take("bob", 1), "another client has places of its own");
    first?.release();
    first?.release();
    await heard(one);
    assert.equal((await takeAll(two, 3)).length, 1);
  });
});

Deno.test("The connections of a server that has ended no longer count", async () => {
  await withTwo(async (redis, one, two) => {
    assert.equal((await takeAll(one, 3)).length, 3);
    assert.equal((await takeAll(two, 3)).length, 0);
    await redis.command("ZREM", "luno-mcp-server:servers", one.servers.id);
    assert.equal((await takeAll(two, 3)).length, 3);
  });
});

Deno.test("Redis flushed: each server registers its connections again", async () => {
  await withTwo(async (redis, one, two) => {
    assert.equal((await takeAll(one, 3)).length, 3);
    await redis.command("FLUSHALL");
    await one.servers.beat();
    await heard(one);
    assert.equal((await takeAll(two, 3)).length, 0);
  });
});

Deno.test("Redis away: a client has its share of connections at each server, and those count when it is back", async () => {
  await withTwo(async (redis, one, two) => {
    await redis.stop();
    while (one.connection.isUsable || two.connection.isUsable) await new Promise((resolve) => setTimeout(resolve, 10));
    const counts = [(await takeAll(one, 4)).length, (await takeAll(two, 4)).length];
    assert.deepEqual(counts, [2, 2]);
    await redis.start();
    while (!one.connection.isUsable || !two.connection.isUsable) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await Promise.all([one.servers.beat(), two.servers.beat()]);
    await Promise.all([heard(one), heard(two)]);
    assert.equal((await takeAll(two, 4)).length, 0);
  });
});
