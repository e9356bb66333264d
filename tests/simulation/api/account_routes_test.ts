import assert from "node:assert/strict";
import Big from "big.js";
import { type Json, openSimulation, START_MS } from "../simulated_client.ts";

const CLIENT = openSimulation({ ledgerRows: 2_400 });
const ZAR = CLIENT.api.simulation.accounts.defaultIn("ZAR")?.id ?? assert.fail("no ZAR account");
const LENGTH = CLIENT.api.simulation.accounts.get(ZAR).ledger.length;

async function rows(range: string): Promise<number[] | string> {
  const { json } = await CLIENT.get(`/api/1/accounts/${ZAR}/transactions?${range}`);
  return json.transactions?.map((row: { row_index: number }) => row.row_index) ?? json.error_code;
}

Deno.test("GET transactions returns rows from min_row inclusive to max_row exclusive, newest first", async () => {
  assert.deepEqual(await rows("min_row=1&max_row=4"), [3, 2, 1]);
  assert.deepEqual(await rows(`min_row=${LENGTH}&max_row=${LENGTH + 10}`), [LENGTH]);
});

Deno.test("GET transactions counts zero and negative rows back from one past the newest row", async () => {
  assert.deepEqual(await rows("min_row=-1&max_row=0"), [LENGTH]);
  assert.deepEqual(await rows("min_row=-3&max_row=-1"), [LENGTH - 1, LENGTH - 2]);
  assert.deepEqual(await rows("min_row=0&max_row=1000"), []);
  assert.equal((await rows("min_row=-1000&max_row=0")).length, 1000);
});

Deno.test("GET transactions returns nothing beyond the end and refuses more than 1000 rows", async () => {
  assert.deepEqual(await rows("min_row=5000&max_row=5010"), []);
  assert.equal(await rows("min_row=1&max_row=1002"), "ErrTooManyRowsRequested");
  assert.equal(await rows("min_row=1&max_row=0"), "ErrTooManyRowsRequested");
  assert.equal(await rows("max_row=10"), "ErrInvalidArguments");
});

Deno.test("GET transactions lets a reader page through every row, whose running totals add up", async () => {
  let balance = new Big(0);
  let available = new Big(0);
  let next = 1;
  while (next <= LENGTH) {
    const { json } = await CLIENT.get(`/api/1/accounts/${ZAR}/transactions?min_row=${next}&max_row=${next + 1000}`);
    for (const row of json.transactions.toReversed()) {
      assert.equal(row.row_index, next++);
      balance = balance.plus(row.balance_delta);
      available = available.plus(row.available_delta);
      assert.deepEqual([row.balance, row.available].map(Number), [balance.toNumber(), available.toNumber()]);
    }
  }
  const { json } = await CLIENT.get("/api/1/balance?assets=ZAR");
  const [shown] = json.balance;
  assert.ok(balance.eq(shown.balance));
  assert.ok(balance.minus(available).eq(shown.reserved));
});

Deno.test("GET transactions may return rows oldest first and amounts as numbers", async () => {
  const client = openSimulation({ transactionOrder: "oldest_first", transactionAmounts: "number" });
  const { text, json } = await client.get(`/api/1/accounts/${ZAR}/transactions?min_row=1&max_row=3`);
  assert.deepEqual(json.transactions.map((row: { row_index: number }) => row.row_index), [1, 2]);
  assert.match(text, /"balance":350000,"available":350000,"balance_delta":350000,/);
});

Deno.test("GET transactions answers unknown accounts with the exchange's codes", async () => {
  const codes = await Promise.all(
    ["123", "abc"].map(async (id) =>
      (await CLIENT.get(`/api/1/accounts/${id}/transactions?min_row=1&max_row=2`)).json.error_code
    ),
  );
  assert.deepEqual(codes, ["ErrAccountNotFound", "ErrInvalidAccountID"]);
});

Deno.test("GET balance filters by repeated assets, refuses a comma list, and lists two accounts in ZAR", async () => {
  const assets = async (query: string) =>
    (await CLIENT.get(`/api/1/balance?${query}`)).json.balance?.map((row: { asset: string }) => row.asset);
  assert.deepEqual(await assets("assets=XBT&assets=ZAR"), ["XBT", "ZAR", "ZAR"]);
  assert.equal((await CLIENT.get("/api/1/balance?assets=XBT,ZAR")).status, 400);
  assert.ok((await assets("")).length >= 8);
});

Deno.test("account ids are strings of 64-bit integers above 2^53", async () => {
  const { json } = await CLIENT.get("/api/1/balance");
  for (const { account_id } of json.balance) {
    assert.match(account_id, /^\d{19}$/);
    assert.ok(BigInt(account_id) > 2n ** 53n && BigInt(account_id) < 2n ** 63n);
  }
});

Deno.test("GET balance shows reservations at once, or later when reads lag", async () => {
  const reserved = async (client: typeof CLIENT) =>
    (await client.get("/api/1/balance?assets=ZAR")).json.balance[0].reserved;
  const order = { pair: "XBTZAR", type: "BID", volume: "0.001", price: "1000000" };
  for (const readLagMs of [0, 500]) {
    const client = openSimulation({ readLagMs });
    const before = await reserved(client);
    await client.post("/api/1/postorder", order);
    const expected = new Big(before).plus(readLagMs === 0 ? 1_000 : 0);
    assert.ok(expected.eq(await reserved(client)));
    client.clock.now += 500;
    assert.ok(new Big(before).plus(1_000).eq(await reserved(client)));
  }
});

