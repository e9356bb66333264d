/**
 * The public keys of a token issuer, from a local file or fetched from the issuer. Takes nothing from a token except
 * the name of its key.
 */

import { getLogger } from "../logging/logger.ts";
import { errors } from "jose";
import type { FlattenedJWSInput, JWSHeaderParameters, JWTVerifyGetKey, LocalJWKSet } from "jose";
import { readBodyText } from "../network/body_text.ts";
import { readJwks, selectKey } from "./jwk_set.ts";
import type { KeySet } from "./jwk_set.ts";

const log = getLogger(["luno-mcp-server", "access"]);

/** The source of the keys: an address to fetch, or the content of a local JWKS file. */
export type JwksSource = { readonly url: URL } | { readonly text: string };

/** Finds the key that a token names; see {@linkcode openJwks} for its errors. */
export type FindKey = JWTVerifyGetKey;

/** Settings of {@linkcode openJwks}; a local file uses none of them. */
export interface JwksOptions {
  /** @default globalThis.fetch */
  readonly fetch?: typeof fetch;
  /** Monotonic milliseconds. @default performance.now */
  readonly now?: () => number;
  /**
   * Time limit of one fetch, from the request to the last byte of the response.
   *
   * @default {5_000}
   */
  readonly timeoutMs?: number;
  /**
   * Whether to fetch at once, so that an unreachable address is logged before the first token arrives.
   *
   * @default {false}
   */
  readonly prefetch?: boolean;
}

/** The issuer's keys could not be fetched, which says nothing about the token. */
export class KeysUnavailableError extends Error {
  override readonly name = "KeysUnavailableError";
  /** When to try again. */
  readonly retryAfterMs: number;

  constructor(retryAfterMs: number, options?: ErrorOptions) {
    super("Cannot verify tokens as the issuer's keys are unavailable", options);
    this.retryAfterMs = retryAfterMs;
  }
}

const MAX_ANSWER_BYTES = 262_144;
const TIMEOUT_MS = 5_000;
/** How long fetched keys are valid; a key that the issuer withdrew ends then at the latest. */
const CACHE_MS = 600_000;
/** The least time between two fetches. */
const COOLDOWN_MS = 1_000;
/** The pause after a failed fetch. */
const FAILURE_COOLDOWN_MS = 5_000;
/** How long a key name that was not found is rejected without another fetch. */
const UNKNOWN_MS = 30_000;
/** The most such names to remember, the latest ones. */
const MAX_UNKNOWN = 1_000;
/** In characters; a longer name is not looked up. */
const MAX_NAME = 256;

/**
 * Returns a lookup for the keys of `source`. A local file is parsed at once; an address is fetched when the first token
 * arrives, again after 10 minutes, and for an unknown key at most once a second, and once in 30 seconds for the same
 * name.
 *
 * A token without a key name is tried with each suitable key. The lookup rejects with {@linkcode KeysUnavailableError}
 * when the keys cannot be fetched now or are not trusted, and with jose's own errors when no key fits.
 *
 * @throws {TypeError} when a local file has a problem: see `checkJwks`
 */
export function openJwks(source: JwksSource, options: JwksOptions = {}): FindKey {
  if ("text" in source) {
    const keys = readJwks(source.text);
    return (header, token) => selectKey(keys, header, token);
  }
  const published = new PublishedKeys(source.url, options);
  if (options.prefetch === true) published.prefetch();
  return (header, token) => published.find(header, token);
}

/** The keys behind an address, fetched once for all who wait. */
class PublishedKeys {
  readonly #url: URL;
  readonly #fetch: typeof fetch;
  readonly #now: () => number;
  readonly #timeoutMs: number;
  #keys: KeySet | undefined;
  #staleAt = -Infinity;
  /** No fetch before this time. */
  #coolAt = -Infinity;
  #hasFailed = false;
  /** Names that were not found, and until when they are rejected. */
  readonly #unknown = new Map<string, number>();
  #pending: Promise<KeySet> | undefined;

