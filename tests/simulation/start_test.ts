import assert from "node:assert/strict";
import { createApi } from "../../src/simulation/api/api.ts";
import { SIMULATED_KEYS } from "../../src/simulation/api/simulated_keys.ts";
import { MARKETS } from "../../src/simulation/model/markets.ts";
import { type Json, openSimulation, SimulatedClient, START_MS } from "./simulated_client.ts";

const HOUR_MS = 3_600_000;

/** An exchange that starts at one moment and is asked at another. */
function startedAt(startMs: number, askedMs: number): SimulatedClient {
  const clock = { now: startMs };
  const api = createApi({ seed: 7, rateLimitPerMinute: 0, now: () => clock.now });
  clock.now = askedMs;
  return new SimulatedClient(api, clock, SIMULATED_KEYS.trading);
}

Deno.test("exchanges of one seed give the same answers, at whatever time of day they start", async () => {
  const askedMs = START_MS + 5 * HOUR_MS;
  const starts = [0, 1, HOUR_MS, 5 * HOUR_MS].map((afterMs) => startedAt(START_MS + afterMs, askedMs));
  const [{ account_id: id }] = (await starts[0]?.get("/api/1/balance"))?.json.balance ?? assert.fail();
  const paths = [
    "/api/1/balance",
    `/api/1/accounts/${id}/transactions?min_row=-50&max_row=0`,
    "/api/exchange/2/listorders",
    "/api/exchange/2/listorders?closed=true",
    "/api/1/listtrades?pair=XBTZAR",
    "/api/1/tickers",
    "/api/1/trades?pair=XBTZAR",
    "/api/1/trades?pair=INJUSDT",
    "/api/1/orderbook_top?pair=ETHZAR",
    `/api/exchange/1/candles?pair=XBTZAR&duration=3600&since=${askedMs - 48 * HOUR_MS}`,
    `/api/exchange/1/transfers?account_id=${id}`,
    "/api/1/withdrawals",
  ];
  for (const path of paths) {
    const [first, ...others] = await Promise.all(starts.map((client) => client.get(path)));
    assert.equal(first?.status, 200, path);
    for (const other of others) assert.equal(other.text, first?.text, path);
  }
});

Deno.test("every market moves: its days differ, and trades happen beside its own book", async () => {
  const client = openSimulation();
  for (const { id } of MARKETS) {
    const since = START_MS - 30 * 24 * HOUR_MS;
    const { json } = await client.get(`/api/exchange/1/candles?pair=${id}&duration=86400&since=${since}`);
    assert.ok(new Set(json.candles.map(({ close }: Json) => close)).size > 3, id);
    const { bid, ask, last_trade } = (await client.get(`/api/1/ticker?pair=${id}`)).json;
    const mid = (Number(bid) + Number(ask)) / 2;
    assert.ok(Math.abs(Number(last_trade) / mid - 1) < 0.05, `${id} ${last_trade} ${mid}`);
  }
});
