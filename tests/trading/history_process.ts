/** One process of a random history: its own connection to the record, lock, clock, client and executor, until it dies. */

import { CallBudget } from "../../src/exchange/budget.ts";
import type { ExchangeClient } from "../../src/exchange/client.ts";
import { OrderExecutor } from "../../src/trading/execution/executor.ts";
import type { ExecutorOptions } from "../../src/trading/execution/executor_parts.ts";
import { InstanceLock } from "../../src/state/instance_lock.ts";
import { OpenOrderCancellation } from "../../src/trading/execution/open_order_cancellation.ts";
import { SqliteRecord } from "../../src/state/record/sqlite/record.ts";
import type { Dice } from "./chance.ts";
import type { FaultyExchange } from "./faulty_exchange.ts";
import { answeringLate } from "./late_record.ts";
import { type Flaw, flawed, flawedRequests, Life } from "./fault_plan.ts";

/** The parts of a {@linkcode HistoryProcess}. */
export interface ProcessParts {
  readonly exchange: FaultyExchange;
  readonly folder: string;
  readonly dice: Dice;
  readonly overSockets: boolean;
  readonly flaw: Flaw | undefined;
  /** Steps until it dies. */
  readonly steps: number;
  /** The local wall clock minus the exchange's. */
  readonly skewMs: () => number;
  /** Calls to the exchange per minute. */
  readonly callsPerMinute: number;
  /** Called at each of its steps at which other things may happen. */
  readonly meanwhile: () => void;
  /** Called with the client order id of each order whose request is being sent. */
  readonly onSending: (clientOrderId: string) => void;
  /** Called with each call that is sent, since it continues when the process does not. */
  readonly onLeaving: (call: Promise<unknown>) => void;
}

/** Longer pauses belong to background work: they last until {@linkcode HistoryProcess.wake}. */
const BACKGROUND_MS = 2_100;

/** Over sockets an unanswered request is aborted after so long; no other wait here uses the real clock. */
const REAL_DEADLINE_MS = 50;

/** A running process. */
export class HistoryProcess {
  readonly store: SqliteRecord;
  readonly life: Life;
  readonly executor: OrderExecutor;
  readonly #parts: ProcessParts;
  readonly #lock: InstanceLock;
  readonly #client: ExchangeClient;
  readonly #cancellation: OpenOrderCancellation;
  #sleepers: (() => void)[] = [];

  constructor(parts: ProcessParts) {
    this.#parts = parts;
    const { exchange, folder, overSockets, callsPerMinute, skewMs, dice } = parts;
    this.store = SqliteRecord.open({ folder: folder, mode: "write" });
    this.#lock = InstanceLock.take(folder);
    this.store.instances.enter({ id: this.#lock.id, pid: Deno.pid, command: "serve", startedAt: 0, cancels: ["main"] });
    this.life = new Life(parts.steps, { meanwhile: parts.meanwhile, answered: () => turns(dice.below(MAX_TURNS)) });
    const monotonic = () => exchange.clock.now;
    this.#client = exchange.connect({
      skewMs,
      withoutSockets: !overSockets,
      random: dice.unit,
      onSending: parts.onSending,
      budget: new CallBudget({ limitPerMinute: callsPerMinute, now: monotonic, sleep: (ms) => exchange.advance(ms) }),
    });
    this.executor = new OrderExecutor(flawed(this.#executorOptions(), parts.flaw, { store: this.store, folder }));
    this.#cancellation = new OpenOrderCancellation({
      requests: flawedRequests(answeringLate(this.store.cancelRequests), parts.flaw),
      instance: this.#lock.id,
      accounts: ["main"],
      cancelAll: () => this.executor.cancelAll({}, "kill switch"),
      now: () => this.now,
      monotonic,
      random: dice.unit,
    });
  }

  /** Its wall clock. */
  get now(): number {
    return this.#parts.exchange.clock.now + this.#parts.skewMs();
  }

  /** Works on the requests of a halt. */
  async workOnRequests(): Promise<void> {
    if (!this.life.isOver) await this.#cancellation.look();
  }

  /** Ends the background's pauses. */
  wake(): void {
    for (const wake of this.#sleepers.splice(0)) wake();
  }

  /** What the system itself does when a process has died: its row in the record remains. */
  bury(): void {
    this.life.end();
    this.#lock.release();
    this.store.close();
  }

  /** Ends in order; the record stays open for other readers. */
  async end(): Promise<void> {
    await this.executor.stop();
    this.#client.close();
    this.#lock.release();
  }

  #executorOptions(): ExecutorOptions {
    const { exchange, dice, overSockets, onLeaving } = this.#parts;
    const { life } = this;
    const { audit, instances, journal, replacements } = answeringLate(this.store);
    const { id } = this.#lock;
    return {
      exchange: life.exchange(this.#client, { onLeaving, ...(overSockets ? { deadlineMs: REAL_DEADLINE_MS } : {}) }),
      record: {
        journal: life.journal(journal),
        replacements: life.replacements(replacements),
        audit: { record: life.change((...args) => audit.record(...args)) },
      },
      scope: { venue: "", account: "main" },
      instance: { id, takeOver: life.change(() => instances.takeOver(id, ["main"])) },
      now: () => this.now,
      monotonic: () => exchange.clock.now,
      random: dice.unit,
      sleep: (ms, signal) => this.#sleep(ms, signal),
    };
  }

  async #sleep(ms: number, signal: AbortSignal): Promise<void> {
    if (this.life.isOver) return await new Promise(() => {});
    if (ms <= BACKGROUND_MS) return await this.#parts.exchange.advance(ms);
    await new Promise<void>((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      this.#sleepers.push(resolve);
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  }
}

/** Maximum number of turns that others take while the record answers. */
const MAX_TURNS = 12;

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await Promise.resolve();
}
