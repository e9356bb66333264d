/**
 * The settings of the simulated exchange. Most of them represent a fact that the API's documentation leaves open; the
 * defaults are those that expose faulty clients.
 */

import type { FaultRule } from "./api/faults.ts";
import type { TradingStatus } from "./engine/market.ts";
import { ENGINE_DEFAULTS, type EngineSettings } from "./engine/settings.ts";

/** The behaviour of the simulated exchange; every field has a default. */
export interface SimulationOptions extends Partial<EngineSettings> {
  /** Seed of prices, ids and fault probabilities; the same seed and requests give the same answers. @default 1 */
  readonly seed?: number;
  /**
   * Calls per minute before 429, as a token bucket; 0 disables the limit.
   *
   * @default 300
   */
  readonly rateLimitPerMinute?: number;
  /**
   * Whether each key (and all callers without one) has its own limit, or all callers share one.
   *
   * @default "key"
   */
  readonly rateLimitScope?: "key" | "all";
  /**
   * The body of a 429 of the rate limit.
   *
   * @default "json"
   */
  readonly rateLimitBody?: "json" | "empty";
  /**
   * The body of a 401 for missing or wrong credentials.
   *
   * @default "text"
   */
  readonly unauthorisedBody?: "text" | "json";
  /**
   * Decimals of prices and volumes in both order books; 0 formats them as everywhere else.
   *
   * @default 18
   */
  readonly orderBookDecimals?: number;
  /** JSON type of the four amounts of an account transaction. @default "string" */
  readonly transactionAmounts?: "string" | "number";
  /** Order of the rows within one answer of account transactions. @default "newest_first" */
  readonly transactionOrder?: "newest_first" | "oldest_first";
  /**
   * Which hundred public trades a request since a moment returns, when there are more.
   *
   * @default "newest"
   */
  readonly tradesSince?: "newest" | "oldest";
  /** How an empty list of orders or trades is written. @default "array" */
  readonly emptyLists?: "array" | "null";
  /** Whether errors of order calls carry the extra `error_action` object. @default false */
  readonly errorAction?: boolean;
  /**
   * The answer to cancelling an unknown or closed order: an error code, or `success: false`.
   *
   * @default "error"
   */
  readonly stopClosedOrder?: "error" | "success_false";
  /**
   * Whether the interval in progress is the last candle.
   *
   * @default true
   */
  readonly runningCandle?: boolean;
  /**
   * How long balances and own trades lag, in milliseconds.
   *
   * @default 0
   */
  readonly readLagMs?: number;
  /** Highest price times volume of a limit order, in counter currency; "0" is no bound. @default "0" */
  readonly maxOrderValue?: string;
  /**
   * Trading status of individual markets, instead of the listed one.
   *
   * @default none
   */
  readonly marketStatus?: Readonly<Record<string, TradingStatus>>;
  /**
   * The number of small interest rows at the start of the first ZAR account's ledger.
   *
   * @default 0
   */
  readonly ledgerRows?: number;
  /**
   * How long a stream waits for credentials, in milliseconds.
   *
   * @default 10000
   */
  readonly streamAuthTimeoutMs?: number;
  /**
   * The silence after which a stream sends an empty message, in milliseconds.
   *
   * @default 20000
   */
  readonly streamKeepAliveMs?: number;
  /**
   * The most concurrent stream connections; further ones are refused.
   *
   * @default 50
   */
  readonly streamSessions?: number;
  /**
   * Faults that are enabled from the start.
   *
   * @default none
   */
  readonly faults?: readonly FaultRule[];
}

/** {@linkcode SimulationOptions} with every default filled in. */
export type Settings = Required<SimulationOptions>;

/** Fills in the defaults. */
export function withDefaults(options: SimulationOptions): Settings {
  return {
    ...ENGINE_DEFAULTS,
    seed: 1,
    rateLimitPerMinute: 300,
    rateLimitScope: "key",
    rateLimitBody: "json",
    unauthorisedBody: "text",
    orderBookDecimals: 18,
    transactionAmounts: "string",
    transactionOrder: "newest_first",
    tradesSince: "newest",
    emptyLists: "array",
    errorAction: false,
    stopClosedOrder: "error",
    runningCandle: true,
    readLagMs: 0,
    maxOrderValue: "0",
    marketStatus: {},
    ledgerRows: 0,
    streamAuthTimeoutMs: 10_000,
    streamKeepAliveMs: 20_000,
    streamSessions: 50,
    faults: [],
    ...options,
  };
}
