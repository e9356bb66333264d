/** The calls of this process: never more than the limit in any 60 seconds. */

import { RESERVED_SHARE } from "./call_supply.ts";
import type { CallSupply, Reservation } from "./call_supply.ts";
import type { Priority } from "./endpoint.ts";

const WINDOW_MS = 60_000;

interface Grant {
  readonly at: number;
}

/** The limit of a {@linkcode CallWindow}. */
export interface CallWindowOptions {
  /** Read on each call; at least 1. */
  readonly limitPerMinute: () => number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** Remembers when each call of the last minute was granted or made, and thus when there is room for another. */
export class CallWindow implements CallSupply {
  readonly #options: CallWindowOptions;
  /** Oldest first. */
  readonly #granted: Grant[] = [];
  readonly #listeners: (() => void)[] = [];

  constructor(options: CallWindowOptions) {
    this.#options = options;
  }

  get remaining(): number {
    this.#forgetOld();
    return Math.max(0, this.#options.limitPerMinute() - this.#granted.length);
  }

  take(priority: Priority): Reservation | undefined {
    this.#forgetOld();
    return this.#granted.length < this.#allowance(priority) ? this.count() : undefined;
  }

  waitMs(priority: Priority): number {
    this.#forgetOld();
    const surplus = this.#granted.length - this.#allowance(priority);
    const blocking = this.#granted[surplus];
    return blocking === undefined ? 0 : Math.max(0, blocking.at + WINDOW_MS - this.#options.now());
  }

  onMore(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Counts a call, whether there was room for it or not. */
  count(): Reservation {
    let grant: Grant | undefined = { at: this.#options.now() };
    this.#granted.push(grant);
    const remove = (): boolean => {
      const place = grant === undefined ? -1 : this.#granted.indexOf(grant);
      if (place >= 0) this.#granted.splice(place, 1);
      const isFirst = grant !== undefined;
      grant = undefined;
      return isFirst;
    };
    return {
      use: () => {
        if (remove()) this.#granted.push({ at: this.#options.now() });
      },
      release: () => {
        if (remove()) { for (const listener of this.#listeners) listener(); }
      },
    };
  }

  /** Counts the past minute as evenly used by market reads: by other servers, whose calls are unknown. */
  fill(): void {
    this.#forgetOld();
    const count = this.#allowance("market") - this.#granted.length;
    const nowMs = this.#options.now();
    for (let place = count; place > 0; place--) this.#granted.push({ at: nowMs - WINDOW_MS * (1 - place / count) });
    this.#granted.sort((one, other) => one.at - other.at);
  }

  #allowance(priority: Priority): number {
    const limit = this.#options.limitPerMinute();
    return Math.max(1, limit - Math.floor(limit * RESERVED_SHARE[priority]));
  }

  #forgetOld(): void {
    const oldest = this.#options.now() - WINDOW_MS;
    let expired = 0;
    while ((this.#granted[expired]?.at ?? Infinity) <= oldest) expired++;
    if (expired > 0) this.#granted.splice(0, expired);
  }
}
