/** Reads the content of resources. */

import type { Awaitable } from "../timing/awaitable.ts";
import { ProtocolError, ProtocolErrorCode, ResourceNotFoundError } from "@modelcontextprotocol/server";
import type { ReadResourceResult } from "@modelcontextprotocol/server";
import { tellableStatus } from "../exchange/clock_skew.ts";
import { endpoints } from "../exchange/endpoints.ts";
import { leftOut, warningsOf } from "../tools/inputs.ts";
import { readFills } from "../tools/order_fills.ts";
import { tradeRow } from "../tools/orders.ts";
import { ArgumentError } from "../tools/tool.ts";
import type { Tool, ToolContext } from "../tools/tool.ts";
import { isObject } from "../validation/is_object.ts";
import { describeError } from "./tool_error.ts";
import { findResource, groupsFor, isOffered, RECENT_ROWS } from "./resource_list.ts";
import type { FoundResource, ResourceTemplate, ResourceUri } from "./resource_list.ts";
import type { ToolOutcome } from "./tool_call.ts";

/** What resources need in addition to a tool's context. */
export interface ResourceContext extends ToolContext {
  /** The configuration without secrets. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Milliseconds since the start, monotonic. */
  uptimeMs(): number;
  /** Runs the tools that a resource consists of: measured and logged like any call. */
  readonly run: Run;
}

type Run = (tool: Tool, args: unknown, context: ToolContext) => Awaitable<ToolOutcome>;

/** Each one costs a call to the exchange. */
const READ_ACCOUNTS = 20;

type Reader = (context: ResourceContext) => Promise<unknown> | unknown;

/** Reads each resource. */
const READERS: Readonly<Record<ResourceUri, Reader>> = {
  "luno://config": ({ config }) => config,
  "luno://status": ({ server, exchange, uptimeMs }) => ({
    server: server.name,
    version: server.version,
    exchange: server.exchange,
    credentials: exchange.hasCredentials,
    uptime_ms: Math.round(uptimeMs()),
    ...tellableStatus(exchange.status()),
  }),
  "luno://endpoints": () =>
    Object.entries(endpoints).map(([name, { title, method, path, permission }]) => ({
      name,
      title,
      method,
      path,
      permission,
    })),
  "luno://wallets": (context) => runTool("get_accounts", {}, context),
  "luno://transactions": readLatestTransactions,
  "luno://balances": (context) => runTool("get_account_balance", {}, context),
  "luno://orders/open": (context) => runTool("get_open_orders", {}, context),
};

/** Reads each resource of a template, given the value of its variable. */
const TEMPLATE_READERS: Readonly<
  Record<ResourceTemplate, (value: string, context: ResourceContext, after?: string) => unknown>
> = {
  "luno://accounts/{id}": readAccount,
  "luno://orders/{id}{?after}": readOrder,
  "luno://market/{pair}/ticker": (pair, context) => runTool("get_crypto_price", { pair }, context),
  "luno://market/{pair}/orderbook": (pair, context) => runTool("get_orderbook", { pair }, context),
  "luno://market/{pair}/trades": (pair, context) => runTool("get_recent_trades", { pair }, context),
  "luno://market/{pair}/candles": (pair, context) => runTool("get_historical_prices", { pair }, context),
};

/**
 * Reads one resource.
 *
 * @throws {ResourceNotFoundError} when it does not exist, or this caller may use no tool that shows it
 * @throws {ProtocolError} when the exchange could not answer; `data` is the tool error
 */
export async function readResource(uri: string, context: ResourceContext): Promise<ReadResourceResult> {
  const found = findResource(uri);
  const groups = groupsFor(context.server.tools, context.caller);
  if (found === undefined || !isOffered(found.entry, groups, context.caller)) {
    throw new ResourceNotFoundError(uri.slice(0, 200));
  }
  return { contents: [{ uri, mimeType: "application/json", text: JSON.stringify(await read(found, uri, context)) }] };
}

async function read(found: FoundResource, uri: string, context: ResourceContext): Promise<unknown> {
  if (found.template === undefined) return await READERS[found.uri](context);
  try {
    return await TEMPLATE_READERS[found.template](found.value, context, found.after);
  } catch (error) {
    throw asMissing(error, uri) ?? error;
  }
}

