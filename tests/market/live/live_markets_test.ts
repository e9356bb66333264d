import assert from "node:assert/strict";
import { ExchangeError } from "../../../src/exchange/errors.ts";
import type { MarketTopic } from "../../../src/market/live/live_market.ts";
import { startSimulation } from "../../../src/simulation/server.ts";
import { LiveWorld } from "./live_world.ts";

const PAIR = { pair: "XBTZAR" };

for (const name of ["getOrderBook", "getOrderBookFull"] as const) {
  Deno.test(`${name} comes from memory while the stream is live, and equals the exchange's own answer`, async () => {
    await using world = await LiveWorld.start();
    await world.follow("XBTZAR");
    for (let second = 0; second < 10; second++) {
      await world.pass("XBTZAR", 1_000);
      const before = world.calls;
      const reading = await world.shared.read(name, PAIR);
      assert.equal(reading.source, "stream");
      assert.equal(world.calls, before);
      const rest = await world.client.call(name, PAIR);
      const { timestamp: _one, ...expected } = rest;
      const { timestamp: _other, ...answer } = reading.answer;
      if (name === "getOrderBook") assert.deepEqual(answer, expected);
      else assert.equal(answer.bids.length + answer.asks.length, expected.bids.length + expected.asks.length);
    }
  });
}

Deno.test("SharedReads counts what a stream provided as saved calls", async () => {
  await using world = await LiveWorld.start();
  const calls = world.calls;
  await world.shared.read("getOrderBook", PAIR);
  assert.deepEqual([world.calls - calls, world.shared.saved.all.stream], [1, 0]);
  await world.follow("XBTZAR");
  for (let time = 0; time < 3; time++) await world.shared.read("getOrderBookFull", PAIR);
  assert.deepEqual([world.calls - calls, world.shared.saved.all], [1, { coalesced: 0, cache: 0, stream: 3 }]);
});

Deno.test("a book that was read is shared until the next update, and not beyond", async () => {
  await using world = await LiveWorld.start();
  await world.follow("XBTZAR");
  const first = await world.shared.read("getOrderBook", PAIR);
  assert.equal(await world.shared.read("getOrderBook", PAIR), first);
  assert.ok(first.staleAtMs > world.clock.now());
  await world.pass("XBTZAR", 1_000);
  assert.equal(first.staleAtMs, 0);
  assert.notEqual(await world.shared.read("getOrderBook", PAIR), first);
});

Deno.test("the first reader gets the exchange's answer, and starts the stream", async () => {
  await using world = await LiveWorld.start();
  const reading = await world.shared.read("getOrderBook", PAIR);
  assert.equal(reading.source, "exchange");
  await world.follow("XBTZAR");
  assert.equal((await world.shared.read("getOrderBook", PAIR)).source, "stream");
});

Deno.test("a ticker comes from memory, except for the volume of a day, which is at most a minute old", async () => {
  await using world = await LiveWorld.start();
  await world.follow("XBTZAR");
  await world.shared.read("getTicker", PAIR);
  const before = world.calls;
  for (let second = 0; second < 20; second++) {
    await world.pass("XBTZAR", 1_000);
    const reading = await world.shared.read("getTicker", PAIR);
    assert.equal(reading.source, "stream");
    const { rolling_24_hour_volume: _one, timestamp: _then, ...expected } = await world.client.call("getTicker", PAIR);
    const { rolling_24_hour_volume: _other, timestamp: _now, ...answer } = reading.answer;
    assert.deepEqual(answer, expected);
  }
  assert.equal(world.calls, before + 20);
  world.clock.jump(25_000);
  await world.pass("XBTZAR", 1_000);
  world.clock.jump(25_000);
  await world.pass("XBTZAR", 1_000);
  world.clock.jump(11_000);
  await world.pass("XBTZAR", 1_000);
  await world.shared.read("getTicker", PAIR);
  assert.equal(world.calls, before + 21);
});

Deno.test("recent trades come from memory once the exchange has returned the earlier ones, and equal its own answer", async () => {
  await using world = await LiveWorld.start();
  await world.follow("XBTZAR");
  await world.shared.read("listTrades", PAIR);
  const before = world.calls;
  for (let minute = 0; minute < 5; minute++) {
    await world.pass("XBTZAR", 60_000);
    const reading = await world.shared.read("listTrades", PAIR);
    assert.equal(reading.source, "stream");
    const { trades } = await world.client.call("listTrades", PAIR);
    assert.deepEqual(reading.answer.trades, trades);
  }
  assert.equal(world.calls, before + 5);
});

