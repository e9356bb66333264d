/**
 * API keys as a source of identities, which may come into being while the server runs: from the first key on every client
 * must authenticate, without a restart. Keys that are there and cannot be used count as a source that admits nobody.
 *
 * All that is known of the keys is held here, so that checking one waits for nothing. Other processes change them, so
 * they are looked at again for a request that comes later than a tenth of a second after the last look, and for a key
 * that is not known.
 */

import { createHash } from "node:crypto";
import { getLogger } from "../logging/logger.ts";
import { reasonOf } from "../errors/reason_of.ts";
import { StateError } from "../state/state_error.ts";
import { readApiKey } from "./api_key.ts";
import type { SourceVerdict } from "./authenticator.ts";
import type { Credential } from "./caller.ts";
import { checkKeys } from "./expected_keys.ts";
import { keyState } from "./keys.ts";
import type { Keys, KeysMark, KeysSince, KnownKey, StoredKey } from "./keys.ts";

const log = getLogger(["luno-mcp-server", "access"]);

/** How long a key that another process revoked may still be good for, and a first key go unnoticed. */
const LOOK_MS = 100;

/** How long keys that could not be opened twice are left alone. */
const RETRY_MS = 1_000;

/** Settings of a {@linkcode KeySource}. */
export interface KeySourceOptions {
  /** Where the keys are, or will be; for messages. */
  readonly path: string;
  /** Opens the keys for reading; `undefined` where there are none. */
  readonly open: () => Promise<Keys | undefined>;
  /** Looking takes a round trip to another machine: nobody waits for it, and who changes keys tells of it. @default false */
  readonly isRemote?: boolean;
  /** Those that are open at the start. */
  readonly keys?: Keys | undefined;
  /** Wall clock, milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
}

type Changed = Extract<KeysSince, { kind: "changed" }>;

/** Authenticates clients by live keys; a key that is revoked while the server runs ends at once. */
export class KeySource {
  readonly #options: KeySourceOptions;
  #keys: Keys | undefined;
  /** What the keys were when they were last seen, where there ever were any. */
  #mark: KeysMark | undefined;
  #version: string | undefined;
  /** By the digest of its text, which a wrong secret does not have: comparing takes no longer for being nearly right. */
  #byDigest: ReadonlyMap<string, StoredKey> = new Map();
  #byId: ReadonlyMap<string, StoredKey> = new Map();
  #isGone = false;
  /** How often in a row they could not be opened; once is what a key that is just being made looks like. */
  #failures = 0;
  /** Whether the last look at keys that are open has failed. */
  #isStale = false;
  /** Whether a store on another machine was seen without a key: that it cannot be reached is no sign of one then. */
  #isKnownEmpty = false;
  #lookedMs = -Infinity;
  #looking: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(options: KeySourceOptions) {
    this.#options = options;
    this.#keys = options.keys;
  }

  /** Whether there are keys, revoked ones too, so that every client must authenticate. Once so, it stays so. */
  get isConfigured(): boolean {
    return this.#mark !== undefined || this.#failures > 0;
  }

