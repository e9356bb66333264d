/** The type of a tool: one object that holds all there is to know about it. */

import type { z } from "zod";
import type { Exchange } from "../market/exchange_port.ts";
import type { MarketLookup } from "../market/pairs.ts";
import type { ExchangeUsage } from "../market/exchange_usage.ts";
import type { MarketParts } from "../market/recorded_market.ts";
import type { CallerFacts } from "../access/caller.ts";
import type { Scope } from "../access/scopes.ts";
import type { Broker } from "../trading/broker.ts";
import type { Asking } from "../trading/confirmation/confirmer.ts";

/** The group that `--tools` switches on and off. */
export type ToolGroup = "market" | "account" | "trading" | "server";

/** The protocol's four hints about a tool; none is left to a default. */
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
  /** Where everybody reads the market who may share what is made of it. @default nothing is shared */
  readonly market?: MarketParts;
  /** The request's own id, for the log. */
  readonly requestId?: string | number | undefined;
  /** Aborts when the caller cancels, leaves, or the call's time is over. */
  readonly signal: AbortSignal;
  /** Wall clock in milliseconds since the Unix epoch. */
  now(): number;
  /** Takes orders; absent while trading is off. */
  readonly broker?: Broker;
  /** How the person in front of the client can be asked. @default nobody can */
  readonly asking?: Asking;
  /** Whether the account and its orders are paper ones. */
  readonly isPaper: boolean;
  /** What the server says about itself, for the tools that answer it. */
  readonly server: ServerFacts;
}

/** What the server knows about itself. */
export interface ServerFacts {
  readonly name: string;
  readonly version: string;
  readonly exchange: "live" | "paper" | "simulated";
  readonly trading: "off" | "confirm" | "auto";
  /** Every tool that is switched on; a caller is offered those that its scopes allow. */
  readonly tools: readonly Tool[];
  /** What the exchange was asked and spared. @default nobody counts */
  readonly usage?: () => ExchangeUsage;
}

/** A tool; `run` may throw `ExchangeError` or `ArgumentError`, and anything else is the server's own fault. */
export interface Tool<Input extends z.ZodObject = z.ZodObject, Output extends z.ZodObject = z.ZodObject> {
  /** `snake_case`, verb first: the name that clients call. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly group: ToolGroup;
  /** What a caller must be allowed to do before the tool runs for it. */
  readonly scope: Scope;
  readonly annotations: Hints;
  readonly input: Input;
  readonly output: Output;
  run(input: z.output<Input>, context: ToolContext): Promise<z.output<Output>>;
  /**
   * All that the answer depends on beside its arguments, as one text: equal ones have equal answers for as long as the server
   * runs. @default it may be another one each time
   */
  dependsOn?(context: ToolContext): string;
}

/** Answers its argument; there so that `run` gets its types from the schemas. */
export function defineTool<Input extends z.ZodObject, Output extends z.ZodObject>(
  tool: Tool<Input, Output>,
): Tool<Input, Output> {
  return tool;
}

/** A well-formed argument that does not fit the state of things, such as an unknown account. */
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
