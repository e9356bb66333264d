/**
 * How many calls the whole process may make, and who goes first when they are scarce. Knows nothing of HTTP.
 */

import { type Sleep, sleep } from "../timing/sleep.ts";
import type { Priority } from "./endpoint.ts";

/** Most urgent first. */
const PRIORITIES = ["cancel", "order", "account", "market"] as const satisfies readonly Priority[];

/** The share of the budget that a priority must leave to those above it: market reads cannot starve a cancel. */
const RESERVED_SHARE: Readonly<Record<Priority, number>> = { cancel: 0, order: 0.05, account: 0.1, market: 0.2 };

const WINDOW_MS = 60_000;

/** Settings of a {@linkcode CallBudget}. */
export interface CallBudgetOptions {
  /** @default {300} */
  limitPerMinute?: number;
  /**
   * How long a caller waits for its turn at most.
   *
   * @default {5_000}
   */
  maxWaitMs?: number;
  /**
   * How many callers wait at most.
   *
   * @default {100}
   */
  maxQueue?: number;
  /** Monotonic milliseconds. */
  now?: () => number;
  sleep?: Sleep;
}

/** A place in the budget that is taken before the call is made, so that nothing waits between a decision and its call. */
export interface Reservation {
  /** The call is made now: it counts from here on. Once. */
  use(): void;
  /** The call is not made: another call may have its place. Nothing happens once it was used. */
  release(): void;
}

/** Whether a call may go, and if not, when to ask again. */
export type Turn =
  | { readonly ok: true; readonly reservation: Reservation }
  | { readonly ok: false; readonly retryAfterMs: number };

interface Grant {
  readonly at: number;
}

interface Waiter {
  readonly expiresAt: number;
  readonly settle: (turn: Turn) => void;
}

/** Never more than `limitPerMinute` calls in any 60 seconds, shared by priority. */
export class CallBudget {
  readonly limitPerMinute: number;
  readonly #maxWaitMs: number;
  readonly #maxQueue: number;
  readonly #now: () => number;
  readonly #sleep: Sleep;
  /** When each call of the last minute was granted or made, oldest first. */
  readonly #granted: Grant[] = [];
  readonly #queues: Readonly<Record<Priority, Waiter[]>> = { cancel: [], order: [], account: [], market: [] };
  /** Ends the pause until the next turn may have come. */
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
  }

  /** Calls left in the running 60 seconds. */
  get remaining(): number {
    this.#forgetOld();
    return this.limitPerMinute - this.#granted.length;
  }

  /**
   * Waits for the turn of one call. Answers at once when its turn cannot come within `maxWaitMs`, or when too many wait
   * already. Rejects with the signal's reason when that aborts.
   */
  async take(priority: Priority, signal?: AbortSignal): Promise<Turn> {
    signal?.throwIfAborted();
    if (this.#isFree(priority) && !this.#isAnybodyAhead(priority)) {
      return this.#grant();
    }
    const retryAfterMs = this.#waitMs(priority);
    if (retryAfterMs > this.#maxWaitMs || this.#queueLength() >= this.#maxQueue) return { ok: false, retryAfterMs };
    return await this.#wait(priority, signal);
  }

  #grant(): Turn {
    let grant: Grant | undefined = { at: this.#now() };
    this.#granted.push(grant);
    const remove = (): boolean => {
      const place = grant === undefined ? -1 : this.#granted.indexOf(grant);
      if (place >= 0) this.#granted.splice(place, 1);
      const isFirst = grant !== undefined;
      grant = undefined;
      return isFirst;
    };
    const reservation: Reservation = {
      use: () => {
        if (remove()) this.#granted.push({ at: this.#now() });
      },
      release: () => {
        if (remove()) this.#serve();
      },
    };
    return { ok: true, reservation };
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

  /** Lets go whose turn has come, most urgent first, and refuses those that have waited too long. */
  #serve(): void {
    for (const priority of PRIORITIES) {
      const queue = this.#queues[priority];
      for (let waiter = queue[0]; waiter !== undefined; waiter = queue[0]) {
        if (this.#isFree(priority)) {
          waiter.settle(this.#grant());
        } else if (waiter.expiresAt <= this.#now()) {
          waiter.settle({ ok: false, retryAfterMs: this.#waitMs(priority) });
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
      return first === undefined ? [] : [Math.min(this.#waitMs(priority), first.expiresAt - this.#now())];
    });
    if (pauses.length === 0) return;
    const alarm = this.#alarm = new AbortController();
    // A rejection means that the alarm was set again or is not needed: nothing is left to do here.
    this.#sleep(Math.max(1, Math.ceil(Math.min(...pauses))), alarm.signal).then(() => this.#serve(), () => {});
  }

  #isFree(priority: Priority): boolean {
    this.#forgetOld();
    return this.#granted.length < this.#allowance(priority);
  }

  #isAnybodyAhead(priority: Priority): boolean {
    return PRIORITIES.slice(0, PRIORITIES.indexOf(priority) + 1).some((each) => this.#queues[each].length > 0);
  }

  /** Milliseconds until a call of this priority has room, if nobody goes ahead of it. */
  #waitMs(priority: Priority): number {
    const surplus = this.#granted.length - this.#allowance(priority);
    const blocking = this.#granted[surplus];
    return blocking === undefined ? 0 : Math.max(0, blocking.at + WINDOW_MS - this.#now());
  }

  #allowance(priority: Priority): number {
    return Math.max(1, this.limitPerMinute - Math.floor(this.limitPerMinute * RESERVED_SHARE[priority]));
  }

  #queueLength(): number {
    return PRIORITIES.reduce((sum, priority) => sum + this.#queues[priority].length, 0);
  }

  #forgetOld(): void {
    const oldest = this.#now() - WINDOW_MS;
    let expired = 0;
    while ((this.#granted[expired]?.at ?? Infinity) <= oldest) expired++;
    if (expired > 0) this.#granted.splice(0, expired);
  }
}
