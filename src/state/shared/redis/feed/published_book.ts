/**
 * What the leader of a pair writes for the others: a snapshot of its book, and each update as the exchange sent it.
 * Only one command is in progress at a time, so that everything before it is known to be written. When the outcome of a
 * command is unknown, the book begins anew, as an update must be neither lost nor repeated. While there is no other
 * server, only the lead is written.
 */

import { writeSnapshot } from "../../../../exchange/stream/book_snapshot.ts";
import type { MarketFeed } from "../../../../exchange/stream/market_feed.ts";
import { LEASE_MS, PUBLISH, WRITE_SNAPSHOT } from "./feed_scripts.ts";
import { askTimed } from "./feed_keys.ts";
import type { FeedGround, FeedKeys } from "./feed_keys.ts";

/** The interval at which a leader with news publishes, in milliseconds. */
export const TICK_MS = 50;

/** The longest interval between two ticks of a leader without news, in milliseconds. */
const IDLE_TICK_MS = 250;

/** The interval at which a leader without news renews its lead, in milliseconds. */
const RENEW_MS = 1_000;

/** The most updates of one entry. */
const MAX_UPDATES = 500;

/** The most characters of updates that wait for Redis; beyond that, the book begins anew once it answers. */
const MAX_WAITING_CHARACTERS = 4 * 1024 * 1024;

/** The number of entries after which there is a new snapshot. */
const SNAPSHOT_ENTRIES = 1_000;

/** The least characters of updates before a new snapshot, however small the book. */
const MIN_SNAPSHOT_CHARACTERS = 1024 * 1024;

/** Where the publisher writes, and what. */
export interface PublishedBookOptions extends FeedGround {
  readonly keys: FeedKeys;
  /** The content of the lease. */
  readonly term: string;
  readonly stream: Pick<MarketFeed, "book" | "isLive" | "heardAt">;
  /** Whether there are other servers, which may follow. */
  readonly isShared: () => boolean;
  /** Called when there is something to publish. */
  readonly hasNews: () => void;
}

/** The book of a pair that this server publishes while it leads. */
export class PublishedBook {
  readonly #options: PublishedBookOptions;
  #editions = 0;
  /** Empty before the first one, and when a new one must begin. */
  #edition = "";
  #waiting: string[] = [];
  #waitingCharacters = 0;
  #isBusy = false;
  #askedMs = -Infinity;
  /** No other server leads before this time. */
  #leadsUntilMs: number;
  #isWanted = false;
  /** The newest entry in Redis, and the one after which the previous snapshot continues. */
  #newest = "0-0";
  #anchor = "0-0";
  /** Since the last snapshot. */
  #entries = 0;
  #characters = 0;
  #snapshotCharacters = 0;
  #bytes = 0;

  constructor(options: PublishedBookOptions) {
    this.#options = options;
    this.#leadsUntilMs = options.now() + LEASE_MS;
  }

  /** Whether another server may lead by now. */
  get isOver(): boolean {
    return this.#options.now() >= this.#leadsUntilMs;
  }

