/**
 * Every book that the exchange's stream has shown, as seen by a separate reader: what servers return must be one of
 * them. The faults affect this reader too; nothing can be said about what it missed.
 */

import { readMarketFrame } from "../../src/exchange/stream/market_frames.ts";
import { buildBookAtOnce, type OrderBook } from "../../src/exchange/stream/order_book.ts";
import type { PriceVolume } from "../../src/exchange/stream/book_side.ts";
import type { BenchSimulator } from "../simulator.ts";

/** Levels per side that are compared. */
const COMPARED_LEVELS = 5;

/** REST reports the time of a book in whole seconds. */
const REST_CLOCK_MS = 1_000;

/** The result of a comparison. */
export type Comparison = "right" | "wrong" | "unknown";

/** A book that a client received. */
export interface ShownBook {
  /** Milliseconds since the Unix epoch. */
  readonly timeMs: number;
  /** See {@linkcode levelsText}. */
  readonly levels: string;
  /** Whether `timeMs` is that of the stream's newest update, and not that of a request. */
  readonly isStream: boolean;
}

/** Prices and volumes of the best levels, as they are compared. */
export function levelsText(bids: readonly PriceVolume[], asks: readonly PriceVolume[]): string {
  const side = (levels: readonly PriceVolume[]) =>
    levels.slice(0, COMPARED_LEVELS).map(({ price, volume }) => `${plain(price)} ${plain(volume)}`).join(",");
  return `${side(bids)}|${side(asks)}`;
}

/** Removes trailing zeros. */
function plain(decimal: string): string {
  return decimal.includes(".") ? decimal.replace(/\.?0+$/, "") : decimal;
}

/** Books of one pair, from the first snapshot on. */
export class BookHistory {
  readonly #exchange: BenchSimulator;
  readonly #pair: string;
  readonly #levels = new Set<string>();
  /** In the order of the stream. */
  readonly #steps: { readonly timeMs: number; readonly levels: string }[] = [];
  readonly #sequences = new Map<bigint, string>();
  /** From the last update before a loss to the snapshot after it. */
  readonly #holes: { readonly fromMs: number; readonly toMs: number }[] = [];
  #waiting: { readonly book: ShownBook; readonly tell: (comparison: Comparison) => void }[] = [];
  #socket: WebSocket | undefined;
  #book: OrderBook | undefined;
  #lastMs = 0;
  #isClosed = false;

  private constructor(exchange: BenchSimulator, pair: string) {
    this.#exchange = exchange;
    this.#pair = pair;
  }

  /** Reads until it is closed. */
  static start(exchange: BenchSimulator, pair: string): BookHistory {
    const history = new BookHistory(exchange, pair);
    history.#connect();
    return history;
  }

  /** Calls `tell` once it is known whether the exchange has shown this book. */
  compare(book: ShownBook, tell: (comparison: Comparison) => void): void {
    this.#waiting.push({ book, tell });
  }

  /** Whether REST's answer is the book after that update; `undefined` if that update was missed. */
  isAt(sequence: bigint, levels: string): boolean | undefined {
    const known = this.#sequences.get(sequence);
    return known === undefined ? undefined : known === levels;
  }

  close(): void {
    this.#isClosed = true;
    this.#socket?.close();
  }

  #connect(): void {
    if (this.#isClosed) return;
    const { url, env } = this.#exchange;
    const socket = new WebSocket(`${url.replace("http", "ws")}/api/1/stream/${this.#pair}`);
    this.#socket = socket;
    this.#book = undefined;
    socket.onopen = () =>
      socket.send(JSON.stringify({ api_key_id: env.LUNO_API_KEY, api_key_secret: env.LUNO_API_SECRET }));
    socket.onmessage = ({ data }) => {
      if (!this.#take(String(data))) socket.close();
    };
    socket.onerror = () => {};
    socket.onclose = () => setTimeout(() => this.#connect(), 100);
  }

  /** `false`: an update was lost, and only a new snapshot helps. */
  #take(text: string): boolean {
    try {
      const frame = readMarketFrame(text);
      if (frame.kind === "error") return false;
      if (frame.kind === "snapshot") {
        const built = buildBookAtOnce(frame);
        if (!built.ok) return false;
        this.#holes.push({ fromMs: this.#lastMs, toMs: built.book.timestamp });
        this.#note(built.book);
      } else if (frame.kind === "update") {
        if (this.#book?.apply(frame).ok !== true) return false;
        this.#note(this.#book);
      }
      return true;
    } catch {
      return false;
    }
  }

  #note(book: OrderBook): void {
    const isLater = book.timestamp > this.#lastMs;
    this.#book = book;
    this.#lastMs = book.timestamp;
    const levels = levelsText(book.top("bid", COMPARED_LEVELS), book.top("ask", COMPARED_LEVELS));
    this.#levels.add(levels);
    this.#steps.push({ timeMs: book.timestamp, levels });
    this.#sequences.set(book.sequence, levels);
    const [oldest] = this.#sequences.keys();
    if (this.#sequences.size > 10_000 && oldest !== undefined) this.#sequences.delete(oldest);
    if (isLater) this.#settle();
  }

  /** Answers comparisons whose moments are over. */
  #settle(): void {
    const due = this.#waiting.filter(({ book }) => book.timeMs < this.#lastMs);
    this.#waiting = this.#waiting.filter(({ book }) => book.timeMs >= this.#lastMs);
    for (const { book, tell } of due) tell(this.#comparisonOf(book));
  }

  #comparisonOf({ timeMs, levels, isStream }: ShownBook): Comparison {
    if (isStream ? this.#isShownAt(timeMs, levels) : this.#levels.has(levels)) return "right";
    const lastMs = isStream ? timeMs : timeMs + REST_CLOCK_MS;
    return this.#holes.some(({ fromMs, toMs }) => lastMs >= fromMs && timeMs <= toMs) ? "unknown" : "wrong";
  }

  /** A snapshot is dated when it was sent, its book when an earlier update was; trades are a little older. */
  #isShownAt(timeMs: number, levels: string): boolean {
    const last = this.#steps.findLastIndex((step) => step.timeMs <= timeMs);
    if (this.#steps[last]?.levels === levels) return true;
    return this.#steps.some((step) => step.timeMs === timeMs && step.levels === levels);
  }
}
