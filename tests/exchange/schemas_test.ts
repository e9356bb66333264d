import assert from "node:assert/strict";
import fc from "fast-check";
import { parseJson } from "../../src/exchange/json.ts";
import { BalanceList, Move, TransactionList } from "../../src/exchange/account_schemas.ts";
import { FundingAddress, LinkedUserList, Withdrawal } from "../../src/exchange/funding_schemas.ts";
import { CandleList, MarketList, OrderBook, PublicTradeList, Ticker } from "../../src/exchange/market_schemas.ts";
import { FeeInfo, Order, OrderList, OrderV1, UserTrade } from "../../src/exchange/order_schemas.ts";

const order = {
  order_id: "BXD7C9SRW79V6B2",
  client_order_id: "mkt-53960812",
  pair: "XBTZAR",
  side: "BUY",
  type: "MARKET",
  status: "COMPLETE",
  time_in_force: "",
  limit_price: "0.00",
  limit_volume: "0.00",
  stop_price: "0.00",
  stop_direction: "",
  base: "0.01",
  counter: "14070.88",
  fee_base: "0.00006",
  fee_counter: "0.00",
  creation_timestamp: 1790127208090,
  expiration_timestamp: 0,
  completed_timestamp: 1790127208094,
};

const USER_TRADE = {
  pair: "XBTZAR",
  sequence: 7562242,
  order_id: "BXCYRHZZJT9XZP9",
  type: "ASK",
  timestamp: 1579472779614,
  price: "131671.00",
  volume: "0.079446",
  base: "0.079446",
  counter: "10460.734266",
  fee_base: "0.00",
  fee_counter: "0.00",
  is_buy: true,
};

const row = { row_index: 3, timestamp: 1790127208094, currency: "XBT", description: "Trading fee" };

Deno.test("Ticker reads an empty side as 0, whether it is given as such or absent", () => {
  const quiet = { pair: "ETHAUD", timestamp: 1790127301388, last_trade: "2500.00", rolling_24_hour_volume: "0.00" };
  const expected = { ...quiet, bid: "0", ask: "0", last_trade: "2500", rolling_24_hour_volume: "0", status: "UNKNOWN" };
  assert.deepEqual(Ticker.parse({ ...quiet, bid: "0.00", ask: "0.00" }), expected);
  assert.deepEqual(Ticker.parse(quiet), expected);
});

Deno.test("OrderBook reads 18 decimals as plain ones and keeps the order of its entries", () => {
  const book = OrderBook.parse({
    timestamp: 1790127197639,
    asks: [{ price: "2765.000000000000000000", volume: "3.925038000000000000" }, { price: "2766.00", volume: "0.5" }],
    bids: null,
  });
  assert.deepEqual(book.asks, [{ price: "2765", volume: "3.925038" }, { price: "2766", volume: "0.5" }]);
  assert.deepEqual(book.bids, []);
});

Deno.test("OrderList reads an empty list in every notation", () => {
  for (const empty of [{ orders: [] }, { orders: null }, {}]) {
    assert.deepEqual(OrderList.parse(empty), { orders: [], left_out: 0, was_unsorted: false });
  }
});

Deno.test("OrderList refuses anything but a list", () => {
  const maintenance = { message: "back in an hour" };
  for (const wrong of [{ orders: {} }, { orders: "none" }, maintenance, { trades: [] }, [], null, "ok"]) {
    assert.ok(!OrderList.safeParse(wrong).success);
  }
});

Deno.test("Order keeps account ids exact, as strings, whether they arrive as numbers or strings", () => {
  const text = JSON.stringify(order).replace(
    "{",
    '{"base_account_id":8557520073699984185,"counter_account_id":"2225762606892986213",',
  );
  const parsed = Order.parse(parseJson(text));
  assert.deepEqual([parsed.base_account_id, parsed.counter_account_id], ["8557520073699984185", "2225762606892986213"]);
});

Deno.test("Order reads a market order's empty fields as empty", () => {
  const parsed = Order.parse(order);
  assert.deepEqual([parsed.limit_price, parsed.time_in_force, parsed.stop_direction, parsed.base_account_id], [
    "0",
    "",
    "",
    "",
  ]);
});

