import assert from "node:assert/strict";
import { type Json, START_MS, TestExchange } from "../support/exchange.ts";
import { answering, listedMarket } from "../support/scripted.ts";

const UNITS = 10n ** 40n;

/** A plain decimal as a whole number of 10^-40, by digits alone. */
function units(decimal: string): bigint {
  const [, sign, whole = "0", fraction = ""] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(decimal) ?? assert.fail(decimal);
  return BigInt(`${sign}${whole}${fraction.padEnd(40, "0")}`);
}

/** The sum of price times volume, in 10^-80. */
function value(levels: readonly [string, string][]): bigint {
  return levels.reduce((total, [price, volume]) => total + units(price) * units(volume), 0n);
}

for (const spelling of ["XBTZAR", "BTC/ZAR", "btc-zar", "xbt_zar", "Bitcoin Rand", " btczar "]) {
  Deno.test(`get_crypto_price understands ${JSON.stringify(spelling)}`, async () => {
    await using exchange = await TestExchange.start();
    const { pair, base, counter } = await exchange.answer("get_crypto_price", { pair: spelling });
    assert.deepEqual([pair, base, counter], ["XBTZAR", "XBT", "ZAR"]);
  });
}

Deno.test("an unknown pair is refused with the nearest ones, and WBTC is not read as bitcoin", async () => {
  await using exchange = await TestExchange.start();
  const reversed = await exchange.refusal("get_orderbook", { pair: "ZAR/BTC" });
  assert.deepEqual([reversed.code, reversed.retryable], ["ERR_PAIR_UNKNOWN", false]);
  assert.equal(reversed.suggestions?.[0], "XBTZAR");
  assert.equal((await exchange.refusal("get_crypto_price", { pair: "WBTC/ZAR" })).code, "ERR_PAIR_UNKNOWN");
  assert.equal((await exchange.refusal("get_all_tickers", { pairs: ["XBTZAR", "NOPE"] })).code, "ERR_PAIR_UNKNOWN");
  assert.equal((await exchange.refusal("get_market_overview", { currency: "XYZ" })).code, "ERR_CURRENCY_UNKNOWN");
});

Deno.test("get_crypto_price returns the ticker, with mid and spread of bid and ask", async () => {
  await using exchange = await TestExchange.start();
  const wire = await exchange.client.call("getTicker", { pair: "XBTZAR" });
  const price = await exchange.answer("get_crypto_price", { pair: "XBTZAR" });
  assert.deepEqual(
    [price.bid, price.ask, price.last, price.volume_24h, price.status, Date.parse(price.time)],
    [wire.bid, wire.ask, wire.last_trade, wire.rolling_24_hour_volume, wire.status, wire.timestamp],
  );
  assert.equal(2n * units(price.mid), units(price.bid) + units(price.ask));
});

for (const pair of ["XBTZAR", "XRPZAR", "ETHXBT", "ETHAUD"]) {
  Deno.test(`get_orderbook aggregates the levels of ${pair} to the last digit`, async () => {
    await using exchange = await TestExchange.start();
    const wire = await exchange.client.call("getOrderBook", { pair });
    for (const depth of [1, 7, 100]) {
      const book = await exchange.answer("get_orderbook", { pair, depth });
      for (const side of ["bid", "ask"] as const) {
        const levels: [string, string][] = book[`${side}s`];
        assert.deepEqual(levels, wire[`${side}s`].slice(0, depth).map(({ price, volume }) => [price, volume]));
        assert.equal(units(book[`${side}_volume`]), levels.reduce((total, [, volume]) => total + units(volume), 0n));
        assert.equal(units(book[`${side}_value`]) * UNITS, value(levels));
      }
      const [bid, ask] = [units(book.bids[0][0]), units(book.asks[0][0])];
      assert.equal(units(book.spread), ask - bid);
      assert.equal(2n * units(book.mid), bid + ask);
      // A percentage is rounded to four places: half a unit of the last place off at the most.
      const error = units(book.spread_percent) * (ask + bid) - (ask - bid) * 200n * UNITS;
      assert.ok(20_000n * (error < 0n ? -error : error) <= UNITS * (ask + bid));
    }
  });
}

