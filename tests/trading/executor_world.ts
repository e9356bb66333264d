/** An executor on a real record and a faulty exchange, on clocks that move when told; it can be cut short and started anew. */

import assert from "node:assert/strict";
import type { Placement } from "../../src/trading/record/recorded_placement.ts";
import { OrderExecutor } from "../../src/trading/execution/executor.ts";
import type { ExecutorJournal, ExecutorOptions } from "../../src/trading/execution/executor_parts.ts";
import { type Order, orderDigest } from "../../src/trading/orders/order.ts";
import { clientOrderIdOf } from "../../src/trading/orders/order.ts";
import type { PlaceRequest } from "../../src/trading/execution/place_request.ts";
import type { Terms } from "../../src/trading/execution/sending_terms.ts";
import { sealPolicy } from "../../src/trading/policy/policy.ts";
import type { Order as LedgerOrder } from "../../src/simulation/engine/orders.ts";
import type { Instance } from "../../src/trading/record/instances.ts";
import { TradingStore } from "../../src/trading/record/store.ts";
import { answeringLate } from "./late_record.ts";
import { FaultyExchange, type WireFault } from "./faulty_exchange.ts";

/** Pauses from here on are the background's: they last until {@linkcode ExecutorWorld.wakeUntil}. */
const BACKGROUND_MS = 2_100;

/** A buy far below the market, which rests. */
export const RESTING: Order = {
  pair: "XBTZAR",
  base: "XBT",
  counter: "ZAR",
  side: "BUY",
  type: "limit",
  volume: "0.001",
  price: "900000",
  timeInForce: "GTC",
};

/** A buy that takes what is offered at once. */
export const CROSSING: Order = { ...RESTING, price: "1200000", timeInForce: "IOC" };

/** Everything is allowed. */
export const ANYTHING = sealPolicy({ mode: "auto" });

/** Everything is allowed, and nothing of a day's limit taken. */
export const FREE_TERMS: Terms = { policy: ANYTHING, notional: null };

/** Where orders are posted. */
export const POST = "/api/1/postorder";

/** Where they are looked up. */
export const LOOK = "/api/exchange/3/order";

/** Where they are cancelled. */
export const STOP = "/api/1/stoporder";

/** An executor and everything around it. */
export class ExecutorWorld implements AsyncDisposable {
  readonly exchange: FaultyExchange;
  readonly folder: string;
  /** Our wall clock less the exchange's. */
  skewMs = 0;
  store: TradingStore;
  instance: Instance;
  executor: OrderExecutor;
  /** What stands between the executor and its parts. */
  readonly #wrap: (options: ExecutorOptions) => ExecutorOptions;
  #sleepers: (() => void)[] = [];
  #previews = 0;

  private constructor(exchange: FaultyExchange, folder: string, wrap: (options: ExecutorOptions) => ExecutorOptions) {
    this.exchange = exchange;
    this.folder = folder;
    this.#wrap = wrap;
    this.store = this.#openStore();
    this.instance = this.#enter();
    this.executor = this.#openExecutor();
  }

  /** Starts; the executor is ready unless `isRecovered` is `false`. */
  static async start(
    { wrap = (options) => options, isRecovered = true }: {
      readonly wrap?: (options: ExecutorOptions) => ExecutorOptions;
      readonly isRecovered?: boolean;
    } = {},
  ): Promise<ExecutorWorld> {
    const world = new ExecutorWorld(new FaultyExchange(), await Deno.makeTempDir(), wrap);
    if (isRecovered) await world.executor.recover();
    return world;
  }

  get now(): number {
    return this.exchange.clock.now + this.skewMs;
  }

  /** A request for one order, with a preview of its own. */
  request(order: Order = RESTING, rest: Partial<PlaceRequest> = {}): PlaceRequest {
    return { order, identity: "local", previewId: `p${++this.#previews}`, termsOf: () => FREE_TERMS, ...rest };
  }

