/**
 * Orders that wait for the answer of a client's dialog, in memory: each is one exact order of one caller, is taken once,
 * and ends by itself. A dialog ends with its connection, so that a restart has nothing to remember here.
 */

import { randomBytes } from "node:crypto";
import { CONFIRMATION_LIFETIME_MS } from "../record/approval.ts";
import type { ApprovalRequest } from "../record/approval.ts";

const MAX_WAITING = 200;
const MAX_PER_IDENTITY = 10;

/** An order that a person is asked about. */
export type ConfirmedOrder = Omit<ApprovalRequest, "ways">;

/** What waits, under its id. */
export interface Confirmation {
  readonly id: string;
  readonly order: ConfirmedOrder;
  /** Monotonic. */
  readonly expiresAtMs: number;
}

/** Everything that waits for a dialog. */
export class Confirmations {
  readonly #waiting = new Map<string, Confirmation>();
  readonly #now: () => number;

  /** `now` is monotonic milliseconds. */
  constructor(options: { now: () => number }) {
    this.#now = options.now;
  }

  /** Adds one; `undefined` when too many wait, of this caller or in all. */
  add(order: ConfirmedOrder): Confirmation | undefined {
    const own = this.of(order.identity);
    if (own.length >= MAX_PER_IDENTITY || this.#waiting.size >= MAX_WAITING) return undefined;
    const id = `cf-${randomBytes(16).toString("hex")}`;
    const confirmation = { id, order, expiresAtMs: this.#now() + CONFIRMATION_LIFETIME_MS };
    this.#waiting.set(id, confirmation);
    return confirmation;
  }

  /** Takes one, once, as the caller that it belongs to; `undefined` when it is none of its own, or over. */
  take(id: string, identity: string): Confirmation | undefined {
    const found = this.#waiting.get(id);
    if (found?.order.identity !== identity) return undefined;
    this.#waiting.delete(id);
    return this.#now() < found.expiresAtMs ? found : undefined;
  }

  /** A caller's own, oldest first. */
  of(identity: string): Confirmation[] {
    this.#forgetOld();
    return [...this.#waiting.values()].filter(({ order }) => order.identity === identity);
  }

  /** The oldest stand first. */
  #forgetOld(): void {
    for (const [id, { expiresAtMs }] of this.#waiting) {
      if (this.#now() < expiresAtMs) return;
      this.#waiting.delete(id);
    }
  }
}
