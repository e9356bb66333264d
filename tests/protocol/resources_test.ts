import assert from "node:assert/strict";
import { Big } from "big.js";
import type { Client } from "@modelcontextprotocol/client";
import { loadConfig } from "../../src/config/load.ts";
import { publicConfig } from "../../src/config/print.ts";
import { endpoints } from "../../src/exchange/endpoints.ts";
import { SIMULATED_KEYS } from "../../src/simulation/api/simulated_keys.ts";
import { type Json, TestExchange } from "../support/exchange.ts";
import { connectClient } from "./connections.ts";

const MARKET_TEMPLATES = ["ticker", "orderbook", "trades", "candles"].map((kind) => `luno://market/{pair}/${kind}`);

async function read(client: Client, uri: string): Promise<Json> {
  const { contents: [content] } = await client.readResource({ uri });
  assert.deepEqual([content?.uri, content?.mimeType], [uri, "application/json"]);
  return JSON.parse(content !== undefined && "text" in content ? content.text : "");
}

Deno.test("every listed resource can be read, and none shows a secret", async () => {
  await using exchange = await TestExchange.start();
  await using client = await connectClient(exchange.context);
  const { resources } = await client.listResources();
  assert.deepEqual(resources.map(({ uri }) => uri), [
    "luno://config",
    "luno://status",
    "luno://endpoints",
    "luno://wallets",
    "luno://transactions",
    "luno://balances",
    "luno://orders/open",
  ]);
  for (const { uri } of resources) {
    const text = JSON.stringify(await read(client, uri));
    for (const { id, secret } of Object.values(SIMULATED_KEYS)) {
      assert.ok(!text.includes(secret) && !text.includes(btoa(`${id}:${secret}`)), uri);
    }
  }
});

Deno.test("luno://config shows the settings without the key's secret", async () => {
  const env: Record<string, string> = { LUNO_API_KEY: "canary-id", LUNO_API_SECRET: "canary-secret" };
  const loaded = await loadConfig({ exchange: "live" }, (name) => env[name]);
  assert.ok(loaded.ok, JSON.stringify(loaded));
  await using exchange = await TestExchange.start();
  await using client = await connectClient(exchange.context, { config: publicConfig(loaded) });
  const config = await read(client, "luno://config");
  assert.equal(config.exchange, "live");
  assert.doesNotMatch(JSON.stringify(config), /canary-secret/);
});

Deno.test("luno://status shows the state of the connection to the exchange", async () => {
  await using exchange = await TestExchange.start();
  await using client = await connectClient(exchange.context);
  const status = await read(client, "luno://status");
  assert.deepEqual([status.server, status.exchange, status.credentials, status.uptime_ms], [
    "luno-mcp-server",
    "simulated",
    true,
    1_235,
  ]);
  assert.equal(status.breaker.state, "closed");
});

Deno.test("luno://endpoints lists every call that the client can make", async () => {
  await using exchange = await TestExchange.start();
  await using client = await connectClient(exchange.context);
  const list: Json[] = await read(client, "luno://endpoints");
  assert.deepEqual(list.map(({ name }) => name), Object.keys(endpoints));
  assert.deepEqual(list.find(({ name }) => name === "getBalances").permission, "Perm_R_Balance");
});

Deno.test("luno://wallets equals the result of get_accounts", async () => {
  await using exchange = await TestExchange.start();
  await using client = await connectClient(exchange.context);
  assert.deepEqual(await read(client, "luno://wallets"), await exchange.answer("get_accounts"));
});

Deno.test("luno://transactions shows the latest rows over all accounts, however long a ledger is", async () => {
  await using exchange = await TestExchange.start({ ledgerRows: 2_500 });
  await using client = await connectClient(exchange.context);
  const { accounts } = await exchange.answer("get_accounts");
  const rows: Json[] = (await Promise.all(
    accounts.map(async ({ account_id, currency }: Json) =>
      (await exchange.answer("get_transaction_history", { account_id, limit: 100 })).transactions
        .map((row: Json) => ({ account_id, currency, ...row }))
    ),
  )).flat();
  const { transactions: latest, ...rest } = await read(client, "luno://transactions");
  assert.deepEqual([latest.length, rest], [20, {}]);
  const times = latest.map(({ time }: Json) => time);
  assert.deepEqual(times, rows.map(({ time }) => time).toSorted().toReversed().slice(0, 20));
  for (const row of latest) assert.ok(rows.some((known) => JSON.stringify(known) === JSON.stringify(row)));
});

