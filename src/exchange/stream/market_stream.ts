/** The market stream of one pair: keeps a book up to date until it is closed. */

import { getLogger } from "../../logging/logger.ts";
import type { MarketFeed, MarketFeedOptions, MarketStreamStatus } from "./market_feed.ts";
import { FrameError, readMarketFrame, type Snapshot, type Update } from "./market_frames.ts";
import { buildBook, type OrderBook } from "./order_book.ts";
import { isLostPlace, problemOf, type StreamProblem } from "./stream_problem.ts";
import { StreamLink, type StreamParts } from "./stream_link.ts";
import type { Receiver } from "./stream_socket.ts";

const log = getLogger(["luno-mcp-server", "stream"]);

/** Settings of a {@linkcode MarketStream}. */
export interface MarketStreamOptions extends StreamParts, MarketFeedOptions {
  /** Called with the text of each update once the book has applied it; must not throw. */
  readonly relay?: (text: string) => void;
}

/** The longest silence of a healthy stream: the exchange sends an empty message every 20 s. */
const MESSAGE_SILENCE_MS = 60_000;

/** One pair's stream, from the constructor to `close()`. */
export class MarketStream implements MarketFeed {
  readonly #options: MarketStreamOptions;
  readonly #link: StreamLink;
  #book: OrderBook | undefined;
  #isLive = false;
  #heardAt = -Infinity;
  #updates = 0;
  #snapshots = 0;

  /** Connects at once. */
  constructor(options: MarketStreamOptions) {
    this.#options = options;
    this.#link = new StreamLink({
      ...options,
      path: `/api/1/stream/${options.pair}`,
      receiver: () => this.#receiver(),
      lost: (problem) => this.#lost(problem),
    });
  }

  /** The latest complete book; after a loss the previous one, until there is a new snapshot. */
  get book(): OrderBook | undefined {
    return this.#book;
  }

  /** Why the exchange refuses this stream, which has then ended. */
  get refusal(): StreamProblem | undefined {
    return this.#link.refusal;
  }

  /** Whether the book is up to date. */
  get isLive(): boolean {
    return this.#isLive;
  }

  /** When the exchange last confirmed that the book is current; monotonic milliseconds, never too late. */
  get heardAt(): number {
    return this.#heardAt;
  }

  get status(): MarketStreamStatus {
    const { connections, lost } = this.#link.counts;
    return {
      isLive: this.#isLive,
      ageMs: this.#options.now() - this.#heardAt,
      gaps: Object.entries(lost).reduce((sum, [code, count]) => isLostPlace(code) ? sum + count : sum, 0),
      updates: this.#updates,
      snapshots: this.#snapshots,
      connections,
      lost,
    };
  }

  /** Disconnects; the book keeps its last state. */
  async close(): Promise<void> {
    this.#isLive = false;
    await this.#link.close();
  }

  #lost(problem: StreamProblem): void {
    this.#isLive = false;
    this.#options.lost(problem);
  }

  /** The receiver of one connection, which is unusable before its snapshot and after its first error. */
  #receiver(): Receiver {
    let book: OrderBook | undefined;
    const start = (made: OrderBook): void => {
      book = made;
      this.#start(made);
    };
    return {
      messageSilenceMs: MESSAGE_SILENCE_MS,
      get isReady() {
        return book !== undefined;
      },
      take: (text) => {
        try {
          const frame = readMarketFrame(text);
          switch (frame.kind) {
            case "update":
              return book === undefined ? misplaced("an update before the snapshot") : this.#update(book, frame, text);
            case "snapshot":
              return book === undefined ? this.#build(frame, start) : misplaced("a second snapshot");
            case "error":
              return problemOf(frame);
            case "keep_alive":
              // A ping confirms the connection, a message the feed behind it: there is one every 20 s.
              if (book !== undefined) this.#heardAt = this.#options.now();
              return undefined;
          }
        } catch (error) {
          if (error instanceof FrameError) return misplaced(error.message);
          log.error("cannot process a message of the stream", { pair: this.#options.pair, error });
          return misplaced("a message that this program fails on");
        }
      },
    };
  }

  /** Builds the book in slices: a large one takes as long as thousands of updates. */
  async #build(snapshot: Snapshot, start: (book: OrderBook) => void): Promise<StreamProblem | undefined> {
    const building = buildBook(snapshot);
    for (let step = building.next();; step = building.next()) {
      if (!step.done) {
        await new Promise((resolve) => setTimeout(resolve, 0));
        continue;
      }
      const built = step.value;
      if (!built.ok) return { code: built.problem, detail: "in the snapshot" };
      start(built.book);
      return undefined;
    }
  }

  #start(book: OrderBook): void {
    const { pair, now, changed } = this.#options;
    this.#snapshots++;
    this.#book = book;
    this.#isLive = true;
    this.#heardAt = now();
    log.info("stream live", { pair, sequence: String(book.sequence), orders: book.size });
    changed({ isNew: true, isEmpty: false, trades: [], status: book.status });
  }

  #update(book: OrderBook, update: Update, text: string): StreamProblem | undefined {
    const applied = book.apply(update);
    if (!applied.ok) {
      // A partly applied update must not be visible; one out of sequence was not applied at all.
      const isWhole = applied.problem === "gap" || applied.problem === "sequence_back";
      if (!isWhole) this.#book = undefined;
      return { code: applied.problem, detail: `at sequence ${update.sequence}, after ${book.sequence}` };
    }
    this.#updates++;
    this.#heardAt = this.#options.now();
    this.#options.relay?.(text);
    const { created, deleted, status, trades } = update;
    const isEmpty = created === null && deleted === null && status === null && trades.length === 0;
    this.#options.changed({ isNew: false, isEmpty, trades: applied.trades, status: book.status });
    return undefined;
  }
}

function misplaced(detail: string): StreamProblem {
  return { code: "garbage", detail };
}
