/** Resumable sessions of a single process, which end with it. */

import { KEPT_MS, MAX_RESUMABLE_LENGTH, MAX_RESUMABLE_OF_ONE } from "../../../session/resumption_store.ts";
import type {
  KeptSubscription,
  ResumableSession,
  ResumptionStore,
  Successor,
  TakenResumable,
} from "../../../session/resumption_store.ts";
import type { SessionEnds, SessionTarget } from "../../../session/session_ends.ts";

/** Of all identities: one process has no more connections. */
const MAX_SESSIONS = 10_000;

interface Kept {
  readonly session: ResumableSession;
  readonly untilMs: number;
  /** An earlier token by which it can be taken too, until its client has the next one. */
  readonly before: string | undefined;
}

/** Stores sessions in the order in which they were last connected. */
export class MemoryResumptionStore implements ResumptionStore, SessionEnds {
  readonly #now: () => number;
  readonly #keptMs: number;
  readonly #kept = new Map<string, Kept>();
  /** Digests by identity, in the same order. */
  readonly #own = new Map<string, Set<string>>();
  /** The present digest of a session, by its previous one. */
  readonly #next = new Map<string, string>();

  /** `now` returns monotonic milliseconds. */
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
    if (kept !== undefined) this.#put(digest, { ...kept.session, subscriptions }, kept.before);
  }

  touch(digests: readonly string[]): void {
    for (const digest of digests) {
      const kept = this.#find(digest);
      if (kept !== undefined) this.#put(digest, kept.session, kept.before);
    }
  }

  take(handed: string, { identity, next }: Successor): TakenResumable | "unknown" {
    const digest = this.#next.get(handed) ?? handed;
    const kept = this.#find(digest);
    if (kept === undefined || kept.session.identity !== identity) return "unknown";
    this.remove(digest);
    this.#put(next, kept.session, handed);
    return { ...kept.session, digest };
  }

  confirm(digest: string): void {
    const kept = this.#find(digest);
    if (kept !== undefined) this.#put(digest, kept.session);
  }

  remove(digest: string): void {
    const kept = this.#kept.get(digest);
    if (kept === undefined) return;
    const { before, session: { identity } } = kept;
    this.#kept.delete(digest);
    if (before !== undefined) this.#next.delete(before);
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

  #put(digest: string, session: ResumableSession, before?: string): boolean {
    this.remove(digest);
    if (JSON.stringify(session.subscriptions).length > MAX_RESUMABLE_LENGTH) return false;
    this.#kept.set(digest, { session, untilMs: this.#now() + this.#keptMs, before });
    if (before !== undefined) this.#next.set(before, digest);
    const own = this.#own.get(session.identity) ?? new Set();
    this.#own.set(session.identity, own.add(digest));
    return true;
  }

  #find(digest: string): Kept | undefined {
    const kept = this.#kept.get(digest);
    if (kept === undefined || kept.untilMs > this.#now()) return kept;
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
