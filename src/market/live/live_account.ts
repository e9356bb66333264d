/**
 * Changes of one account's orders and balances, from one user stream that stays open for as long as it is needed and a
 * while longer. It keeps only the latest news; the true state is read over REST.
 */

import { getLogger } from "../../logging/logger.ts";
import type { AnswerOf, EndpointName } from "../../exchange/endpoints.ts";
import type { StreamParts } from "../../exchange/stream/stream_link.ts";
import type { UserEvent } from "../../exchange/stream/user_frames.ts";
import type { UserStream, UserStreamStatus } from "../../exchange/stream/user_stream.ts";
import type { AccountRead } from "./account_news.ts";
import { AccountNews } from "./account_news.ts";

const log = getLogger(["luno-mcp-server", "stream"]);

/** The state of an account's user stream. */
export interface LiveAccountStatus extends UserStreamStatus {
  /** The number of users. */
  readonly needed: number;
}

/** Notified of an account's changes; none of these may throw. */
export interface AccountFollower {
  /** An order or a balance has changed. Each message comes once, possibly late or out of order. */
  readonly changed?: (event: UserEvent) => void;
  /** Notifications come from now on. With `mayHaveMissed`, earlier changes are not repeated and must be read. */
  readonly connected?: (connection: { readonly mayHaveMissed: boolean }) => void;
  /** No notifications come until it is connected again. */
  readonly lost?: () => void;
}

/** How long an unneeded stream stays open. */
const LINGER_MS = 120_000;

/** Interval of the check for unneeded streams. */
const SWEEP_MS = 15_000;

/** How long to wait after the exchange refused a key. */
const REFUSED_MS = 600_000;

/** One account. */
export class LiveAccount {
  readonly #parts: StreamParts;
  readonly #followers = new Set<AccountFollower>();
  readonly #news: AccountNews;
  readonly #closing = new AbortController();
  #needed = 0;
  #neededAt = -Infinity;
  #refusedAt = -Infinity;
  #stream: UserStream | undefined;
  /** The last state of the stream that was refused. */
  #refused: UserStreamStatus | undefined;
  #isOpening = false;
  #isSweeping = false;
  #ending: Promise<unknown> = Promise.resolve();

  constructor(parts: StreamParts) {
    this.#parts = parts;
    this.#news = new AccountNews(parts);
  }

  /** Whether news is coming in. */
  get isLive(): boolean {
    return this.#stream?.status.isLive ?? false;
  }

  /** The state of its stream; `undefined` while there is none. */
  get status(): LiveAccountStatus | undefined {
    const status = this.#stream?.status ?? this.#refused;
    return status && { ...status, needed: this.#needed };
  }

  /** Keeps the stream open until the returned value is disposed of, and a while longer. */
  need(): Disposable {
    this.#needed++;
    this.touch();
    let isOver = false;
    return {
      [Symbol.dispose]: () => {
        if (isOver) return;
        isOver = true;
        this.#needed--;
        this.#neededAt = this.#parts.now();
      },
    };
  }

  /** Keeps the stream open for a while. */
  touch(): void {
    this.#neededAt = this.#parts.now();
    void this.#open();
    if (!this.#isSweeping) void this.#sweep();
  }

  /** Notifies a follower until the returned value is disposed of; this alone opens no stream. */
  follow(follower: AccountFollower): Disposable {
    // The same follower may be registered twice.
    const own = { ...follower };
    this.#followers.add(own);
    return { [Symbol.dispose]: () => void this.#followers.delete(own) };
  }

  /** The exchange's answer about the account, requested again for a moment while it lags behind the news. */
  async upToDate<Name extends EndpointName>(read: AccountRead<Name>): Promise<AnswerOf<Name>> {
    return await this.#news.upToDate(read);
  }

  /** Ends the stream for good. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#end();
    await this.#ending;
  }

  async #open(): Promise<void> {
    const isRefused = this.#refusedAt > this.#parts.now() - REFUSED_MS;
    if (this.#stream !== undefined || this.#isOpening || isRefused || this.#closing.signal.aborted) return;
    this.#isOpening = true;
    // Loaded with the first stream, as importing its code slows the start.
    const { UserStream } = await import("../../exchange/stream/user_stream.ts");
    this.#isOpening = false;
    if (this.#closing.signal.aborted) return;
    this.#refused = undefined;
    const stream: UserStream = new UserStream(this.#parts, {
      event: (event) => {
        this.#news.note(event);
        for (const { changed } of [...this.#followers]) changed?.(event);
      },
      connected: (connection) => {
        log.info("user stream live", connection);
        for (const { connected } of [...this.#followers]) connected?.(connection);
      },
      lost: () => {
        if (stream.refusal !== undefined) this.#refuse(stream);
        for (const { lost } of [...this.#followers]) lost?.();
      },
    });
    this.#stream = stream;
  }

  #refuse(stream: UserStream): void {
    this.#refusedAt = this.#parts.now();
    this.#refused = stream.status;
    this.#end();
  }

  #end(): void {
    const ended = this.#stream?.close();
    this.#stream = undefined;
    this.#news.clear();
    this.#ending = Promise.all([this.#ending, ended]);
  }

  /** Ends a stream that was not needed for a while, and reopens one that is needed. */
  async #sweep(): Promise<void> {
    this.#isSweeping = true;
    const { sleep, now } = this.#parts;
    while (!this.#closing.signal.aborted) {
      await sleep(SWEEP_MS, this.#closing.signal).catch(() => {});
      if (this.#needed > 0) void this.#open();
      else if (now() - this.#neededAt >= LINGER_MS) break;
    }
    this.#isSweeping = false;
    if (this.#stream !== undefined) {
      log.info("user stream ended", { reason: "nobody needs it" });
      this.#end();
    }
  }
}
