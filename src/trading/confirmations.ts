/**
 * Orders that wait for a person, in memory: each is one exact action of one caller, is taken once, and ends by itself. A
 * restart forgets them, and so nothing that waited is ever sent after one.
 */

import { randomBytes } from "node:crypto";
import type { ConfirmWay } from "./policy.ts";
import type { SendingCall } from "./trading_rights.ts";

/** How long a person may take. */
export const CONFIRMATION_LIFETIME_MS = 180_000;

const MAX_WAITING = 200;
const MAX_PER_IDENTITY = 10;

/** What waits. */
export interface WaitingOrder<Result> {
  readonly identity: string;
  readonly previewId: string;
  /** Of the exact order. */
  readonly digest: string;
  /** The exact order, in words. */
  readonly text: string;
  /** Equal for a call and its repetition, which waits for the same answer where a person is asked outside the client. */
  readonly sameAs: string;
  /** Which confirmations count now, by the policy. */
  ways(): readonly ConfirmWay[];
  /** Sends it for the call that had it confirmed. */
  run(call: SendingCall): Promise<Result>;
}

/** What waits, under its id. */
export interface Confirmation<Result> extends WaitingOrder<Result> {
  readonly id: string;
  /** Monotonic. */
  readonly expiresAtMs: number;
  /** The question in the trading record, where a person is asked outside the client. */
  approvalId?: string;
}

/** Everything that waits for a person. */
export class Confirmations<Result> {
  readonly #waiting = new Map<string, Confirmation<Result>>();
  readonly #now: () => number;

  /** `now` is monotonic milliseconds. */
  constructor(options: { now: () => number }) {
    this.#now = options.now;
  }

  /** Everything that waits. */
  get all(): readonly Confirmation<Result>[] {
    return [...this.#waiting.values()];
  }

  /** Adds one; `undefined` when too many wait, of this caller or in all. */
  add(order: WaitingOrder<Result>): Confirmation<Result> | undefined {
    this.#forgetOld();
    const own = [...this.#waiting.values()].filter(({ identity }) => identity === order.identity);
    if (own.length >= MAX_PER_IDENTITY || this.#waiting.size >= MAX_WAITING) return undefined;
    const id = `cf-${randomBytes(16).toString("hex")}`;
    const confirmation = { ...order, id, expiresAtMs: this.#now() + CONFIRMATION_LIFETIME_MS };
    this.#waiting.set(id, confirmation);
    return confirmation;
  }

  /** Takes one, once, as the caller that it belongs to; `undefined` when it is none of its own, or over. */
  take(id: string, identity: string): Confirmation<Result> | undefined {
    const found = this.#waiting.get(id);
    if (found?.identity !== identity) return undefined;
    this.#waiting.delete(id);
    return this.#now() < found.expiresAtMs ? found : undefined;
  }

  /** One of a caller's own, by what `is` says of it. */
  find(identity: string, is: (confirmation: Confirmation<Result>) => boolean): Confirmation<Result> | undefined {
    this.#forgetOld();
    return [...this.#waiting.values()].find((each) => each.identity === identity && is(each));
  }

  /** The oldest stand first. */
  #forgetOld(): void {
    for (const [id, { expiresAtMs }] of this.#waiting) {
      if (this.#now() < expiresAtMs) return;
      this.#waiting.delete(id);
    }
  }
}
