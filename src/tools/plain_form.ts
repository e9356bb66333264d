/**
 * Tools for clients of the older server, which call them by method name: accepts its arguments, and adds its fields to
 * the answer. Where a name means two things, the older meaning wins. Calls through `tools/call` and REST are not
 * affected.
 */

import { z } from "zod";
import { firstVersionState } from "../exchange/order_standing.ts";
import type { Order } from "../exchange/order_schemas.ts";
import { accountTools } from "./account.ts";
import { chooseAccount } from "./account_choice.ts";
import { transactionRow } from "./statement.ts";
import { readFor } from "./aliases.ts";
import { exchangeText } from "./exchange_text.ts";
import { AccountId } from "./inputs.ts";
import { marketTools } from "./market.ts";
import { orderTools } from "./orders.ts";
import { serverTools } from "./server.ts";
import { ArgumentError } from "./tool.ts";
import type { Tool, ToolContext } from "./tool.ts";
import { tradingTools } from "./trading.ts";

type Values = Readonly<Record<string, unknown>>;

/** The differences between a tool and its plain form. */
interface Difference {
  /** Additional or replaced arguments. */
  readonly input?: Readonly<Record<string, z.ZodType>>;
  /**
   * Converts the arguments for the tool.
   *
   * @default none
   */
  readonly read?: (args: Values, context: ToolContext) => Values | Promise<Values>;
  /** Additional or replaced fields of the answer. */
  readonly members?: (call: PlainCall) => Values | Promise<Values>;
}

/** A call and the tool's answer. */
interface PlainCall {
  readonly args: Values;
  readonly answer: Values;
  readonly context: ToolContext;
}

/** The ledger rows for clients that name none. */
const FIRST_ROWS = { min_row: 1, max_row: 100 };

const DIFFERENCES: Readonly<Record<string, Difference>> = {
  describe_capabilities: { members: capabilityMembers },
  get_crypto_price: { members: tickerMembers },
  get_market_overview: { read: (args) => isPaged(args) ? args : { ...args, limit: 500 }, members: marketMembers },
  get_account_balance: { members: balanceMembers },
  place_order: {
    input: {
      type: z.enum(["BID", "ASK", "limit", "market", "stop_limit"]).optional(),
      base_account_id: AccountId.optional(),
      counter_account_id: AccountId.optional(),
    },
    read: orderArguments,
  },
  cancel_order: {
    members: ({ answer: { status } }) => ({ success: ["cancelled", "filled", "ended"].includes(String(status)) }),
  },
  get_order_status: { members: orderMembers },
  get_fees: { members: feeMembers },
};

const tools = [...marketTools, ...accountTools, ...orderTools, ...tradingTools, ...serverTools];

/** The tools that have a plain form of their own, by name; all others are called unchanged. */
export const plainForms: ReadonlyMap<string, Tool> = new Map([
  ...Object.entries(DIFFERENCES).map(([name, difference]) => [name, plainForm(toolOf(name), difference)] as const),
  ["get_transaction_history", ledgerForm(toolOf("get_transaction_history"))],
]);

function toolOf(name: string): Tool {
  const tool = tools.find((each) => each.name === name);
  if (tool === undefined) throw new TypeError(`Cannot make a plain form as there is no tool ${name}`);
  return tool;
}

function plainForm(tool: Tool, { input = {}, read = (args) => args, members = () => ({}) }: Difference): Tool {
  return {
    ...tool,
    input: z.strictObject({ ...withoutDefaults(tool), ...input }),
    output: z.looseObject({}),
    async run(args: Values, context) {
      const answer: Values = await tool.run(readFor(tool, await read(args, context)), context);
      return { ...answer, ...await members({ args, answer, context }) };
    },
  };
}

/** Rows by number, as the exchange returns them, unless a filter is given that only the tool has. */
function ledgerForm(tool: Tool): Tool {
  return {
    ...tool,
    input: z.strictObject({
      ...withoutDefaults(tool),
      min_row: z.int().optional(),
      max_row: z.int().optional(),
    }),
    output: z.looseObject({}),
    async run({ account_id, min_row, max_row, ...rest }: Values, context) {
      const isByNumber = min_row !== undefined || max_row !== undefined;
      if (isByNumber || Object.keys(rest).length === 0) {
        return await ledgerRows({ account_id, min_row, max_row }, context);
      }
      return { ...await tool.run(readFor(tool, { account_id, ...rest }), context), id: account_id };
    },
  };
}

/** Absent arguments must stay recognizable: the tool adds its defaults itself. */
function withoutDefaults(tool: Tool): Record<string, z.core.SomeType> {
  return Object.fromEntries(
    Object.entries(tool.input.shape).map(([name, type]) => [
      name,
      type instanceof z.ZodDefault ? z.optional(type.removeDefault()) : type,
    ]),
  );
}