Deno.test("Order shows a future status as UNKNOWN, but never guesses a side", () => {
  assert.equal(Order.parse({ ...order, status: "HIBERNATING" }).status, "UNKNOWN");
  assert.ok(!Order.safeParse({ ...order, side: "SHORT" }).success);
  assert.ok(!Order.safeParse({ ...order, side: undefined }).success);
});

Deno.test("OrderV1 reads an order without the fields that were added later", () => {
  const parsed = OrderV1.parse({
    order_id: "BXF3J88PZAYGXH7",
    creation_timestamp: 1438347100000,
    expiration_timestamp: 0,
    type: "BID",
    state: "COMPLETE",
    pair: "XBTZAR",
    limit_price: "3900.00",
    limit_volume: "0.10",
    base: "0.10",
    counter: "390.00",
    fee_base: "0.00",
    fee_counter: "0.00",
  });
  assert.deepEqual([parsed.time_in_force, parsed.completed_timestamp, parsed.limit_price], ["", 0, "3900"]);
});

Deno.test("TransactionList reads amounts as strings or numbers, exponents included", () => {
  const amounts = [
    { balance: "0.15994", available: "0.15994", balance_delta: "-0.00006", available_delta: "0.00" },
    { balance: 0.15994, available: 0.15994, balance_delta: -6e-05, available_delta: 0 },
  ];
  const [asText, asNumbers] = amounts.map((each) =>
    TransactionList.parse({ id: 319232323, transactions: [{ ...row, ...each }] })
  );
  assert.deepEqual(asText, asNumbers);
  assert.equal(asText?.id, "319232323");
  assert.equal(asText?.transactions[0]?.balance_delta, "-0.00006");
  assert.equal(asText?.transactions[0]?.kind, "UNKNOWN");
});

Deno.test("TransactionList shows the details that apply and null for the others, absent, null or zero-valued", () => {
  const amounts = { balance: "1", available: "1", balance_delta: "1", available_delta: "1" };
  const details = (detail_fields: unknown) =>
    TransactionList.parse({ id: "1", transactions: [{ ...row, ...amounts, detail_fields }] }).transactions[0]
      ?.detail_fields;
  const none = { crypto_details: null, trade_details: null };
  assert.deepEqual(details(undefined), none);
  assert.deepEqual(details({ crypto_details: null }), none);
  assert.deepEqual(
    details({
      crypto_details: { address: "", txid: "" },
      trade_details: { pair: "", price: "0.00", sequence: 0, volume: "0.00" },
    }),
    none,
  );
  assert.deepEqual(
    details({ trade_details: { pair: "XBTZAR", price: "1407088.00", sequence: 33279896, volume: "0.01" } }),
    { crypto_details: null, trade_details: { pair: "XBTZAR", price: "1407088", sequence: 33279896, volume: "0.01" } },
  );
});

Deno.test("FeeInfo applies the former single rates to both sides, and keeps negative fees", () => {
  const old = FeeInfo.parse({ maker_fee: "-0.0001", taker_fee: "0.01", thirty_day_volume: "0.016336" });
  assert.deepEqual([old.maker_fee_buy, old.maker_fee_sell, old.taker_fee_buy, old.taker_fee_sell], [
    "-0.0001",
    "-0.0001",
    "0.01",
    "0.01",
  ]);
  const today = FeeInfo.parse({ ...old, maker_fee: "9", maker_fee_buy: "0.00400000", taker_fee_sell: "0.00600000" });
  assert.deepEqual([today.maker_fee_buy, today.maker_fee_sell, today.taker_fee_sell], ["0.004", "-0.0001", "0.006"]);
  const empty = FeeInfo.parse({ maker_fee: "0.001", maker_fee_buy: null, maker_fee_sell: "", taker_fee: "0.002" });
  assert.deepEqual([empty.maker_fee_buy, empty.maker_fee_sell], ["0.001", "0.001"]);
});

Deno.test("No value that money depends on is made up: a missing fee, reservation or fill is an error", () => {
  assert.ok(!FeeInfo.safeParse({ maker_fee_buy: "0.004", thirty_day_volume: "0" }).success);
  const unreserved = BalanceList.parse({ balance: [{ account_id: "1", asset: "XBT", balance: "1" }] });
  assert.deepEqual([unreserved.balance, unreserved.left_out], [[], 1]);
  assert.ok(!Order.safeParse({ ...order, base: undefined }).success);
});