Deno.test("the seeded history has fills, cancellations, a partial fill, open orders and a stop", async () => {
  const { json } = await CLIENT.get("/api/exchange/2/listorders?closed=true&limit=1000");
  const closed: Json[] = json.orders;
  assert.ok(closed.some((order) => order.expiration_timestamp === 0 && order.base !== "0.00"));
  assert.ok(closed.some((order) => order.expiration_timestamp > 0 && order.base === "0.00"));
  assert.ok(closed.some((order) => order.expiration_timestamp > 0 && order.base !== "0.00"));
  const open: Json[] = (await CLIENT.get("/api/exchange/2/listorders")).json.orders;
  assert.deepEqual(open.map(({ type, status }) => `${type} ${status}`).toSorted(), [
    "LIMIT PENDING",
    "LIMIT PENDING",
    "STOP_LIMIT AWAITING",
  ]);
  assert.ok([...closed, ...open].every((order) => order.creation_timestamp < START_MS));
});

Deno.test("up to ten accounts can be opened in a currency, and renamed", async () => {
  const client = openSimulation();
  const opened = (await client.post("/api/1/accounts", { currency: "BCH", name: "First" })).json;
  assert.deepEqual([opened.currency, opened.name], ["BCH", "First"]);
  const renamed = await client.send("PUT", `/api/1/accounts/${opened.id}/name`, { name: "Renamed" });
  assert.deepEqual(renamed.json, { success: true });
  assert.equal((await client.get("/api/1/balance?assets=BCH")).json.balance[0].name, "Renamed");
  for (let count = 2; count <= 10; count++) await client.post("/api/1/accounts", { currency: "BCH", name: "More" });
  const codes = await Promise.all([{ currency: "BCH", name: "One too many" }, { currency: "BTC", name: "Wrong" }].map(
    async (form) => (await client.post("/api/1/accounts", form)).json.error_code,
  ));
  assert.deepEqual(codes, ["ErrAccountLimit", "ErrInvalidCurrency"]);
});

Deno.test("funding addresses are assigned by the exchange's rules and never look real", async () => {
  const client = openSimulation();
  const assign = async (form: Record<string, string>) => (await client.post("/api/1/funding_address", form)).json;
  const address = await assign({ asset: "XBT", name: "New" });
  assert.match(address.address, /^simulated-xbt-/);
  assert.equal(address.total_received, "0.00");
  assert.equal((await client.get(`/api/1/funding_address?asset=XBT&address=${address.address}`)).json.name, "New");
  const { json: xrp } = await client.get("/api/1/funding_address?asset=XRP");
  assert.deepEqual(xrp.address_meta.map(({ label }: { label: string }) => label), ["Address", "XRP Tag"]);
  assert.equal((await assign({ asset: "ETH" })).error_code, "ErrERC20AddressAlreadyAssigned");
  assert.equal((await assign({ asset: "ZAR" })).error_code, "ErrInvalidCurrency");
  let last = address;
  for (let count = 0; count < 10; count++) last = await assign({ asset: "XBT" });
  assert.equal(last.error_code, "ErrAddressCreateRateLimitReached");
  client.clock.now += 3_600_000;
  assert.match((await assign({ asset: "XBT" })).address, /^simulated-/);
});

Deno.test("address/validate requires the members of the kind of owner", async () => {
  const validate = async (form: Record<string, string>) =>
    (await CLIENT.post("/api/1/address/validate", { address: "a", currency: "XBT", ...form })).json;
  assert.deepEqual(await validate({ is_self_send: "true" }), { success: true });
  assert.deepEqual(await validate({ is_legal_entity: "true", institution_name: "x", country: "ZAF" }), {
    success: true,
  });
  assert.match((await validate({ country: "ZAF" })).error, /beneficiary_name/);
  assert.match((await validate({ is_self_send: "true", destination_tag: "1" })).error, /has_destination_tag/);
});

Deno.test("withdrawals, transfers and moves page as documented", async () => {
  const ids = async (query: string) =>
    (await CLIENT.get(`/api/1/withdrawals${query}`)).json.withdrawals.map(({ id }: { id: string }) => id);
  assert.deepEqual(await ids(""), ["2221", "2107", "1876"]);
  assert.deepEqual(await ids("?before_id=2107&limit=1"), ["2107"]);
  const transfers = (await CLIENT.get(`/api/exchange/1/transfers?account_id=${ZAR}`)).json.transfers;
  assert.deepEqual(transfers.map(({ inbound }: { inbound: boolean }) => inbound), [false, true]);
  const older = await CLIENT.get(`/api/exchange/1/transfers?account_id=${ZAR}&before=${transfers[0].created_at}`);
  assert.deepEqual(older.json.transfers.map(({ id }: { id: string }) => id), [transfers[1].id]);
  const [move] = (await CLIENT.get("/api/exchange/1/move/list_moves?limit=1")).json.moves;
  assert.equal((await CLIENT.get(`/api/exchange/1/move?id=${move.id}`)).json.status, "SUCCESSFUL");
  const codes = await Promise.all(
    ["", "?id=1", `?id=${move.id}&client_move_id=a`].map(async (query) =>
      (await CLIENT.get(`/api/exchange/1/move${query}`)).json.error_code
    ),
  );
  assert.deepEqual(codes, ["ErrInvalidParameters", "ErrFundsMoveNotFound", "ErrInvalidParameters"]);
});