Deno.test("the running candle comes from memory once its trades are known, and equals the exchange's own answer", async () => {
  await using world = await LiveWorld.start();
  await world.follow("XBTZAR");
  await world.shared.read("listTrades", PAIR);
  await world.pass("XBTZAR", 61_000);
  const params = { ...PAIR, duration: 60 as const, since: Math.floor(world.exchange.clock.now / 60_000 - 5) * 60_000 };
  await world.shared.read("getCandles", params);
  for (let step = 0; step < 4; step++) {
    await world.pass("XBTZAR", 5_000);
    const reading = await world.shared.read("getCandles", params);
    assert.equal(reading.source, "stream");
    const { candles } = await world.client.call("getCandles", params);
    assert.deepEqual(reading.answer.candles, candles);
  }
  // The minute is over: its candle is closed, and another one runs.
  await world.pass("XBTZAR", 60_000);
  const next = await world.shared.read("getCandles", params);
  assert.equal(next.source, "exchange");
  assert.deepEqual(next.answer.candles, (await world.client.call("getCandles", params)).candles);
});

Deno.test("the tickers of named pairs come from memory when all of them are live, and start no stream", async () => {
  await using world = await LiveWorld.start();
  assert.equal((await world.shared.read("getTickers", { pair: ["XBTZAR", "ETHZAR"] })).source, "exchange");
  assert.equal(world.markets.status.length, 0);
  for (const pair of ["XBTZAR", "ETHZAR"]) {
    await world.follow(pair);
    await world.shared.read("getTicker", { pair });
  }
  const reading = await world.shared.read("getTickers", { pair: ["ETHZAR", "XBTZAR"] });
  assert.equal(reading.source, "stream");
  assert.deepEqual(reading.answer.tickers.map(({ pair }) => pair), ["ETHZAR", "XBTZAR"]);
});

Deno.test("while the exchange is away for a minute the last known data is returned, with its age; then it is fresh again", async () => {
  await using world = await LiveWorld.start();
  await world.follow("XBTZAR");
  const known = await world.shared.read("getOrderBook", PAIR);
  const port = Number(new URL(world.exchange.simulation.url).port);
  await world.exchange.simulation.stop();
  await world.until("XBTZAR", () => world.markets.peek("XBTZAR")?.isFresh === false);
  assert.equal(known.staleAtMs, 0);

  world.clock.jump(60_000);
  const lapsed = await world.shared.read("getOrderBook", PAIR);
  assert.deepEqual(lapsed.answer, known.answer);
  assert.equal(lapsed.lapsed?.code, "ERR_NETWORK");
  assert.equal(world.clock.now() - lapsed.asOfMs, 60_000);
  // Whoever trades is told of the failure instead.
  await assert.rejects(world.shared.call("getOrderBook", PAIR), ExchangeError);

  const again = await startSimulation({ seed: 7, port, connectionResets: false, now: () => world.exchange.clock.now });
  try {
    await world.clock.advance(10_000);
    await world.until("XBTZAR", () => world.markets.peek("XBTZAR")?.isFresh === true);
    const fresh = await world.shared.read("getOrderBook", PAIR);
    assert.equal(fresh.source, "stream");
    assert.equal(fresh.lapsed, undefined);
    assert.equal(world.clock.now() - fresh.asOfMs, 0);
  } finally {
    await world.markets.close();
    await again.stop();
  }
});

Deno.test("while the exchange is silent the last known data is returned after a second, only to callers that show its age", async () => {
  await using world = await LiveWorld.start();
  await world.follow("XBTZAR");
  const known = await world.shared.read("getOrderBook", PAIR);
  world.exchange.simulation.faults.set([{ kind: "delay", path: "/api/1/orderbook_top", ms: 60_000 }]);
  world.clock.jump(30_000);
  const trading = world.shared.call("getOrderBook", PAIR).then(() => "answered", ({ code }) => code);
  const reading = world.shared.read("getOrderBook", PAIR, { showsAge: true });
  await world.clock.advance(1_000);
  const { answer, lapsed } = await reading;
  assert.deepEqual(answer, known.answer);
  assert.equal(lapsed?.code, "ERR_TIMEOUT");
  // Nobody waits so long again; it is being asked for on.
  const next = world.shared.read("getOrderBook", PAIR, { showsAge: true });
  await world.clock.advance(100);
  assert.equal((await next).lapsed?.code, "ERR_TIMEOUT");
  world.client.close();
  assert.equal(await trading, "ERR_CANCELLED");
});

