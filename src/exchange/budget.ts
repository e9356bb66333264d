/**
 * Which calls go first when calls are scarce, and how long the others wait. The supply knows how many calls there are.
 * Independent of HTTP.
 */

import { type Sleep, sleep } from "../timing/sleep.ts";
import type { CallSupply, Reservation } from "./call_supply.ts";
import { CallWindow } from "./call_window.ts";
import type { Priority } from "./endpoint.ts";

/** Most urgent first. */
const PRIORITIES = ["cancel", "order", "account", "market"] as const satisfies readonly Priority[];

/** Settings of a {@linkcode CallBudget}. */
export interface CallBudgetOptions {
  /** @default {300} */
  limitPerMinute?: number;
  /**
   * The longest wait for a turn.
   *
   * @default {5_000}
   */
  maxWaitMs?: number;
  /**
   * The most callers that wait.
   *
   * @default {100}
   */
  maxQueue?: number;
  /** Monotonic milliseconds. */
  now?: () => number;
  sleep?: Sleep;
  /** @default the calls of this process alone */
  supply?: CallSupply;
}

/** Whether a call may be made, and if not, when to ask again. */
export type Turn =
  | { readonly ok: true; readonly reservation: Reservation }
  | { readonly ok: false; readonly retryAfterMs: number };

interface Waiter {
  readonly expiresAt: number;
  readonly settle: (turn: Turn) => void;
}

/** Shares the calls that there are by priority. */
export class CallBudget {
  readonly limitPerMinute: number;
  readonly #maxWaitMs: number;
  readonly #maxQueue: number;
  readonly #now: () => number;
  readonly #sleep: Sleep;
  readonly #supply: CallSupply;
  readonly #queues: Readonly<Record<Priority, Waiter[]>> = { cancel: [], order: [], account: [], market: [] };
  /** Ends the pause before the next possible turn. */
  #alarm: AbortController | undefined;

  constructor(options: CallBudgetOptions = {}) {
    this.limitPerMinute = options.limitPerMinute ?? 300;
    this.#maxWaitMs = options.maxWaitMs ?? 5_000;
    this.#maxQueue = options.maxQueue ?? 100;
    this.#now = options.now ?? (() => performance.now());
    this.#sleep = options.sleep ?? sleep;
    if (!Number.isInteger(this.limitPerMinute) || this.limitPerMinute < 1) {
      throw new RangeError(
        `Cannot build budget as limitPerMinute must be >= 1: current value is ${this.limitPerMinute}`,
      );
    }
    this.#supply = options.supply ?? new CallWindow({ limitPerMinute: () => this.limitPerMinute, now: this.#now });
    this.#supply.onMore(() => this.#serve());
  }

  /** Calls that could be made now. */
  get remaining(): number {
    return this.#supply.remaining;
  }

  /**
   * Waits for the turn of one call. Returns at once when its turn cannot come within `maxWaitMs`, or when too many wait
   * already. Rejects with the signal's reason when that aborts.
   */
  async take(priority: Priority, signal?: AbortSignal): Promise<Turn> {
    signal?.throwIfAborted();
    const reservation = this.#isAnybodyAhead(priority) ? undefined : this.#supply.take(priority);
    if (reservation !== undefined) return { ok: true, reservation };
    const retryAfterMs = this.#supply.waitMs(priority);
    if (retryAfterMs > this.#maxWaitMs || this.#queueLength() >= this.#maxQueue) return { ok: false, retryAfterMs };
    return await this.#wait(priority, signal);
  }

  #wait(priority: Priority, signal: AbortSignal | undefined): Promise<Turn> {
    return new Promise((resolve, reject) => {
      const queue = this.#queues[priority];
      const onAbort = (): void => {
        queue.splice(queue.indexOf(waiter), 1);
        this.#setAlarm();
        reject(signal?.reason);
      };
      const waiter: Waiter = {
        expiresAt: this.#now() + this.#maxWaitMs,
        settle: (turn) => {
          signal?.removeEventListener("abort", onAbort);
          resolve(turn);
        },
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      queue.push(waiter);
      this.#setAlarm();
    });
  }

  /** Grants turns, most urgent first, and refuses callers that have waited too long. */
  #serve(): void {
    for (const priority of PRIORITIES) {
      const queue = this.#queues[priority];
      for (let waiter = queue[0]; waiter !== undefined; waiter = queue[0]) {
        const reservation = this.#supply.take(priority);
        if (reservation !== undefined) {
          waiter.settle({ ok: true, reservation });
        } else if (waiter.expiresAt <= this.#now()) {
          waiter.settle({ ok: false, retryAfterMs: this.#supply.waitMs(priority) });
        } else break;
        queue.shift();
      }
    }
    this.#setAlarm();
  }

  #setAlarm(): void {
    this.#alarm?.abort();
    this.#alarm = undefined;
    const pauses = PRIORITIES.flatMap((priority) => {
      const first = this.#queues[priority][0];
      return first === undefined ? [] : [Math.min(this.#supply.waitMs(priority), first.expiresAt - this.#now())];
    });
    if (pauses.length === 0) return;
    const alarm = this.#alarm = new AbortController();
    // A rejection means that the timer was replaced or is not needed any more.
    this.#sleep(Math.max(1, Math.ceil(Math.min(...pauses))), alarm.signal).then(() => this.#serve(), () => {});
  }

  #isAnybodyAhead(priority: Priority): boolean {
    return PRIORITIES.slice(0, PRIORITIES.indexOf(priority) + 1).some((each) => this.#queues[each].length > 0);
  }

  #queueLength(): number {
    return PRIORITIES.reduce((sum, priority) => sum + this.#queues[priority].length, 0);
  }
}
