import assert from "node:assert/strict";
import { MARKETS } from "../../../src/simulation/model/markets.ts";
import { type Json, openSimulation, START_MS } from "../simulated_client.ts";

const CLIENT = openSimulation();
const HOUR = 3_600_000;

Deno.test("GET ticker, orderbook_top and trades agree", async () => {
  for (const { id } of MARKETS) {
    const ticker = (await CLIENT.get(`/api/1/ticker?pair=${id}`)).json;
    const top = (await CLIENT.get(`/api/1/orderbook_top?pair=${id}`)).json;
    const { trades } = (await CLIENT.get(`/api/1/trades?pair=${id}`)).json;
    assert.equal(Number(ticker.bid), Number(top.bids[0]?.price ?? 0), id);
    assert.equal(Number(ticker.ask), Number(top.asks[0]?.price ?? 0), id);
    if (trades.length > 0) assert.equal(ticker.last_trade, trades[0].price);
  }
});

Deno.test("GET orderbook_top aggregates up to 100 levels per side, best first; orderbook lists every order", async () => {
  const top = (await CLIENT.get("/api/1/orderbook_top?pair=XBTZAR")).json;
  const full = (await CLIENT.get("/api/1/orderbook?pair=XBTZAR")).json;
  for (const [side, sign] of [["bids", -1], ["asks", 1]] as const) {
    const prices: number[] = top[side].map(({ price }: { price: string }) => Number(price));
    assert.ok(prices.length <= 100 && prices.length > 0);
    prices.forEach((price, place) => assert.ok(place === 0 || sign * (price - (prices[place - 1] ?? 0)) > 0));
    assert.ok(full[side].length >= top[side].length);
  }
  assert.match(top.bids[0].price, /^\d+\.\d{18}$/);
  const plain = (await openSimulation({ orderBookDecimals: 0 }).get("/api/1/orderbook_top?pair=XBTZAR")).json;
  assert.match(plain.bids[0].price, /^\d+\.\d{2}$/);
});

Deno.test("own orders are in the book as soon as they rest, and leave it when cancelled", async () => {
  const client = openSimulation();
  const level = async () =>
    (await client.get("/api/1/orderbook?pair=XBTZAR")).json.bids.some((bid: Json) =>
      Number(bid.price) === 1_111_111 && Number(bid.volume) === 0.012
    );
  assert.equal(await level(), false);
  const order = { pair: "XBTZAR", type: "BID", volume: "0.012", price: "1111111" };
  const { order_id } = (await client.post("/api/1/postorder", order)).json;
  assert.equal(await level(), true);
  await client.post("/api/1/stoporder", { order_id });
  assert.equal(await level(), false);
});

Deno.test("a market order moves the top of the book", async () => {
  const client = openSimulation();
  const best = async () => (await client.get("/api/1/orderbook_top?pair=XBTZAR")).json.asks[0];
  const { price, volume } = await best();
  const form = { pair: "XBTZAR", type: "BID", volume: Number(volume).toFixed(6), price: price.split(".")[0] };
  await client.post("/api/1/postorder", { ...form, time_in_force: "IOC" });
  assert.notEqual((await best()).price, price);
});

Deno.test("GET tickers and markets filter by repeated pair and omit unknown pairs", async () => {
  const names = async (path: string) => {
    const { json } = await CLIENT.get(path);
    return (json.tickers ?? json.markets).map((row: Json) => row.pair ?? row.market_id);
  };
  assert.deepEqual(await names("/api/1/tickers?pair=XBTZAR&pair=ETHZAR"), ["XBTZAR", "ETHZAR"]);
  assert.deepEqual(await names("/api/exchange/1/markets?pair=ETHZAR"), ["ETHZAR"]);
  assert.deepEqual(await names("/api/1/tickers?pair=NOPEUSDT"), []);
  assert.deepEqual(await names("/api/1/tickers"), MARKETS.map(({ id }) => id));
  assert.equal((await CLIENT.get("/api/1/tickers?pair=XBTZAR,ETHZAR")).status, 400);
});

Deno.test("market data refuses unknown, missing and lower-case pairs with 400 ErrMarketUnavailable", async () => {
  for (const path of ["ticker", "orderbook_top", "orderbook", "trades"]) {
    for (const query of ["", "?pair=NOPE", "?pair=xbtzar"]) {
      const { status, json } = await CLIENT.get(`/api/1/${path}${query}`);
      assert.deepEqual([status, json.error_code], [400, "ErrMarketUnavailable"]);
    }
  }
});

Deno.test("a market's status is spelled differently by ticker and markets", async () => {
  const client = openSimulation({ marketStatus: { XBTZAR: "SUSPENDED", ETHZAR: "UNKNOWN" } });
  const status = async (pair: string) => [
    (await client.get(`/api/1/ticker?pair=${pair}`)).json.status,
    (await client.get(`/api/exchange/1/markets?pair=${pair}`)).json.markets[0].trading_status,
  ];
  assert.deepEqual(await status("XBTZAR"), ["POSTONLY", "SUSPENDED"]);
  assert.deepEqual(await status("ETHZAR"), ["DISABLED", "UNKNOWN"]);
  assert.deepEqual(await status("XBTUSDT"), ["ACTIVE", "ACTIVE"]);
});

Deno.test("GET trades returns the newest 100 of at most 24 hours, with sequences descending by one", async () => {
  const { trades } = (await CLIENT.get("/api/1/trades?pair=XBTZAR")).json;
  assert.equal(trades.length, 100);
  trades.forEach((trade: Json, place: number) => assert.equal(trade.sequence, trades[0].sequence - place));
  const since = trades[10].timestamp;
  const newer = (await CLIENT.get(`/api/1/trades?pair=XBTZAR&since=${since}`)).json.trades;
  assert.ok(newer.length >= 11 && newer.every(({ timestamp }: { timestamp: number }) => timestamp >= since));
  assert.equal((await CLIENT.get(`/api/1/trades?pair=XBTZAR&since=${START_MS - 25 * HOUR}`)).status, 400);
});

Deno.test("GET candles returns the earliest 1000 from since, oldest first, the running one last", async () => {
  const candles = async (since: number, client = CLIENT) =>
    (await client.get(`/api/exchange/1/candles?pair=XBTZAR&duration=60&since=${since}`)).json.candles;
  const old = await candles(START_MS - 48 * HOUR);
  assert.equal(old.length, 1000);
  assert.deepEqual([old[0].timestamp, old[999].timestamp], [START_MS - 48 * HOUR, START_MS - 48 * HOUR + 999 * 60_000]);
  const running = await candles(START_MS - HOUR);
  assert.equal(running.at(-1).timestamp, START_MS);
  const finished = await candles(START_MS - HOUR, openSimulation({ runningCandle: false }));
  assert.equal(finished.at(-1).timestamp, START_MS - 60_000);
});

Deno.test("GET candles refuses an unknown duration and a missing since", async () => {
  for (const query of ["duration=61&since=1", "since=1", "duration=60"]) {
    const { status, json } = await CLIENT.get(`/api/exchange/1/candles?pair=XBTZAR&${query}`);
    assert.deepEqual([status, json.error_code], [400, "ErrInvalidArguments"]);
  }
});

Deno.test("empty lists may be null", async () => {
  const client = openSimulation({ emptyLists: "null" });
  assert.equal((await client.get("/api/exchange/2/listorders?pair=LTCZAR")).text, '{"orders":null}');
  assert.equal((await CLIENT.get("/api/exchange/2/listorders?pair=LTCZAR")).text, '{"orders":[]}');
});
