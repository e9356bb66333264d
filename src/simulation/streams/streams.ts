/**
 * The streams of a simulated exchange and their readers. Feeds exist while they have readers; they advance four times a
 * second, and with every request that may change or show something.
 */

import type { Faults } from "../api/faults.ts";
import { statusOf } from "../api/market_routes.ts";
import type { Settings } from "../options.ts";
import { findMarket } from "../model/markets.ts";
import type { Simulation } from "../simulation.ts";
import { MarketFeed } from "./market_feed.ts";
import { StreamConnection, type StreamRefusal } from "./stream_connection.ts";
import { UserFeed } from "./user_feed.ts";

/** Parts of the streams. */
export interface StreamsParts {
  readonly simulation: Simulation;
  readonly faults: Faults;
  readonly settings: Settings;
  /** The exchange's clock, which never runs backwards. */
  readonly now: () => number;
}

/** The path of a market's stream, without the pair. */
const MARKET_PATH = "/api/1/stream/";
const USER_PATH = "/api/1/userstream";

/** The interval of advancing, unless a fault requires a shorter one. */
const MOVE_EVERY_MS = 250;

/** The runtime pings a client after half of this silence, and disconnects it after all of it: one ping every 13.5 s. */
const IDLE_TIMEOUT_S = 27;

/** The error beyond the allowed number of sessions. Its text is documented, its code is not. */
const SESSION_LIMIT: StreamRefusal = { code: "session_limit_exceeded", text: "session limit exceeded" };

/** Whether a path belongs to a stream. */
export function isStreamPath(path: string): boolean {
  return path === USER_PATH || path.startsWith(MARKET_PATH);
}

/** Every stream of one simulated exchange. */
export class Streams {
  readonly #parts: StreamsParts;
  readonly #user: UserFeed;
  readonly #feeds = new Map<string, MarketFeed>();
  /** Positions of feeds that have no readers now. */
  readonly #sequences = new Map<string, number>();
  readonly #connections = new Set<StreamConnection>();
  /** By path. */
  readonly #readers = new Map<string, Set<StreamConnection>>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #movedMs = NaN;

  constructor(parts: StreamsParts) {
    this.#parts = parts;
    const { exchange, accounts } = parts.simulation;
    this.#user = new UserFeed({ orders: exchange.orders, accounts, now: parts.now });
    exchange.matched = ({ id }, match) => this.#feeds.get(id)?.note(match);
  }

  /** The number of connections. */
  get sessions(): number {
    return this.#connections.size;
  }

  /** The sequence of a market's latest update; `undefined` when nobody reads its stream. */
  sequenceOf(pair: string): number | undefined {
    return this.#feeds.get(pair)?.sequence;
  }

  /** Upgrades a request to a stream; `reset` resets its connection, if that is possible. */
  connect(request: Request, path: string, reset: (() => void) | undefined): Response {
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
      return new Response(null, { status: 426, headers: { upgrade: "websocket" } });
    }
    const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: IDLE_TIMEOUT_S });
    const { faults, settings } = this.#parts;
    const connection: StreamConnection = new StreamConnection(socket, {
      path,
      faults,
      reset,
      authTimeoutMs: settings.streamAuthTimeoutMs,
      keepAliveMs: settings.streamKeepAliveMs,
      admitted: () => this.#admit(connection, path),
      ended: () => this.#leave(connection, path),
    });
    this.#connections.add(connection);
    return response;
  }

  /** Publishes everything up to a time, which may not be before that of any request. */
  move(nowMs: number): void {
    for (const [pair, feed] of this.#feeds) {
      const path = `${MARKET_PATH}${pair}`;
      const bursts = this.#parts.faults.drawBursts(path, { sinceMs: this.#movedMs, nowMs });
      const extra = bursts.reduce((sum, { updates }) => sum + updates, 0);
      for (const text of feed.advance(nowMs, extra)) this.#send(path, text);
    }
    this.#movedMs = nowMs;
    if (this.#readers.has(USER_PATH)) this.#parts.simulation.exchange.advance(nowMs);
    for (const text of this.#user.take()) this.#send(USER_PATH, text);
  }

  #keepMoving(): void {
    this.#timer = setTimeout(() => {
      this.#keepMoving();
      this.move(this.#parts.now());
    }, Math.min(MOVE_EVERY_MS, this.#parts.faults.burstEveryMs));
  }

  /** Closes every connection. */
  close(): void {
    for (const connection of [...this.#connections]) connection.close(1001);
    clearTimeout(this.#timer);
  }

  /** Admits a reader with valid credentials, and returns its first messages. */
  #admit(connection: StreamConnection, path: string): readonly string[] | StreamRefusal {
    const { settings } = this.#parts;
    const admitted = [...this.#readers.values()].reduce((sum, readers) => sum + readers.size, 0);
    if (admitted >= settings.streamSessions) return SESSION_LIMIT;
    const first = path === USER_PATH ? this.#openUser() : this.#openMarket(path.slice(MARKET_PATH.length));
    if ("code" in first) return first;
    const readers = this.#readers.get(path) ?? new Set();
    this.#readers.set(path, readers.add(connection));
    if (this.#timer === undefined) this.#keepMoving();
    return first;
  }

  #openUser(): readonly string[] {
    this.move(this.#parts.now());
    return this.#readers.has(USER_PATH) ? [] : this.#user.missed();
  }

  #openMarket(pair: string): readonly string[] | StreamRefusal {
    const market = findMarket(pair);
    if (market === undefined) return { code: "invalid_market", text: pair };
    const { simulation, settings, now } = this.#parts;
    const nowMs = now();
    this.move(nowMs);
    const known = this.#feeds.get(pair);
    if (known !== undefined) return [known.snapshot()];
    const sequence = this.#sequences.get(pair);
    const place = { market, status: statusOf(market, settings), nowMs };
    const feed = new MarketFeed(
      { exchange: simulation.exchange, tape: simulation.tape, seed: settings.seed },
      sequence === undefined ? place : { ...place, sequence },
    );
    this.#feeds.set(pair, feed);
    return [feed.snapshot()];
  }

  #leave(connection: StreamConnection, path: string): void {
    this.#connections.delete(connection);
    const readers = this.#readers.get(path);
    if (readers?.delete(connection) !== true || readers.size > 0) return;
    this.#readers.delete(path);
    const pair = path.slice(MARKET_PATH.length);
    const feed = this.#feeds.get(pair);
    if (path === USER_PATH) this.#user.leave();
    else if (feed !== undefined) {
      this.#sequences.set(pair, feed.sequence);
      this.#feeds.delete(pair);
    }
    if (this.#readers.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #send(path: string, text: string): void {
    for (const reader of this.#readers.get(path) ?? []) reader.send(text, "update");
  }
}
