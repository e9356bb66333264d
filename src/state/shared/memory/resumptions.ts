/** Sessions that can be resumed, of a process that shares them with nobody: they end with it. */

import { KEPT_MS, MAX_RESUMABLE_LENGTH, MAX_RESUMABLE_OF_ONE } from "../../../session/resumption_store.ts";
import type { KeptSubscription, ResumableSession, ResumptionStore } from "../../../session/resumption_store.ts";
import type { SessionEnds, SessionTarget } from "../../../session/session_ends.ts";

/** Of all identities: one process has no more connections. */
const MAX_SESSIONS = 10_000;

interface Kept {
  readonly session: ResumableSession;
  readonly untilMs: number;
}

/** Keeps them in the order in which they were connected last. */
export class MemoryResumptionStore implements ResumptionStore, SessionEnds {
  readonly #now: () => number;
  readonly #keptMs: number;
  readonly #kept = new Map<string, Kept>();
  /** Digests by identity, in the same order. */
  readonly #own = new Map<string, Set<string>>();

  /** By a clock in milliseconds that only ever rises. */
  constructor(now: () => number, keptMs: number = KEPT_MS) {
    this.#now = now;
    this.#keptMs = keptMs;
  }

  keep(digest: string, session: ResumableSession): boolean {
    this.#forgetOld();
    const own = this.#own.get(session.identity);
    if (own !== undefined && own.size >= MAX_RESUMABLE_OF_ONE) this.#removeOldest(own);
    if (this.#kept.size >= MAX_SESSIONS) this.#removeOldest(this.#kept.keys());
    return this.#put(digest, session);
  }

  update(digest: string, subscriptions: readonly KeptSubscription[]): void {
    const kept = this.#find(digest);
    if (kept !== undefined) this.#put(digest, { ...kept, subscriptions });
  }

  touch(digests: readonly string[]): void {
    for (const digest of digests) {
      const session = this.#find(digest);
      if (session !== undefined) this.#put(digest, session);
    }
  }

  take(digest: string, identity: string): ResumableSession | "unknown" {
    const session = this.#find(digest);
    if (session === undefined || session.identity !== identity) return "unknown";
    this.remove(digest);
    return session;
  }

  remove(digest: string): void {
    const identity = this.#kept.get(digest)?.session.identity;
    if (identity === undefined) return;
    this.#kept.delete(digest);
    const own = this.#own.get(identity);
    own?.delete(digest);
    if (own?.size === 0) this.#own.delete(identity);
  }

  end(target: SessionTarget): boolean {
    for (const [digest, { session }] of this.#kept) {
      if ("id" in target ? session.id === target.id : session.identity === target.identity) this.remove(digest);
    }
    return true;
  }

  #put(digest: string, session: ResumableSession): boolean {
    this.remove(digest);
    if (JSON.stringify(session.subscriptions).length > MAX_RESUMABLE_LENGTH) return false;
    this.#kept.set(digest, { session, untilMs: this.#now() + this.#keptMs });
    const own = this.#own.get(session.identity) ?? new Set();
    this.#own.set(session.identity, own.add(digest));
    return true;
  }

  #find(digest: string): ResumableSession | undefined {
    const kept = this.#kept.get(digest);
    if (kept === undefined || kept.untilMs > this.#now()) return kept?.session;
    this.remove(digest);
    return undefined;
  }

  #removeOldest(digests: Iterable<string>): void {
    for (const digest of digests) return this.remove(digest);
  }

  #forgetOld(): void {
    for (const [digest, { untilMs }] of this.#kept) {
      if (untilMs > this.#now()) return;
      this.remove(digest);
    }
  }
}
