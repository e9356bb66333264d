/**
 * Renews the leases of this process's instances, and monitors this machine's clock: while it differs too much from the
 * database's, nothing is sent, because deadlines would not be reliable.
 */

import type { InstanceFacts } from "../../../trading/record/instances.ts";
import { StoreError } from "../../../trading/record/store_error.ts";

/** The interval of renewals; several attempts fit into one lease. */
const RENEWAL_MS = 2_000;

/** Settings of {@linkcode Lease}. */
export interface LeaseOptions {
  /** Renews an instance's lease; returns the database's time, in wall clock milliseconds. */
  readonly renew: (facts: InstanceFacts) => Promise<number>;
  /** Wall clock, milliseconds since the Unix epoch; without it clocks are not compared. */
  readonly now?: (() => number) | undefined;
  /** The tolerated difference between clocks, in milliseconds. */
  readonly toleranceMs: number;
}

/** Owns a timer while there is an instance. */
export class Lease {
  readonly #options: LeaseOptions;
  readonly #kept = new Map<string, InstanceFacts>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #renewing: Promise<void> | undefined;
  /** The least possible difference between the clocks, in milliseconds. */
  #differenceMs = 0;

  constructor(options: LeaseOptions) {
    this.#options = options;
  }

  /** Renews the lease of an instance from now on. */
  async keep(facts: InstanceFacts): Promise<void> {
    this.#kept.set(facts.id, facts);
    this.#timer ??= setInterval(() => void this.renew(), RENEWAL_MS);
    await this.renew();
  }

  /** Lets a lease expire; resolves when it will certainly not be renewed any more. */
  async drop(id: string): Promise<void> {
    this.#kept.delete(id);
    if (this.#kept.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
    await this.#renewing;
  }

  /** @throws {StoreError} when the clocks differ by too much */
  checkClock(): void {
    if (this.#differenceMs > this.#options.toleranceMs) throw new StoreError("clock_wrong");
  }

  /** Renews all leases; retries soon when the database is unreachable. */
  renew(): Promise<void> {
    return this.#renewing ??= this.#renewAll().finally(() => this.#renewing = undefined);
  }

  /** Stops the timer; the leases expire. */
  async close(): Promise<void> {
    await Promise.all([...this.#kept.keys()].map((id) => this.drop(id)));
  }

  async #renewAll(): Promise<void> {
    const { renew, now } = this.#options;
    for (const facts of [...this.#kept.values()]) {
      if (!this.#kept.has(facts.id)) continue;
      try {
        const before = now?.();
        const there = await renew(facts);
        const after = now?.();
        if (before === undefined || after === undefined) continue;
        // The database read its clock at some moment between the two.
        this.#differenceMs = Math.max(before - there, there - after, 0);
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
      }
    }
  }
}
