/**
 * Parses the frames of the market stream. Validated by hand, as one pair may send fifty frames per second, each parsed
 * once for all readers.
 */

import { parseJson } from "../json.ts";
import type { Side } from "./book_side.ts";
import { wholeNumber } from "./units.ts";

/** The status of a market, as the stream spells it. */
export type StreamStatus = "ACTIVE" | "POSTONLY" | "DISABLED" | "UNKNOWN";

/** An order in a snapshot or update; `price` and `volume` are unparsed decimals. */
export interface StreamOrder {
  readonly id: string;
  readonly price: string;
  readonly volume: string;
}

/** One trade; its side is that of the maker, so the taker took the other. */
export interface TradeUpdate {
  /** Increases by one with each trade of the market. */
  readonly sequence: bigint;
  readonly makerId: string;
  /** The amount traded of the maker's order, in base currency. */
  readonly base: string;
}

/** The whole book; the first message of a connection. */
export interface Snapshot {
  readonly kind: "snapshot";
  readonly sequence: bigint;
  /** From low to high. */
  readonly asks: readonly unknown[];
  /** From high to low. */
  readonly bids: readonly unknown[];
  readonly status: StreamStatus;
  /** Milliseconds since the Unix epoch, here and below. */
  readonly timestamp: number;
}

/** One step of the book, in this order: trades, the new order, the deleted order, the status. */
export interface Update {
  readonly kind: "update";
  readonly sequence: bigint;
  readonly trades: readonly TradeUpdate[];
  readonly created: (StreamOrder & { readonly side: Side }) | null;
  readonly deleted: string | null;
  readonly status: StreamStatus | null;
  readonly timestamp: number;
}

/** The reason that the exchange sends before it closes. */
export interface ErrorFrame {
  readonly kind: "error";
  readonly code: string;
  readonly text: string;
}

/** Any message of the market stream. */
export type MarketFrame = Snapshot | Update | ErrorFrame | { readonly kind: "keep_alive" };

/** A message that is none of the documented ones. */
export class FrameError extends Error {
  override readonly name = "FrameError";
}

const KEEP_ALIVE = { kind: "keep_alive" } as const;
const NO_TRADES: readonly TradeUpdate[] = [];

/**
 * Parses a message.
 *
 * @throws {FrameError} when it is none of the documented ones
 */
export function readMarketFrame(text: string): MarketFrame {
  if (text === '""' || text === "") return KEEP_ALIVE;
  const frame = parseFrame(text, JSON.parse);
  if (frame.error_code !== undefined || frame.error !== undefined) return readErrorFrame(frame);
  if (frame.asks !== undefined || frame.bids !== undefined) return readSnapshot(frame);
  const update = readUpdate(frame);
  // `JSON.parse` rounds bare numbers beyond 2^53; exact parsing costs three times as much.
  return update ?? readUpdate(parseFrame(text, parseJson)) ?? bad("a trade without a sequence");
}

/**
 * Parses an object with any members.
 *
 * @throws {FrameError} when it is not an object
 */
export function parseFrame(text: string, parse: (text: string) => unknown): Record<string, unknown> {
  let value: unknown;
  try {
    value = parse(text);
  } catch {
    return bad("no JSON");
  }
  return asObject(value) ?? bad("no JSON object");
}

/** Parses an error, whose code may be missing. */
export function readErrorFrame({ error_code: code, error: text }: Record<string, unknown>): ErrorFrame {
  return { kind: "error", code: asText(code) ?? "", text: asText(text) ?? "" };
}

/** Parses an order of a snapshot; `undefined` when it is none. */
export function readSnapshotOrder(value: unknown): StreamOrder | undefined {
  const order = asObject(value);
  const id = asText(order?.id);
  const price = asText(order?.price);
  const volume = asText(order?.volume);
  return id && price && volume ? { id, price, volume } : undefined;
}

/** A JSON object's members, or `undefined` for anything else. */
function asObject(value: unknown): Record<string, unknown> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as Record<string, unknown>
    : undefined;
}

function readSnapshot(frame: Record<string, unknown>): Snapshot {
  const { asks, bids } = frame;
  return {
    kind: "snapshot",
    sequence: readSequence(frame.sequence),
    asks: asList(asks) ?? bad("a snapshot without asks"),
    bids: asList(bids) ?? bad("a snapshot without bids"),
    status: readStatus(frame.status),
    timestamp: readTimestamp(frame.timestamp),
  };
}

/** `undefined` when a trade's sequence is not exact. */
function readUpdate(frame: Record<string, unknown>): Update | undefined {
  const { trade_updates, create_update: created, delete_update: deleted, status_update: status } = frame;
  const trades = readTrades(trade_updates);
  if (trades === undefined) return undefined;
  return {
    kind: "update",
    sequence: readSequence(frame.sequence),
    trades,
    created: created === null || created === undefined ? null : readCreated(created),
    deleted: deleted === null || deleted === undefined
      ? null
      : asText(asObject(deleted)?.order_id) ?? bad("a deletion without an order"),
    status: status === null || status === undefined ? null : readStatus(asObject(status)?.status),
    timestamp: readTimestamp(frame.timestamp),
  };
}

function readTrades(value: unknown): readonly TradeUpdate[] | undefined {
  if (value === null || value === undefined) return NO_TRADES;
  const rows = asList(value) ?? bad("trades that are no list");
  if (rows.length === 0) return NO_TRADES;
  const trades: TradeUpdate[] = [];
  for (const row of rows) {
    const trade = asObject(row) ?? bad("a trade that is no object");
    const sequence = toSequence(trade.sequence);
    if (sequence === undefined) return undefined;
    const makerId = asText(trade.maker_order_id) ?? asText(trade.order_id) ?? bad("a trade without a maker");
    trades.push({ sequence, makerId, base: asText(trade.base) ?? bad("a trade without a volume") });
  }
  return trades;
}

function readCreated(value: unknown): Update["created"] {
  const order = asObject(value);
  const id = asText(order?.order_id);
  const price = asText(order?.price);
  const volume = asText(order?.volume);
  const side = order?.type === "BID" ? "bid" : order?.type === "ASK" ? "ask" : undefined;
  return id && price && volume && side ? { id, price, volume, side } : bad("a new order that cannot be read");
}

function readSequence(value: unknown): bigint {
  return toSequence(value) ?? bad("no sequence");
}

function toSequence(value: unknown): bigint | undefined {
  if (typeof value === "string") return wholeNumber(value);
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? BigInt(value) : undefined;
}

/** A status that the exchange adds later must not end the stream. */
function readStatus(value: unknown): StreamStatus {
  return value === "ACTIVE" || value === "POSTONLY" || value === "DISABLED" ? value : "UNKNOWN";
}

function readTimestamp(value: unknown): number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : bad("no timestamp");
}

function asList(value: unknown): readonly unknown[] | undefined {
  return Array.isArray(value) ? value : undefined;
}

function asText(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function bad(what: string): never {
  throw new FrameError(`Cannot read a message of the exchange's stream: ${what}`);
}