Deno.test("MarketList keeps the exchange's word for a pause and calls unknown ones UNKNOWN", () => {
  const market = {
    market_id: "XBTUSDT",
    base_currency: "XBT",
    counter_currency: "USDT",
    min_volume: "0.0005",
    max_volume: "100.00",
    volume_scale: 4,
    min_price: "100.00",
    max_price: "1000000.00",
    price_scale: 4,
    fee_scale: 8,
  };
  const statuses = ["ACTIVE", "POST_ONLY", "SUSPENDED", "POSTONLY"].map((trading_status) => ({
    ...market,
    trading_status,
  }));
  const parsed = MarketList.parse({ markets: statuses }).markets;
  assert.deepEqual(parsed.map((each) => each.trading_status), ["ACTIVE", "POST_ONLY", "SUSPENDED", "UNKNOWN"]);
  assert.equal(MarketList.parse({ markets: [{ ...market, price_scale: "4" }] }).markets[0]?.price_scale, 4);
});

Deno.test("Every answer with lists and words reads absent fields as documented", () => {
  const balance = { account_id: "1", asset: "XBT", balance: "1.50", reserved: "0.5" };
  assert.deepEqual(BalanceList.parse({ balance: [balance] }).balance[0], {
    ...balance,
    balance: "1.5",
    unconfirmed: "0",
    name: "",
  });
  assert.deepEqual(FundingAddress.parse({ asset: "XRP", address: "r", address_meta: null }).address_meta, []);
  assert.deepEqual(
    LinkedUserList.parse({ users: [{ user_id: 8203463422864003, permissions: [1, "Perm_R_Orders"] }] }).users[0],
    {
      user_id: "8203463422864003",
      label: "",
      permissions: ["1", "Perm_R_Orders"],
      created_at: 0,
    },
  );
  assert.equal(
    Withdrawal.parse({ id: "1", currency: "ZAR", amount: "1", created_at: 1, transfer_id: null }).transfer_id,
    "",
  );
  const move = { id: "1", amount: "1", debit_account_id: "2", credit_account_id: 3, created_at: 1, status: "MOVING" };
  assert.deepEqual([Move.parse(move).client_move_id, Move.parse(move).credit_account_id], ["", "3"]);
});

Deno.test("UserTrade reads a fill from 2020, before client order ids", () => {
  const trade = UserTrade.parse(USER_TRADE);
  assert.deepEqual([trade.client_order_id, trade.price, trade.is_buy], ["", "131671", true]);
});

Deno.test("PublicTradeList reads times as numbers, quoted numbers and RFC 3339, and in no other form", () => {
  const read = (timestamp: unknown) =>
    PublicTradeList.parse({ trades: [{ sequence: 1, timestamp, price: "1", volume: "1", is_buy: true }] });
  for (const time of [1710325156438, "1710325156438", "2024-03-13T10:19:16.438Z"]) {
    assert.equal(read(time).trades[0]?.timestamp, 1710325156438);
  }
  assert.equal(read("2024-03-13T12:19:16+02:00").trades[0]?.timestamp, 1710325156000);
  // The runtime reads the latter as times: as days of a year, and on the clock of this machine.
  const wrongs = [undefined, null, "", "yesterday", 1.5, -1, "-1", "1,5", "1.", "2024-03-13", "2024-03-13T10:19:16"];
  for (const wrong of wrongs) assert.equal(read(wrong).left_out, 1, String(wrong));
});

Deno.test("Every list drops the rows that cannot be read, counts them, and returns the rest", () => {
  const trade = { sequence: 1, timestamp: 1, price: "1", volume: "1", is_buy: true };
  const balance = { account_id: "1", asset: "XBT", balance: "1", reserved: "0" };
  const ledgerRow = { ...row, balance: "1", available: "1", balance_delta: "1", available_delta: "1" };
  const market = {
    market_id: "XBTZAR",
    base_currency: "XBT",
    counter_currency: "ZAR",
    volume_scale: 6,
    price_scale: 0,
  };
  const limits = { min_volume: "0.0005", max_volume: "100", min_price: "10", max_price: "10000000" };
  const cases = [
    [OrderList, "orders", order, [{ side: null }, { base: "much" }, { order_id: "" }]],
    [PublicTradeList, "trades", trade, [{ price: "" }, { sequence: null }, { is_buy: "perhaps" }]],
    [BalanceList, "balance", balance, [{ balance: null }, { account_id: {} }]],
    [TransactionList, "transactions", ledgerRow, [{ details: { Fee: {} } }, { details: "none" }, { balance: "?" }]],
    [MarketList, "markets", { ...market, ...limits }, [{ min_volume: "" }, { volume_scale: null }]],
    [OrderBook, "bids", { price: "1", volume: "1" }, [{ price: null }, { volume: "" }]],
  ] as const;
  for (const [schema, key, good, spoilt] of cases) {
    const odd = [...spoilt.map((fields) => ({ ...good, ...fields })), null, "row", 7];
    const read = new Map(Object.entries(schema.parse({ id: "1", timestamp: 1, [key]: [good, ...odd, good] })));
    const rows: unknown = read.get(key);
    assert.deepEqual([Array.isArray(rows) && rows.length, read.get("left_out")], [2, odd.length], key);
  }
});