  constructor(url: URL, options: JwksOptions) {
    this.#url = url;
    this.#fetch = options.fetch ?? fetch;
    this.#now = options.now ?? (() => performance.now());
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  }

  /** Fetches before the first token; a failure is logged, and the fetch repeated when a token arrives. */
  prefetch(): void {
    this.#fetchOnce().catch(() => {});
  }

  async find(header: JWSHeaderParameters, token: FlattenedJWSInput): ReturnType<LocalJWKSet> {
    const fresh = this.#fresh();
    const keys = fresh ?? await this.#fetchOnce();
    try {
      return await selectKey(keys, header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || this.#isKnownToMiss(header.kid)) throw error;
      if (fresh === undefined) return this.#miss(header.kid, error);
    }
    const newer = await this.#newerThan(keys);
    if (newer === undefined) throw new errors.JWKSNoMatchingKey();
    try {
      return await selectKey(newer, header, token);
    } catch (error) {
      return this.#miss(header.kid, error);
    }
  }

  #fresh(): KeySet | undefined {
    return this.#now() < this.#staleAt ? this.#keys : undefined;
  }

  /** Keys newer than those that lacked the name; `undefined` when they were fetched a moment ago. */
  async #newerThan(missed: KeySet): Promise<KeySet | undefined> {
    const keys = this.#fresh();
    if (keys !== undefined && keys !== missed) return keys;
    if (!this.#hasFailed && this.#pending === undefined && this.#now() < this.#coolAt) return undefined;
    return await this.#fetchOnce();
  }

  #isKnownToMiss(name: string | undefined): boolean {
    if (name === undefined) return false;
    return name.length > MAX_NAME || this.#now() < (this.#unknown.get(name) ?? -Infinity);
  }

  /** Remembers that the key does not exist. */
  #miss(name: string | undefined, error: unknown): never {
    if (name !== undefined && error instanceof errors.JWKSNoMatchingKey) {
      this.#unknown.delete(name);
      this.#unknown.set(name, this.#now() + UNKNOWN_MS);
      const [oldest] = this.#unknown.keys();
      if (this.#unknown.size > MAX_UNKNOWN && oldest !== undefined) this.#unknown.delete(oldest);
    }
    throw error;
  }

  #fetchOnce(): Promise<KeySet> {
    if (this.#pending !== undefined) return this.#pending;
    const waitMs = this.#coolAt - this.#now();
    if (waitMs > 0) return Promise.reject(new KeysUnavailableError(Math.ceil(waitMs)));
    const pending = this.#pending = this.#refresh().finally(() => this.#pending = undefined);
    return pending;
  }

  async #refresh(): Promise<KeySet> {
    try {
      const keys = readJwks(await this.#download());
      if (this.#hasFailed) log.info("issuer keys fetched again", { url: this.#url.href });
      this.#keys = keys;
      this.#hasFailed = false;
      this.#staleAt = this.#now() + CACHE_MS;
      this.#coolAt = this.#now() + COOLDOWN_MS;
      return keys;
    } catch (cause) {
      // One log line per outage, not one per token.
      if (!this.#hasFailed) {
        log.warning("cannot fetch issuer keys; access tokens are rejected", {
          url: this.#url.href,
          reason: reasonOf(cause),
        });
      }
      this.#hasFailed = true;
      this.#coolAt = this.#now() + FAILURE_COOLDOWN_MS;
      throw new KeysUnavailableError(FAILURE_COOLDOWN_MS, { cause });
    }
  }

  async #download(): Promise<string> {
    const fetch = this.#fetch;
    const response = await fetch(this.#url, {
      headers: { accept: "application/jwk-set+json, application/json" },
      redirect: "error",
      signal: AbortSignal.timeout(this.#timeoutMs),
    });
    if (response.status === 200) return await readBodyText(response.body, { maxBytes: MAX_ANSWER_BYTES, strict: true });
    await response.body?.cancel();
    throw new TypeError(`Cannot read JWKS as the answer must have status 200: current value is ${response.status}`);
  }
}

/** The runtime reports the reason of a network error in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
