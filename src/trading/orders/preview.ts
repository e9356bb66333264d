/**
 * Previews that wait to be placed, in memory: each is bound to one exact order and one caller, is taken once, and ends
 * by itself. Single use across a crash is the journal's, which knows a preview by its id.
 */

import { randomBytes } from "node:crypto";
import type { Order } from "./order.ts";
import type { Trader } from "./trader.ts";

/** How long a preview can be placed. */
export const PREVIEW_LIFETIME_MS = 60_000;

const MAX_PREVIEWS = 1_000;
const MAX_PER_IDENTITY = 100;

/** What a preview is made of; `facts` is what its caller was shown. */
export interface PreviewStart<Facts> extends Trader {
  readonly order: Order;
  /** Digest of the policy by which it was evaluated. */
  readonly policyDigest: string;
  readonly facts: Facts;
}

/** A preview. */
export interface Preview<Facts> extends PreviewStart<Facts> {
  readonly previewId: string;
  /** On the clock by which it was added. */
  readonly expiresAt: number;
}

/** A preview that is its caller's to place, or why it is not; another caller's is unknown. */
export type Taken<Facts> =
  | { readonly ok: true; readonly preview: Preview<Facts> }
  | { readonly ok: false; readonly reason: "unknown" | "expired" | "used" };

interface Entry<Facts> {
  readonly preview: Preview<Facts>;
  isUsed: boolean;
}

/** An id that nobody can guess. */
export function newPreviewId(): string {
  return `pv-${randomBytes(16).toString("hex")}`;
}

/** The newest 1,000 previews, of one identity the newest 100. All times are monotonic milliseconds. */
export class Previews<Facts> {
  /** Oldest first. */
  readonly #entries = new Map<string, Entry<Facts>>();
  readonly #idsByIdentity = new Map<string, Set<string>>();

  /** Previews that are remembered, used and expired ones too. */
  get size(): number {
    return this.#entries.size;
  }

  /** Keeps a preview under a new id. */
  add(start: PreviewStart<Facts>, now: number): { readonly previewId: string; readonly expiresAt: number } {
    const previewId = newPreviewId();
    const expiresAt = now + PREVIEW_LIFETIME_MS;
    this.#entries.set(previewId, { preview: { ...start, previewId, expiresAt }, isUsed: false });
    const ids = this.#idsByIdentity.get(start.identity) ?? new Set();
    this.#idsByIdentity.set(start.identity, ids.add(previewId));
    if (ids.size > MAX_PER_IDENTITY) this.#forgetFirst(ids);
    if (this.#entries.size > MAX_PREVIEWS) this.#forgetFirst(this.#entries.keys());
    return { previewId, expiresAt };
  }

  /** A preview of this identity, however it stands. */
  look(previewId: string, identity: string): Preview<Facts> | undefined {
    const preview = this.#entries.get(previewId)?.preview;
    return preview?.identity === identity ? preview : undefined;
  }

  /** Takes a preview: once, by the identity that made it, while it lasts. */
  take(previewId: string, identity: string, now: number): Taken<Facts> {
    const entry = this.#entries.get(previewId);
    if (entry === undefined || entry.preview.identity !== identity) return { ok: false, reason: "unknown" };
    if (entry.isUsed) return { ok: false, reason: "used" };
    if (now >= entry.preview.expiresAt) return { ok: false, reason: "expired" };
    entry.isUsed = true;
    return { ok: true, preview: entry.preview };
  }

  /** Gives back a preview that was taken and for which nothing was begun. */
  release(previewId: string): void {
    const entry = this.#entries.get(previewId);
    if (entry !== undefined) entry.isUsed = false;
  }

  #forgetFirst(ids: Iterable<string>): void {
    const [previewId] = ids;
    const identity = previewId === undefined ? undefined : this.#entries.get(previewId)?.preview.identity;
    if (previewId === undefined || identity === undefined) return;
    this.#entries.delete(previewId);
    const own = this.#idsByIdentity.get(identity);
    own?.delete(previewId);
    if (own?.size === 0) this.#idsByIdentity.delete(identity);
  }
}
