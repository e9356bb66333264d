import assert from "node:assert/strict";
import type { ResumableSession } from "../../../../src/session/resumption_store.ts";
import { digestOfToken } from "../../../../src/session/resumption_token.ts";
import { openRedis } from "./redis_installation.ts";
import { startRedis } from "./redis_server.ts";

const SESSION: ResumableSession = { id: "0123456789abcdef", identity: "ann", subscriptions: [] };
const DIGEST = digestOfToken("token");
const NEXT = digestOfToken("next token");

/** Texts that no server of ours writes. */
const FOREIGN = ["", "{", "null", "[null]", '[{"kind":"listen","id":1}]', '[{"kind":"resource"}]', '{"server":"x"}'];

Deno.test("RedisSessionBoard leaves out what no server of ours has written", async () => {
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

Deno.test("RedisResumptionStore.take() knows no session of which something else was written", async () => {
  await using redis = await startRedis();
  const state = await openRedis(redis.url);
  try {
    const { store } = state.createResumptions({ idleMs: 60_000 });
    for (const text of FOREIGN) {
      await store.keep(DIGEST, SESSION);
      await redis.command("HSET", state.connection.key(`resumable:${DIGEST}`), "subscriptions", text);
      assert.equal(await store.take(DIGEST, "ann", NEXT), "unknown", text);
    }
    await store.keep(DIGEST, SESSION);
    assert.deepEqual(await store.take(DIGEST, "ann", NEXT), { ...SESSION, digest: DIGEST });
  } finally {
    await state.close();
  }
});