  /** What the journal knows of a request. */
  placement({ previewId, order }: PlaceRequest): Placement | undefined {
    return this.store.journal.find(clientOrderIdOf(previewId, orderDigest(order)));
  }

  /** The exchange's orders of a request. */
  orders({ previewId, order }: PlaceRequest): LedgerOrder[] {
    return this.exchange.ordersOf(clientOrderIdOf(previewId, orderDigest(order)));
  }

  /** The next request of a path meets a fault, `times` in all. */
  fault(path: string, fault: WireFault, times = 1): void {
    const before = this.exchange.fault;
    let left = times;
    this.exchange.fault = (seen) => {
      if (seen.path === path && left > 0) {
        left--;
        return fault;
      }
      return before(seen);
    };
  }

  /** The process ends without a word and starts again; the executor is not recovered. */
  async restart(): Promise<void> {
    await this.executor.stop();
    this.instance.end();
    this.store.close();
    this.store = this.#openStore();
    this.instance = this.#enter();
    this.executor = this.#openExecutor();
  }

  /** Ends the background's pauses again and again, until `isDone`. */
  async wakeUntil(isDone: () => boolean): Promise<void> {
    while (!isDone()) {
      for (const wake of this.#sleepers.splice(0)) wake();
      await new Promise((resolve) => setTimeout(resolve));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.executor.stop();
    this.instance.end();
    this.store.close();
    await this.exchange[Symbol.asyncDispose]();
    await Deno.remove(this.folder, { recursive: true });
  }

  #openStore(): TradingStore {
    return TradingStore.open(this.folder, { now: () => this.now });
  }

  #enter(): Instance {
    return this.store.instances.enter({ pid: Deno.pid, command: "serve", startedAt: this.now, cancels: ["real"] });
  }

  #openExecutor(): OrderExecutor {
    const { instance } = this;
    return new OrderExecutor(this.#wrap({
      exchange: this.exchange.connect({ skewMs: () => this.skewMs }),
      journal: answeringLate(this.store.journal),
      audit: answeringLate(this.store.audit),
      instance: { id: instance.id, takeOver: () => instance.takeOver(["real"]) },
      paper: false,
      now: () => this.now,
      monotonic: () => this.exchange.clock.now,
      sleep: (ms, signal) => ms > BACKGROUND_MS ? this.#park(signal) : this.exchange.advance(ms),
      random: () => 0.9,
    }));
  }

  #park(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      this.#sleepers.push(resolve);
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  }
}

/** The journal with some of its methods replaced. */
export function journalWith(journal: ExecutorJournal, replaced: Partial<ExecutorJournal>): ExecutorJournal {
  return {
    begin: (...args) => journal.begin(...args),
    repeat: (...args) => journal.repeat(...args),
    withdraw: (...args) => journal.withdraw(...args),
    forgetIntent: (...args) => journal.forgetIntent(...args),
    settle: (...args) => journal.settle(...args),
    close: (...args) => journal.close(...args),
    find: (...args) => journal.find(...args),
    findByOrderId: (...args) => journal.findByOrderId(...args),
    findByKey: (...args) => journal.findByKey(...args),
    wouldRefuse: (...args) => journal.wouldRefuse(...args),
    replacements: journal.replacements,
    unsettled: () => journal.unsettled(),
    open: (...args) => journal.open(...args),
    ...replaced,
  };
}

/** Checks that a result has this status, and answers it. */
export function expectStatus<Result extends { readonly status: string }, Status extends Result["status"]>(
  result: Result,
  status: Status,
): Result & { readonly status: Status } {
  assert.ok(hasStatus(result, status), `expected ${status}: ${JSON.stringify(result)}`);
  return result;
}

function hasStatus<Result extends { readonly status: string }, Status extends string>(
  result: Result,
  status: Status,
): result is Result & { readonly status: Status } {
  return result.status === status;
}
