import assert from "node:assert/strict";
import Big from "big.js";
import { SIMULATED_KEYS } from "../../../src/simulation/api/simulated_keys.ts";
import type { SimulationOptions } from "../../../src/simulation/options.ts";
import { openSimulation, type SimulatedClient, START_MS } from "../simulated_client.ts";

const LIMIT = { pair: "XBTZAR", type: "BID", volume: "0.001", price: "1000000" };
const MARKET = { pair: "XBTZAR", type: "BUY", counter_volume: "5000" };
const CLIENT = openSimulation();

type Refused = readonly [code: string, status: number, call: string, form: Record<string, string>, SimulationOptions?];

const REFUSED: readonly Refused[] = [
  ["ErrInvalidMarketPair", 400, "postorder", { ...LIMIT, pair: "" }],
  ["ErrInvalidMarketPair", 400, "postorder", { ...LIMIT, pair: "xbtzar" }],
  ["ErrMarketUnavailable", 400, "postorder", { ...LIMIT, pair: "NOPEZAR" }],
  ["ErrMarketUnavailable", 400, "postorder", LIMIT, { marketStatus: { XBTZAR: "UNKNOWN" } }],
  ["ErrPostOnlyMode", 400, "postorder", LIMIT, { marketStatus: { XBTZAR: "SUSPENDED" } }],
  ["ErrPostOnlyMode", 400, "marketorder", MARKET, { marketStatus: { XBTZAR: "POST_ONLY" } }],
  ["ErrInvalidOrderSide", 400, "postorder", { ...LIMIT, type: "BUY" }],
  ["ErrInvalidOrderSide", 400, "marketorder", { ...MARKET, type: "BID" }],
  ["ErrInvalidArguments", 400, "postorder", { ...LIMIT, time_in_force: "GTD" }],
  ["ErrInvalidArguments", 400, "postorder", { ...LIMIT, post_only: "yes" }],
  ["ErrPostOnlyNotAllowed", 400, "postorder", { ...LIMIT, post_only: "true", time_in_force: "IOC" }],
  ["ErrOrderCanceled", 400, "postorder", { ...LIMIT, post_only: "true", price: "5000000" }],
  ["ErrInvalidVolume", 400, "postorder", { ...LIMIT, volume: "" }],
  ["ErrInvalidVolume", 400, "postorder", { ...LIMIT, volume: "0" }],
  ["ErrInvalidVolume", 400, "postorder", { ...LIMIT, volume: "-1" }],
  ["ErrInvalidValue", 400, "postorder", { ...LIMIT, volume: "1e-3" }],
  ["ErrInvalidValue", 400, "marketorder", { ...MARKET, counter_volume: "8.97e-05" }],
  ["ErrVolumeDenominationNotAllowed", 400, "postorder", { ...LIMIT, volume: "0.0010001" }],
  ["ErrVolumeTooLow", 400, "postorder", { ...LIMIT, volume: "0.00001" }],
  ["ErrVolumeTooLow", 400, "marketorder", { ...MARKET, counter_volume: "1" }],
  ["ErrVolumeTooHigh", 400, "postorder", { ...LIMIT, volume: "101" }],
  ["ErrInvalidPrice", 400, "postorder", { ...LIMIT, price: "0" }],
  ["ErrPriceDenominationNotAllowed", 400, "postorder", { ...LIMIT, price: "1000000.5" }],
  ["ErrPriceTooLow", 400, "postorder", { ...LIMIT, price: "1" }],
  ["ErrPriceTooHigh", 400, "postorder", { ...LIMIT, price: "999999999" }],
  ["ErrValueTooHigh", 400, "postorder", LIMIT, { maxOrderValue: "999" }],
  ["ErrInvalidStopPrice", 400, "postorder", { ...LIMIT, stop_direction: "ABOVE" }],
  ["ErrInvalidStopDirection", 400, "postorder", { ...LIMIT, stop_price: "900000" }],
  ["ErrInvalidStopDirection", 400, "postorder", { ...LIMIT, stop_price: "900000", stop_direction: "UP" }],
  ["ErrStopPriceTooLow", 400, "postorder", { ...LIMIT, stop_price: "1", stop_direction: "ABOVE" }],
  ["ErrStopPriceTooHigh", 400, "postorder", { ...LIMIT, stop_price: "999999999", stop_direction: "ABOVE" }],
  ["ErrInvalidClientOrderId", 400, "postorder", { ...LIMIT, client_order_id: "a b" }],
  ["ErrInvalidClientOrderId", 400, "postorder", { ...LIMIT, client_order_id: "a".repeat(256) }],
  ["ErrInvalidAccountID", 400, "postorder", { ...LIMIT, base_account_id: "x" }],
  ["ErrAccountNotFound", 400, "postorder", { ...LIMIT, base_account_id: "12345" }],
  ["ErrUserNotVerifiedForCurrency", 400, "postorder", { ...LIMIT, pair: "XBTNGN", price: "100000000" }],
  ["ErrInvalidArguments", 400, "postorder", { ...LIMIT, ttl: "10001" }],
  ["ErrDeadlineExceeded", 500, "postorder", { ...LIMIT, timestamp: String(START_MS - 5_001), ttl: "5000" }],
  ["ErrInsufficientBalance", 400, "postorder", { ...LIMIT, volume: "50" }],
  ["ErrInvalidCounterVolume", 400, "marketorder", { ...MARKET, counter_volume: "" }],
  ["ErrInvalidBaseVolume", 400, "marketorder", { ...MARKET, type: "SELL" }],
  ["ErrCounterDenominationNotAllowed", 400, "marketorder", { ...MARKET, counter_volume: "5000.001" }],
  ["ErrNotEnoughLiquidity", 400, "marketorder", { ...MARKET, counter_volume: "50000" }, { marketOrderReach: 0 }],
  ["ErrCannotStopUnknownOrNonPendingOrder", 400, "stoporder", { order_id: "BXAAAAAAAAAAAAA" }],
  ["ErrInvalidOrderRef", 400, "stoporder", { order_id: "nonsense" }],
];

