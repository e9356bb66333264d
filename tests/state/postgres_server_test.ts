import assert from "node:assert/strict";
import { PostgresServer } from "./postgres_server.ts";

Deno.test("PostgresServer keeps what was committed when it is killed, and answers again after it was frozen", async () => {
  await using server = await PostgresServer.start();
  const database = await server.createDatabase();
  await server.query("CREATE TABLE t (n integer); INSERT INTO t VALUES (1)", database);
  await server.kill();
  await assert.rejects(() => server.query("SELECT 1"));
  await server.restart();
  const client = await server.connect(database);
  assert.equal((await client.query("SELECT n FROM t")).rows[0].n, 1);
  await server.pause();
  let hasAnswered = false;
  const asked = client.query("SELECT current_setting('fsync') AS fsync").finally(() => hasAnswered = true);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(hasAnswered, false);
  await server.resume();
  assert.equal((await asked).rows[0].fsync, "on");
  await client.end();
});