Deno.test("Whole numbers are read quoted and unquoted", () => {
  const trade = { sequence: "33279896", timestamp: 1, price: "1", volume: "1", is_buy: true };
  assert.equal(PublicTradeList.parse({ trades: [trade] }).trades[0]?.sequence, 33279896);
  assert.equal(UserTrade.parse({ ...USER_TRADE, sequence: "7562242" }).sequence, 7562242);
  const ledger = { ...row, row_index: "3", balance: "1", available: "1", balance_delta: "1", available_delta: "1" };
  assert.equal(TransactionList.parse({ id: "1", transactions: [ledger] }).transactions[0]?.row_index, 3);
  assert.equal(CandleList.parse({ candles: [], pair: "XBTZAR", duration: "300" }).duration, 300);
  assert.equal(PublicTradeList.parse({ trades: [{ ...trade, sequence: "1.5" }] }).left_out, 1);
});

Deno.test("No schema throws, for any input", () => {
  const schemas = [Ticker, OrderBook, TransactionList, OrderList, Order, MarketList, FeeInfo, BalanceList];
  fc.assert(fc.property(fc.constantFrom(...schemas), fc.anything({ withBigInt: true }), (schema, value) => {
    schema.safeParse(value);
    schema.safeParse({
      orders: value,
      bids: [value],
      transactions: [value],
      markets: value,
      timestamp: value,
      pair: value,
    });
  }));
});

Deno.test("answers with lists name the missing list when they have none", () => {
  const read = MarketList.safeParse({ status: "maintenance" });
  assert.deepEqual(read.error?.issues.map(({ message }) => message), ["expected markets"]);
  // The side that is empty may be missing.
  assert.ok(OrderBook.safeParse({ timestamp: 1, asks: [] }).success);
});

Deno.test("ids and pairs with control characters or spaces are invalid, so that valid ones can be shown unchanged", () => {
  const odd = ["BX\u001b[31m1", "BX\n1", "BX 1", "", "B".repeat(300)];
  for (const text of odd) {
    assert.ok(!Order.safeParse({ ...order, order_id: text }).success, JSON.stringify(text));
    assert.ok(!Order.safeParse({ ...order, pair: text }).success, JSON.stringify(text));
    assert.ok(!UserTrade.safeParse({ ...USER_TRADE, order_id: text }).success, JSON.stringify(text));
  }
});

Deno.test("Order and UserTrade read no price, volume or value below zero", () => {
  for (const field of ["limit_price", "limit_volume", "stop_price", "base", "counter"]) {
    assert.ok(!Order.safeParse({ ...order, [field]: "-1" }).success, field);
  }
  for (const field of ["price", "volume", "base", "counter"]) {
    assert.ok(!UserTrade.safeParse({ ...USER_TRADE, [field]: "-1" }).success, field);
  }
});

Deno.test("MarketList assumes fees to eight decimals where a market does not say, and refuses negative scales", () => {
  const market = {
    market_id: "XBTZAR",
    base_currency: "XBT",
    counter_currency: "ZAR",
    min_volume: "0.0005",
    max_volume: "100",
    volume_scale: 6,
    min_price: "10",
    max_price: "100",
    price_scale: 0,
  };
  const scales = [undefined, null, 5, -1, 31].map((fee_scale) =>
    MarketList.parse({ markets: [{ ...market, fee_scale }] }).markets[0]?.fee_scale
  );
  assert.deepEqual(scales, [8, 8, 5, undefined, undefined]);
});
