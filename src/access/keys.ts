/**
 * The API keys that a server knows: what is kept of each, and what can be done with all of them. Engines stand in
 * `state/record/`; whatever they are, each operation happens whole or not at all, and has happened when it is answered.
 *
 * They hold digests only: a key's text is given to whoever had it made, once, and never gets here.
 */

import { looksLikeApiKey } from "./api_key.ts";
import type { KeyDigest } from "./api_key.ts";
import { KEY_NAME } from "./identity_name.ts";
import type { Scope } from "./scopes.ts";

/** What is kept of a key, all of which may be shown; times are milliseconds since the Unix epoch. */
export interface StoredKey {
  /** 12 hex digits, which the key's text contains. */
  readonly id: string;
  /** Whom it identifies; keys that replace each other share it. */
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly createdAt: number;
  /** From then on it is refused. */
  readonly expiresAt?: number;
  readonly revokedAt?: number;
}

/** Whether a key is taken. */
export type KeyState = "live" | "expired" | "revoked";

/** Which store of keys it is, and how often it was changed. */
export interface KeysMark {
  readonly store: string;
  /** 0 where no key was ever made. */
  readonly revision: number;
}

/** A key to keep. */
export interface NewKey extends KeyDigest {
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** Never expires without. */
  readonly expiresAt?: number | undefined;
  readonly now: number;
}

/** A key that replaces the one of a name, with the same scopes. */
export interface ReplacementKey extends Omit<NewKey, "scopes"> {
  /** How long the key before stays usable. */
  readonly overlapMs: number;
}

/** What became of a new key: the name has a live one, or all keys of a full store are live. */
export type Added = { readonly ok: true; readonly key: StoredKey } | {
  readonly ok: false;
  readonly reason: "taken" | "full";
};

/** The new key, the key before as it is now, and older ones that ended; or why not: the name has no live key. */
export type Rotated =
  | {
    readonly ok: true;
    readonly key: StoredKey;
    readonly previous: StoredKey;
    readonly ended: readonly StoredKey[];
  }
  | { readonly ok: false; readonly reason: "unknown" | "full" };

/** A key and the digest of its text. */
export interface KnownKey {
  readonly key: StoredKey;
  readonly digest: Uint8Array;
}

/** What has become of the keys since a version; `gone` where what is open is no longer what others use. */
export type KeysSince =
  | { readonly kind: "same" | "gone" }
  | {
    readonly kind: "changed";
    /** For the next question; says nothing to another instance of {@linkcode Keys}. */
    readonly version: string;
    readonly mark: KeysMark;
    readonly keys: readonly KnownKey[];
  };

/**
 * All keys of one installation; several processes may have them open.
 *
 * Every operation rejects with a `StateError` where it cannot be done, and has changed nothing then unless that says so.
 */
export interface Keys {
  /** Which store this is and how often it was changed. */
  mark(): Promise<KeysMark>;
  /** Every key, oldest first. */
  list(): Promise<readonly StoredKey[]>;
  /** All that is known, unless it is what was known at `version`. */
  since(version: string | undefined): Promise<KeysSince>;
  /** Keeps the first key of a name. */
  add(key: NewKey): Promise<Added>;
  /** Ends the live key with this id, or all live keys of this name; answers those. */
  revoke(idOrName: string, now: number): Promise<readonly StoredKey[]>;
  /** Keeps a key in the place of the newest of a name; that one lives on for the overlap, older ones end at once. */
  rotate(key: ReplacementKey): Promise<Rotated>;
  /** Ends the use of them. */
  close(): Promise<void>;
}

const WHOLE_NAME = new RegExp(`^${KEY_NAME.source}$`);

/** Tells whether keys can have this name; those that could be taken for a key or its id cannot. */
export function isKeyName(text: string): boolean {
  return WHOLE_NAME.test(text) && !/^[0-9a-f]{12}$/.test(text) && !looksLikeApiKey(text);
}

/** What has become of a key; one that is both revoked and expired is revoked. */
export function keyState({ revokedAt, expiresAt }: StoredKey, now: number): KeyState {
  if (revokedAt !== undefined) return "revoked";
  return expiresAt !== undefined && expiresAt <= now ? "expired" : "live";
}
