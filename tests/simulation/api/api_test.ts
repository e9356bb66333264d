import assert from "node:assert/strict";
import fc from "fast-check";
import { SIMULATED_KEYS } from "../../../src/simulation/api/simulated_keys.ts";
import { type Json, openSimulation, type SimulatedClient, START_MS } from "../simulated_client.ts";

const CLIENT = openSimulation();
const PUBLIC = CLIENT.as(null);

/** Keys of an object and of the first items of its lists, as `a b.c d[].e`. */
function shapeOf(value: Json, prefix = ""): string[] {
  if (Array.isArray(value)) return value.length === 0 ? [`${prefix}[]`] : shapeOf(value[0], `${prefix}[]`);
  if (typeof value !== "object" || value === null) return [prefix];
  return Object.entries(value).flatMap(([key, item]) => shapeOf(item, prefix === "" ? key : `${prefix}.${key}`));
}

function prefixed(prefix: string, keys: string): string[] {
  return keys.split(" ").map((key) => `${prefix}${key}`);
}

const TICKER = "pair timestamp bid ask last_trade rolling_24_hour_volume status";
const BOOK = ["timestamp", ...prefixed("asks[].", "price volume"), ...prefixed("bids[].", "price volume")];
const MARKET = "market_id trading_status base_currency counter_currency min_volume max_volume volume_scale min_price " +
  "max_price price_scale fee_scale";
const ORDER_V1 = "order_id creation_timestamp expiration_timestamp completed_timestamp type state pair limit_price " +
  "limit_volume base counter fee_base fee_counter time_in_force";
const ORDER_V2 = "order_id client_order_id pair side type status time_in_force limit_price limit_volume stop_price " +
  "stop_direction base counter fee_base fee_counter base_account_id counter_account_id creation_timestamp " +
  "expiration_timestamp completed_timestamp";
const ROW =
  "row_index timestamp account_id currency balance available balance_delta available_delta description kind " +
  "reference detail_fields.crypto_details.address detail_fields.crypto_details.txid detail_fields.trade_details.pair " +
  "detail_fields.trade_details.price detail_fields.trade_details.sequence detail_fields.trade_details.volume";
const WITHDRAWAL = "id status type currency amount fee created_at external_id transfer_id";
const MOVE = "id client_move_id amount debit_account_id credit_account_id status created_at updated_at";

const XBT = CLIENT.api.simulation.accounts.defaultIn("XBT")?.id ?? assert.fail("no XBT account");
const [ORDER] = CLIENT.api.simulation.exchange.orders.list({ limit: 1, atMs: START_MS });

const SHAPES: readonly (readonly [path: string, shape: readonly string[]])[] = [
  ["/api/1/ticker?pair=XBTZAR", TICKER.split(" ")],
  ["/api/1/tickers", prefixed("tickers[].", TICKER)],
  ["/api/1/orderbook_top?pair=XBTZAR", BOOK],
  ["/api/1/orderbook?pair=XBTZAR", BOOK],
  ["/api/1/trades?pair=XBTZAR", prefixed("trades[].", "sequence timestamp price volume is_buy")],
  ["/api/exchange/1/markets?pair=XBTZAR", prefixed("markets[].", MARKET)],
  [`/api/exchange/1/candles?pair=XBTZAR&duration=60&since=${START_MS - 3_600_000}`, [
    ...prefixed("candles[].", "timestamp open close high low volume"),
    "pair",
    "duration",
  ]],
  ["/api/1/balance", prefixed("balance[].", "account_id asset balance reserved unconfirmed name")],
  [`/api/1/accounts/${XBT}/transactions?min_row=-1&max_row=0`, ["id", ...prefixed("transactions[].", ROW)]],
  [`/api/1/accounts/${XBT}/pending`, ["id", "currency", "name", ...prefixed("pending[].", ROW), "transactions"]],
  ["/api/1/listorders", prefixed("orders[].", ORDER_V1)],
  ["/api/exchange/2/listorders", prefixed("orders[].", ORDER_V2)],
  [`/api/1/orders/${ORDER?.id}`, ORDER_V1.split(" ")],
  [`/api/exchange/2/orders/${ORDER?.id}`, ORDER_V2.split(" ")],
  [`/api/exchange/3/order?id=${ORDER?.id}`, ORDER_V2.split(" ")],
  [
    "/api/1/listtrades?pair=XBTZAR",
    prefixed(
      "trades[].",
      "pair sequence order_id client_order_id type timestamp price volume base counter fee_base fee_counter is_buy",
    ),
  ],
  [
    "/api/1/fee_info?pair=XBTZAR",
    ("maker_fee taker_fee maker_fee_buy maker_fee_sell taker_fee_buy taker_fee_sell thirty_day_volume").split(" "),
  ],
  ["/api/1/funding_address?asset=XBT", [
    ..."asset address name account_id network assigned_at".split(" "),
    ...prefixed("address_meta[].", "label value"),
    ..."qr_code_uri receive_fee total_received total_unconfirmed".split(" "),
  ]],
  ["/api/1/send/networks", prefixed("networks[].", "id name native_currency")],
  ["/api/1/send/networks?currency=USDC", prefixed("networks[].", "id name native_currency")],
  ["/api/1/send_fee?currency=XBT&amount=1.5&address=a", ["currency", "fee"]],
  ["/api/1/withdrawals", prefixed("withdrawals[].", WITHDRAWAL)],
  ["/api/1/withdrawals/2221", WITHDRAWAL.split(" ")],
  [
    `/api/exchange/1/transfers?account_id=${XBT}`,
    prefixed("transfers[].", "id amount fee inbound created_at transaction_id"),
  ],
  [
    "/api/1/beneficiaries?bank_recipient=*Person",
    prefixed(
      "beneficiaries[].",
      "id bank_name bank_account_number bank_account_type bank_account_branch bank_country bank_recipient created_at " +
        "supports_fast_withdrawals",
    ),
  ],
  ["/api/exchange/1/move?client_move_id=seeded-move", MOVE.split(" ")],
  ["/api/exchange/1/move/list_moves", prefixed("moves[].", MOVE)],
  ["/api/1/users/linked", ["users[]"]],
];

