/** API keys as a source of identities. */

import type { SourceVerdict } from "./authenticator.ts";
import { keyState } from "./key_store.ts";
import type { KeyStore, StoredKey } from "./key_store.ts";

/** Settings of a {@linkcode KeySource}. */
export interface KeySourceOptions {
  readonly store: Pick<KeyStore, "verify" | "list" | "version" | "close">;
  /** Wall clock, milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/** Lets in whoever shows a live key, and forgets at once the keys that somebody revokes while the server runs. */
export class KeySource {
  readonly #store: KeySourceOptions["store"];
  readonly #now: () => number;
  #version: number;
  #live: ReadonlySet<string>;

  constructor({ store, now }: KeySourceOptions) {
    this.#store = store;
    this.#now = now;
    this.#version = store.version();
    this.#live = this.#readLive();
  }

  /** Judges a key's text. */
  verify(text: string): SourceVerdict {
    this.refresh();
    const verdict = this.#store.verify(text, this.#now());
    return verdict.ok ? { ok: true, credential: this.#credentialOf(verdict.key) } : verdict;
  }

  /** Looks whether another process has changed the keys. */
  refresh(): void {
    const version = this.#store.version();
    if (version === this.#version) return;
    this.#version = version;
    this.#live = this.#readLive();
  }

  /** Ends the use of the store. */
  close(): void {
    this.#store.close();
  }

  #credentialOf({ id, name, scopes, expiresAt }: StoredKey) {
    return {
      identity: `key:${name}`,
      source: "key" as const,
      scopes: new Set(scopes),
      ...(expiresAt === undefined ? {} : { expiresAt }),
      isRevoked: () => !this.#live.has(id),
    };
  }

  #readLive(): ReadonlySet<string> {
    const now = this.#now();
    return new Set(this.#store.list().filter((key) => keyState(key, now) === "live").map(({ id }) => id));
  }
}
