/**
 * The server's API keys: what is stored of each, and the operations on all of them. The engines are in `state/record/`;
 * each operation is atomic and durable once it has returned.
 *
 * Only digests are stored: a key's text is shown once to the operator who created it, and never reaches this interface.
 */

import { looksLikeApiKey } from "./api_key.ts";
import type { KeyDigest } from "./api_key.ts";
import { KEY_NAME } from "./identity_name.ts";
import type { Scope } from "./scopes.ts";

/** The stored part of a key, none of it secret; times are milliseconds since the Unix epoch. */
export interface StoredKey {
  /** 12 hex digits, which are part of the key's text. */
  readonly id: string;
  /** The name that it authenticates; keys that replace each other share it. */
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly createdAt: number;
  /** Rejected from then on. */
  readonly expiresAt?: number;
  readonly revokedAt?: number;
}

/** Whether a key is accepted. */
export type KeyState = "live" | "expired" | "revoked";

/** The identity of a key store, and its revision. */
export interface KeysMark {
  readonly store: string;
  /** 0 when no key was ever created. */
  readonly revision: number;
}

/** A key to store. */
export interface NewKey extends KeyDigest {
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** Never expires when absent. */
  readonly expiresAt?: number | undefined;
  readonly now: number;
}

/** A key that replaces the present key of a name, with the same scopes. */
export interface ReplacementKey extends Omit<NewKey, "scopes"> {
  /** How long the previous key stays valid. */
  readonly overlapMs: number;
}

/**
 * The outcome of adding a key: it may fail because the name has a live key, or because a full store has only live keys.
 */
export type Added = { readonly ok: true; readonly key: StoredKey } | {
  readonly ok: false;
  readonly reason: "taken" | "full";
};

/**
 * The new key, the previous key in its new state, and older ones that were revoked; or that the name has no live key.
 */
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

/** Changes of the keys since a version; `gone` when the open store is no longer the one in use. */
export type KeysSince =
  | { readonly kind: "same" | "gone" }
  | {
    readonly kind: "changed";
    /** To pass to the next query; meaningless to another instance of {@linkcode Keys}. */
    readonly version: string;
    readonly mark: KeysMark;
    readonly keys: readonly KnownKey[];
  };

/**
 * All keys of one installation; several processes may have them open.
 *
 * Every operation rejects with a `StateError` when it fails, and has then changed nothing unless the error says so.
 */
export interface Keys {
  /** The identity and revision of this store. */
  mark(): Promise<KeysMark>;
  /** Every key, oldest first. */
  list(): Promise<readonly StoredKey[]>;
  /** All known keys, unless nothing has changed since `version`. */
  since(version: string | undefined): Promise<KeysSince>;
  /** Stores the first key of a name. */
  add(key: NewKey): Promise<Added>;
  /** Revokes the live key with this id, or all live keys of this name; returns those. */
  revoke(idOrName: string, now: number): Promise<readonly StoredKey[]>;
  /** Stores a key in place of the newest of a name; that one stays valid for the overlap, older ones end at once. */
  rotate(key: ReplacementKey): Promise<Rotated>;
  /** Closes the store. */
  close(): Promise<void>;
}

const WHOLE_NAME = new RegExp(`^${KEY_NAME.source}$`);

/** Tells whether a key may have this name; names that look like a key or its id are excluded. */
export function isKeyName(text: string): boolean {
  return WHOLE_NAME.test(text) && !/^[0-9a-f]{12}$/.test(text) && !looksLikeApiKey(text);
}

/** The state of a key; one that is both revoked and expired counts as revoked. */
export function keyState({ revokedAt, expiresAt }: StoredKey, now: number): KeyState {
  if (revokedAt !== undefined) return "revoked";
  return expiresAt !== undefined && expiresAt <= now ? "expired" : "live";
}
