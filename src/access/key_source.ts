/**
 * Authentication by API key. Keys may be created while the server runs: from the first key on every client must
 * authenticate, without a restart. When keys exist but cannot be read, no client is admitted.
 *
 * All known keys are in memory, so that checking one waits for nothing. As other processes change them, they are read
 * again for a request that arrives more than a tenth of a second after the last read, and for an unknown key.
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

/** How long a key that another process revoked may still be accepted, and a first key remain unnoticed. */
const LOOK_MS = 100;

/** How long to wait after two failures to open the keys. */
const RETRY_MS = 1_000;

const GONE = "API keys were moved, deleted or replaced; all of them are rejected until restart";
const OUTDATED =
  "API keys cannot be read as a newer version of this program has changed their tables; all of them are rejected until restart";

/** Settings of a {@linkcode KeySource}. */
export interface KeySourceOptions {
  /** The location of the keys, or of future ones; for messages. */
  readonly path: string;
  /** Opens the keys for reading; `undefined` when there are none. */
  readonly open: () => Promise<Keys | undefined>;
  /**
   * Whether reading takes a round trip to another machine: requests do not wait for it then, and changes are announced.
   *
   * @default false
   */
  readonly isRemote?: boolean;
  /** The keys that are open at the start. */
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
  /** The revision of the keys when last read; `undefined` when there never were any. */
  #mark: KeysMark | undefined;
  #version: string | undefined;
  /**
   * By digest of the text, which a wrong secret does not share: the time of a comparison reveals nothing about a near
   * miss.
   */
  #byDigest: ReadonlyMap<string, StoredKey> = new Map();
  #byId: ReadonlyMap<string, StoredKey> = new Map();
  #isGone = false;
  /** Consecutive failures to open the keys; a single one is normal while a key is being created. */
  #failures = 0;
  /** Whether the last read of the open keys failed. */
  #isStale = false;
  /** Whether a remote store was seen without keys: that it is unreachable is then no sign that there are some. */
  #isKnownEmpty = false;
  #lookedMs = -Infinity;
  #looking: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(options: KeySourceOptions) {
    this.#options = options;
    this.#keys = options.keys;
  }

  /**
   * Whether there are keys, including revoked ones, so that every client must authenticate. Never returns to `false`.
   */
  get isConfigured(): boolean {
    return this.#mark !== undefined || this.#failures > 0;
  }

  /** Reads the keys when the last read is out of date; `undefined` when there is nothing to wait for. Never rejects. */
  freshen(): Promise<void> | undefined {
    if (this.#options.monotonic() - this.#lookedMs < LOOK_MS) return undefined;
    if (this.#options.isRemote !== true) return this.refresh();
    if (this.#looking === undefined) void this.refresh();
    return undefined;
  }

  /** Reads the keys anew: a read already under way may have missed the last change. Never rejects. */
  refresh(): Promise<void> {
    if (this.#failures > 1 && this.#options.monotonic() - this.#lookedMs < RETRY_MS) return Promise.resolve();
    if (this.#looking === undefined) return this.#startLook();
    return this.#next ??= this.#looking.then(() => this.#startLook());
  }

  /**
   * Checks the text of a key. Neither the answer nor its timing reveals whether the id is unknown or the secret wrong.
   */
  verify(text: string): SourceVerdict | Promise<SourceVerdict> {
    const verdict = this.#check(text);
    return verdict.ok || verdict.reason !== "unknown" || this.#isGone ? verdict : this.#checkAgain(text);
  }

  /** Closes the keys. */
  async close(): Promise<void> {
    this.#isGone = true;
    await this.#looking;
    await this.#keys?.close();
  }

  /** An unknown key may have been created a moment ago. */
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
      // The key may have been replaced since, which shortens its validity.
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
      await this.#fail(error, { wasOpen });
    }
  }

  /** Applies the changes of another process. */
  #take({ version, mark, keys }: Changed): void {
    this.#version = version;
    if (mark.revision === 0 && this.#mark === undefined) { // A store without keys counts as none.
      this.#isKnownEmpty = this.#options.isRemote === true;
      return;
    }
    if (checkKeys("", { expected: this.#mark, found: mark }).length > 0) return this.#endAll(GONE);
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

  /** The open store is not the present one: without a key in it, the present one is looked for again. */
  async #lose(): Promise<void> {
    if (this.#mark !== undefined) return this.#endAll(GONE);
    await this.#drop();
  }

  /** `wasOpen`: whether the store was open before the failed look. */
  async #fail(error: unknown, { wasOpen }: { readonly wasOpen: boolean }): Promise<void> {
    if (error instanceof StateError && error.failure === "outdated") {
      this.#failures++; // There may be keys.
      return this.#endAll(OUTDATED);
    }
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

  /** Changes in a store that is gone or cannot be read any more are not seen: its keys would stay valid forever. */
  #endAll(reason: string): void {
    this.#isGone = true;
    this.#keep([]);
    log.error(reason, { path: this.#options.path });
  }
}
