import assert from "node:assert/strict";
import type { ResumableSession } from "../../../../src/session/resumption_store.ts";
import { digestOfToken } from "../../../../src/session/resumption_token.ts";
import { CallBudget } from "../../../../src/exchange/budget.ts";
import { receiveLog } from "../../../../src/logging/logger.ts";
import { openRedis } from "./redis_installation.ts";
import { startRedis } from "./redis_server.ts";

const SESSION: ResumableSession = { id: "0123456789abcdef", identity: "ann", subscriptions: [] };
const DIGEST = digestOfToken("token");
const NEXT = digestOfToken("next token");

/** Texts that no server of ours writes. */
const FOREIGN = ["", "{", "null", "[null]", '[{"kind":"listen","id":1}]', '[{"kind":"resource"}]', '{"server":"x"}'];

Deno.test("RedisSessionBoard ignores what no luno-mcp server has written", async () => {
  await using redis = await startRedis();
  const [one, two] = [await openRedis(redis.url), await openRedis(redis.url)];
  try {
    const board = two.createSessionBoard();
    const shown = { server: one.servers.id, count: 0, sessions: [] };
    const show = (text: string) => redis.command("SET", one.connection.key(`sessions-of:${one.servers.id}`), text);
    const broken = { ...shown, sessions: [{ identity: "ann" }] };
    for (const text of [...FOREIGN, JSON.stringify(broken)]) {
      await show(text);
      assert.deepEqual(await board.others(), [], text);
    }
    await show(JSON.stringify(shown));
    assert.deepEqual(await board.others(), [shown]);
  } finally {
    await Promise.all([one.close(), two.close()]);
  }
});

Deno.test("RedisResumptionStore.take() rejects a session that was overwritten", async () => {
  await using redis = await startRedis();
  const state = await openRedis(redis.url);
  try {
    const { store } = state.createResumptions({ idleMs: 60_000 });
    for (const text of FOREIGN) {
      await store.keep(DIGEST, SESSION);
      await redis.command("HSET", state.connection.key(`resumable:${DIGEST}`), "subscriptions", text);
      assert.equal(await store.take(DIGEST, { identity: "ann", next: NEXT }), "unknown", text);
    }
    await store.keep(DIGEST, SESSION);
    assert.deepEqual(await store.take(DIGEST, { identity: "ann", next: NEXT }), { ...SESSION, digest: DIGEST });
  } finally {
    await state.close();
  }
});

/** What stands in the place of a limit, of another type than it. */
const FOREIGN_VALUES: Readonly<Record<string, readonly [command: string, ...rest: string[]]>> = {
  "a list": ["LPUSH", "x"],
  "a hash": ["HSET", "x", "y"],
};

for (const [kind, [command, ...rest]] of Object.entries(FOREIGN_VALUES)) {
  Deno.test(`a foreign value (${kind}) under one of the service's keys only disables that key`, async () => {
    await using redis = await startRedis();
    const state = await openRedis(redis.url);
    const said: string[] = [];
    const stop = receiveLog("warning", ({ rawMessage, properties }) => {
      said.push(`${rawMessage} ${JSON.stringify(properties)}`);
    });
    try {
      const now = () => performance.now();
      const limit = state.createRateLimit({ perMinute: () => 600, now });
      const supplyOptions = { name: "exchange", limitPerMinute: 300, now };
      assert.equal((await limit.take("ann")).ok, true);
      const supply = state.createCallSupply(supplyOptions);
      const budget = new CallBudget({ limitPerMinute: 300, now, supply });
      const first = await budget.take("order");
      assert.ok(first.ok);
      const keys = (await redis.command("KEYS", "*limit:*")).match(/luno-mcp-server:limit:\w+/g) ?? [];
      assert.equal(keys.length, 2);
      for (const key of keys) {
        await redis.command("DEL", key);
        await redis.command(command, key, ...rest);
      }
      const other = state.createRateLimit({ perMinute: () => 600, now });
      assert.equal((await other.take("ann")).ok, true, "its share admits");
      const turn = await new CallBudget({ limitPerMinute: 300, now, supply: state.createCallSupply(supplyOptions) })
        .take("order");
      assert.ok(turn.ok, "its share lets calls through");
      assert.equal(state.connection.isUsable, true);
      assert.equal((await other.take("bob")).ok, true);
      const bob = (await redis.command("KEYS", "*limit:*")).match(/limit:\w+/g) ?? [];
      assert.equal(bob.length, 3, "others are counted in Redis");
      assert.equal(said.filter((text) => text.includes("unavailable")).length, 0, said.join("\n"));
      assert.ok(said.some((text) => text.includes("cannot use a key") && keys.some((key) => text.includes(key))));
    } finally {
      stop();
      await state.close();
    }
  });
}
