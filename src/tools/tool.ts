/** The type of a tool: one object that contains everything about it. */

import type { z } from "zod";
import type { Exchange } from "../market/exchange_port.ts";
import type { MarketLookup } from "../market/pairs.ts";
import type { ExchangeUsage } from "../market/exchange_usage.ts";
import type { MarketAtHand, MarketParts } from "../market/recorded_market.ts";
import type { CallerFacts } from "../access/caller.ts";
import type { Scope } from "../access/scopes.ts";
import type { Broker } from "../trading/broker.ts";
import type { Asking } from "../trading/confirmation/confirmer.ts";

/** The groups that `--tools` enables and disables. */
export type ToolGroup = "market" | "account" | "trading" | "server";

/** The protocol's four hints about a tool; each must be stated. */
export interface Hints {
  readonly readOnlyHint: boolean;
  readonly destructiveHint: boolean;
  readonly idempotentHint: boolean;
  readonly openWorldHint: boolean;
}

/** Reads the exchange and changes nothing. */
export const READS_EXCHANGE: Hints = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: true,
};

/** Answers from what the server itself knows. */
export const READS_SERVER: Hints = { ...READS_EXCHANGE, openWorldHint: false };

/** What a running tool may use. */
export interface ToolContext {
  readonly caller: CallerFacts;
  readonly exchange: Exchange;
  readonly markets: MarketLookup;
  /**
   * The market data that results may be shared from.
   *
   * @default nothing is shared
   */
  readonly market?: MarketParts;
  /** The request's own id, for the log. */
  readonly requestId?: string | number | undefined;
  /** Aborts when the client cancels or leaves, or the call's time is over. */
  readonly signal: AbortSignal;
  /** Wall clock in milliseconds since the Unix epoch. */
  now(): number;
  /** Places and cancels orders; absent while trading is off. */
  readonly broker?: Broker;
  /**
   * How to ask the person at the client.
   *
   * @default they cannot be asked
   */
  readonly asking?: Asking;
  /** Whether the account and its orders are paper ones. */
  readonly isPaper: boolean;
  /** Facts about the server, for the tools that report them. */
  readonly server: ServerFacts;
}

/** Facts about the server. */
export interface ServerFacts {
  readonly name: string;
  readonly version: string;
  readonly exchange: "live" | "paper" | "simulated";
  readonly trading: "off" | "confirm" | "auto";
  /** Every enabled tool; a client sees those that its scopes allow. */
  readonly tools: readonly Tool[];
  /**
   * Requests made and avoided.
   *
   * @default not counted
   */
  readonly usage?: () => ExchangeUsage;
}

/** A tool; `run` may throw `ExchangeError`, `ArgumentError` or `TradingError`; anything else is an internal error. */
export interface Tool<Input extends z.ZodObject = z.ZodObject, Output extends z.ZodObject = z.ZodObject> {
  /** `snake_case`, verb first: the name that clients call. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly group: ToolGroup;
  /** The scope that a client needs to call it. */
  readonly scope: Scope;
  readonly annotations: Hints;
  readonly input: Input;
  readonly output: Output;
  run(input: z.output<Input>, context: ToolContext): Promise<z.output<Output>>;
  /**
   * The answer of `run`, without waiting, when everything for it is in memory; `undefined` otherwise.
   *
   * @default never
   */
  runAtOnce?(input: z.output<Input>, market: MarketAtHand): z.output<Output> | undefined;
  /**
   * Everything beside the arguments that the answer depends on, as one text: with equal texts, answers are equal for as
   * long as the server runs.
   *
   * @default every answer may differ
   */
  dependsOn?(context: ToolContext): string;
}

/** Returns its argument; exists so that `run` gets its types from the schemas. */
export function defineTool<Input extends z.ZodObject, Output extends z.ZodObject>(
  tool: Tool<Input, Output>,
): Tool<Input, Output> {
  return tool;
}

/** A valid argument that does not fit the present state, such as an unknown account. */
export class ArgumentError extends Error {
  override readonly name = "ArgumentError";

  constructor(
    /** The argument's name. */
    readonly field: string,
    message: string,
    readonly suggestions: readonly string[] = [],
  ) {
    super(message);
  }
}
