import assert from "node:assert/strict";
import Big from "big.js";
import { type Json, START_MS, TestExchange } from "../support/exchange.ts";
import { answering, listedMarket } from "../support/scripted.ts";

/** The middle of bid and ask, straight from the exchange. */
async function midOf({ client }: TestExchange, pair: string): Promise<Big> {
  const { bid, ask } = await client.call("getTicker", { pair });
  return new Big(bid).plus(ask).div(2);
}

function sum(amounts: readonly string[]): string {
  return amounts.reduce((total, amount) => total.plus(amount), new Big(0)).toFixed();
}

Deno.test("get_accounts shows every account as the exchange has it, with what is not reserved as available", async () => {
  await using exchange = await TestExchange.start();
  const { balance } = await exchange.client.call("getBalances", {});
  const { accounts } = await exchange.answer("get_accounts");
  assert.deepEqual(
    accounts,
    balance.map(({ account_id, asset, name, balance, reserved, unconfirmed }) => ({
      account_id,
      currency: asset,
      name,
      balance,
      reserved,
      available: new Big(balance).minus(reserved).toFixed(),
      unconfirmed,
    })),
  );
  const bitcoin = await exchange.answer("get_accounts", { currency: "btc" });
  assert.deepEqual(bitcoin.accounts, accounts.filter(({ currency }: Json) => currency === "XBT"));
});

Deno.test("ids beyond 2^53 stay exact though the exchange writes them as bare numbers", async () => {
  const row = `{"account_id":9007199254740993123,"asset":"XBT","balance":"1","reserved":"0","unconfirmed":"0"}`;
  await using server = answering({ balance: `{"balance":[${row}]}`, transfers: { transfers: null } });
  await using exchange = await TestExchange.start();
  const context = exchange.connect({ url: server.url });
  const account_id = "9007199254740993123";
  const { accounts } = await exchange.answer("get_accounts", {}, context);
  assert.equal(accounts[0].account_id, account_id);
  assert.equal((await exchange.answer("list_transfers", { account_id }, context)).account_id, account_id);
  assert.match(server.requests.at(-1)?.target ?? "", /account_id=9007199254740993123/);
});

Deno.test("get_account_balance sums accounts by currency and values them at the market's mid", async () => {
  await using exchange = await TestExchange.start();
  const { accounts } = await exchange.answer("get_accounts");
  const answer = await exchange.answer("get_account_balance", { value_in: "rand" });
  for (const row of answer.balances) {
    const own = accounts.filter(({ currency }: Json) => currency === row.currency);
    assert.equal(row.accounts, own.length);
    for (const field of ["balance", "reserved", "available", "unconfirmed"]) {
      assert.equal(row[field], sum(own.map((account: Json) => account[field])));
    }
  }
  const valueOf = (currency: string) => answer.balances.find((row: Json) => row.currency === currency);
  for (const currency of ["XBT", "ETH", "SOL"]) {
    const { price, value, balance } = valueOf(currency);
    const mid = await midOf(exchange, `${currency}ZAR`);
    assert.deepEqual([price, value], [mid.toFixed(), mid.times(balance).round(2).toFixed()]);
  }
  assert.deepEqual([valueOf("ZAR").price, valueOf("ZAR").value], [
    "1",
    new Big(valueOf("ZAR").balance).round(2).toFixed(),
  ]);
  assert.equal(answer.total_value, sum(answer.balances.map(({ value }: Json) => value)));
  assert.deepEqual([answer.value_in, answer.unpriced], ["ZAR", []]);
});

Deno.test("get_account_balance values through a chain of markets when no single one suffices", async () => {
  await using exchange = await TestExchange.start();
  const { balances } = await exchange.answer("get_account_balance", { value_in: "DOGE" });
  const bitcoin = balances.find(({ currency }: Json) => currency === "XBT");
  const expected = (await midOf(exchange, "XBTUSDT")).div(await midOf(exchange, "DOGEUSDT"));
  assert.ok(expected.minus(bitcoin.price).abs().lt("0.000001"), `${expected} ${bitcoin.price}`);
  const ringgit = balances.find(({ currency }: Json) => currency === "MYR");
  assert.ok(new Big(ringgit.value).gt(0));
});

Deno.test("get_account_balance names what it cannot price and excludes it from the total", async () => {
  const row = { account_id: "1", reserved: "0", unconfirmed: "0", name: "" };
  await using server = answering({
    markets: { markets: [listedMarket("XBT", "ZAR")] },
    tickers: {
      tickers: [{
        pair: "XBTZAR",
        timestamp: START_MS,
        bid: "999000",
        ask: "1001000",
        last_trade: "1",
        rolling_24_hour_volume: "1",
        status: "ACTIVE",
      }],
    },
    balance: {
      balance: [
        { ...row, asset: "ZMW", balance: "7" },
        { ...row, asset: "XBT", balance: "0.5" },
        { ...row, asset: "ZAR", balance: "0.25" },
      ],
    },
  });
  await using exchange = await TestExchange.start();
  const context = exchange.connect({ url: server.url });
  // Nobody says in what to value: not in kwacha, which come first but which no market trades.
  const answer = await exchange.answer("get_account_balance", {}, context);
  assert.deepEqual([answer.value_in, answer.total_value, answer.unpriced], ["ZAR", "500000.25", ["ZMW"]]);
  assert.deepEqual(
    answer.balances.map(({ price, value }: Json) => [price, value]),
    [[null, null], ["1000000", "500000"], ["1", "0.25"]],
  );
});

