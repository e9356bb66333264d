/**
 * Remembers tokens that were recently verified. Verifying a signature takes a hundred times as long as the hash that
 * finds one again: about 0.7 ms against 0.005 ms.
 */

import { createHash } from "node:crypto";

const MAX_TOKENS = 1_000;

/** How long a key that the issuer has withdrawn can still be accepted, beyond the time in the key cache. */
const LIFETIME_MS = 60_000;

interface Remembered<Verdict> {
  readonly verdict: Verdict;
  readonly from: number;
  readonly until: number;
}

/** A bounded cache that forgets the oldest first; it holds hashes, never a token. */
export class VerifiedTokens<Verdict extends { readonly expiresAt: number }> {
  readonly #verdicts = new Map<string, Remembered<Verdict>>();
  readonly #now: () => number;

  /** @param now Wall clock, milliseconds since the Unix epoch. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** The number of remembered tokens, expired ones included. */
  get size(): number {
    return this.#verdicts.size;
  }

  /** The result for this token of the last minute, unless it has expired. */
  get(token: string): Verdict | undefined {
    const name = hash(token);
    const remembered = this.#verdicts.get(name);
    if (remembered === undefined) return undefined;
    const now = this.#now();
    // If the clock was set back, the age of this entry is unknown.
    if (now >= remembered.from && now < remembered.until) return remembered.verdict;
    this.#verdicts.delete(name);
    return undefined;
  }

  /** Remembers a token that was just verified. */
  add(token: string, verdict: Verdict): void {
    const from = this.#now();
    const until = Math.min(from + LIFETIME_MS, verdict.expiresAt);
    if (until <= from) return;
    const name = hash(token);
    this.#verdicts.delete(name);
    for (const [oldest] of this.#verdicts) {
      if (this.#verdicts.size < MAX_TOKENS) break;
      this.#verdicts.delete(oldest);
    }
    this.#verdicts.set(name, { verdict, from, until });
  }
}

function hash(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}
