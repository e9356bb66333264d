/**
 * Places, cancels and replaces orders on one exchange. What may be placed is decided before: by policy, preview and
 * confirmation.
 */

import type { ToolErrorCode } from "../../errors/error_table.ts";
import { sleep } from "../../timing/sleep.ts";
import { cancelOrder } from "./cancel.ts";
import { cancelAllOrders } from "./cancel_all.ts";
import type { CancelAllResult } from "./cancel_all.ts";
import type { CancelResult } from "./cancel_result.ts";
import type { OrderReference } from "../orders/order.ts";
import { isPaper } from "../orders/trading_account.ts";
import type { ExecutorOptions, ExecutorParts } from "./executor_parts.ts";
import { ExchangeClock } from "./exchange_clock.ts";
import { refreshOpenOrders } from "./open_orders.ts";
import { OrderNews } from "./order_news.ts";
import { OrderWakes } from "./order_wakes.ts";
import { Placements } from "./placement.ts";
import type { PlaceOptions, PlaceRequest } from "./place_request.ts";
import { type PlacementResult, refuse } from "./placement_result.ts";
import { recoverPlacements, Watch } from "./recovery.ts";
import { replaceOrder } from "./replace.ts";
import type { ReplaceRequest, ReplaceResult } from "./replace.ts";
import { PendingWrites } from "./pending_writes.ts";

/** Whether orders may be placed, and if not, why. */
export type Readiness =
  | { readonly ready: true }
  | {
    readonly ready: false;
    readonly code: ToolErrorCode;
    readonly message: string;
  };

/** How long cancelling everything waits for orders in flight. */
const ARRIVAL_WAIT_MS = 15_000;

/** How long a call waits for the recovery of an earlier run's orders. */
const RECOVERY_WAIT_MS = 20_000;

/** The executor of one exchange account. Owns a timer once it was used; {@linkcode OrderExecutor.stop} ends it. */
export class OrderExecutor {
  readonly #parts: ExecutorParts;
  readonly #placements: Placements;
  readonly #watch: Watch;
  readonly #news: OrderNews | undefined;
  readonly #stopping = new AbortController();
  #recovering: Promise<void> | undefined;
  #isRecovered = false;

  constructor({ exchange, record, scope, instance, now, ...options }: ExecutorOptions) {
    const { monotonic = () => performance.now(), random = Math.random, news } = options;
    const { pendingHalt = () => ({ halted: false }), policyChanged = () => Promise.resolve(false) } = options;
    this.#parts = {
      ...record,
      exchange,
      scope,
      instance,
      pendingHalt,
      policyChanged,
      now,
      monotonic,
      random,
      sleep: options.sleep ?? sleep,
      signal: this.#stopping.signal,
      clock: new ExchangeClock({ exchange, now, isOurs: isPaper(scope.account) }),
      news,
      wakes: new OrderWakes(),
      pendingWrites: new PendingWrites(),
    };
    this.#placements = new Placements(this.#parts);
    this.#watch = new Watch(this.#parts, this.#placements);
    this.#news = news && new OrderNews(this.#parts, { news, missed: () => this.#watch.start() });
  }

  /** Whether orders may be placed now; cancelling may always be attempted. */
  async readiness(): Promise<Readiness> {
    if (this.#stopping.signal.aborted) return notReady("ERR_STOPPED", "the server is ending");
    const { pendingWrites } = this.#parts;
    if (pendingWrites.reason !== null && !await pendingWrites.retry()) {
      return notReady("ERR_RECORD_FAILED", `the trading database cannot be written (${pendingWrites.reason})`);
    }
    if (!this.#isRecovered) return notReady("ERR_RECOVERING", "orders of an earlier run are still being looked up");
    return { ready: true };
  }

  /**
   * Settles what an earlier run left open; nothing is placed before. Orders that stay unknown are looked up in the
   * background.
   *
   * @throws {StoreError} when the journal cannot be read
   */
  recover(): Promise<void> {
    return this.#recovering ??= this.#recover().finally(() => this.#recovering = undefined);
  }

  /** Places an order once and reports whether it exists; see {@linkcode Placements.place}. */
  async place(request: PlaceRequest, options: PlaceOptions = {}): Promise<PlacementResult> {
    using _need = this.#parts.news?.need();
    const readiness = await this.#whenRecovered();
    if (!readiness.ready) return refuse(readiness.code, readiness.message);
    const result = await this.#placements.place(request, options);
    // After a failed write, the record may contain a placement that is unknown here.
    const isNews = result.status === "placed" || result.status === "unknown" || result.reason === "ERR_RECORD_FAILED";
    if (isNews) this.#watch.start();
    return result;
  }

  /**
   * Cancels an order and waits until it is final.
   *
   * @throws {ExchangeError} when the exchange does not let this key cancel, or the id is malformed
   */
  async cancel(target: OrderReference, identity: string): Promise<CancelResult> {
    using _need = this.#parts.news?.need();
    const result = await cancelOrder(this.#parts, target, identity);
    this.#watch.start();
    return result;
  }

  /** Cancels all open orders, or those of one pair, and reports which remain. */
  async cancelAll(filter: { readonly pair?: string | undefined }, identity: string): Promise<CancelAllResult> {
    using _need = this.#parts.news?.need();
    const result = await cancelAllOrders(this.#parts, { ...filter, settled: () => this.#arrived() }, identity);
    this.#watch.start();
    return result;
  }

  /**
   * Cancels an order, waits until it is final, and places the rest.
   *
   * @throws {ExchangeError} when the exchange does not let this key cancel
   */
  async replace(request: ReplaceRequest, options: PlaceOptions = {}): Promise<ReplaceResult> {
    using _need = this.#parts.news?.need();
    const readiness = await this.#whenRecovered();
    if (!readiness.ready) return refuse(readiness.code, readiness.message);
    const result = await replaceOrder({ parts: this.#parts, placements: this.#placements }, request, options);
    this.#watch.start();
    return result;
  }

  /** Records the fills of placed orders that have become final; returns how many. */
  refresh(): Promise<number> {
    return refreshOpenOrders(this.#parts);
  }

  /** There may be a new order to look up. */
  watch(): void {
    this.#watch.start();
  }

  /** Places nothing more, stops looking orders up, and waits for requests in flight. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.allSettled([...this.#placements.underWay, this.#watch.finished, this.#recovering]);
    await this.#news?.finished();
    await this.#parts.pendingWrites.retry();
  }

  /** The readiness, after waiting for a running recovery for a while. */
  async #whenRecovered(): Promise<Readiness> {
    if (this.#isRecovered) return await this.readiness();
    // A recovery that failed because the record was unreadable is repeated.
    await this.#within(this.recover(), RECOVERY_WAIT_MS);
    return await this.readiness();
  }

  /** Waits for orders in flight. */
  #arrived(): Promise<void> {
    return this.#within(Promise.allSettled(this.#placements.underWay), ARRIVAL_WAIT_MS);
  }

  /** Waits until the work settles, but no longer than this. */
  async #within(work: Promise<unknown>, ms: number): Promise<void> {
    const over = new AbortController();
    const waited = this.#parts.sleep(ms, AbortSignal.any([over.signal, this.#stopping.signal]));
    await Promise.race([work.catch(() => {}), waited.catch(() => {})]);
    over.abort();
  }

  async #recover(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    await recoverPlacements(this.#parts, this.#placements);
    this.#isRecovered = !this.#stopping.signal.aborted;
    this.#watch.start();
  }
}

function notReady(code: ToolErrorCode, reason: string): Readiness {
  return { ready: false, code, message: `Cannot place an order as ${reason}: try again later` };
}