for (const [code, status, call, form, options] of REFUSED) {
  const shown = new URLSearchParams(form).toString().slice(0, 90);
  Deno.test(`POST ${call} answers ${status} ${code} to ${shown}${options ? ` with ${JSON.stringify(options)}` : ""}`, async () => {
    const client = options === undefined ? CLIENT : openSimulation(options);
    const before = (await client.get("/api/1/balance")).text;
    const answer = await client.post(`/api/1/${call}`, form);
    assert.equal(answer.json.error_code, code);
    assert.equal(answer.status, status);
    assert.equal(typeof answer.json.error, "string");
    assert.equal((await client.get("/api/1/balance")).text, before);
  });
}

async function place(client: SimulatedClient, form: Record<string, string>, call = "postorder"): Promise<string> {
  const answer = await client.post(`/api/1/${call}`, form);
  assert.equal(answer.status, 200, answer.text);
  assert.match(answer.json.order_id, /^BX[0-9A-Z]{13}$/);
  return answer.json.order_id;
}

Deno.test("POST postorder rests a bid and shows it alike through all three order endpoints", async () => {
  const client = openSimulation();
  const id = await place(client, { ...LIMIT, client_order_id: "mine" });
  const v1 = (await client.get(`/api/1/orders/${id}`)).json;
  const v2 = await client.get(`/api/exchange/2/orders/${id}`);
  const v3 = await client.get("/api/exchange/3/order?client_order_id=mine");
  assert.equal(v2.text, v3.text);
  assert.deepEqual(
    [v1.order_id, v1.type, v1.state, v1.limit_price, v1.limit_volume, v1.base],
    [id, "BID", "PENDING", "1000000.00", "0.001", "0.00"],
  );
  assert.deepEqual(
    [v2.json.side, v2.json.type, v2.json.status, v2.json.stop_direction, v2.json.completed_timestamp],
    ["BUY", "LIMIT", "PENDING", "", 0],
  );
  assert.match(v2.text, /"base_account_id":\d{19},"counter_account_id":\d{19},/);
});

