/** Every tool's answers, in the forms that its arguments give them, are as its schema says: for real funds and for paper. */

import assert from "node:assert/strict";
import { catalogue } from "../../src/tools/catalogue.ts";
import { SCOPES } from "../../src/access/scopes.ts";
import { type Json, TestExchange } from "../support/exchange.ts";
import { BrokerWorld, FILL, REST } from "../trading/broker_world.ts";

type Arguments = Record<string, unknown>;

const pair = "XBTZAR";

/** What each tool that reads is asked. */
async function readingCalls(exchange: TestExchange): Promise<Record<string, readonly Arguments[]>> {
  const [{ accounts }, { orders }] = [await exchange.answer("get_accounts"), await exchange.answer("list_orders")];
  const account_id = accounts.find(({ name }: Json) => name === "ZAR Wallet").account_id;
  return {
    get_crypto_price: [{ pair }],
    get_all_tickers: [{}, { pairs: [pair], fields: ["pair", "last"] }, { limit: 1 }],
    get_market_overview: [{}, { limit: 2, fields: ["pair", "status"] }, { status: "POST_ONLY" }],
    get_orderbook: [{ pair }, { pair, depth: 1 }],
    get_recent_trades: [{ pair }, { pair, limit: 1 }],
    get_historical_prices: [{ pair }, { pair, count: 2, from: 0, fields: ["time", "close"] }],
    get_price_range: [{ pair }, { pair, days: 100 }],
    get_account_balance: [{}, { include_empty: true, value_in: "XBT" }, { currency: "XBT" }],
    get_accounts: [{}, { currency: "XBT" }],
    get_transaction_history: [{ account_id }, { account_id, limit: 1, fields: ["row_index"] }, {
      account_id,
      kind: "FEE",
    }],
    get_pending_transactions: [{ currency: "XBT" }, { currency: "MYR" }],
    get_transaction: [{ account_id, transaction_id: "1" }],
    list_transfers: [{ account_id }, { account_id, limit: 1 }, { currency: "XBT" }],
    get_open_orders: [{}, { pair, fields: ["order_id", "status"] }],
    list_orders: [{}, { limit: 1 }, ...["open", "closed", "filled", "cancelled"].map((state) => ({ state }))],
    get_order_status: orders.map(({ order_id }: Json) => ({ order_id })),
    get_trade_history: [{ pair }, { pair, limit: 1, fields: ["price"] }],
    get_fees: [{ pair }],
    check_api_health: [{}, { permissions: false }],
    describe_capabilities: [{}],
  };
}

/** Asks each tool that trades, so that it answers in all the ways that need no fault. */
async function trade(world: BrokerWorld): Promise<ReadonlySet<string>> {
  const asked = new Set<string>();
  const ask = async (name: string, args: Arguments): Promise<Json> => {
    asked.add(name);
    return await world.answer(name, args, world.context("local", { scopes: SCOPES }));
  };
  await ask("preview_order", { ...REST, volume: "1" });
  const { preview_id } = await ask("preview_order", FILL);
  await ask("place_order", { preview_id });
  const { order_id } = await ask("place_order", { ...REST, idempotency_key: "once" });
  await ask("place_order", { ...REST, idempotency_key: "once" });
  const { placement } = await ask("replace_order", { order_id, price: "1050001" });
  await ask("cancel_order", { order_id: placement.order_id });
  await ask("cancel_order", { order_id });
  await ask("cancel_order", { client_order_id: "lm-none" });
  await ask("place_order", REST);
  await ask("cancel_all_orders", {});
  await ask("cancel_all_orders", { pair });
  await ask("get_audit_trail", {});
  await ask("place_order", REST);
  await ask("halt_trading", { reason: "a test", cancel_open: true });
  await ask("halt_trading", { reason: "a test" });
  await ask("preview_order", REST);
  return asked;
}

for (const isPaper of [false, true]) {
  const funds = isPaper ? "paper" : "real";

  Deno.test(`every tool that reads returns ${funds} funds by its schema`, async () => {
    await using exchange = await TestExchange.start();
    const calls = await readingCalls(exchange);
    const reading = catalogue.filter(({ group }) => group !== "trading");
    assert.deepEqual(Object.keys(calls).toSorted(), reading.map(({ name }) => name).toSorted());
    for (const [name, variants] of Object.entries(calls)) {
      for (const args of variants) await exchange.answer(name, args, { ...exchange.context, isPaper });
    }
  });
}

Deno.test("every tool that trades returns answers that match its schema", async () => {
  await using world = await BrokerWorld.start();
  const asked = await trade(world);
  const trading = catalogue.filter(({ group }) => group === "trading");
  assert.deepEqual([...asked].toSorted(), trading.map(({ name }) => name).toSorted());
});

Deno.test("place_order returns an answer that matches its schema while approval is pending", async () => {
  await using world = await BrokerWorld.start({ bound: "confirm" });
  assert.equal((await world.answer("place_order", REST)).status, "awaiting_confirmation");
});