function capabilityMembers({ context: { server, caller } }: PlainCall): Values {
  return {
    name: server.name,
    description: "Model Context Protocol server of the Luno cryptocurrency exchange",
    vendor: { name: "Luno", url: "https://www.luno.com" },
    methods: server.tools.filter(({ scope }) => caller.allows(scope)).map(({ name }) => name),
    capabilities: { authentication: ["api_key"], rate_limiting: true, streaming: false },
  };
}

async function tickerMembers({ answer: { pair }, context: { exchange, signal } }: PlainCall): Promise<Values> {
  const { ask, bid, last_trade, rolling_24_hour_volume, timestamp } = await exchange.call(
    "getTicker",
    { pair: String(pair) },
    { signal },
  );
  return { ask, bid, last_trade, rolling_24_hour_volume, timestamp };
}

function isPaged({ limit, cursor }: Values): boolean {
  return limit !== undefined || cursor !== undefined;
}

/** Rows with selected columns stay unchanged. */
async function marketMembers({ args, answer, context: { exchange, signal } }: PlainCall): Promise<Values> {
  const { markets: rows } = answer;
  if (args["fields"] !== undefined || !Array.isArray(rows)) return {};
  const { markets } = await exchange.call("getMarkets", {}, { signal });
  const byId = new Map(markets.map((market) => [market.market_id, market]));
  return { markets: rows.map((row: { pair: string }) => ({ ...row, ...byId.get(row.pair) })) };
}

async function balanceMembers({ context: { exchange, signal } }: PlainCall): Promise<Values> {
  const { balance } = await exchange.call("getBalances", {}, { signal });
  return { balance: balance.map((row) => ({ ...row, name: exchangeText(row.name) })) };
}

/** An order by side: with a price a limit order, without one a market order. */
async function orderArguments(
  { type, base_account_id, counter_account_id, ...order }: Values,
  context: ToolContext,
): Promise<Values> {
  await checkAccounts({ pair: order["pair"], base_account_id, counter_account_id }, context);
  if (type !== "BID" && type !== "ASK") return type === undefined ? order : { ...order, type };
  if (order["side"] !== undefined) throw new ArgumentError("side", `expected no side beside type ${type}`);
  return { ...order, side: type, type: order["price"] === undefined ? "market" : "limit" };
}

/** Orders trade on the exchange's default account, which may be named when it is the only one. */
async function checkAccounts(
  { pair, ...accounts }: { pair: unknown; base_account_id: unknown; counter_account_id: unknown },
  context: ToolContext,
): Promise<void> {
  const named = Object.entries(accounts).filter(([, id]) => id !== undefined);
  if (named.length === 0) return;
  const { exchange, markets, signal } = context;
  const market = await markets.resolve(String(pair), { signal });
  const { balance } = await exchange.call("getBalances", {}, { signal });
  for (const [field, id] of named) {
    const currency = field === "base_account_id" ? market.base_currency : market.counter_currency;
    const ids = balance.filter(({ asset }) => asset === currency).map(({ account_id }) => account_id);
    if (ids.length === 1 && ids[0] === id) continue;
    const problem = ids.includes(String(id))
      ? `expected none, as an order takes the default of your ${ids.length} accounts in ${currency}`
      : `expected your account in ${currency}: current value is ${id}`;
    throw new ArgumentError(field, problem, ids);
  }
}

/** The order as in version 1 of the exchange's API: `type` is the side, `base` and `counter` are amounts. */
async function orderMembers({ answer, context: { exchange, signal } }: PlainCall): Promise<Values> {
  const order = await exchange.call("getOrder", { id: String(answer["order_id"]) }, { signal });
  const client_order_id = exchangeText(order.client_order_id);
  return { ...order, client_order_id, status: answer["status"], ...firstVersion(order) };
}

function firstVersion(order: Order): Values {
  return { type: order.side === "BUY" ? "BID" : "ASK", state: firstVersionState(order) };
}

async function ledgerRows(
  { account_id, min_row, max_row }: Values,
  context: ToolContext,
): Promise<Record<string, unknown>> {
  const account = await chooseAccount(context, { account_id: account_id as string | undefined, currency: undefined });
  const rows = { min_row: Number(min_row ?? FIRST_ROWS.min_row), max_row: Number(max_row ?? FIRST_ROWS.max_row) };
  const { exchange, signal } = context;
  const { id, transactions } = await exchange.call("listTransactions", { id: account.account_id, ...rows }, { signal });
  return {
    account_id: account.account_id,
    currency: account.asset,
    id,
    transactions: transactions.map((row) => ({ ...row, ...transactionRow(row) })),
  };
}

/** One rate for both sides, as the exchange had before; when they differ, that of buying. */
async function feeMembers({ answer: { pair }, context: { exchange, signal } }: PlainCall): Promise<Values> {
  const { maker_fee_buy, taker_fee_buy, thirty_day_volume } = await exchange.call(
    "getFeeInfo",
    { pair: String(pair) },
    { signal },
  );
  return { maker_fee: maker_fee_buy, taker_fee: taker_fee_buy, thirty_day_volume };
}
