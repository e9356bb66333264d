import assert from "node:assert/strict";
import { accessOf, openKeysAt } from "../../state/open_postgres.ts";
import { PostgresServer } from "../../state/postgres_server.ts";
import { PROGRAMS, runProgram } from "../../e2e/program.ts";
import { startRedis } from "../../state/shared/redis/redis_server.ts";
import { createKey } from "../../../src/access/key_changes.ts";
import { databaseName } from "../../../src/state/database_address.ts";

Deno.test("doctor reaches a shared Redis, and reports one that refuses this server", async () => {
  await using redis = await startRedis({ settings: ["user default off", "user luno on >right ~* &* +@all"] });
  const [program] = PROGRAMS;
  assert.ok(program !== undefined);
  const check = async (password: string) => {
    const env = { LUNO_MCP_SHARED_URL: redis.url.replace("//", "//luno@"), LUNO_MCP_SHARED_PASSWORD: password };
    const args = ["doctor", "--exchange", "simulated", "--transport", "websocket", "--port", "0", "--json"];
    const { stdout } = await runProgram(program, args, { env });
    const checks: { name: string; status: string; text: string }[] = JSON.parse(stdout).checks;
    return checks.find(({ name }) => name === "shared state");
  };
  const reached = await check("right");
  assert.deepEqual([reached?.status, reached?.text.replace(/^\S+/, "…")], ["ok", "… is reached"]);
  const refused = await check("wrong");
  assert.equal(refused?.status, "broken");
  assert.match(refused?.text ?? "", / refuses this server: WRONGPASS/);
});

Deno.test("doctor checks the keys and the record of a shared database, and says why when it cannot", async () => {
  const [program] = PROGRAMS;
  assert.ok(program !== undefined);
  const postgres = await PostgresServer.start();
  const url = postgres.url(await postgres.createDatabase());
  const check = async () => {
    const env = { LUNO_MCP_STATE_URL: url };
    const { stdout } = await runProgram(program, ["doctor", "--exchange", "simulated", "--json"], { env });
    const checks: { name: string; status: string; text: string }[] = JSON.parse(stdout).checks;
    return checks.filter(({ name }) => ["key store", "record"].includes(name));
  };
  try {
    const keys = await openKeysAt(url);
    await createKey(keys, { name: "ann", scopes: ["market:read"], now: Date.now() });
    await keys.close();
    const found = await check();
    assert.deepEqual(found.map(({ status }) => status), ["ok", "ok"], JSON.stringify(found));
  } finally {
    await postgres[Symbol.asyncDispose]();
  }
  const lost = await check();
  assert.deepEqual(lost.map(({ status }) => status), ["broken", "broken"], JSON.stringify(lost));
  for (const { text } of lost.slice(0, 1)) {
    assert.ok(JSON.stringify(lost).includes(databaseName(accessOf(url).address)), text);
  }
});