Deno.test("POST marketorder spends its counter volume and appears as fill, in the public trades and in the ledger", async () => {
  const client = openSimulation();
  const id = await place(client, MARKET, "marketorder");
  const order = (await client.get(`/api/exchange/2/orders/${id}`)).json;
  assert.deepEqual([order.status, order.type, order.time_in_force], ["COMPLETE", "MARKET", ""]);
  assert.ok(new Big(order.counter).lte(5000) && new Big(order.counter).gt(4998));
  const [fill] = (await client.get("/api/1/listtrades?pair=XBTZAR&sort_desc=true&limit=1")).json.trades;
  const [shown] = (await client.get("/api/1/trades?pair=XBTZAR")).json.trades;
  assert.deepEqual([fill.order_id, fill.type, fill.is_buy], [id, "BID", true]);
  assert.deepEqual([shown.sequence, shown.price, shown.volume], [fill.sequence, fill.price, fill.volume]);
  const [row] = (await client.get(`/api/1/accounts/${order.base_account_id}/transactions?min_row=-1&max_row=0`)).json
    .transactions ?? [];
  assert.ok(row === undefined || row.kind === "FEE");
});

Deno.test("POST postorder accepts parameters in the query as well as in the form", async () => {
  const client = openSimulation();
  const answer = await client.send("POST", `/api/1/postorder?${new URLSearchParams(LIMIT)}`);
  assert.equal(answer.status, 200);
  const mixed = await client.send("POST", "/api/1/postorder?pair=XBTZAR&type=BID&price=1", {
    volume: "0.001",
    price: "1000000",
  });
  assert.equal(mixed.status, 200);
});

Deno.test("POST postorder treats zero as absent, for clients that send every field", async () => {
  const client = openSimulation();
  await place(client, { ...LIMIT, ttl: "0", timestamp: "0", base_account_id: "0", stop_price: "0" });
});

Deno.test("POST postorder reads booleans as Python and Go clients spell them", async () => {
  const client = openSimulation();
  const post = async (post_only: string) =>
    (await client.post("/api/1/postorder", { ...LIMIT, price: "5000000", volume: "0.0005", post_only })).json;
  for (const yes of ["true", "True", "1"]) assert.equal((await post(yes)).error_code, "ErrOrderCanceled");
  for (const no of ["false", "False", "0"]) assert.match((await post(no)).order_id, /^BX/);
});

Deno.test("a client_order_id is used up by an accepted order of either kind, and not by a refused one", async () => {
  const client = openSimulation();
  assert.equal((await client.post("/api/1/postorder", { ...LIMIT, volume: "50", client_order_id: "k" })).status, 400);
  await place(client, { ...LIMIT, client_order_id: "k" });
  const again = await client.post("/api/1/marketorder", { ...MARKET, client_order_id: "k" });
  assert.deepEqual([again.status, again.json.error_code], [409, "ErrDuplicateClientOrderID"]);
});

Deno.test("POST postorder with timestamp and ttl is accepted until its deadline", async () => {
  await place(CLIENT, { ...LIMIT, timestamp: String(START_MS - 5_000), ttl: "5000" });
});

Deno.test("POST postorder derives its stop direction from the last trade on request", async () => {
  const client = openSimulation();
  const [above, below] = await Promise.all(
    ["2000000", "1000000"].map((stop_price) =>
      place(client, { ...LIMIT, stop_price, stop_direction: "RELATIVE_LAST_TRADE" })
    ),
  );
  assert.equal((await client.get(`/api/exchange/2/orders/${above}`)).json.stop_direction, "ABOVE");
  const order = (await client.get(`/api/exchange/2/orders/${below}`)).json;
  assert.deepEqual([order.type, order.status, order.stop_direction], ["STOP_LIMIT", "AWAITING", "BELOW"]);
});