for (const [path, shape] of SHAPES) {
  Deno.test(`GET ${path.split("?")[0]?.replace(/\d{19}|BX\w{13}/, "{id}")} answers the documented fields`, async () => {
    const answer = await CLIENT.get(path);
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(shapeOf(answer.json), shape);
    assert.equal(answer.headers.get("content-type"), "application/json");
  });
}

Deno.test("every answer has its own trace id", async () => {
  const answers = await Promise.all(
    ["/api/1/ticker?pair=XBTZAR", "/api/1/ticker", "/nowhere"].map((path) => PUBLIC.get(path)),
  );
  const traces = answers.map(({ headers }) => headers.get("x-luno-trace-id") ?? "");
  for (const trace of traces) assert.match(trace, /^[0-9a-f]{16}$/);
  assert.equal(new Set(traces).size, 3);
});

Deno.test("rate limit headers come with 200 and 400, cache-control with public data only", async () => {
  const [found, refused, unknown, own] = await Promise.all([
    PUBLIC.get("/api/1/ticker?pair=XBTZAR"),
    PUBLIC.get("/api/1/ticker?pair=NOPE"),
    PUBLIC.get("/api/1/time"),
    CLIENT.get("/api/1/balance"),
  ]);
  assert.equal(found.headers.get("x-ratelimit-limit"), "5000, 5000;w=1");
  assert.equal(found.headers.get("cache-control"), "public, max-age=1");
  assert.deepEqual([refused.status, refused.json.error_code], [400, "ErrMarketUnavailable"]);
  assert.equal(refused.headers.get("x-ratelimit-remaining"), "4999");
  assert.deepEqual([unknown.status, unknown.text, unknown.headers.get("x-ratelimit-limit")], [404, "", null]);
  assert.equal(own.headers.get("cache-control"), null);
});

Deno.test("an unknown path and a known path with another method both answer 404", async () => {
  for (const [method, path] of [["GET", "/"], ["POST", "/api/1/ticker"], ["DELETE", "/api/1/balance"]] as const) {
    assert.equal((await CLIENT.send(method, path)).status, 404);
  }
});

Deno.test("private routes answer 401 in plain text without a key or with a wrong one", async () => {
  const wrong = PUBLIC.as({ ...SIMULATED_KEYS.trading, secret: "wrong" });
  for (const client of [PUBLIC, wrong]) {
    const answer = await client.get("/api/1/balance");
    assert.deepEqual([answer.status, answer.text, answer.headers.get("content-type")], [
      401,
      "Unauthorized",
      "text/plain",
    ]);
  }
  const json = await openSimulation({ unauthorisedBody: "json" }).as(null).get("/api/1/balance");
  assert.deepEqual([json.status, json.json.error_code], [401, "ErrUnauthorised"]);
});

