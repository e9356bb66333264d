import assert from "node:assert/strict";
import { formatDecimal, parseDecimal } from "../../src/money/decimals.ts";
import { callDirectly } from "../../src/protocol/direct_call.ts";
import { plainForms } from "../../src/tools/plain_form.ts";
import { backendOf } from "../protocol/backend.ts";
import { callerOf } from "../support/callers.ts";
import { type Json, START_MS, TestExchange } from "../support/exchange.ts";

const { signal } = new AbortController();

/** Calls as clients of the older server do. */
async function call(exchange: TestExchange, method: string, params: object = {}): Promise<Json> {
  return await callDirectly(backendOf(exchange.context), {
    method,
    params,
    cancellation: { signal },
    caller: callerOf(),
  });
}

async function answer(exchange: TestExchange, method: string, params: object = {}): Promise<Json> {
  const answered = await call(exchange, method, params);
  assert.ok("result" in answered, JSON.stringify(answered));
  return answered.result;
}

async function refusal(exchange: TestExchange, method: string, params: object): Promise<Json> {
  const { error } = await call(exchange, method, params);
  assert.equal(error?.code, -32602, JSON.stringify(error));
  return error;
}

/** What the exchange itself answers, with decimals as tools write them. */
async function wire(exchange: TestExchange, path: string): Promise<Json> {
  const { id, secret } = exchange.simulation.keys.trading;
  const headers = { authorization: `Basic ${btoa(`${id}:${secret}`)}` };
  const text = await (await fetch(new URL(path, exchange.simulation.url), { headers })).text();
  return JSON.parse(text, (_name, value) => /^-?\d+\.\d+$/.test(value) ? formatDecimal(parseDecimal(value)) : value);
}

Deno.test("describe_capabilities in plain form returns what the older server said of itself", async () => {
  await using exchange = await TestExchange.start();
  const said = await answer(exchange, "describe_capabilities");
  for (const name of ["name", "version", "description"]) assert.equal(typeof said[name], "string", name);
  assert.deepEqual(Object.keys(said.vendor), ["name", "url"]);
  assert.ok(said.methods.includes("get_crypto_price"));
  assert.deepEqual(said.capabilities, { authentication: ["api_key"], rate_limiting: true, streaming: false });
  assert.ok(said.tools.length > 0 && said.server !== undefined);
});

Deno.test("get_crypto_price in plain form returns the ticker's members beside the tool's", async () => {
  await using exchange = await TestExchange.start();
  for (const pair of ["XBTZAR", "ETHZAR", "XRPZAR", "LTCZAR", "BCHZAR"]) {
    const price = await answer(exchange, "get_crypto_price", { pair });
    const { ask, bid, last_trade, rolling_24_hour_volume } = await wire(exchange, `/api/1/ticker?pair=${pair}`);
    assert.deepEqual(
      { pair: price.pair, ask: price.ask, bid: price.bid, last_trade: price.last_trade },
      { pair, ask, bid, last_trade },
    );
    assert.equal(price.rolling_24_hour_volume, rolling_24_hour_volume);
    assert.equal(price.timestamp, START_MS);
    assert.equal(price.mid === undefined, false);
  }
});

Deno.test("get_market_overview in plain form returns all markets with the exchange's members, a page on request", async () => {
  await using exchange = await TestExchange.start();
  const { markets: expected } = await wire(exchange, "/api/exchange/1/markets");
  const { markets } = await answer(exchange, "get_market_overview");
  assert.equal(markets.length, expected.length);
  for (const { market_id, ...members } of expected) {
    const row = markets.find((each: Json) => each.market_id === market_id);
    assert.equal(row.pair, market_id);
    for (const [name, value] of Object.entries(members)) assert.deepEqual(row[name], value, name);
  }
  assert.equal((await answer(exchange, "get_market_overview", { limit: 2 })).markets.length, 2);
  assert.deepEqual((await answer(exchange, "get_market_overview", { fields: ["pair"], limit: 1 })).markets.length, 1);
});

Deno.test("get_account_balance in plain form returns the exchange's list beside the tool's", async () => {
  await using exchange = await TestExchange.start();
  const { balance, balances } = await answer(exchange, "get_account_balance");
  assert.deepEqual(
    balance.map(({ account_id, asset, balance }: Json) => [account_id, asset, balance]),
    (await wire(exchange, "/api/1/balance")).balance.map((row: Json) => [row.account_id, row.asset, row.balance]),
  );
  assert.ok(balances.length > 0);
});

