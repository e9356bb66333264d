/** An executor on a real record and a faulty exchange, on clocks that a test moves; it can crash and restart. */

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
import { InstanceLock } from "../../src/state/instance_lock.ts";
import { KillSwitch } from "../../src/trading/execution/kill_switch.ts";
import { SqliteRecord } from "../../src/state/record/sqlite/record.ts";
import { answeringLate } from "./late_record.ts";
import { FaultyExchange, type WireFault } from "./faulty_exchange.ts";
import { rightsBy } from "./sending_rights.ts";

/** Longer pauses belong to background work: they last until {@linkcode ExecutorWorld.wakeUntil}. */
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

/** A buy that takes the best offers at once. */
export const CROSSING: Order = { ...RESTING, price: "1200000", timeInForce: "IOC" };

/** A policy that allows everything. */
export const ANYTHING = sealPolicy({ mode: "auto" });

/** Terms that allow everything, with nothing of a day's limit used. */
export const FREE_TERMS: Terms = { policy: ANYTHING, notional: null };

/** The path for placing orders. */
export const POST = "/api/1/postorder";

/** The path for look-ups. */
export const LOOK = "/api/exchange/3/order";

/** The path for cancelling. */
export const STOP = "/api/1/stoporder";

/** An executor and everything around it. */
export class ExecutorWorld implements AsyncDisposable {
  readonly exchange: FaultyExchange;
  readonly folder: string;
  /** The local wall clock minus the exchange's. */
  skewMs = 0;
  store: SqliteRecord;
  /** The kill switch of this process. */
  killSwitch: KillSwitch;
  instance: InstanceLock;
  executor: OrderExecutor;
  /** Wraps the executor's parts. */
  readonly #wrap: (options: ExecutorOptions) => ExecutorOptions;
  #sleepers: (() => void)[] = [];
  #previews = 0;

  private constructor(exchange: FaultyExchange, folder: string, wrap: (options: ExecutorOptions) => ExecutorOptions) {
    this.exchange = exchange;
    this.folder = folder;
    this.#wrap = wrap;
    this.store = this.#openStore();
    this.killSwitch = this.#openKillSwitch();
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

  /** A request for one order, with a separate preview. */
  request(order: Order = RESTING, rest: Partial<PlaceRequest> = {}): PlaceRequest {
    return { order, identity: "local", previewId: `p${++this.#previews}`, ...rightsBy(() => FREE_TERMS), ...rest };
  }

  /** The journal's placement for a request. */
  placement({ previewId, order }: PlaceRequest): Placement | undefined {
    return this.store.journal.find(clientOrderIdOf({ previewId, digest: orderDigest(order) }));
  }

  /** The exchange's orders of a request. */
  orders({ previewId, order }: PlaceRequest): LedgerOrder[] {
    return this.exchange.ordersOf(clientOrderIdOf({ previewId, digest: orderDigest(order) }));
  }

  /** Gives the next `times` requests of a path a fault. */
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

  /** The process crashes and restarts; the executor is not recovered. */
  async restart(): Promise<void> {
    await this.executor.stop();
    this.#leave();
    this.store = this.#openStore();
    this.killSwitch = this.#openKillSwitch();
    this.killSwitch = this.#openKillSwitch();
    this.instance = this.#enter();
    this.executor = this.#openExecutor();
  }

  /** Ends the background's pauses repeatedly, until `isDone`. */
  async wakeUntil(isDone: () => boolean): Promise<void> {
    while (!isDone()) {
      for (const wake of this.#sleepers.splice(0)) wake();
      await new Promise((resolve) => setTimeout(resolve));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.executor.stop();
    this.#leave();
    await this.exchange[Symbol.asyncDispose]();
    await Deno.remove(this.folder, { recursive: true });
  }

  #openStore(): SqliteRecord {
    return SqliteRecord.open({ folder: this.folder, mode: "write" });
  }

  #openKillSwitch(): KillSwitch {
    return new KillSwitch({ halts: answeringLate(this.store.halts) });
  }

  #enter(): InstanceLock {
    const lock = InstanceLock.take(this.folder);
    const facts = { pid: Deno.pid, command: "serve", startedAt: this.now, cancels: ["main"] } as const;
    this.store.instances.enter({ ...facts, id: lock.id });
    return lock;
  }

  #leave(): void {
    this.store.instances.remove(this.instance.id);
    this.instance.release();
    this.store.close();
  }

  #openExecutor(): OrderExecutor {
    const { instance: { id }, killSwitch } = this;
    const record = answeringLate(this.store);
    return new OrderExecutor(this.#wrap({
      exchange: this.exchange.connect({ skewMs: () => this.skewMs }),
      record,
      scope: { venue: "", account: "main" },
      pendingHalt: () => killSwitch.pending,
      instance: { id, takeOver: () => record.instances.takeOver(id, ["main"]) },
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

/** The parts of an executor with some methods of the journal replaced. */
export function withJournal(options: ExecutorOptions, replaced: Partial<ExecutorJournal>): ExecutorOptions {
  const { journal, replacements, audit } = options.record;
  const whole: ExecutorJournal = {
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
    unsettled: (...args) => journal.unsettled(...args),
    open: (...args) => journal.open(...args),
    ...replaced,
  };
  return { ...options, record: { journal: whole, replacements, audit } };
}

/** Checks that a result has this status, and returns it. */
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