Deno.test("the last known ticker is returned after the stream started again, as old as its volume of a day", async () => {
  await using world = await LiveWorld.start();
  await world.follow("XBTZAR");
  await world.shared.read("getTicker", PAIR);
  const market = world.markets.peek("XBTZAR");
  assert.ok(market !== undefined);
  world.clock.jump(5_000);
  market.take({ isNew: true, isEmpty: false, trades: [], status: "ACTIVE" });
  assert.equal(market.ticker(), undefined);
  assert.equal(world.clock.now() - (market.lapsed("getTicker")?.asOfMs ?? NaN), 5_000);
  world.clock.jump(596_000);
  assert.equal(market.lapsed("getTicker"), undefined);
});

Deno.test("last known data is returned for ten minutes at most", async () => {
  await using world = await LiveWorld.start();
  await world.follow("XBTZAR");
  await world.exchange.simulation.stop();
  await world.until("XBTZAR", () => world.markets.peek("XBTZAR")?.isFresh === false);
  world.clock.jump(600_001);
  await assert.rejects(world.shared.read("getOrderBook", PAIR), { code: "ERR_NETWORK" });
});

Deno.test("a stream that is silent for half a minute is not used any more, though it is not abandoned yet", async () => {
  await using world = await LiveWorld.start();
  await world.follow("XBTZAR");
  const reading = await world.shared.read("getOrderBook", PAIR);
  world.clock.jump(30_000);
  assert.ok(reading.staleAtMs <= world.clock.now());
  assert.equal((await world.shared.read("getOrderBook", PAIR)).source, "exchange");
});

Deno.test("readers of an unknown pair get the exchange's refusal, and its stream is not tried again for ten minutes", async () => {
  await using world = await LiveWorld.start();
  await world.until("NOPEZAR", () => world.markets.peek("NOPEZAR") === undefined);
  await assert.rejects(world.shared.read("getOrderBook", { pair: "NOPEZAR" }), { code: "ERR_MARKET_CLOSED" });
  assert.deepEqual(world.markets.status, []);
  world.clock.jump(600_001);
  assert.notEqual(world.markets.read("NOPEZAR"), undefined);
});

Deno.test("one stream serves any number of readers, and ends two minutes after the last", async () => {
  await using world = await LiveWorld.start();
  const [one, other] = [world.markets.watch("XBTZAR", () => {}), world.markets.watch("XBTZAR", () => {})];
  await world.follow("XBTZAR");
  for (let reader = 0; reader < 100; reader++) await world.shared.read("getOrderBook", PAIR);
  assert.deepEqual(world.markets.status.map(({ pair, connections, watchers }) => ({ pair, connections, watchers })), [
    { pair: "XBTZAR", connections: 1, watchers: 2 },
  ]);
  one?.[Symbol.dispose]();
  await world.clock.advance(15_000);
  other?.[Symbol.dispose]();
  // Pongs cannot come while the clock jumps, so it goes by steps that a silent stream survives.
  await world.clock.advance(15_000);
  assert.equal(world.markets.status.length, 1);
  await world.clock.advance(120_000);
  assert.deepEqual(world.markets.status, []);
});

Deno.test("pairs beyond the maximum are read over REST; the least recently read one makes room", async () => {
  await using world = await LiveWorld.start({ maxPairs: 2 });
  assert.ok(world.markets.read("XBTZAR"));
  assert.ok(world.markets.read("ETHZAR"));
  assert.equal(world.markets.read("XRPZAR"), undefined);
  assert.equal((await world.shared.read("getOrderBook", { pair: "XRPZAR" })).source, "exchange");
  world.clock.jump(15_000);
  world.markets.read("XBTZAR");
  assert.ok(world.markets.read("XRPZAR"));
  assert.deepEqual(world.markets.status.map(({ pair }) => pair), ["XBTZAR", "XRPZAR"]);
  using _watching = world.markets.watch("XRPZAR", () => {});
  world.clock.jump(60_000);
  world.markets.read("XBTZAR");
  assert.equal(world.markets.read("ETHZAR"), undefined);
});

Deno.test("a watcher is notified of changes, and not of an update without content", async () => {
  await using world = await LiveWorld.start();
  await world.follow("XBTZAR");
  const heard: (readonly MarketTopic[])[] = [];
  using _watching = world.markets.watch("XBTZAR", (topics) => heard.push(topics));
  const { order_id } = await world.client.call("postLimitOrder", {
    ...PAIR,
    type: "BID",
    price: "100000",
    volume: "0.001",
  });
  await world.pass("XBTZAR", 0);
  assert.deepEqual(heard, [["orderbook"]]);
  await world.client.call("stopOrder", { order_id });
  await world.pass("XBTZAR", 0);
  heard.length = 0;
  await world.client.call("postMarketOrder", { ...PAIR, type: "SELL", base_volume: "0.001" });
  await world.pass("XBTZAR", 0);
  assert.deepEqual(heard[0], ["ticker", "orderbook", "trades", "candles"]);
});