  /** Looks at the keys, where the last look is a while ago; nothing to wait for otherwise. Never rejects. */
  freshen(): Promise<void> | undefined {
    if (this.#options.monotonic() - this.#lookedMs < LOOK_MS) return undefined;
    if (this.#options.isRemote !== true) return this.refresh();
    if (this.#looking === undefined) void this.refresh();
    return undefined;
  }

  /** Looks at the keys, from now on: a look that has begun already may have missed the last change. Never rejects. */
  refresh(): Promise<void> {
    if (this.#failures > 1 && this.#options.monotonic() - this.#lookedMs < RETRY_MS) return Promise.resolve();
    if (this.#looking === undefined) return this.#startLook();
    return this.#next ??= this.#looking.then(() => this.#startLook());
  }

  /** Checks a key's text. Whether its id is unknown or its secret wrong cannot be told, not even by the time it takes. */
  verify(text: string): SourceVerdict | Promise<SourceVerdict> {
    const verdict = this.#check(text);
    return verdict.ok || verdict.reason !== "unknown" || this.#isGone ? verdict : this.#checkAgain(text);
  }

  /** Ends the use of the keys. */
  async close(): Promise<void> {
    this.#isGone = true;
    await this.#looking;
    await this.#keys?.close();
  }

  /** A key that is not known may have been made a moment ago. */
  async #checkAgain(text: string): Promise<SourceVerdict> {
    await this.refresh();
    const verdict = this.#check(text);
    if (verdict.ok || verdict.reason !== "unknown") return verdict;
    if (this.#failures > 0) return { ok: false, reason: "keys_unusable" };
    return this.#isStale ? { ok: false, reason: "keys_unavailable", retryAfterMs: RETRY_MS } : verdict;
  }

  #check(text: string): SourceVerdict {
    const key = this.#byDigest.get(createHash("sha256").update(text).digest("hex"));
    if (key === undefined) {
      if (readApiKey(text) !== undefined) return { ok: false, reason: "unknown" };
      return { ok: false, reason: this.#failures > 0 ? "keys_unusable" : "malformed" };
    }
    const state = keyState(key, this.#options.now());
    return state === "live" ? { ok: true, credential: this.#credentialOf(key) } : { ok: false, reason: state };
  }

  #credentialOf({ id, name, scopes, expiresAt }: StoredKey): Credential {
    return {
      identity: `key:${name}`,
      source: "key",
      scopes: new Set(scopes),
      ...(expiresAt === undefined ? {} : { expiresAt }),
      // The key may have been replaced since, and end sooner than it did.
      isRevoked: () => !this.#isLive(id),
    };
  }

  #isLive(id: string): boolean {
    const key = this.#byId.get(id);
    return key !== undefined && keyState(key, this.#options.now()) === "live";
  }

  #startLook(): Promise<void> {
    this.#next = undefined;
    const startedMs = this.#options.monotonic();
    return this.#looking = this.#look().then(() => {
      this.#lookedMs = startedMs;
      this.#looking = undefined;
    });
  }

  async #look(): Promise<void> {
    if (this.#isGone) return;
    const wasOpen = this.#keys !== undefined;
    try {
      const keys = this.#keys ??= await this.#options.open();
      const found = await keys?.since(this.#version);
      this.#failures = 0;
      this.#isStale = false;
      if (found?.kind === "changed") this.#take(found);
      else if (found?.kind === "gone" || found === undefined) await this.#lose();
    } catch (error) {
      await this.#fail(error, wasOpen);
    }
  }

  /** Takes over what another process has changed. */
  #take({ version, mark, keys }: Changed): void {
    this.#version = version;
    if (mark.revision === 0 && this.#mark === undefined) { // A store without a key is none.
      this.#isKnownEmpty = this.#options.isRemote === true;
      return;
    }
    if (checkKeys(this.#mark, mark, "").length > 0) return this.#endAll();
    const { path } = this.#options;
    const isFirst = this.#mark === undefined;
    const before = this.#liveIds();
    this.#mark = mark;
    this.#keep(keys);
    const live = this.#liveIds();
    if (!isFirst) {
      log.info("API keys changed", { added: [...live.difference(before)], removed: [...before.difference(live)] });
    } else if (this.#options.keys === undefined || this.#isKnownEmpty) {
      log.warning("API keys are in force: from now on every client must authenticate", { path });
    }
  }

  #keep(keys: readonly KnownKey[]): void {
    this.#byDigest = new Map(keys.map(({ key, digest }) => [digest.toHex(), key]));
    this.#byId = new Map(keys.map(({ key }) => [key.id, key]));
  }

  #liveIds(): ReadonlySet<string> {
    const now = this.#options.now();
    return new Set(
      [...this.#byId.values()].filter((key) => keyState(key, now) === "live").map(({ id }) => id),
    );
  }

  /** What is open is not what is there: without a key in it, it is looked for again. */
  async #lose(): Promise<void> {
    if (this.#mark !== undefined) return this.#endAll();
    await this.#drop();
  }

  async #fail(error: unknown, wasOpen: boolean): Promise<void> {
    const hasEnded = error instanceof StateError && ["closed", "outcome_unknown"].includes(error.failure);
    if (hasEnded) await this.#drop();
    if (this.#mark !== undefined || this.#isKnownEmpty) {
      if (!this.#isStale) log.error("cannot read the API keys; using the last known ones", { error });
      this.#isStale = true;
      return;
    }
    if (++this.#failures === 2) {
      const problem = reasonOf(error);
      log.error("API keys cannot be used; all clients are rejected until they can", {
        path: this.#options.path,
        problem,
      });
    }
    if (wasOpen) await this.#drop();
  }

  async #drop(): Promise<void> {
    const keys = this.#keys;
    this.#keys = undefined;
    this.#version = undefined;
    await keys?.close().catch((error) => log.debug("cannot close the API keys", { error }));
  }

  /** A store that is gone cannot be changed any more: its keys would be valid for ever. */
  #endAll(): void {
    this.#isGone = true;
    this.#keep([]);
    log.error("API keys were moved, deleted or replaced; all of them are rejected until restart", {
      path: this.#options.path,
    });
  }
}
