/**
 * The book of a pair as another server publishes it: a snapshot and consecutive updates, like those of the exchange.
 * When an update does not fit, the book is read anew.
 */

import { FrameError, readMarketFrame, type Snapshot, type Update } from "../../../../exchange/stream/market_frames.ts";
import type { MarketFeedOptions } from "../../../../exchange/stream/market_feed.ts";
import { type BookTrade, buildBook, type Built, type OrderBook } from "../../../../exchange/stream/order_book.ts";
import { isLostPlace, type StreamProblem } from "../../../../exchange/stream/stream_problem.ts";
import { getLogger } from "../../../../logging/logger.ts";
import { ask } from "./feed_keys.ts";
import type { FeedGround, FeedKeys } from "./feed_keys.ts";
import { JOIN, MAX_ENTRIES } from "./feed_scripts.ts";

const log = getLogger(["luno-mcp-server", "stream"]);

/** After this time without an answer of Redis the book may be outdated, in milliseconds. */
const SILENT_MS = 2_500;

/** The pause after an unusable snapshot, in milliseconds: the leader writes a new one within a second. */
const JOIN_PAUSE_MS = 300;

/** Settings of a followed book. */
export interface FollowedBookOptions extends FeedGround, MarketFeedOptions {
  readonly keys: FeedKeys;
}

/** What Redis has about a pair that another server leads, at one moment. */
export interface FollowAnswer {
  /** Empty when there is none yet. */
  readonly edition: string;
  /** By Redis's clock, in milliseconds; `NaN` when it is not a time. */
  readonly asOf: number;
  /** The entries after the last one that was read. */
  readonly entries: readonly unknown[];
  /** When it was received; monotonic milliseconds. */
  readonly receivedMs: number;
  /** The position that was requested. */
  readonly position: FeedPosition;
}

/** How far a book has been read: its edition (empty when there is none) and an entry. */
export type FeedPosition = readonly [edition: string, last: string];

/** The book of a pair that another server publishes. */
export class FollowedBook {
  readonly #options: FollowedBookOptions;
  #book: OrderBook | undefined;
  #isLive = false;
  #heardAt = -Infinity;
  #answeredMs: number;
  /** The edition of the book, and its last entry that was read; empty when there is none. */
  #edition = "";
  #last = "0-0";
  #isJoining = false;
  #joinAtMs = -Infinity;
  /** Whether the present snapshot was unusable. */
  #isWanting = false;
  #updates = 0;
  #gaps = 0;
  #foreign = 0;
  #bytes = 0;
  #lagMs: number | undefined;

  constructor(options: FollowedBookOptions) {
    this.#options = options;
    this.#answeredMs = options.now();
  }

  get book(): OrderBook | undefined {
    return this.#book;
  }

  get isLive(): boolean {
    return this.#isLive;
  }

  get heardAt(): number {
    return this.#heardAt;
  }

