/** Prompts: ready-made requests that people choose from a menu. */

import { ProtocolError, ProtocolErrorCode } from "@modelcontextprotocol/server";
import type { GetPromptResult } from "@modelcontextprotocol/server";
import { z } from "zod";
import { PLAIN_DECIMAL } from "../money/decimals.ts";
import { inDeclaredCase } from "../tools/argument_case.ts";
import { argumentProblems } from "../tools/argument_problems.ts";
import type { ToolGroup } from "../tools/tool.ts";
import type { PromptEntry as ListedPrompt } from "./listing.ts";

/** A prompt and the function that writes its text. */
interface PromptEntry<Input extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Groups whose tools it mentions. */
  readonly groups: readonly ToolGroup[];
  readonly input: Input;
  write(input: z.output<Input>): string;
}

function definePrompt<Input extends z.ZodObject>(prompt: PromptEntry<Input>): PromptEntry<Input> {
  return prompt;
}

const Code = z.string().regex(/^[A-Za-z0-9/_-]{2,24}$/, { error: "expected a code such as XBTZAR, BTC/ZAR or ZAR" });
const Amount = z.string().max(40).regex(PLAIN_DECIMAL, { error: "expected a plain decimal such as 0.05" });

const marketBrief = definePrompt({
  name: "market_brief",
  title: "Market brief",
  description: "A short summary of one pair: its price now and how it has moved",
  groups: ["market"],
  input: z.strictObject({ pair: Code.describe("Pair, such as XBTZAR") }),
  write: ({ pair }) =>
    `Write a market brief of ${pair} on Luno. Use get_crypto_price, get_orderbook, get_recent_trades, ` +
    "get_historical_prices (1h, 24 candles) and get_price_range (7 and 30 days). Cover: price and spread; depth and which side is heavier; " +
    "the last day and how it compares with the month; anything unusual. Give figures with units, say how fresh they are, and do not forecast.",
});

const portfolioReview = definePrompt({
  name: "portfolio_review",
  title: "Portfolio review",
  description: "What the accounts hold, its value, and what is tied up in orders",
  groups: ["market", "account"],
  input: z.strictObject({ value_in: Code.optional().describe("Currency to value in, such as ZAR") }),
  write: ({ value_in }) =>
    `Review my Luno portfolio${
      value_in === undefined ? "" : ` in ${value_in}`
    }. Use get_account_balance, get_open_orders, ` +
    "get_pending_transactions and, for the largest holdings, get_price_range (30 days). Show each holding with its share of the total, " +
    "what is reserved by which open orders, what is still coming in, and how concentrated the whole is. State what could not be priced.",
});

const preTradeCheck = definePrompt({
  name: "pre_trade_check",
  title: "Pre-trade check",
  description: "What a planned order would meet: rules, price, depth, fees, funds",
  groups: ["market", "account"],
  input: z.strictObject({
    pair: Code.describe("Pair, such as XBTZAR"),
    side: z.enum(["BUY", "SELL"], { error: "expected BUY or SELL" }).describe("BUY or SELL"),
    volume: Amount.describe("In base currency, such as 0.05"),
  }),
  write: ({ pair, side, volume }) =>
    `Before I ${
      side === "BUY" ? "buy" : "sell"
    } ${volume} (base currency) in ${pair} on Luno, check it. Use get_market_overview (limits, scales, status), ` +
    "get_orderbook (walk the levels for the average price and the slippage against mid), get_fees, get_account_balance and get_open_orders. " +
    "Answer: is the order allowed, what would it cost or bring including fees, do I have the funds, what could go wrong. Place nothing.",
});

const PROMPTS: readonly PromptEntry[] = [marketBrief, portfolioReview, preTradeCheck];

/** Describes the prompts for `prompts/list`. */
export function describePrompts(): ListedPrompt[] {
  return PROMPTS.map(({ groups, name, title, description, input }) => ({
    groups,
    prompt: {
      name,
      title,
      description,
      arguments: Object.entries<z.ZodType>(input.shape).map(([argument, schema]) => ({
        name: argument,
        description: schema.description ?? argument,
        required: !schema.safeParse(undefined).success,
      })),
    },
  }));
}

/** The prompt that a client asks for. */
export interface PromptRequest {
  readonly name: string;
  readonly args: Readonly<Record<string, string>>;
  /** The enabled groups of tools. */
  readonly groups: ReadonlySet<ToolGroup>;
}

/**
 * Writes one prompt.
 *
 * @throws {ProtocolError} `InvalidParams` when no such prompt is offered or an argument does not fit
 */
export function getPrompt({ name, args, groups }: PromptRequest): GetPromptResult {
  const prompt = offered(groups).find((candidate) => candidate.name === name);
  if (prompt === undefined) {
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, `Unknown prompt: ${JSON.stringify(name.slice(0, 100))}`);
  }
  const given = inDeclaredCase(prompt.input, args);
  const read = prompt.input.safeParse(given);
  if (!read.success) {
    const problems = argumentProblems({ input: prompt.input, args: given, error: read.error })
      .map(({ field, problem }) => `${field}: ${problem}`).join("; ");
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, `Invalid arguments for ${prompt.name}: ${problems}`);
  }
  return {
    description: prompt.description,
    messages: [{ role: "user", content: { type: "text", text: prompt.write(read.data) } }],
  };
}

function offered(groups: ReadonlySet<ToolGroup>): readonly PromptEntry[] {
  return PROMPTS.filter((prompt) => prompt.groups.every((group) => groups.has(group)));
}
