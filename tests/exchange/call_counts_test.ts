import assert from "node:assert/strict";
import { CallCounts } from "../../src/exchange/call_counts.ts";
import { ExchangeClient } from "../../src/exchange/client.ts";
import { EXCHANGE_CODES } from "../../src/errors/exchange_codes.ts";
import { ExchangeError } from "../../src/exchange/errors.ts";
import type { ExchangeErrorCode } from "../../src/exchange/errors.ts";
import { startSimulation } from "../../src/simulation/server.ts";

Deno.test("ExchangeClient.callCounts counts requests by group of endpoints and outcome, unsent ones separately", async () => {
  const { url, stop } = await startSimulation({ connectionResets: false, rateLimitPerMinute: 0 });
  const client = new ExchangeClient({ url });
  try {
    await client.call("getTickers", {});
    await client.call("getTickers", {});
    await assert.rejects(client.call("getTicker", { pair: "NOPAIR" }));
    assert.deepEqual(client.callCounts, [
      { group: "market", outcome: "ok", count: 2 },
      { group: "market", outcome: "refused", count: 1 },
    ]);
  } finally {
    client.close();
    await stop();
  }
});

Deno.test("CallCounts.add() has few outcomes, one for each code", () => {
  const counts = new CallCounts();
  const codes = Object.keys(EXCHANGE_CODES) as ExchangeErrorCode[];
  for (const code of codes) counts.add("order", new ExchangeError("x", { code }));
  counts.add("order", new TypeError("x"));
  const outcomes = Object.fromEntries(counts.all.map(({ outcome, count }) => [outcome, count]));
  assert.deepEqual(Object.keys(outcomes).sort(), [
    "cancelled",
    "internal",
    "invalid_answer",
    "network",
    "not_sent",
    "rate_limited",
    "refused",
    "timeout",
    "unavailable",
  ]);
  assert.equal(Object.values(outcomes).reduce((sum, count) => sum + count), codes.length + 1);
});
