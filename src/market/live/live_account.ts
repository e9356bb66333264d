/**
 * What happens to own orders and balances, as the exchange tells it by itself: one user stream for one account, for as
 * long as somebody needs it and a while longer. It keeps nothing but the latest news; what is true is read over REST.
 */

import { getLogger } from "../../logging/logger.ts";
import type { AnswerOf, EndpointName } from "../../exchange/endpoints.ts";
import type { StreamParts } from "../../exchange/stream/stream_link.ts";
import type { UserEvent } from "../../exchange/stream/user_frames.ts";
import type { UserStream, UserStreamStatus } from "../../exchange/stream/user_stream.ts";
import type { AccountRead } from "./account_news.ts";
import { AccountNews } from "./account_news.ts";

const log = getLogger(["luno-mcp-server", "stream"]);

/** How the user stream of an account is doing. */
export interface LiveAccountStatus extends UserStreamStatus {
  /** How many need it. */
  readonly needed: number;
}

/** Hears of an account; none of these may throw. */
export interface AccountFollower {
  /** An order or a balance has changed. Each message comes once, perhaps late or out of turn. */
  readonly changed?: (event: UserEvent) => void;
  /** News come from now on. `mayHaveMissed`: what came before is not told again, and must be read. */
  readonly connected?: (connection: { readonly mayHaveMissed: boolean }) => void;
  /** No news come until it is connected again. */
  readonly lost?: () => void;
}

/** How long the stream stays when nobody needs it any more. */
const LINGER_MS = 120_000;

/** Between two looks whether it is still needed. */
const SWEEP_MS = 15_000;

/** After this a key may be tried again that the exchange refused. */
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
  /** How the last stream stood that was refused. */
  #refused: UserStreamStatus | undefined;
  #isOpening = false;
  #isSweeping = false;
  #ending: Promise<unknown> = Promise.resolve();

  constructor(parts: StreamParts) {
    this.#parts = parts;
    this.#news = new AccountNews(parts);
  }

  /** Whether news come now. */
  get isLive(): boolean {
    return this.#stream?.status.isLive ?? false;
  }

  /** How its stream is doing; `undefined` while there is none. */
  get status(): LiveAccountStatus | undefined {
    const status = this.#stream?.status ?? this.#refused;
    return status && { ...status, needed: this.#needed };
  }

  /** Has news come until the answer is disposed of, and a while longer. */
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

  /** Has news come for a while. */
  touch(): void {
    this.#neededAt = this.#parts.now();
    void this.#open();
    if (!this.#isSweeping) void this.#sweep();
  }

  /** Hears of what is told until the answer is disposed of; that alone begins no stream. */
  follow(follower: AccountFollower): Disposable {
    // One follower may come twice.
    const own = { ...follower };
    this.#followers.add(own);
    return { [Symbol.dispose]: () => void this.#followers.delete(own) };
  }

  /** What the exchange answers about the account; asked again for a moment while it trails behind what it has told. */
  async upToDate<Name extends EndpointName>(read: AccountRead<Name>): Promise<AnswerOf<Name>> {
    return await this.#news.upToDate(read);
  }

  /** Ends the stream; nothing begins another one. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#end();
    await this.#ending;
  }

  async #open(): Promise<void> {
    const isRefused = this.#refusedAt > this.#parts.now() - REFUSED_MS;
    if (this.#stream !== undefined || this.#isOpening || isRefused || this.#closing.signal.aborted) return;
    this.#isOpening = true;
    // Loaded with the first stream, as reading its messages costs a start its time.
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

  /** Ends a stream that nobody has needed for a while, and begins one again where somebody does. */
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