Deno.test("luno://accounts/{id} shows one account with its latest rows", async () => {
  await using exchange = await TestExchange.start({ ledgerRows: 2_500 });
  await using client = await connectClient(exchange.context);
  const { resourceTemplates } = await client.listResourceTemplates();
  assert.deepEqual(resourceTemplates.map(({ uriTemplate }) => uriTemplate), [
    "luno://accounts/{id}",
    "luno://orders/{id}{?after}",
    ...MARKET_TEMPLATES,
  ]);
  const { accounts } = await exchange.answer("get_accounts");
  const account = accounts.find(({ name }: Json) => name === "ZAR Wallet");
  const { transactions, ...shown } = await read(client, `luno://accounts/${account.account_id}`);
  assert.deepEqual(shown, account);
  const { account_id } = account;
  const history = await exchange.answer("get_transaction_history", { account_id, limit: 20 });
  assert.deepEqual(transactions, history.transactions);
});

Deno.test("an address of a pair or an order that does not exist is a resource that is not found, and says why", async () => {
  await using exchange = await TestExchange.start();
  await using client = await connectClient(exchange.context);
  const cases = [
    [
      "luno://market/XBTZZZ/ticker",
      "ERR_PAIR_UNKNOWN",
      /^Resource not found: luno:\/\/market.*: Cannot find pair "XBTZZZ"/,
    ],
    ["luno://market/9007199254740993/candles", "ERR_PAIR_UNKNOWN", /Cannot find pair "9007199254740993"/],
    [
      "luno://orders/nonsense",
      "ERR_ARGUMENT_REFUSED",
      /^Resource not found: luno:\/\/orders\/nonsense: Cannot read an order/,
    ],
  ] as const;
  for (const [uri, code, message] of cases) {
    const error = await client.readResource({ uri }).then(() => assert.fail(uri), (error: Json) => error);
    assert.deepEqual([error.code, error.data.uri, error.data.code], [-32602, uri, code]);
    assert.match(error.message, message);
  }
});

Deno.test("a resource that the exchange does not return fails with the tool's error as data", async () => {
  await using exchange = await TestExchange.start();
  await using client = await connectClient(exchange.connect({ key: null }));
  for (const uri of ["luno://wallets", "luno://transactions", "luno://accounts/42"]) {
    const error = await client.readResource({ uri }).then(() => assert.fail(uri), (error: Json) => error);
    assert.deepEqual([error.code, error.data.code], [-32603, "ERR_CREDENTIALS_MISSING"]);
  }
});

Deno.test("without the account tools no resource and no completion shows an account", async () => {
  await using exchange = await TestExchange.start();
  const { accounts: [account] } = await exchange.answer("get_accounts");
  await using client = await connectClient(exchange.context, { groups: ["market", "server"] });
  const { resources } = await client.listResources();
  assert.deepEqual(resources.map(({ uri }) => uri), ["luno://config", "luno://status", "luno://endpoints"]);
  const { resourceTemplates } = await client.listResourceTemplates();
  assert.deepEqual(resourceTemplates.map(({ uriTemplate }) => uriTemplate), MARKET_TEMPLATES);
  for (const uri of ["luno://wallets", "luno://transactions", `luno://accounts/${account.account_id}`]) {
    await assert.rejects(client.readResource({ uri }), /not found/i, uri);
  }
  const { completion } = await client.complete({
    ref: { type: "ref/resource", uri: "luno://accounts/{id}" },
    argument: { name: "id", value: account.account_id.slice(0, 4) },
  });
  assert.deepEqual(completion.values, []);
});

Deno.test("a caller without a scope gets no resource, no prompt and no completion, and can read none", async () => {
  await using exchange = await TestExchange.start();
  const caller = { identity: "key:intern", allows: () => false };
  await using client = await connectClient({ ...exchange.context, caller });
  assert.deepEqual((await client.listResources()).resources, []);
  assert.deepEqual((await client.listResourceTemplates()).resourceTemplates, []);
  assert.deepEqual((await client.listPrompts()).prompts, []);
  assert.deepEqual((await client.listTools()).tools, []);
  for (const name of ["config", "status", "endpoints", "wallets", "transactions", "accounts/1"]) {
    await assert.rejects(client.readResource({ uri: `luno://${name}` }), /not found/i, name);
  }
  const { completion } = await client.complete({
    ref: { type: "ref/prompt", name: "pre_trade_check" },
    argument: { name: "side", value: "" },
  });
  assert.deepEqual(completion.values, []);
});

