/** Every endpoint of the client against the simulated exchange, over real HTTP. */

import assert from "node:assert/strict";
import type { AnswerOf, EndpointName, ParamsOf } from "../../src/exchange/endpoints.ts";
import { endpoints } from "../../src/exchange/endpoints.ts";
import { ExchangeError } from "../../src/exchange/errors.ts";
import { START_MS, TestExchange } from "../support/exchange.ts";

/** What one call needs to know of the calls before it. */
interface Known {
  readonly accountId: string;
  readonly orderId: string;
  readonly moveId: string;
  readonly withdrawalId: string;
}

const CALLS: { readonly [Name in EndpointName]: (known: Known) => ParamsOf<Name> } = {
  createAccount: () => ({ currency: "XBT", name: "Savings" }),
  updateAccountName: ({ accountId }) => ({ id: accountId, name: "Renamed" }),
  listPendingTransactions: ({ accountId }) => ({ id: accountId }),
  listTransactions: ({ accountId }) => ({ id: accountId, min_row: -10, max_row: 0 }),
  getBalances: () => ({ assets: ["XBT", "ZAR"] }),
  getMove: ({ moveId }) => ({ id: moveId }),
  listMoves: () => ({}),
  listBeneficiaries: () => ({}),
  getTicker: () => ({ pair: "XBTZAR" }),
  getTickers: () => ({ pair: ["XBTZAR", "ETHZAR"] }),
  getOrderBook: () => ({ pair: "XBTZAR" }),
  getOrderBookFull: () => ({ pair: "XBTZAR" }),
  listTrades: () => ({ pair: "XBTZAR" }),
  getCandles: () => ({ pair: "XBTZAR", since: START_MS - 86_400_000, duration: 3_600 }),
  getMarkets: () => ({ pair: ["XBTZAR"] }),
  getFeeInfo: () => ({ pair: "XBTZAR" }),
  listOrdersV1: () => ({ limit: 5 }),
  getOrderV1: ({ orderId }) => ({ id: orderId }),
  listOrders: () => ({ closed: true, limit: 5 }),
  listOpenOrderIds: () => ({ limit: 5 }),
  getOrderV2: ({ orderId }) => ({ id: orderId }),
  getOrder: () => ({ client_order_id: "contract-1" }),
  listUserTrades: () => ({ pair: "XBTZAR", limit: 5 }),
  postLimitOrder: () => ({
    pair: "XBTZAR",
    type: "BID",
    volume: "0.001",
    price: "900000",
    client_order_id: "contract-2",
  }),
  postMarketOrder: () => ({ pair: "XBTZAR", type: "SELL", base_volume: "0.001" }),
  stopOrder: ({ orderId }) => ({ order_id: orderId }),
  getFundingAddress: () => ({ asset: "XBT" }),
  createFundingAddress: () => ({ asset: "XBT" }),
  validateAddress: () => ({ address: "1AbbJJzevwFFVBKvZRtQHHFgrJyYTKaMw2", currency: "XBT", is_self_send: true }),
  listSendNetworks: () => ({ currency: "ETH" }),
  getSendFee: () => ({ amount: "0.1", currency: "XBT", address: "1AbbJJzevwFFVBKvZRtQHHFgrJyYTKaMw2" }),
  listWithdrawals: () => ({ limit: 5 }),
  getWithdrawal: ({ withdrawalId }) => ({ id: withdrawalId }),
  listTransfers: ({ accountId }) => ({ account_id: accountId }),
  listLinkedUsers: () => ({}),
};

async function findKnown({ client }: TestExchange): Promise<Known> {
  const [{ balance }, { moves }, { withdrawals }] = await Promise.all([
    client.call("getBalances", { assets: ["XBT"] }),
    client.call("listMoves", {}),
    client.call("listWithdrawals", {}),
  ]);
  const order = {
    pair: "XBTZAR",
    type: "BID",
    volume: "0.001",
    price: "900000",
    client_order_id: "contract-1",
  } as const;
  const { order_id } = await client.call("postLimitOrder", order);
  return {
    accountId: balance[0]?.account_id ?? "",
    orderId: order_id,
    moveId: moves[0]?.id ?? "",
    withdrawalId: withdrawals[0]?.id ?? "",
  };
}

function callNamed<Name extends EndpointName>(
  { client }: TestExchange,
  name: Name,
  known: Known,
): Promise<AnswerOf<Name>> {
  return client.call(name, CALLS[name](known));
}

for (const name of Object.keys(endpoints) as EndpointName[]) {
  Deno.test(`ExchangeClient.call(${JSON.stringify(name)}) reads what the simulated exchange answers`, async () => {
    await using exchange = await TestExchange.start();
    const answer = await callNamed(exchange, name, await findKnown(exchange));
    assert.ok(Object.keys(answer).length > 0);
  });
}

Deno.test("ExchangeClient places an order, reads it by its own id, cancels it and sees the difference", async () => {
  await using exchange = await TestExchange.start();
  const { client } = exchange;
  const known = await findKnown(exchange);
  const open = await client.call("getOrder", { client_order_id: "contract-1" });
  assert.deepEqual([open.order_id, open.status, open.limit_volume], [known.orderId, "PENDING", "0.001"]);
  assert.deepEqual(await client.call("stopOrder", { order_id: known.orderId }), { success: true });
  const cancelled = await client.call("getOrder", { id: known.orderId });
  assert.equal(cancelled.status, "COMPLETE");
  assert.ok(cancelled.expiration_timestamp > 0);
});

Deno.test("ExchangeClient reports that a client_order_id was used before", async () => {
  await using exchange = await TestExchange.start();
  await findKnown(exchange);
  await assert.rejects(findKnown(exchange), (error: ExchangeError) => {
    assert.deepEqual([error.code, error.lunoCode, error.status], ["ERR_DUPLICATE", "ErrDuplicateClientOrderID", 409]);
    return true;
  });
});

Deno.test("ExchangeClient with a read-only key is refused what it may not do, and reports that", async () => {
  await using exchange = await TestExchange.start();
  const { exchange: readOnly } = exchange.connect({ key: "readOnly" });
  await assert.rejects(readOnly.call("postMarketOrder", { pair: "XBTZAR", type: "SELL", base_volume: "0.001" }), {
    code: "ERR_PERMISSION_MISSING",
    outcome: "none",
  });
});