Deno.test("POST stoporder cancels once, and the order distinguishes a cancellation from a fill", async () => {
  const client = openSimulation();
  const id = await place(client, LIMIT);
  client.clock.now += 1_000;
  assert.deepEqual((await client.post("/api/1/stoporder", { order_id: id })).json, { success: true });
  const order = (await client.get(`/api/exchange/2/orders/${id}`)).json;
  assert.deepEqual([order.status, order.expiration_timestamp, order.base], ["COMPLETE", START_MS + 1_000, "0.00"]);
  const again = await client.post("/api/1/stoporder", { order_id: id });
  assert.equal(again.json.error_code, "ErrCannotStopUnknownOrNonPendingOrder");
});

Deno.test("an IOC order ends without an expiration", async () => {
  const client = openSimulation();
  const id = await place(client, { ...LIMIT, time_in_force: "IOC" });
  const order = (await client.get(`/api/exchange/2/orders/${id}`)).json;
  assert.deepEqual([order.status, order.expiration_timestamp], ["COMPLETE", 0]);
  assert.equal(order.completed_timestamp, START_MS);
});

Deno.test("options choose what the API leaves open about orders", async () => {
  const crossing = openSimulation({ postOnlyCrossing: "complete" });
  const id = await place(crossing, { ...LIMIT, post_only: "true", price: "5000000", volume: "0.0005" });
  const order = (await crossing.get(`/api/exchange/2/orders/${id}`)).json;
  assert.deepEqual([order.status, order.base, order.expiration_timestamp], ["COMPLETE", "0.00", 0]);
  const stop = await openSimulation({ stopClosedOrder: "success_false" })
    .post("/api/1/stoporder", { order_id: "BXAAAAAAAAAAAAA" });
  assert.deepEqual([stop.status, stop.json], [200, { success: false }]);
  const refused = await openSimulation({ errorAction: true }).post("/api/1/postorder", {});
  assert.deepEqual(refused.json.error_action, {});
});

Deno.test("an order with orderDelayMs is AWAITING until it reaches the book", async () => {
  const client = openSimulation({ orderDelayMs: 40 });
  const id = await place(client, LIMIT);
  assert.equal((await client.get(`/api/exchange/2/orders/${id}`)).json.status, "AWAITING");
  assert.equal((await client.get(`/api/1/orders/${id}`)).json.state, "PENDING");
  client.clock.now += 40;
  assert.equal((await client.get(`/api/exchange/2/orders/${id}`)).json.status, "PENDING");
});

Deno.test("listorders v1 lists both states, v2 only open ones unless asked for closed, both newest first", async () => {
  const client = openSimulation();
  const all = (await client.get("/api/1/listorders")).json.orders;
  const open = (await client.get("/api/exchange/2/listorders")).json.orders;
  const closed = (await client.get("/api/exchange/2/listorders?closed=true")).json.orders;
  assert.equal(all.length, open.length + closed.length);
  assert.ok(open.length >= 3 && closed.length >= 5);
  assert.deepEqual(
    all.map((order: { creation_timestamp: number }) => order.creation_timestamp).toSorted().toReversed(),
    all.map((order: { creation_timestamp: number }) => order.creation_timestamp),
  );
  const older = (await client.get(`/api/1/listorders?created_before=${all[0].creation_timestamp}&limit=2`)).json.orders;
  assert.deepEqual(older.map((order: { order_id: string }) => order.order_id), [all[1].order_id, all[2].order_id]);
  assert.deepEqual((await client.get("/api/1/listorders?state=PENDING&pair=ETHZAR")).json.orders.length, 1);
});

Deno.test("closed orders leave the lists 100 days after completion, and stay readable", async () => {
  const client = openSimulation();
  const [order] = (await client.get("/api/exchange/2/listorders?closed=true")).json.orders;
  client.clock.now += 101 * 24 * 3_600_000;
  await client.post("/api/1/stoporder", { order_id: order.order_id });
  const listed = (await client.get("/api/exchange/2/listorders?closed=true&limit=1000")).json.orders;
  assert.ok(!listed.some(({ order_id }: { order_id: string }) => order_id === order.order_id));
  assert.equal((await client.get(`/api/1/orders/${order.order_id}`)).status, 200);
});

