import assert from "node:assert/strict";
import type { Candle } from "../../src/exchange/market_schemas.ts";
import { CountedExchange } from "../support/counted_exchange.ts";
import { START_MS } from "../support/exchange.ts";

const HOUR = 3_600_000;
const CANDLES = "/api/exchange/1/candles";
const hourly = { pair: "XBTZAR", duration: 3_600 } as const;

/** What the exchange itself answers. */
async function askedAnew(world: CountedExchange, since: number): Promise<readonly Candle[]> {
  return (await world.exchange.client.call("getCandles", { ...hourly, since })).candles;
}

function sinceOf(request = ""): number {
  return Number(new URLSearchParams(request.split("?")[1]).get("since"));
}

Deno.test("SharedReads reads closed candles once, and then only the running one", async () => {
  await using world = await CountedExchange.start();
  const since = START_MS - 24 * HOUR;
  const running = Math.floor(START_MS / HOUR) * HOUR;
  for (let second = 0; second < 3; second++) {
    const { candles } = await world.shared.call("getCandles", { ...hourly, since });
    assert.deepEqual(candles, await askedAnew(world, since));
    world.pass(1_000);
  }
  assert.deepEqual(world.requests.map(sinceOf), [since, running, running]);
});

Deno.test("SharedReads answers shorter and longer periods from the candles it has", async () => {
  await using world = await CountedExchange.start();
  await world.shared.call("getCandles", { ...hourly, since: START_MS - 24 * HOUR });
  for (const hours of [3, 48, 36]) {
    const since = START_MS - hours * HOUR;
    const { candles } = await world.shared.call("getCandles", { ...hourly, since });
    assert.deepEqual(candles, await askedAnew(world, since));
  }
  assert.equal(world.count(CANDLES), 3); // The second period was longer than what there was.
});

Deno.test("SharedReads shows a change of the running candle within a second, also when it has closed meanwhile", async () => {
  await using world = await CountedExchange.start();
  const since = START_MS - 5 * HOUR;
  for (const ms of [0, 1_000, 600_000, HOUR, 4_000, 3 * HOUR + 1_234, 30_000]) {
    world.pass(ms);
    const { candles } = await world.shared.call("getCandles", { ...hourly, since });
    assert.deepEqual(candles, await askedAnew(world, since));
  }
});

Deno.test("SharedReads reads a page of long closed candles at most twice", async () => {
  await using world = await CountedExchange.start();
  const since = START_MS - 5_000 * HOUR;
  for (let second = 0; second < 5; second++) {
    const { candles } = await world.shared.call("getCandles", { ...hourly, since });
    assert.equal(candles.length, 1_000);
    assert.deepEqual(candles, await askedAnew(world, since));
    world.pass(1_000);
  }
  assert.equal(world.count(CANDLES), 2);
});

Deno.test("SharedReads does not cache a candle that ended just now, since it may still receive a trade", async () => {
  await using world = await CountedExchange.start();
  const hour = Math.ceil(START_MS / HOUR) * HOUR;
  world.pass(hour + 2_000 - START_MS);
  const since = hour - 3 * HOUR;
  await world.shared.call("getCandles", { ...hourly, since });
  world.pass(1_000);
  await world.shared.call("getCandles", { ...hourly, since });
  assert.equal(sinceOf(world.requests.at(-1)), hour - HOUR);
  world.pass(10_000);
  await world.shared.call("getCandles", { ...hourly, since });
  world.pass(1_000);
  await world.shared.call("getCandles", { ...hourly, since });
  assert.equal(sinceOf(world.requests.at(-1)), hour);
});
