/**
 * The simulated exchange behind a connection that loses, repeats, delays and corrupts, on a clock that a test moves. It
 * speaks HTTP, and its effects are read from its own ledger rather than from its answers.
 */

import assert from "node:assert/strict";
import Big from "big.js";
import { CallBudget } from "../../src/exchange/budget.ts";
import { ExchangeClient } from "../../src/exchange/client.ts";
import type { ExchangeClientOptions } from "../../src/exchange/client.ts";
import { parseJson } from "../../src/exchange/json.ts";
import { type Api, createApi } from "../../src/simulation/api/api.ts";
import type { FaultRule } from "../../src/simulation/api/faults.ts";
import { sleep } from "../../src/timing/sleep.ts";
import { SIMULATED_KEYS } from "../../src/simulation/api/simulated_keys.ts";
import { UserFeed } from "../../src/simulation/streams/user_feed.ts";
import { priceModelOf } from "../support/price_models.ts";
import type { Order as LedgerOrder } from "../../src/simulation/engine/orders.ts";

/** The fault of one request. */
export type WireFault =
  /** The connection breaks without an answer, before or after the exchange has acted. */
  | { readonly kind: "cut"; readonly when: "before" | "after" }
  /** The request arrives that much later, by the wall clock, and its answer follows. */
  | { readonly kind: "held"; readonly ms: number }
  /** The connection breaks, and the request arrives anyway, that much later. */
  | { readonly kind: "late"; readonly ms: number }
  /** An intermediary sends it twice; the second copy's answer is returned, or a 429. */
  | { readonly kind: "twice"; readonly last: "answer" | "429" }
  /** The exchange acts and never answers. */
  | { readonly kind: "silent" }
  /** The exchange's answer says something else. */
  | { readonly kind: "changed"; readonly change: (answer: Record<string, unknown>) => unknown }
  /** The exchange acts, and another answer is returned. */
  | { readonly kind: "instead"; readonly status: number; readonly answer: unknown }
  /** Faults of the simulation itself. */
  | { readonly kind: "rules"; readonly rules: readonly FaultRule[] };

/** A request, as faults are selected by it. */
export interface Seen {
  readonly method: string;
  readonly path: string;
}

/** Sunday, 22 November 2026, 12:00 UTC. */
export const NOON_MS = Date.UTC(2026, 10, 22, 12);

/** How a client differs from the default. */
export interface Connecting extends Partial<ExchangeClientOptions> {
  readonly skewMs?: () => number;
  readonly withoutSockets?: boolean;
  /** Called with the client order id of an order whose request is being sent. */
  readonly onSending?: (clientOrderId: string) => void;
}

const DAY_MS = 86_400_000;

interface Delayed {
  readonly dueAt: number;
  readonly copy: () => Request;
}

/** A running exchange; disposing ends it, its clients and delayed requests. */
export class FaultyExchange implements AsyncDisposable {
  /** The exchange's clock; moved by {@linkcode FaultyExchange.advance}. */
  readonly clock: { now: number };
  /** Selects the fault of a request. */
  fault: (seen: Seen) => WireFault | undefined = () => undefined;
  /** Requests that arrived, newest last; the test empties it. */
  readonly seen: Seen[] = [];
  readonly #api: Api;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #stopping = new AbortController();
  readonly #clients: ExchangeClient[] = [];
  #delayed: Delayed[] = [];
  #moving: Promise<void> = Promise.resolve();

