/** API keys as a source of identities. */

import { getLogger } from "@logtape/logtape";
import type { SourceVerdict } from "./authenticator.ts";
import { keyState } from "./key_store.ts";
import type { KeyStore, StoredKey } from "./key_store.ts";
import { VerifiedTokens } from "./verified_tokens.ts";

const log = getLogger(["luno-mcp-server", "access"]);

/** Settings of a {@linkcode KeySource}. */
export interface KeySourceOptions {
  readonly store: Pick<KeyStore, "verify" | "list" | "version" | "isOrphaned" | "path" | "close">;
  /** Wall clock, milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Monotonic milliseconds. @default performance.now */
  readonly monotonic?: () => number;
}

/** How long a key that another process revoked may still be good for. */
const LOOK_MS = 100;

interface Remembered {
  readonly key: StoredKey;
  /** Infinite where the key never expires. */
  readonly expiresAt: number;
}

/** Lets in whoever shows a live key, and forgets at once the keys that somebody revokes while the server runs. */
export class KeySource {
  readonly #store: KeySourceOptions["store"];
  readonly #now: () => number;
  readonly #monotonic: () => number;
  /** Keys that were found good: the store's answer costs ten times as much as the hash that finds one again. */
  #verified: VerifiedTokens<Remembered>;
  #lookedMs: number;
  #version: number;
  #isOrphaned = false;
  /** When each live key ends, which is sooner than it was for one that has been replaced. */
  #live: ReadonlyMap<string, number>;

  constructor({ store, now, monotonic = () => performance.now() }: KeySourceOptions) {
    this.#store = store;
    this.#now = now;
    this.#monotonic = monotonic;
    this.#verified = new VerifiedTokens(now);
    this.#lookedMs = monotonic();
    this.#version = store.version();
    this.#live = this.#readLive();
  }

  /** Checks a key's text. */
  verify(text: string): SourceVerdict {
    if (this.#monotonic() - this.#lookedMs >= LOOK_MS) this.refresh();
    const known = this.#verified.get(text);
    if (known !== undefined) return { ok: true, credential: this.#credentialOf(known.key) };
    this.refresh(); // A key that is not known here may have been made a moment ago.
    if (this.#isOrphaned) return { ok: false, reason: "unknown" };
    const verdict = this.#store.verify(text, this.#now());
    if (!verdict.ok) return verdict;
    const { key } = verdict;
    this.#verified.add(text, { key, expiresAt: key.expiresAt ?? Infinity });
    return { ok: true, credential: this.#credentialOf(key) };
  }

  /** Looks whether another process has changed the keys. */
  refresh(): void {
    this.#lookedMs = this.#monotonic();
    if (this.#isOrphaned) return;
    if (this.#store.isOrphaned) return this.#endAll();
    const version = this.#store.version();
    if (version === this.#version) return;
    this.#version = version;
    const before = this.#live;
    this.#live = this.#readLive();
    this.#verified = new VerifiedTokens(this.#now);
    const isNew = (id: string) => !before.has(id);
    log.info("API keys changed", {
      added: [...this.#live.keys()].filter(isNew),
      removed: [...before.keys()].filter((id) => !this.#live.has(id)),
    });
  }

  /** Ends the use of the store. */
  close(): void {
    this.#store.close();
  }

  /** What nobody can change any more, as its file is gone, would let in for ever. */
  #endAll(): void {
    this.#isOrphaned = true;
    this.#live = new Map();
    this.#verified = new VerifiedTokens(this.#now);
    log.error("keys.db was moved, deleted or replaced; all API keys are rejected until restart", {
      path: this.#store.path,
    });
  }

  #credentialOf({ id, name, scopes, expiresAt }: StoredKey) {
    return {
      identity: `key:${name}`,
      source: "key" as const,
      scopes: new Set(scopes),
      ...(expiresAt === undefined ? {} : { expiresAt }),
      isRevoked: () => this.#now() >= (this.#live.get(id) ?? 0),
    };
  }

  #readLive(): ReadonlyMap<string, number> {
    const now = this.#now();
    const live = this.#store.list().filter((key) => keyState(key, now) === "live");
    return new Map(live.map(({ id, expiresAt = Infinity }) => [id, expiresAt]));
  }
}
