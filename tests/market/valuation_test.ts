import assert from "node:assert/strict";
import Big from "big.js";
import { Balance } from "../../src/exchange/account_schemas.ts";
import { Market, Ticker } from "../../src/exchange/market_schemas.ts";
import { homeCurrency, sumByCurrency, valueIn } from "../../src/market/valuation.ts";

function market(base_currency: string, counter_currency: string): Market {
  return Market.parse({
    market_id: base_currency + counter_currency,
    base_currency,
    counter_currency,
    trading_status: "ACTIVE",
    min_volume: "0.0001",
    max_volume: "100",
    volume_scale: 4,
    min_price: "1",
    max_price: "10000000",
    price_scale: 2,
    fee_scale: 8,
  });
}

function ticker(pair: string, bid: string, ask: string, last_trade = "0"): Ticker {
  return Ticker.parse({
    pair,
    bid,
    ask,
    last_trade,
    timestamp: 1,
    rolling_24_hour_volume: "0",
    status: "ACTIVE",
  });
}

function holding(asset: string, balance: string, account_id = "1") {
  return Balance.parse({ account_id, asset, balance, reserved: "0", unconfirmed: "0", name: "" });
}

const markets = [market("XBT", "ZAR"), market("ETH", "XBT"), market("SOL", "ETH"), market("DOGE", "SOL")];
const tickers = [
  ticker("XBTZAR", "999000", "1001000"),
  ticker("ETHXBT", "0", "0.04", "0.03"),
  ticker("SOLETH", "0.05", "0.05"),
  ticker("DOGESOL", "0.001", "0.001"),
];

function worthOf(currency: string, asset: string, balance: string): { price: string; value: string } | null {
  const [held] = sumByCurrency([holding(asset, balance)]);
  assert.ok(held !== undefined);
  const worth = valueIn(currency, { markets, tickers })(held);
  return worth === null ? null : { price: worth.price.toFixed(), value: worth.value.toFixed() };
}

Deno.test("valueIn() values at the mid of bid and ask, or at the last trade when a side of the book is empty", () => {
  assert.deepEqual(worthOf("ZAR", "XBT", "0.00000001"), { price: "1000000", value: "0.01" });
  assert.deepEqual(worthOf("ZAR", "ETH", "2"), { price: "30000", value: "60000" });
  assert.deepEqual(worthOf("XBT", "ZAR", "1000000"), { price: "0.000001", value: "1" });
});

Deno.test("valueIn() uses at most three markets, and values nothing that is further away or not traded", () => {
  assert.deepEqual(worthOf("ZAR", "SOL", "1"), { price: "1500", value: "1500" });
  assert.equal(worthOf("ZAR", "DOGE", "1"), null);
  assert.equal(worthOf("ZAR", "XRP", "1"), null);
});

Deno.test("homeCurrency() is the first fiat currency held that some market trades against, otherwise USDT", () => {
  const home = (...held: string[]) => homeCurrency(sumByCurrency(held.map((asset) => holding(asset, "1"))), markets);
  assert.equal(home("XBT", "MYR", "ZAR"), "ZAR");
  assert.equal(home("XBT", "MYR"), "USDT");
});

Deno.test("sumByCurrency() sums the accounts of one currency, exactly", () => {
  const [xbt, zar] = sumByCurrency([holding("XBT", "0.1"), holding("ZAR", "0", "2"), holding("XBT", "0.2", "3")]);
  assert.ok(xbt?.balance.eq(new Big("0.3")));
  assert.deepEqual([xbt?.accounts, xbt?.isEmpty, zar?.accounts, zar?.isEmpty], [2, false, 1, true]);
});
