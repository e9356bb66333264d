/**
 * The paper exchange as an HTTP server on the loopback interface that speaks the exchange's REST API, with the real
 * market and paper funds. It only ever sends reads to the real exchange.
 */

import { getLogger } from "../../logging/logger.ts";
import { ExchangeError } from "../../exchange/errors.ts";
import type { OrderBook } from "../../exchange/market_schemas.ts";
import { LastingServer } from "../../network/lasting_server.ts";
import type { Exchange } from "../../market/exchange_port.ts";
import { refusalResponse } from "../api/fault_effects.ts";
import { orderRoutes } from "../api/order_routes.ts";
import { Parameters } from "../api/parameters.ts";
import { BodyTooLargeError } from "../../network/body_text.ts";
import { readForm } from "../api/request_form.ts";
import { Router } from "../api/route.ts";
import { Refusal } from "../engine/refusal.ts";
import { StateError } from "../../state/state_error.ts";
import { ledgerFailure } from "./ledger_failures.ts";
import type { PaperLedger } from "./ledger.ts";
import { accountRoutes } from "./paper_account_routes.ts";
import { readFailure } from "./real_market_failures.ts";
import type { FixedFees } from "./fees.ts";
import { type Credentials, PaperKeys } from "./paper_keys.ts";
import { marketRoutes } from "./paper_market_routes.ts";
import { paperOrders } from "./order_handlers.ts";
import { PaperExchange } from "./paper_exchange.ts";
import { Poller } from "./poller.ts";
import type { PaperCall } from "./paper_route.ts";

const log = getLogger(["luno-mcp-server", "paper"]);

/** Settings of {@linkcode startPaper}. */
export interface PaperOptions {
  /** The real exchange, which is only read. */
  readonly upstream: Pick<Exchange, "call">;
  /**
   * Accounts and orders; closed by `stop()`, or when the start fails. While it is still being opened, calls that need
   * it are refused.
   */
  readonly ledger: PaperLedger | Promise<PaperLedger>;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
  /**
   * Fees of every market.
   *
   * @default those of the real account, else the published ones
   */
  readonly fees?: FixedFees;
  /**
   * Whether other servers use the ledger too, whose orders must be checked as well.
   *
   * @default false
   */
  readonly isShared?: boolean;
  /**
   * Pause between two reads of markets with waiting orders, in milliseconds.
   *
   * @default 2_000
   */
  readonly pauseMs?: number;
}

/** A running paper exchange. */
export interface RunningPaper {
  /** `http://127.0.0.1:PORT`, without a trailing slash. */
  readonly url: string;
  /** The key of an identity, valid until `stop()`. Each identity has its own accounts and orders. */
  keyFor(identity: string): Credentials;
  /** A real book without what an identity has taken of it, as its next order meets it. */
  bookLeft(identity: string, pair: string, book: OrderBook): Promise<OrderBook>;
  /** A value that changes when an identity's accounts are reset, by any process. */
  epochOf(identity: string): Promise<string>;
  /** Deletes orders and fills of one identity, or of all, and resets the accounts to their opening balances. */
  reset(identity?: string): Promise<void>;
  /** Stops the server; the ledger keeps its content. */
  stop(): Promise<void>;
}

/** Starts a paper exchange; it runs until `stop()`. Rejects with a `RangeError` for fees that are not decimals. */
export async function startPaper(options: PaperOptions): Promise<RunningPaper> {
  try {
    return new PaperServer(options);
  } catch (error) {
    await closeLedger(options.ledger);
    throw error;
  }
}

class PaperServer implements RunningPaper {
  readonly url: string;
  readonly #ledger: PaperOptions["ledger"];
  readonly #exchange: PaperExchange;
  readonly #poller: Poller;
  readonly #keys = new PaperKeys();
  readonly #router: Router;
  readonly #stopping = new AbortController();
  readonly #finished: Promise<void>;
  readonly #running = new Set<Promise<Response>>();
  #stopped: Promise<void> | undefined;

  constructor({ pauseMs = 2_000, isShared = false, ...options }: PaperOptions) {
    const { signal } = this.#stopping;
    this.#ledger = options.ledger;
    this.#exchange = new PaperExchange({ ...options, signal });
    this.#poller = new Poller(this.#exchange, { pauseMs, isShared });
    this.#router = new Router([
      ...marketRoutes(this.#exchange),
      ...accountRoutes(this.#exchange),
      ...orderRoutes(paperOrders(this.#exchange, { placed: () => this.#poller.wake() })),
    ]);
    const handler = (request: Request) => this.#handle(request);
    const server = new LastingServer({ port: 0, hostname: "127.0.0.1", signal }, handler);
    this.url = `http://127.0.0.1:${server.addr.port}`;
    this.#finished = server.finished;
    // Orders of an earlier run are still waiting.
    this.#poller.wake();
  }

  keyFor(identity: string): Credentials {
    return this.#keys.keyFor(identity);
  }

  async bookLeft(identity: string, pair: string, book: OrderBook): Promise<OrderBook> {
    return await this.#exchange.bookLeft(identity, pair, book);
  }

  async epochOf(identity: string): Promise<string> {
    return await this.#exchange.ledger.epochOf(identity);
  }

  reset(identity?: string): Promise<void> {
    return this.#exchange.reset(identity);
  }

  stop(): Promise<void> {
    return this.#stopped ??= this.#stop();
  }

  async #stop(): Promise<void> {
    this.#stopping.abort();
    await this.#poller.stop();
    await Promise.allSettled(this.#running);
    await this.#finished;
    await closeLedger(this.#ledger);
  }

  async #handle(request: Request): Promise<Response> {
    const answer = this.#answer(request).catch((error) => answerToFailure(error, request));
    this.#running.add(answer);
    const response = await answer;
    this.#running.delete(answer);
    response.headers.set("date", new Date(this.#exchange.wallClock()).toUTCString());
    return response;
  }

  async #answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const match = this.#router.find(request.method, url.pathname);
    if (match === undefined) return new Response(null, { status: 404 });
    const form = request.method === "GET" ? undefined : await readForm(request);
    const identity = this.#keys.identityOf(request.headers.get("authorization"));
    if (match.route.permission !== null && identity === undefined) {
      return new Response("Unauthorized", { status: 401, headers: { "content-type": "text/plain" } });
    }
    const nowMs = this.#exchange.now();
    const parameters = new Parameters(url.searchParams, form);
    const call: PaperCall = { identity: identity ?? "", parameters, id: match.id, nowMs, atMs: nowMs };
    return Response.json(await match.route.run(call));
  }
}

/** A ledger that was never opened need not be closed. */
async function closeLedger(ledger: PaperOptions["ledger"]): Promise<void> {
  const opened = await Promise.resolve(ledger).catch(() => undefined);
  await opened?.close();
}

function answerToFailure(error: unknown, { method }: Request): Response {
  if (error instanceof Refusal) return refusalResponse(error);
  if (error instanceof ExchangeError) return readFailure(error);
  if (error instanceof StateError) return ledgerFailure(error, { isRead: method === "GET" });
  if (error instanceof BodyTooLargeError) return new Response(null, { status: 413 });
  log.error("internal error", { during: "paper exchange", error });
  return refusalResponse(new Refusal("ErrInternal"));
}