/** The codes of tools whose only argument is a part of the address: there is no such resource. */
const MISSING: ReadonlySet<unknown> = new Set([
  "ERR_PAIR_UNKNOWN",
  "ERR_NOT_FOUND",
  "ERR_ARGUMENT_REFUSED",
  "ERR_INVALID_ARGUMENT",
]);

/** The error for a resource that does not exist, with what its tool said. */
function asMissing(error: unknown, uri: string): ProtocolError | undefined {
  if (!(error instanceof ProtocolError) || error.code !== ProtocolErrorCode.InternalError) return undefined;
  const { message, data } = error;
  if (!isObject(data) || !MISSING.has(data.code)) return undefined;
  const shown = uri.slice(0, 200);
  const code = ProtocolErrorCode.InvalidParams;
  return new ProtocolError(code, `Resource not found: ${shown}: ${message}`, { ...data, uri: shown });
}

async function readAccount(id: string, context: ResourceContext): Promise<unknown> {
  const { accounts } = await runTool("get_accounts", {}, context);
  const account = asRows(accounts).find((row) => row.account_id === id);
  if (account === undefined) throw new ResourceNotFoundError(`luno://accounts/${id}`);
  const history = await runTool("get_transaction_history", { account_id: id, limit: RECENT_ROWS }, context);
  const { transactions, left_out } = history;
  return { ...account, transactions, ...(left_out === undefined ? {} : { left_out }) };
}

/**
 * An order with its trades after the cursor `after`, so that a subscriber who was notified once of several changes
 * misses none.
 */
async function readOrder(id: string, context: ResourceContext, after?: string): Promise<unknown> {
  const order = await runTool("get_order_status", { order_id: id }, context);
  const createdMs = typeof order.created === "string" ? Date.parse(order.created) : 0;
  const filled = { orderId: id, pair: String(order.pair), filled: String(order.filled_volume), createdMs };
  try {
    const { trades, next, hasMore } = await readFills(context, filled, after);
    return { ...order, trades: trades.map(tradeRow), next, has_more: hasMore };
  } catch (error) {
    const described = describeError(error, "get_trade_history");
    const isArgument = error instanceof ArgumentError;
    const code = isArgument ? ProtocolErrorCode.InvalidParams : ProtocolErrorCode.InternalError;
    throw new ProtocolError(code, described.message, described);
  }
}

async function readLatestTransactions(context: ResourceContext): Promise<unknown> {
  const accounts = asRows((await runTool("get_accounts", {}, context)).accounts);
  const histories = await Promise.all(
    accounts.slice(0, READ_ACCOUNTS).map(async ({ account_id, currency }) => {
      const history = await runTool("get_transaction_history", { account_id, limit: RECENT_ROWS }, context);
      const rows = asRows(history.transactions).map((row) => ({ account_id, currency, ...row }));
      return { rows, left_out: Number(history.left_out ?? 0) };
    }),
  );
  const rows: Record<string, unknown>[] = histories.flatMap(({ rows }) => rows);
  const transactions = rows.toSorted((one, other) => String(other.time).localeCompare(String(one.time)));
  return {
    transactions: transactions.slice(0, RECENT_ROWS),
    ...leftOut(histories.reduce((sum, { left_out }) => sum + left_out, 0)),
    ...warningsOf(
      accounts.length > READ_ACCOUNTS
        ? `only the first ${READ_ACCOUNTS} of ${accounts.length} accounts were read`
        : undefined,
    ),
  };
}

async function runTool(
  name: string,
  args: Record<string, unknown>,
  context: ResourceContext,
): Promise<Record<string, unknown>> {
  const tool = context.server.tools.find((candidate) => candidate.name === name);
  if (tool === undefined) throw new TypeError(`Cannot read a resource as there is no tool ${name}`);
  const outcome = await context.run(tool, args, context);
  if (outcome.ok) return outcome.value;
  throw new ProtocolError(ProtocolErrorCode.InternalError, outcome.error.message, outcome.error);
}

function asRows(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value : [];
}
