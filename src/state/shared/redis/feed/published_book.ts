/**
 * What the leader of a pair writes for the others: a snapshot of its book, and each update as the exchange sent it. One
 * command is on its way at a time, so that all that it says is one step. Where it is not known whether a command was done, the
 * book begins anew, as an update must neither be missing nor come twice. As long as there is no other server nothing is
 * written but that this one leads.
 */

import { writeSnapshot } from "../../../../exchange/stream/book_snapshot.ts";
import type { MarketFeed } from "../../../../exchange/stream/market_feed.ts";
import { LEASE_MS, PUBLISH, WRITE_SNAPSHOT } from "./feed_scripts.ts";
import { askTimed } from "./feed_keys.ts";
import type { FeedGround, FeedKeys } from "./feed_keys.ts";

/** How often a leader says that it goes on where there is nothing new, in milliseconds. */
const RENEW_MS = 1_000;

/** Updates of one entry. */
const MAX_UPDATES = 500;

/** Updates that wait for Redis; beyond, the book begins anew once it answers. */
const MAX_WAITING_CHARACTERS = 4 * 1024 * 1024;

/** After so many entries there is a new snapshot. */
const SNAPSHOT_ENTRIES = 1_000;

/** Nor is there one before the updates have so many characters, however small the book. */
const MIN_SNAPSHOT_CHARACTERS = 1024 * 1024;

/** Where the publisher writes, and what. */
export interface PublishedBookOptions extends FeedGround {
  readonly keys: FeedKeys;
  /** The lease's content. */
  readonly term: string;
  readonly stream: Pick<MarketFeed, "book" | "isLive" | "heardAt">;
  /** Whether there are other servers, who may follow. */
  readonly isShared: () => boolean;
}

/** The book of a pair as this server publishes it, for as long as it leads. */
export class PublishedBook {
  readonly #options: PublishedBookOptions;
  #editions = 0;
  /** Empty before the first one, and where a new one must be begun. */
  #edition = "";
  #waiting: string[] = [];
  #waitingCharacters = 0;
  #isBusy = false;
  #askedMs = -Infinity;
  /** Until then nobody else leads. */
  #leadsUntilMs: number;
  #isWanted = false;
  /** The newest entry that Redis has, and the one from which the snapshot before goes on. */
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

  /** Sent to Redis. */
  get bytes(): number {
    return this.#bytes;
  }

  /** An update that the book has taken. */
  relay(text: string): void {
    // The snapshot that a new edition begins with has it.
    if (this.#edition === "") return;
    this.#waiting.push(text);
    this.#waitingCharacters += text.length;
    if (this.#waitingCharacters > MAX_WAITING_CHARACTERS) this.restart();
  }

  /** The book is a new one, or the updates have a gap. */
  restart(): void {
    this.#edition = "";
    this.#waiting = [];
    this.#waitingCharacters = 0;
  }

  /** Writes what there is to write; to be called often. Resolves when it is done, or at once where it is busy. */
  async tick(): Promise<void> {
    if (this.#isBusy || this.isOver) return;
    const { stream, isShared, now, connection } = this.#options;
    if (!connection.isUsable) return;
    this.#isBusy = true;
    try {
      const isOffered = stream.isLive && isShared();
      if (!isOffered && this.#edition !== "") {
        this.restart();
        this.#askedMs = -Infinity; // The others are to know at once.
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
    // Of a book whose updates still wait nobody can say that it is the present one.
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
      // The snapshot has them.
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

  /** The name of the entry that was added, or `""`; `undefined` where the edition has come to nothing. */
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