  /** The time until the next tick, in milliseconds, unless there is news. */
  get restMs(): number {
    const { stream, isShared, now } = this.#options;
    const isOffered = stream.isLive && isShared();
    const hasWork = this.#isBusy || this.#waiting.length > 0 || isOffered !== (this.#edition !== "") ||
      isOffered && this.#isSnapshotDue;
    if (hasWork) return TICK_MS;
    return Math.max(TICK_MS, Math.min(this.#askedMs + RENEW_MS - now(), IDLE_TICK_MS));
  }

  /** Bytes sent to Redis. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Queues an update that the book has applied. */
  relay(text: string): void {
    // It is part of the snapshot of the new edition.
    if (this.#edition === "") return;
    if (this.#waiting.push(text) === 1) this.#options.hasNews();
    this.#waitingCharacters += text.length;
    if (this.#waitingCharacters > MAX_WAITING_CHARACTERS) this.restart();
  }

  /** The book was replaced, or the updates have a gap. */
  restart(): void {
    this.#edition = "";
    this.#waiting = [];
    this.#waitingCharacters = 0;
  }

  /** Writes whatever is pending; called frequently. Resolves when it is done, or at once when it is busy. */
  async tick(): Promise<void> {
    if (this.#isBusy || this.isOver) return;
    const { stream, isShared, now, connection } = this.#options;
    if (!connection.isUsable) return;
    this.#isBusy = true;
    try {
      const isOffered = stream.isLive && isShared();
      if (!isOffered && this.#edition !== "") {
        this.restart();
        this.#askedMs = -Infinity; // The others must know at once.
      }
      if (isOffered && (this.#edition === "" || this.#isSnapshotDue)) await this.#writeSnapshot();
      else if (this.#waiting.length > 0 || now() - this.#askedMs >= RENEW_MS) await this.#publish();
    } finally {
      this.#isBusy = false;
    }
  }

  get #isSnapshotDue(): boolean {
    const most = Math.max(MIN_SNAPSHOT_CHARACTERS, this.#snapshotCharacters);
    return this.#isWanted || this.#entries >= SNAPSHOT_ENTRIES || this.#characters >= most;
  }

  async #publish(): Promise<void> {
    const { term, stream, clock } = this.#options;
    const updates = this.#waiting.splice(0, MAX_UPDATES);
    const characters = updates.reduce((sum, text) => sum + text.length, 0);
    this.#waitingCharacters -= characters;
    const edition = this.#edition;
    // While updates are waiting, the book in Redis is not current.
    const asOf = this.#waiting.length === 0 && edition !== "" ? String(clock.toRedis(stream.heardAt)) : "";
    const name = await this.#ask(PUBLISH, [term, edition, asOf, ...updates], characters);
    if (name === undefined || name === "" || edition !== this.#edition) return;
    this.#newest = name;
    this.#entries++;
    this.#characters += characters;
  }

  async #writeSnapshot(): Promise<void> {
    const { term, stream: { book, heardAt }, clock } = this.#options;
    if (book === undefined) return;
    const isNew = this.#edition === "";
    if (isNew) {
      this.#edition = `${term} ${++this.#editions}`;
      // They are part of the snapshot.
      this.#waiting = [];
      this.#waitingCharacters = 0;
      this.#newest = this.#anchor = "0-0";
    }
    const edition = this.#edition;
    const [asOf, anchor, trim] = [String(clock.toRedis(heardAt)), this.#newest, isNew ? "" : this.#anchor];
    const text = await writeSnapshot(book.copy());
    // The book was lost meanwhile.
    if (edition !== this.#edition) return;
    const done = await this.#ask(WRITE_SNAPSHOT, [term, edition, asOf, anchor, text, trim], text.length);
    if (done === undefined || edition !== this.#edition) return;
    this.#anchor = anchor;
    this.#isWanted = false;
    this.#entries = this.#characters = 0;
    this.#snapshotCharacters = text.length;
  }

  /** The name of the added entry, or `""`; `undefined` when the edition has ended. */
  async #ask(script: typeof PUBLISH, args: readonly string[], characters: number): Promise<string | undefined> {
    const { keys: { lease, state, updates, snapshot }, now } = this.#options;
    const sentMs = this.#askedMs = now();
    this.#bytes += characters;
    const reply = await askTimed(this.#options, script, { keys: [lease, state, updates, snapshot], args });
    const [outcome, name, wanted] = reply ?? [];
    if (outcome === "lost") this.#leadsUntilMs = -Infinity;
    else if (reply !== undefined) this.#leadsUntilMs = sentMs + LEASE_MS;
    if (outcome !== "ok") {
      this.restart();
      return undefined;
    }
    if (wanted === "1") this.#isWanted = true;
    return String(name);
  }
}