Deno.test("get_order_status in plain form returns the exchange's first version of an order", async () => {
  await using exchange = await TestExchange.start();
  const { bid } = await answer(exchange, "get_crypto_price", { pair: "XBTZAR" });
  const price = String(Math.floor(Number(bid) * 0.9));
  const order = { pair: "XBTZAR", type: "BID", volume: "0.01", price } as const;
  const { order_id } = await exchange.client.call("postLimitOrder", order, { signal });
  const expected = await wire(exchange, `/api/1/orders/${order_id}`);
  const found = await answer(exchange, "get_order_status", { order_id });
  for (const [name, value] of Object.entries(expected)) {
    if (name in found) assert.deepEqual(found[name], value, name);
  }
  for (
    const name of [
      "order_id",
      "type",
      "state",
      "limit_price",
      "limit_volume",
      "base",
      "counter",
      "fee_base",
      "fee_counter",
    ]
  ) assert.ok(name in found, name);
  assert.equal(found.type, "BID");
  assert.equal(found.state, "PENDING");
  assert.equal(found.side, "BUY");
});

Deno.test("get_transaction_history in plain form returns rows by their numbers, as the exchange does", async () => {
  await using exchange = await TestExchange.start();
  const { balance } = await answer(exchange, "get_account_balance");
  const { account_id } = balance.find((row: Json) => row.asset === "ZAR");
  for (const [min_row, max_row] of [[1, 5], [3, 4], [-3, 0]] as const) {
    const expected = await wire(
      exchange,
      `/api/1/accounts/${account_id}/transactions?min_row=${min_row}&max_row=${max_row}`,
    );
    const found = await answer(exchange, "get_transaction_history", { account_id, min_row, max_row });
    assert.equal(found.id, expected.id);
    assert.deepEqual(
      found.transactions.map((
        row: Json,
      ) => [row.row_index, row.timestamp, row.balance, row.balance_delta, row.description]),
      expected.transactions.map((
        row: Json,
      ) => [row.row_index, row.timestamp, row.balance, row.balance_delta, row.description]),
    );
  }
  assert.equal((await answer(exchange, "get_transaction_history", { account_id })).id, account_id);
  const paged = await answer(exchange, "get_transaction_history", { account_id, limit: 2 });
  assert.equal(paged.transactions.length, 2);
  assert.ok(paged.next_cursor !== undefined);
});

Deno.test("get_fees in plain form returns one rate for makers and one for takers", async () => {
  await using exchange = await TestExchange.start();
  const { maker_fee, taker_fee, thirty_day_volume } = await answer(exchange, "get_fees", { pair: "XBTZAR" });
  const expected = await wire(exchange, "/api/1/fee_info?pair=XBTZAR");
  assert.deepEqual({ maker_fee, taker_fee }, { maker_fee: expected.maker_fee, taker_fee: expected.taker_fee });
  assert.equal(thirty_day_volume, expected.thirty_day_volume);
});

Deno.test("place_order in plain form names a side, and accepts accounts only if they are the ones that would be used", async () => {
  await using exchange = await TestExchange.start();
  const order = { type: "BID", pair: "XBTZAR", price: "100000", volume: "0.01" };
  const { message } = await refusal(exchange, "place_order", { ...order, side: "BUY" });
  assert.match(message, /expected no side beside type BID/);
  const wrong = await refusal(exchange, "place_order", { ...order, base_account_id: "1" });
  assert.match(wrong.message, /expected your account in XBT: current value is 1/);
  await refusal(exchange, "place_order", { ...order, type: "BUY" });
  const off = await call(exchange, "place_order", order);
  assert.equal(off.error.data.code, "ERR_TRADING_OFF");
});

Deno.test("tools/call and REST do not use the plain form", async () => {
  await using exchange = await TestExchange.start();
  const price = await exchange.answer("get_crypto_price", { pair: "XBTZAR" });
  assert.equal("last_trade" in price, false);
  assert.equal("name" in await exchange.answer("describe_capabilities"), false);
});

Deno.test("plainForms have the methods of the older server", () => {
  assert.deepEqual([...plainForms.keys()].sort(), [
    "cancel_order",
    "describe_capabilities",
    "get_account_balance",
    "get_crypto_price",
    "get_fees",
    "get_market_overview",
    "get_order_status",
    "get_transaction_history",
    "place_order",
  ]);
});