Deno.test("get_orderbook and get_crypto_price return no spread when a side of the book is empty", async () => {
  const ticker = {
    pair: "XBTZAR",
    timestamp: START_MS,
    bid: "0.00",
    ask: "1093428.00",
    last_trade: "0.00",
    rolling_24_hour_volume: "0.00",
    status: "ACTIVE",
  };
  const book = { timestamp: START_MS, bids: null, asks: [{ price: "1093428.00", volume: "0.1" }] };
  const markets = { markets: [listedMarket("XBT", "ZAR")] };
  await using server = answering({ markets, ticker, orderbook_top: book });
  await using exchange = await TestExchange.start();
  const context = exchange.connect({ url: server.url });
  const empty = await exchange.answer("get_orderbook", { pair: "XBTZAR" }, context);
  assert.deepEqual(
    [empty.bids, empty.bid_volume, empty.bid_value, empty.mid, empty.spread, empty.spread_percent],
    [[], "0", "0", null, null, null],
  );
  assert.deepEqual(empty.asks, [["1093428", "0.1"]]);
  const price = await exchange.answer("get_crypto_price", { pair: "XBTZAR" }, context);
  assert.deepEqual([price.bid, price.ask, price.mid, price.spread_percent], [null, "1093428", null, null]);
});

for (const tool of ["get_all_tickers", "get_market_overview"]) {
  const list = tool === "get_all_tickers" ? "tickers" : "markets";

  Deno.test(`${tool} pages through every market exactly once`, async () => {
    await using exchange = await TestExchange.start();
    const { markets } = await exchange.client.call("getMarkets", {});
    for (const limit of [1, 5, 24, 500]) {
      const pairs: string[] = [];
      let cursor: string | undefined;
      do {
        const page: Json = await exchange.answer(tool, { limit, fields: ["pair"], ...(cursor && { cursor }) });
        assert.equal(page.total, markets.length);
        assert.ok(page[list].length <= limit);
        pairs.push(...page[list].map(({ pair }: Json) => pair));
        cursor = page.next_cursor;
      } while (cursor !== undefined);
      assert.deepEqual(pairs, markets.map(({ market_id }) => market_id).toSorted());
    }
  });

  Deno.test(`${tool} filters by pairs and by a currency on either side`, async () => {
    await using exchange = await TestExchange.start();
    const pairsOf = async (args: Record<string, unknown>) =>
      (await exchange.answer(tool, args))[list].map(({ pair }: Json) => pair);
    assert.deepEqual(await pairsOf({ pairs: ["eth/btc", "BTC/ZAR", "XBTZAR"] }), ["ETHXBT", "XBTZAR"]);
    assert.deepEqual(await pairsOf({ currency: "btc", pairs: ["ETHXBT", "ETHZAR"] }), ["ETHXBT"]);
    assert.deepEqual(await pairsOf({ currency: "AUD" }), ["ETHAUD"]);
    assert.deepEqual(await pairsOf({ currency: "AUD", pairs: ["XBTZAR"] }), []);
  });
}

Deno.test("get_market_overview shows the rules as the exchange writes them and filters by status", async () => {
  await using exchange = await TestExchange.start();
  const { markets: [wire] } = await exchange.client.call("getMarkets", { pair: ["ETHXBT"] });
  const { markets: [shown] } = await exchange.answer("get_market_overview", { pairs: ["ETHXBT"] });
  const { market_id, base_currency, counter_currency, trading_status, ...rules } = wire ?? assert.fail();
  assert.deepEqual(shown, {
    pair: market_id,
    base: base_currency,
    counter: counter_currency,
    status: trading_status,
    ...rules,
  });
  const { markets, total } = await exchange.answer("get_market_overview", { status: "SUSPENDED", fields: ["pair"] });
  assert.deepEqual([markets, total], [[{ pair: "ETHAUD" }], 1]);
});

Deno.test("get_recent_trades returns the newest trades first, with the taker's side", async () => {
  await using exchange = await TestExchange.start();
  const { trades: wire } = await exchange.client.call("listTrades", { pair: "XBTZAR" });
  const { trades } = await exchange.answer("get_recent_trades", { pair: "XBTZAR", limit: 100 });
  assert.deepEqual(
    trades.map(({ sequence, side, price, volume }: Json) => [sequence, side, price, volume]),
    wire.map(({ sequence, is_buy, price, volume }) => [sequence, is_buy ? "BUY" : "SELL", price, volume]),
  );
  const since = wire[30]?.timestamp ?? assert.fail();
  const recent = await exchange.answer("get_recent_trades", { pair: "XBTZAR", limit: 100, since });
  assert.deepEqual(recent.trades, trades.filter(({ time }: Json) => Date.parse(time) >= since));
});

Deno.test("get_recent_trades lets the exchange refuse a moment more than 24 hours ago", async () => {
  await using exchange = await TestExchange.start();
  const since = new Date(START_MS - 25 * 3_600_000).toISOString();
  assert.equal((await exchange.refusal("get_recent_trades", { pair: "XBTZAR", since })).code, "ERR_INVALID_ARGUMENT");
});