Deno.test("listtrades pages by time and by sequence, newest first only on request", async () => {
  const client = openSimulation();
  const all = (await client.get("/api/1/listtrades?pair=XBTZAR")).json.trades;
  const sequences: number[] = all.map(({ sequence }: { sequence: number }) => sequence);
  assert.ok(sequences.length >= 4);
  assert.deepEqual(sequences, sequences.toSorted((a, b) => a - b));
  const list = async (query: string) =>
    (await client.get(`/api/1/listtrades?pair=XBTZAR&${query}`)).json.trades.map((trade: { sequence: number }) =>
      trade.sequence
    );
  assert.deepEqual(await list("sort_desc=true"), sequences.toReversed());
  assert.deepEqual(await list(`before=${START_MS}`), sequences.toReversed());
  assert.deepEqual(await list(`after_seq=${sequences[1]}&before_seq=${sequences[3]}`), sequences.slice(1, 3));
  assert.deepEqual(await list(`since=${all[0].timestamp}&limit=1`), sequences.slice(0, 1));
  assert.deepEqual(await list(`before=${all[0].timestamp}`), []);
});

Deno.test("fee_info returns the volume of own fills in the market in the thirty days before midnight", async () => {
  const client = openSimulation();
  const volume = async (pair: string) => (await client.get(`/api/1/fee_info?pair=${pair}`)).json.thirty_day_volume;
  const seeded = (await client.get("/api/1/listtrades?pair=XBTZAR&since=1&limit=1000")).json.trades;
  const sum = seeded.reduce((total: Big, { counter }: { counter: string }) => total.plus(counter), new Big(0));
  assert.ok(sum.gt(0) && sum.eq(await volume("XBTZAR")));
  assert.equal(await volume("USDTZAR"), "0.00");
  await client.post("/api/1/marketorder", { pair: "USDTZAR", type: "BUY", counter_volume: "500" });
  assert.equal(await volume("USDTZAR"), "0.00");
  client.clock.now += 24 * 60 * 60 * 1000;
  assert.ok(new Big(await volume("USDTZAR")).gt(490));
});

Deno.test("order look-ups answer with the exchange's codes when nothing is found", async () => {
  const codes = await Promise.all([
    "/api/1/orders/nonsense",
    "/api/1/orders/BXAAAAAAAAAAAAA",
    "/api/exchange/2/orders/BXAAAAAAAAAAAAA",
    "/api/exchange/3/order",
    "/api/exchange/3/order?id=BXAAAAAAAAAAAAA&client_order_id=a",
    "/api/exchange/3/order?client_order_id=unknown",
    "/api/1/listorders?limit=1001",
    "/api/1/listorders?limit=-1",
    "/api/1/listtrades",
    "/api/1/fee_info?pair=nope",
  ].map(async (path) => (await CLIENT.get(path)).json.error_code));
  assert.deepEqual(codes, [
    "ErrInvalidOrderRef",
    "ErrOrderNotFound",
    "ErrOrderNotFound",
    "ErrInvalidParameters",
    "ErrInvalidParameters",
    "ErrOrderNotFound",
    "ErrLimitOutOfRange",
    "ErrLimitOutOfRange",
    "ErrInvalidMarketPair",
    "ErrInvalidMarketPair",
  ]);
});

Deno.test("a read-only key reads orders and may neither place nor cancel", async () => {
  const reader = CLIENT.as(SIMULATED_KEYS.readOnly);
  assert.equal((await reader.get("/api/1/listorders")).status, 200);
  for (const call of ["postorder", "marketorder", "stoporder"]) {
    const answer = await reader.post(`/api/1/${call}`, LIMIT);
    assert.deepEqual([answer.status, answer.json.error_code], [403, "ErrInsufficientPerms"]);
  }
});