Deno.test("get_account_balance shows empty currencies on request only", async () => {
  await using exchange = await TestExchange.start();
  await exchange.client.call("createAccount", { currency: "EUR", name: "Euro" });
  const currenciesOf = async (args: Record<string, unknown>) =>
    (await exchange.answer("get_account_balance", args)).balances.map(({ currency }: Json) => currency);
  assert.ok(!(await currenciesOf({})).includes("EUR"));
  assert.ok((await currenciesOf({ include_empty: true })).includes("EUR"));
  assert.deepEqual(await currenciesOf({ currency: "euro" }), ["EUR"]);
});

Deno.test("an account is found by id or, if it is the only one, by currency", async () => {
  await using exchange = await TestExchange.start();
  const { accounts } = await exchange.answer("get_accounts");
  const idsOf = (code: string) =>
    accounts.filter(({ currency }: Json) => currency === code).map(({ account_id }: Json) => account_id);
  const [bitcoin] = idsOf("XBT");
  assert.equal((await exchange.answer("list_transfers", { currency: "BTC" })).account_id, bitcoin);
  assert.equal((await exchange.answer("list_transfers", { account_id: bitcoin, currency: "XBT" })).currency, "XBT");
  const ambiguous = await exchange.refusal("list_transfers", { currency: "ZAR" });
  assert.deepEqual([ambiguous.fields?.[0]?.field, ambiguous.suggestions], ["currency", idsOf("ZAR")]);
  for (const args of [{}, { account_id: "42" }, { account_id: bitcoin, currency: "ZAR" }]) {
    const error = await exchange.refusal("get_pending_transactions", args);
    assert.deepEqual([error.code, error.fields?.[0]?.field], ["ERR_INVALID_ARGUMENT", "account_id"]);
  }
  for (const account_id of ["../balance", "1?x=1", "12345678901234567890", "-1"]) {
    assert.equal((await exchange.refusal("get_transaction_history", { account_id })).code, "ERR_INVALID_ARGUMENT");
  }
});

Deno.test("get_pending_transactions shows incoming transactions, without a row number", async () => {
  await using exchange = await TestExchange.start();
  const { pending, currency } = await exchange.answer("get_pending_transactions", { currency: "XBT" });
  assert.deepEqual([currency, pending.length], ["XBT", 1]);
  assert.deepEqual([pending[0].kind, pending[0].balance_delta, "row_index" in pending[0]], [
    "TRANSFER",
    "0.025",
    false,
  ]);
});

Deno.test("list_transfers pages through every transfer exactly once, latest first", async () => {
  await using exchange = await TestExchange.start();
  const { accounts } = await exchange.answer("get_accounts");
  const account_id = accounts.find(({ name }: Json) => name === "ZAR Wallet").account_id;
  const { transfers: wire } = await exchange.client.call("listTransfers", { account_id, limit: 1_000 });
  assert.ok(wire.length > 1);
  for (const limit of [1, 2, 500]) {
    const seen: Json[] = [];
    let cursor: string | undefined;
    do {
      const page: Json = await exchange.answer("list_transfers", { account_id, limit, ...(cursor && { cursor }) });
      assert.ok(page.transfers.length <= limit);
      seen.push(...page.transfers);
      cursor = page.next_cursor;
    } while (cursor !== undefined);
    assert.deepEqual(
      seen.map(({ id, direction, amount, fee, time }) => [id, direction, amount, fee, Date.parse(time)]),
      wire.map(({ id, inbound, amount, fee, created_at }) => [id, inbound ? "in" : "out", amount, fee, created_at]),
    );
  }
});

Deno.test("list_transfers pages past transfers of one millisecond", async () => {
  const ids = Array.from({ length: 30 }, (_, index) => String(100 + index));
  const transfers = ids.map((id) => ({
    id,
    amount: "1",
    fee: "0",
    inbound: true,
    created_at: START_MS,
    transaction_id: "",
  }));
  await using server = answering({
    balance: { balance: [{ account_id: "1", asset: "XBT", balance: "1", reserved: "0" }] },
    transfers: (query) => {
      const before = Number(query.get("before") ?? Infinity);
      const known = transfers.filter(({ created_at }) => created_at < before);
      return { transfers: known.slice(0, Number(query.get("limit"))) };
    },
  });
  await using exchange = await TestExchange.start();
  const context = exchange.connect({ url: server.url });
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const page: Json = await exchange.answer(
      "list_transfers",
      { account_id: "1", limit: 7, ...(cursor && { cursor }) },
      context,
    );
    seen.push(...page.transfers.map(({ id }: Json) => id));
    cursor = page.next_cursor;
  } while (cursor !== undefined && seen.length < 100);
  assert.deepEqual(seen, ids);
});

Deno.test("names, descriptions and references lose control characters and are cut after 300 characters", async () => {
  const nasty = `a\u0000b\u001b[31m\u202e\n${"x".repeat(10_000)}`;
  await using server = answering({
    balance: { balance: [{ account_id: "1", asset: "XBT", balance: "1", reserved: "0", name: nasty }] },
    transactions: {
      id: "1",
      transactions: [{
        row_index: 1,
        timestamp: START_MS,
        account_id: "1",
        currency: "XBT",
        balance: "1",
        available: "1",
        balance_delta: "1",
        available_delta: "1",
        description: nasty,
        kind: "TRANSFER",
        reference: nasty,
        detail_fields: { crypto_details: { address: nasty, txid: nasty } },
      }],
    },
  });
  await using exchange = await TestExchange.start();
  const context = exchange.connect({ url: server.url });
  const { accounts: [account] } = await exchange.answer("get_accounts", {}, context);
  const { transactions: [row] } = await exchange.answer("get_transaction_history", { account_id: "1" }, context);
  for (const text of [account.name, row.description, row.reference, row.address, row.txid]) {
    assert.match(text, /^a b \[31m x+$/);
    assert.equal(text.length, 300);
  }
});
