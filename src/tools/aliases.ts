/**
 * The tool names and parameters of Luno's own Go server. They are unlisted, and answered by our corresponding tools.
 */

import { z } from "zod";
import { accountTools } from "./account.ts";
import { INTERVALS, MAX_CANDLES } from "../market/candle_paging.ts";
import type { Interval } from "../market/candle_paging.ts";
import { writeCursor } from "./cursor.ts";
import { AccountId, PairText } from "./inputs.ts";
import { ledgerQuery } from "./ledger.ts";
import { marketTools } from "./market.ts";
import { tradingTools } from "./trading.ts";
import { argumentError } from "./argument_problems.ts";
import { ArgumentError } from "./tool.ts";
import type { Tool } from "./tool.ts";

const originals = new Map([...marketTools, ...accountTools, ...tradingTools].map((tool) => [tool.name, tool]));

const OptionalPairs = z.string().max(2_000).optional();

/** Every alias. */
export const aliases: readonly Tool[] = [
  alias({
    name: "get_ticker",
    original: "get_crypto_price",
    input: z.strictObject({ pair: PairText }),
    translate: (input) => input,
  }),
  alias({
    name: "get_tickers",
    original: "get_all_tickers",
    input: z.strictObject({ pair: OptionalPairs }),
    translate: ({ pair }) => ({ ...splitPairs(pair), limit: 500 }),
  }),
  alias({
    name: "get_order_book",
    original: "get_orderbook",
    input: z.strictObject({ pair: PairText }),
    translate: ({ pair }) => ({ pair, depth: 100 }),
  }),
  alias({
    name: "list_trades",
    original: "get_recent_trades",
    input: z.strictObject({ pair: PairText, since: z.string().max(20).optional() }),
    translate: (input) => ({ ...input, limit: 100 }),
  }),
  alias({
    name: "get_candles",
    original: "get_historical_prices",
    input: z.strictObject({ pair: PairText, since: z.int().min(0).optional(), duration: z.int() }),
    translate: ({ pair, since, duration }, now) => ({
      pair,
      interval: intervalOf(duration),
      from: since === undefined || since === 0 ? now - INTERVALS["1d"] * 1_000 : since,
      count: MAX_CANDLES,
    }),
  }),
  alias({
    name: "get_markets_info",
    original: "get_market_overview",
    input: z.strictObject({ pair: OptionalPairs }),
    translate: ({ pair }) => ({ ...splitPairs(pair), limit: 500 }),
  }),
  alias({
    name: "create_order",
    original: "place_order",
    input: z.strictObject({
      pair: PairText,
      type: z.enum(["BUY", "SELL", "BID", "ASK"]),
      volume: z.string().max(60),
      price: z.string().max(60),
    }),
    translate: ({ type, ...order }) => ({ ...order, side: type, type: "limit" }),
  }),
  alias({
    name: "get_balances",
    original: "get_accounts",
    input: z.strictObject({}),
    translate: (input) => input,
  }),
  alias({
    name: "list_transactions",
    original: "get_transaction_history",
    input: z.strictObject({
      account_id: AccountId,
      min_row: z.int().min(1).default(1),
      max_row: z.int().min(2).default(100),
    }),
    translate: ({ account_id, min_row, max_row }) => ({
      account_id,
      cursor: writeCursor({ before: max_row, first: min_row }, ledgerQuery(account_id)),
      limit: rowsBetween(min_row, max_row),
    }),
  }),
];

function alias<Input extends z.ZodObject>({ name, original, input, translate }: {
  readonly name: string;
  /** The name of our tool. */
  readonly original: string;
  readonly input: Input;
  /** The arguments of our tool. */
  readonly translate: (input: z.output<Input>, now: number) => Record<string, unknown>;
}): Tool {
  const tool = originals.get(original);
  if (tool === undefined) throw new TypeError(`Cannot alias ${name} as there is no tool ${original}`);
  return {
    ...tool,
    name,
    input,
    run: (given, context) => tool.run(readFor(tool, translate(input.parse(given), context.now())), context),
  };
}

/** @throws {ArgumentError} when the arguments do not fit the tool behind the alias */
export function readFor(tool: Tool, args: Record<string, unknown>): Record<string, unknown> {
  const read = tool.input.safeParse(args);
  if (read.success) return read.data;
  throw argumentError({ input: tool.input, args, error: read.error });
}

function splitPairs(pairs: string | undefined): { pairs?: string[] } {
  const list = pairs?.split(",").map((pair) => pair.trim()).filter((pair) => pair !== "") ?? [];
  return list.length === 0 ? {} : { pairs: list };
}

function intervalOf(seconds: number): Interval {
  const found = Object.entries(INTERVALS).find(([, known]) => known === seconds)?.[0];
  if (found !== undefined) return found as Interval;
  const known = Object.values(INTERVALS).join(", ");
  throw new ArgumentError("duration", `expected one of ${known} seconds: current value is ${seconds}`);
}

function rowsBetween(min: number, max: number): number {
  const rows = max - min;
  if (rows >= 1 && rows <= 1_000) return rows;
  throw new ArgumentError("max_row", `expected 1 to 1000 rows from min_row: current value is ${rows}`);
}
