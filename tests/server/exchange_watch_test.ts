import assert from "node:assert/strict";
import { ExchangeWatch } from "../../src/server/exchange_watch.ts";
import { ExchangeClient } from "../../src/exchange/client.ts";
import { http, RawServer } from "../exchange/raw_server.ts";

Deno.test("ExchangeWatch.look() asks at first, after a minute of silence, and while the exchange is unreachable", async () => {
  const clock = { ms: 0 };
  const status = { now: 404 };
  await using server = new RawServer((_request, connection) =>
    connection.write(http(status.now, status.now === 503 ? "" : '{"error":"x","error_code":"ErrNotFound"}'))
  );
  const client = new ExchangeClient({
    url: server.url,
    maxAttempts: 1,
    breaker: { failures: 100 },
    now: () => clock.ms,
  });
  let asked = 0;
  const watch = new ExchangeWatch({ exchange: client, asked: () => asked++ });
  const asksAt = async (ms: number) => {
    clock.ms = ms;
    const before = server.requests.length;
    await Promise.all([watch.look(), watch.look()]);
    return server.requests.length - before;
  };
  assert.deepEqual([await asksAt(0), await asksAt(59_999), await asksAt(60_000)], [1, 0, 1]);
  status.now = 503;
  assert.deepEqual([await asksAt(75_000), await asksAt(120_000), await asksAt(120_001)], [0, 1, 1]);
  assert.equal(client.status().reachability.reachable, false);
  status.now = 404;
  assert.deepEqual([await asksAt(120_002), await asksAt(120_003), asked], [1, 0, 5]);
  await watch.stop();
  client.close();
});
