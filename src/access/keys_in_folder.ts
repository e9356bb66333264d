/**
 * The API keys of a state folder as a source that may come into being while the server runs: from the first key on every
 * client must authenticate, without a restart. A file of keys that is there and cannot be used counts as a source that
 * admits nobody.
 */

import { getLogger } from "@logtape/logtape";
import { StateError } from "../state/state_error.ts";
import type { SourceVerdict } from "./authenticator.ts";
import { KeySource } from "./key_source.ts";
import { KeyStore } from "./key_store.ts";

const log = getLogger(["luno-mcp-server", "access"]);

/** How long a first key may go unnoticed. */
const LOOK_MS = 100;

/** Settings of {@linkcode KeysInFolder}. */
export interface KeysInFolderOptions {
  /** Where the file of keys is, or will be. */
  readonly path: string;
  /** What is there at the start. */
  readonly source?: KeySource | undefined;
  /** Wall clock, milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
}

/** Keys that are there, or may come. */
export class KeysInFolder {
  readonly #options: KeysInFolderOptions;
  #source: KeySource | undefined;
  #lookedMs: number;
  /** How often in a row the file could not be used; once is what a key that is just being made looks like. */
  #failures = 0;

  constructor(options: KeysInFolderOptions) {
    this.#options = options;
    this.#source = options.source;
    this.#lookedMs = options.monotonic();
  }

  /** Whether there are keys, revoked ones too, so that every client must authenticate. Once so, it stays so. */
  get isConfigured(): boolean {
    if (this.#source === undefined && this.#options.monotonic() - this.#lookedMs >= LOOK_MS) this.#takeUp();
    return this.#source !== undefined || this.#failures > 0;
  }

  /** Checks a key's text. */
  verify(text: string): SourceVerdict {
    return this.#source?.verify(text) ?? { ok: false, reason: "keys_unusable" };
  }

  /** Looks whether another process has changed the keys, or made the first one. */
  refresh(): void {
    if (this.#source === undefined) this.#takeUp();
    else this.#source.refresh();
  }

  /** Ends the use of the file. */
  close(): void {
    this.#source?.close();
  }

  #takeUp(): void {
    const { path, now, monotonic } = this.#options;
    this.#lookedMs = monotonic();
    try {
      if (!isThere(path)) return void (this.#failures = 0);
      this.#source = openSource(path, now);
      this.#failures = 0;
      if (this.#source === undefined) return;
      log.warning("API keys are in force: from now on every client must authenticate", { path });
    } catch (error) {
      if (!(error instanceof StateError)) throw error;
      if (++this.#failures === 2) {
        log.error("keys.db cannot be used; all clients are rejected until it can", { path, problem: error.message });
      }
    }
  }
}

/** `undefined` where no key was ever made. */
function openSource(path: string, now: () => number): KeySource | undefined {
  const store = KeyStore.open(path, { readOnly: true });
  if (store.mark.revision > 0) return new KeySource({ store, now });
  store.close();
  return undefined;
}

/** What cannot be looked at counts as there, so that opening it tells why. */
function isThere(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    return !(error instanceof Deno.errors.NotFound);
  }
}