  constructor({ seed = 7, clock = { now: NOON_MS } }: { seed?: number; clock?: { now: number } } = {}) {
    this.clock = clock;
    this.#api = createApi({ seed, model: priceModelOf(seed), rateLimitPerMinute: 0, now: () => this.clock.now });
    this.#server = Deno.serve({
      port: 0,
      hostname: "127.0.0.1",
      signal: this.#stopping.signal,
      onListen: () => {},
      handler: async (request) => await this.#receive(request) ?? cutResponse(),
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** All orders that ever were, oldest first. */
  get ledger(): readonly LedgerOrder[] {
    const { orders } = this.#api.simulation.exchange;
    return orders.list({ limit: Infinity, atMs: this.clock.now + DAY_MS }).toReversed();
  }

  /** Orders that were created since a moment, oldest first; at most a thousand. */
  createdSince(ms: number): readonly LedgerOrder[] {
    const { orders } = this.#api.simulation.exchange;
    const newest = orders.list({ limit: 1_000, atMs: this.clock.now + DAY_MS });
    return newest.filter(({ createdAt }) => createdAt >= ms).toReversed();
  }

  /** The pairs of own orders that have traded with each other since a moment. */
  ownTradesSince(ms: number): readonly (readonly string[])[] {
    const sides = new Map<string, string[]>();
    for (const { market, sequence, orderId, timestamp } of this.#api.simulation.exchange.trades) {
      if (timestamp < ms) continue;
      const trade = `${market.id} ${sequence}`;
      sides.set(trade, [...sides.get(trade) ?? [], orderId]);
    }
    return [...sides.values()].filter(({ length }) => length > 1);
  }

  /** Numbers of the trades that filled an order, oldest first. */
  tradesOf(orderId: string): number[] {
    const { trades } = this.#api.simulation.exchange;
    return [...trades].filter((trade) => trade.orderId === orderId).map(({ sequence }) => sequence);
  }

  /** Credits the account in a currency with funds from outside. */
  deposit(currency: string, amount: string): void {
    const { accounts, funding } = this.#api.simulation;
    const account = accounts.defaultIn(currency);
    assert.ok(account, `there is no account in ${currency}`);
    funding.deposit(account, { amount: new Big(amount), atMs: this.clock.now, onChain: false });
  }

  /** Ends all live orders, without any notice. */
  clear(): void {
    const { exchange } = this.#api.simulation;
    for (const { id } of [...exchange.orders.live()]) exchange.cancel(id, this.clock.now);
  }

  /** The orders with one client order id; two would be a doubled order. */
  ordersOf(clientOrderId: string): LedgerOrder[] {
    return this.ledger.filter((order) => order.clientOrderId === clientOrderId);
  }

  /** Counts the requests of a path. */
  count(path: string): number {
    return this.seen.filter((seen) => seen.path === path).length;
  }

  /** Starts reporting orders and balances, as the user stream does; each call returns what is new. */
  listen(): () => readonly string[] {
    const { exchange: { orders }, accounts } = this.#api.simulation;
    const feed = new UserFeed({ orders, accounts, now: () => this.clock.now });
    return () => feed.take();
  }

  /** A client with the trading key. Its wall clock is the exchange's, plus `skewMs()`; without sockets it is faster. */
  connect(
    { skewMs = () => 0, withoutSockets = false, onSending = () => {}, ...options }: Connecting = {},
  ): ExchangeClient {
    const send: typeof fetch = withoutSockets ? (...request) => this.#fetch(...request) : fetch;
    const client = new ExchangeClient({
      url: this.url,
      credentials: SIMULATED_KEYS.trading,
      budget: new CallBudget({ limitPerMinute: 1_000_000 }),
      now: () => this.clock.now,
      wallClock: () => this.clock.now + skewMs(),
      sleep: (ms) => this.advance(ms),
      random: () => 0.5,
      fetch: (...request) => {
        const id = typeof request[1]?.body === "string"
          ? new URLSearchParams(request[1].body).get("client_order_id")
          : null;
        if (id !== null) onSending(id);
        return send(...request);
      },
      ...options,
    });
    this.#clients.push(client);
    return client;
  }

  /** Moves time on, and lets everything arrive that was delayed until then. */
  advance(ms: number): Promise<void> {
    return this.#moving = this.#moving.then(async () => {
      const until = this.clock.now + Math.ceil(ms);
      const isDue = ({ dueAt }: Delayed): boolean => dueAt <= until;
      for (let due = this.#delayed.find(isDue); due !== undefined; due = this.#delayed.find(isDue)) {
        const { dueAt, copy } = due;
        this.#delayed = this.#delayed.filter((delayed) => delayed !== due);
        this.#moveTo(dueAt);
        await this.#answer(copy());
      }
      this.#moveTo(until);
    });
  }

  /** A clock that runs by itself is there already. */
  #moveTo(ms: number): void {
    if (ms > this.clock.now) this.clock.now = ms;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close();
    this.#stopping.abort();
    await this.#server.finished;
  }

  /** As the network would: a request that is aborted, or whose connection breaks, rejects. */
  async #fetch(...[input, init]: Parameters<typeof fetch>): Promise<Response> {
    const { method = "GET", headers = {}, body = null, signal } = init ?? {};
    const aborted = Promise.withResolvers<never>();
    const onAbort = (): void => aborted.reject(signal?.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      signal?.throwIfAborted();
      const request = new Request(input instanceof Request ? input.url : input, { method, headers, body });
      const response = await Promise.race([this.#receive(request), aborted.promise]);
      if (response === undefined) throw new TypeError("error sending request: connection reset");
      return response;
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }

  /** Answers, or returns `undefined` when the connection breaks. */
  async #receive(request: Request): Promise<Response | undefined> {
    const seen = { method: request.method, path: new URL(request.url).pathname };
    this.seen.push(seen);
    const fault = this.fault(seen);
    if (fault === undefined) return await this.#answer(request);
    const body = request.method === "GET" ? null : await request.text();
    const { url, method, headers } = request;
    return await this.#befall(fault, () => new Request(url, { method, headers, body }));
  }

  async #befall(fault: WireFault, copy: () => Request): Promise<Response | undefined> {
    switch (fault.kind) {
      case "cut":
        if (fault.when === "after") await this.#answer(copy());
        return undefined;
      case "held":
        await sleep(fault.ms, this.#stopping.signal).catch(() => {});
        return await this.#answer(copy());
      case "late":
        this.#delayed.push({ dueAt: this.clock.now + fault.ms, copy });
        return undefined;
      case "twice":
        await this.#answer(copy());
        if (fault.last === "answer") return await this.#answer(copy());
        return await this.#answer(copy(), [{ kind: "too_many_requests", times: 1 }]);
      case "silent":
        await this.#answer(copy());
        return await new Promise((resolve) => {
          this.#stopping.signal.addEventListener("abort", () => resolve(undefined), { once: true });
        });
      case "changed":
        return await changed(await this.#answer(copy()), fault.change);
      case "instead": {
        const { headers } = await this.#answer(copy());
        return new Response(JSON.stringify(fault.answer), { status: fault.status, headers });
      }
      case "rules":
        return await this.#answer(copy(), fault.rules);
    }
  }

  async #answer(request: Request, rules: readonly FaultRule[] = []): Promise<Response> {
    // The faults of a request are drawn before any wait.
    this.#api.faults.set(rules);
    const answering = this.#api.handle(request);
    this.#api.faults.set([]);
    const response = await answering;
    response.headers.set("date", new Date(this.clock.now).toUTCString());
    return response;
  }
}

async function changed(
  { status, headers, body }: Response,
  change: (answer: Record<string, unknown>) => unknown,
): Promise<Response> {
  // Ids beyond 2^53 stay as they are written.
  const answer = parseJson(await new Response(body).text());
  return new Response(JSON.stringify(change(Object(answer))), { status, headers });
}

/** Headers that promise a byte which never arrives, so that the connection breaks after them. */
function cutResponse(): Response {
  const nothing = new ReadableStream({ pull: (controller) => controller.close() });
  return new Response(nothing, { headers: { "content-length": "1", "date": "" } });
}