  /** The edition and entry to request news after. */
  get position(): FeedPosition {
    return [this.#edition, this.#last];
  }

  /** Whether Redis has been silent for too long. */
  get isSilent(): boolean {
    return this.#options.now() - this.#answeredMs >= SILENT_MS;
  }

  get counts(): { updates: number; gaps: number; foreign: number; bytes: number; lagMs: number | undefined } {
    return {
      updates: this.#updates,
      gaps: this.#gaps,
      foreign: this.#foreign,
      bytes: this.#bytes,
      lagMs: this.#lagMs,
    };
  }

  /** According to Redis nobody leads, or this server does; the other server's book has ended. */
  takeNone(): void {
    this.#answeredMs = this.#options.now();
    this.#lose({ code: "feed_lost", detail: "no other server reads the exchange's stream" });
  }

  /** Takes an answer of Redis. */
  take(answer: FollowAnswer): void {
    this.#answeredMs = answer.receivedMs;
    if (answer.edition === "") {
      return this.#lose({ code: "feed_lost", detail: "the server that leads has no book" });
    }
    if (answer.edition !== this.#edition) {
      this.#lose({ code: "feed_lost", detail: "the book has restarted" });
      if (!this.#isJoining && this.#options.now() >= this.#joinAtMs) void this.#join();
      return;
    }
    // The book was joined after this was requested.
    if (answer.position[0] !== this.#edition || answer.position[1] !== this.#last) return;
    const problem = this.#takeEntries(answer.entries);
    if (problem !== undefined) return this.#fail(problem);
    if (answer.entries.length < MAX_ENTRIES) this.#caughtUp(answer);
  }

  /** Discards the book when Redis has been silent for too long. */
  expire(): void {
    if (this.isSilent) this.#lose({ code: "feed_lost", detail: "Redis does not answer" });
  }

  /** Foreign data was found at a key of this pair. */
  refuse(what: string): void {
    if (this.#foreign++ > 0) return;
    log.warning("rejecting data in Redis that no luno-mcp server wrote", { pair: this.#options.pair, what });
  }

  #takeEntries(entries: readonly unknown[]): StreamProblem | undefined {
    for (const entry of entries) {
      const read = readEntry(entry);
      if (read === undefined) return { code: "garbage", detail: "an answer that is no entry" };
      this.#last = read.id;
      if (read.edition !== this.#edition) {
        this.refuse("an entry that is not of the leader's book");
        continue;
      }
      for (const text of read.updates) {
        this.#bytes += text.length;
        const problem = this.#takeUpdate(text);
        if (problem !== undefined) return problem;
      }
    }
    return undefined;
  }

  #takeUpdate(text: string): StreamProblem | undefined {
    const book = this.#book;
    const update = readUpdate(text);
    if (book === undefined || update === undefined) return { code: "garbage", detail: "no update" };
    // Already part of the snapshot.
    if (!this.#isLive && update.sequence <= book.sequence) return undefined;
    const applied = book.apply(update);
    if (!applied.ok) {
      return { code: applied.problem, detail: `at sequence ${update.sequence}, after ${book.sequence}` };
    }
    this.#updates++;
    if (this.#isLive) this.#tell(update, applied.trades);
    return undefined;
  }

  #tell({ created, deleted, status, trades: updates }: Update, trades: readonly BookTrade[]): void {
    const isEmpty = created === null && deleted === null && status === null && updates.length === 0;
    this.#options.changed({ isNew: false, isEmpty, trades, status: this.#book?.status ?? "UNKNOWN" });
  }

  /** The book contains everything that the leader had published when Redis answered. */
  #caughtUp({ asOf, entries, receivedMs }: FollowAnswer): void {
    const book = this.#book;
    if (book === undefined) return;
    const { clock, pair, changed } = this.#options;
    if (!Number.isFinite(asOf)) return this.#fail({ code: "garbage", detail: "no time" });
    this.#heardAt = Math.min(receivedMs, clock.toLocal(asOf));
    const written = Number(readEntry(entries.at(-1))?.id.split("-")[0]);
    if (Number.isFinite(written)) this.#lagMs = Math.max(0, receivedMs - clock.toLocal(written));
    if (this.#isLive) return;
    this.#isLive = true;
    this.#isWanting = false;
    log.info("market data from the leading server", { pair, sequence: String(book.sequence), orders: book.size });
    changed({ isNew: true, isEmpty: false, trades: [], status: book.status });
  }

  async #join(): Promise<void> {
    this.#isJoining = true;
    const { connection, keys: { state, snapshot } } = this.#options;
    try {
      const args = [this.#isWanting ? "1" : ""];
      const reply = await ask(connection, JOIN, { keys: [state, snapshot], args });
      const [edition, anchor, text] = Array.isArray(reply) ? reply.map(String) : [];
      if (edition === undefined || anchor === undefined || text === undefined) return;
      this.#bytes += text.length;
      const frame = readSnapshot(text);
      const built = frame === undefined ? undefined : await buildInSlices(frame);
      if (built?.ok && /^\d+-\d+$/.test(anchor)) {
        this.#book = built.book;
        this.#edition = edition;
        this.#last = anchor;
      } else {
        this.#isWanting = true;
        if (text !== "") this.refuse("not a snapshot");
      }
    } finally {
      this.#isJoining = false;
      this.#joinAtMs = this.#options.now() + JOIN_PAUSE_MS;
    }
  }

  /** A partly applied update must not be visible; one out of sequence was not applied at all. */
  #fail(problem: StreamProblem): void {
    if (isLostPlace(problem.code)) this.#gaps++;
    if (problem.code !== "gap" && problem.code !== "sequence_back") this.#book = undefined;
    if (problem.code === "garbage") this.refuse(problem.detail);
    log.warning("cannot follow the leading server; reading a new snapshot", {
      pair: this.#options.pair,
      ...problem,
    });
    this.#isWanting = true;
    this.#lose(problem);
  }

  #lose(problem: StreamProblem): void {
    this.#edition = "";
    if (!this.#isLive) return;
    this.#isLive = false;
    this.#options.lost(problem);
  }
}

interface Entry {
  readonly id: string;
  readonly edition: string | undefined;
  readonly updates: readonly string[];
}

/** Parses an entry, whatever it contains. */
function readEntry(entry: unknown): Entry | undefined {
  if (!Array.isArray(entry)) return undefined;
  const [id, fields] = entry;
  if (typeof id !== "string" || !Array.isArray(fields)) return undefined;
  const [name, edition, ...rest] = fields.map(String);
  const updates = rest.filter((_text, place) => place % 2 === 1);
  return { id, edition: name === "edition" ? edition : undefined, updates };
}

function readUpdate(text: string): Update | undefined {
  const frame = readFrame(text);
  return frame?.kind === "update" ? frame : undefined;
}

function readSnapshot(text: string): Snapshot | undefined {
  const frame = readFrame(text);
  return frame?.kind === "snapshot" ? frame : undefined;
}

function readFrame(text: string) {
  try {
    return readMarketFrame(text);
  } catch (error) {
    if (error instanceof FrameError) return undefined;
    throw error;
  }
}

/** A large book takes as long as thousands of updates. */
async function buildInSlices(snapshot: Snapshot): Promise<Built> {
  const building = buildBook(snapshot);
  for (;;) {
    const step = building.next();
    if (step.done) return step.value;
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}