Deno.test("a revoked key gets 401 ErrApiKeyRevoked", async () => {
  const answer = await CLIENT.as(SIMULATED_KEYS.revoked).get("/api/1/balance");
  assert.deepEqual([answer.status, answer.json.error_code], [401, "ErrApiKeyRevoked"]);
});

Deno.test("each private read needs its permission; candles need any key", async () => {
  const bare = CLIENT.as(SIMULATED_KEYS.marketOnly);
  const anyKey = /candles|move|networks|send_fee|linked/;
  for (const [path] of SHAPES) {
    const isPublic = (await PUBLIC.get(path)).status === 200;
    const { status } = await bare.get(path);
    assert.equal(status, isPublic || anyKey.test(path) ? 200 : 403, path);
  }
  assert.equal((await PUBLIC.get(SHAPES[6]?.[0] ?? "")).status, 401);
});

Deno.test("calls that move money out refuse keys without their permission, and callers without a key before that", async () => {
  const closed = [
    ["POST", "/api/1/send"],
    ["POST", "/api/1/withdrawals"],
    ["DELETE", "/api/1/withdrawals/2221"],
    ["POST", "/api/1/beneficiaries"],
    ["DELETE", "/api/1/beneficiaries/12345"],
    ["POST", "/api/exchange/1/convert"],
    ["POST", "/api/exchange/1/move"],
  ] as const;
  for (const [method, path] of closed) {
    const answer = await CLIENT.as(SIMULATED_KEYS.readOnly).send(method, path, { amount: "1" });
    assert.deepEqual([answer.status, answer.json.error_code], [403, "ErrInsufficientPerms"], path);
    assert.equal((await PUBLIC.send(method, path)).status, 401);
  }
});

Deno.test("the rate limit allows a key's budget, refuses the next call, and refills with time", async () => {
  const client = openSimulation({ rateLimitPerMinute: 60 });
  const statuses = async (caller: SimulatedClient, count: number) => {
    const found: number[] = [];
    for (let call = 0; call < count; call++) found.push((await caller.get("/api/1/fee_info?pair=XBTZAR")).status);
    return found;
  };
  assert.deepEqual(await statuses(client, 61), [...Array(60).fill(200), 429]);
  assert.deepEqual(await statuses(client.as(SIMULATED_KEYS.readOnly), 1), [200]);
  client.clock.now += 1_000;
  assert.deepEqual(await statuses(client, 2), [200, 429]);
  const refused = await client.get("/api/1/balance");
  assert.equal(refused.json.error_code, "ErrTooManyRequests");
});

Deno.test("the rate limit may be shared by all callers and answer an empty body", async () => {
  const client = openSimulation({ rateLimitPerMinute: 1, rateLimitScope: "all", rateLimitBody: "empty" });
  assert.equal((await client.get("/api/1/balance")).status, 200);
  const refused = await client.as(null).get("/api/1/tickers");
  assert.deepEqual([refused.status, refused.text], [429, ""]);
});

Deno.test("a form body beyond 64 KiB answers 413", async () => {
  assert.equal((await CLIENT.post("/api/1/postorder", { pair: "X".repeat(70_000) })).status, 413);
});

Deno.test("no request, however malformed, makes the API throw or answer a 5xx of its own", async () => {
  const client = openSimulation();
  const word = fc.oneof(
    fc.constantFrom(
      "XBTZAR",
      "ETHZAR",
      "BID",
      "ASK",
      "BUY",
      "SELL",
      "0",
      "1",
      "-1",
      "0.01",
      "1e5",
      "true",
      "GTC",
      "FOK",
      XBT,
    ),
    fc.string({ maxLength: 12 }),
    fc.bigInt().map(String),
  );
  const names = [
    ..."pair type volume price counter_volume base_volume limit since before min_row max_row id client_order_id".split(
      " ",
    ),
    ..."order_id account_id assets asset currency amount address stop_price stop_direction post_only duration".split(
      " ",
    ),
  ];
  const query = fc.dictionary(fc.constantFrom(...names), word);
  const paths = [
    ...SHAPES.map(([path]) => `GET ${path.split("?")[0]}`),
    "POST /api/1/postorder",
    "POST /api/1/marketorder",
    "POST /api/1/stoporder",
    "POST /api/1/accounts",
    "POST /api/1/funding_address",
    "POST /api/1/address/validate",
  ];
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...paths), query, async (call, parameters) => {
      const [method = "GET", path = "/"] = call.split(" ");
      const answer = await client.send(method, `${path}?${new URLSearchParams(parameters)}`);
      assert.ok([200, 400, 409].includes(answer.status), `${call} ${answer.status} ${answer.text}`);
    }),
    { numRuns: 400 },
  );
});