Deno.test("luno://market/{pair}/… show what the tools return of a pair, and nothing of an unknown one", async () => {
  await using exchange = await TestExchange.start();
  await using client = await connectClient(exchange.context);
  assert.equal((await read(client, "luno://market/XBTZAR/ticker")).pair, "XBTZAR");
  assert.ok((await read(client, "luno://market/XBTZAR/orderbook")).asks.length > 0);
  assert.ok((await read(client, "luno://market/XBTZAR/trades")).trades.length > 0);
  assert.ok((await read(client, "luno://market/XBTZAR/candles")).candles.length > 0);
  await assert.rejects(client.readResource({ uri: "luno://market/NOPENOPE/ticker" }));
  await assert.rejects(client.readResource({ uri: "luno://market/XBTZAR/depth" }));
});

Deno.test("luno://orders/{id} shows an order with every trade that filled it", async () => {
  await using exchange = await TestExchange.start();
  const order = { pair: "XBTZAR", type: "BUY", counter_volume: "30000" } as const;
  const { order_id } = await exchange.context.exchange.call("postMarketOrder", order);
  await using client = await connectClient(exchange.context);
  const shown = await read(client, `luno://orders/${order_id}`);
  assert.deepEqual([shown.order_id, shown.status], [order_id, "filled"]);
  const filled = shown.trades.reduce((sum: Big, trade: Json) => sum.plus(trade.volume), new Big(0));
  assert.equal(filled.toFixed(), new Big(shown.filled_volume).toFixed());
  for (const [uri, tool] of [["luno://orders/open", "get_open_orders"], ["luno://balances", "get_account_balance"]]) {
    const answer = await exchange.answer(String(tool));
    assert.deepEqual(await read(client, String(uri)), JSON.parse(JSON.stringify(answer)));
  }
});

Deno.test("luno://orders/{id} continues from its cursor, so that a slow reader misses no trade", async () => {
  await using exchange = await TestExchange.start();
  await using client = await connectClient(exchange.context);
  const { bid } = await exchange.context.exchange.call("getTicker", { pair: "XBTZAR" });
  const order = { pair: "XBTZAR", volume: "0.1", price: new Big(bid).toFixed() };
  const { order_id } = await exchange.context.exchange.call("postLimitOrder", { ...order, type: "BID" });
  const uri = `luno://orders/${order_id}`;
  const pages: Json[] = [await read(client, uri)];
  while (pages.at(-1).status !== "filled") {
    exchange.clock.now += 600_000;
    pages.push(await read(client, `${uri}?after=${pages.at(-1).next}`));
  }
  assert.ok(pages.filter(({ trades }) => trades.length > 0).length > 1, "it was filled at once");
  const trades = pages.flatMap(({ trades }) => trades);
  const sequences = trades.map(({ sequence }) => sequence);
  assert.deepEqual(sequences, [...new Set(sequences)].sort((one, other) => one - other));
  const sum = trades.reduce((sum: Big, trade: Json) => sum.plus(trade.volume), new Big(0));
  assert.equal(sum.toFixed(), pages.at(-1).filled_volume);
  assert.equal(pages.at(-1).has_more, false);
  assert.deepEqual((await read(client, `${uri}?after=${pages.at(-1).next}`)).trades, []);
  const other = await exchange.context.exchange.call("postLimitOrder", { ...order, type: "BID", price: "100000" });
  const foreign = client.readResource({ uri: `luno://orders/${other.order_id}?after=${pages.at(-1).next}` });
  await assert.rejects(foreign, { code: -32602 });
  await assert.rejects(client.readResource({ uri: `${uri}?after=nothing` }), { code: -32602 });
});

Deno.test("luno://orders/{id} says that there is more while the exchange's list of trades lags behind", async () => {
  await using exchange = await TestExchange.start({ readLagMs: 60_000 });
  const order = { pair: "XBTZAR", type: "BUY", counter_volume: "30000" } as const;
  const { order_id } = await exchange.context.exchange.call("postMarketOrder", order);
  await using client = await connectClient(exchange.context);
  const before = await read(client, `luno://orders/${order_id}`);
  assert.deepEqual([before.status, before.trades, before.has_more], ["filled", [], true]);
  exchange.clock.now += 61_000;
  const after = await read(client, `luno://orders/${order_id}?after=${before.next}`);
  const sum = after.trades.reduce((sum: Big, trade: Json) => sum.plus(trade.volume), new Big(0));
  assert.deepEqual([sum.toFixed(), after.has_more], [after.filled_volume, false]);
});
