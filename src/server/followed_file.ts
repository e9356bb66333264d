/**
 * Follows a file that was published to the record: read at the start, and again as soon as there is a new version. A
 * version that cannot be read or used changes nothing here.
 */

import { getLogger } from "../logging/logger.ts";
import { StateError } from "../state/state_error.ts";
import type { FileKind, FileVersion, PublishedFile, PublishedFiles } from "../trading/record/published_files.ts";
import { StoreError } from "../trading/record/store_error.ts";

const log = getLogger(["luno-mcp-server", "serve"]);

/** The interval of the check for a new version without a notification. */
const INTERVAL_MS = 500;

/** Settings of a followed file. */
export interface FollowedFileOptions {
  readonly kind: FileKind;
  /** Whether the flag names a file of this machine, which must then be the only one. */
  readonly hasOwn: boolean;
  /** The effect of publishing versions that this server cannot use, for the log. */
  readonly otherwise: string;
  /** Puts a version in force, or returns its problem. */
  readonly take: (file: PublishedFile) => readonly string[];
  /** A server logs what it puts in force, a command does not. */
  readonly isServer: boolean;
}

/** Where published files are read. */
export type FileSource = Pick<PublishedFiles, "current" | "find">;

/** The version in force, for reports; `is_current`: as far as the record could be read recently. */
export interface InForce {
  readonly version: number;
  readonly digest: string;
  readonly is_current: boolean;
}

/** Follows one kind of file in one record; owns a timer from `follow` to `close`. */
export class FollowedFile {
  readonly #options: FollowedFileOptions;
  #source: FileSource | undefined;
  #inForce: FileVersion | undefined;
  /** The last version that was found, usable or not. */
  #seen: number | undefined;
  #isCurrent = true;
  #listener: () => void = () => {};
  #timer: ReturnType<typeof setInterval> | undefined;
  #looking: Promise<void> | undefined;

  constructor(options: FollowedFileOptions) {
    this.#options = options;
  }

  /** The version in force here; `null` when none was published. */
  get inForce(): InForce | null {
    if (this.#inForce === undefined) return null;
    const { version, digest } = this.#inForce;
    return { version, digest, is_current: this.#isCurrent };
  }

  /**
   * Reads it for the first time; returns the problems that prevent a start.
   *
   * @throws {StoreError | StateError}
   */
  async open(source: FileSource): Promise<string[]> {
    const { kind, hasOwn } = this.#options;
    this.#source = source;
    const file = await source.find(kind);
    if (file === undefined) return [];
    const { version } = file;
    if (!hasOwn) {
      return this.#take(file).map((problem) => `version ${version} of the published ${kind} file: ${problem}`);
    }
    return [
      `--${kind}: expected no file, as version ${version} of it was published, which counts for all ` +
      `servers: leave --${kind} out; luno-mcp-server ${kind} show prints the published one`,
    ];
  }

  /** Checks for new versions from now on; `listener` is called when another one is in force. */
  follow(listener: () => void = () => {}): void {
    this.#listener = listener;
    this.#timer ??= setInterval(() => {
      if (this.#looking === undefined) void this.look();
    }, INTERVAL_MS);
    listener();
  }

  /**
   * Checks anew, as a running check may have missed it. Returns whether another version is in force since. Never
   * rejects.
   */
  async look(): Promise<boolean> {
    const before = this.#inForce?.version;
    await this.#looking;
    await (this.#looking ??= this.#look().finally(() => this.#looking = undefined));
    return this.#inForce?.version !== before;
  }

  /** Stops the timer. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#source = undefined;
    await this.#looking;
  }

  async #look(): Promise<void> {
    const { kind } = this.#options;
    const source = this.#source;
    if (source === undefined) return; // The record is still being opened, or is being closed.
    try {
      const current = await source.current(kind);
      if (current !== undefined && current.version !== this.#seen) await this.#change(source, current.version);
      this.#setCurrent(current?.version === this.#inForce?.version);
    } catch (error) {
      if (!(error instanceof StoreError || error instanceof StateError)) throw error;
      if (this.#isCurrent && this.#source !== undefined) {
        log.error(`cannot look for a new ${kind} file; keeping the one in force`, { error });
      }
      this.#setCurrent(false);
    }
  }

  async #change(source: FileSource, version: number): Promise<void> {
    const { kind, hasOwn, otherwise } = this.#options;
    if (hasOwn) {
      this.#seen = version;
      log.error(`a ${kind} file was published; ${otherwise} until a restart without --${kind}`, {
        version,
      });
      return;
    }
    const file = await source.find(kind);
    if (file === undefined) return;
    const problems = this.#take(file);
    this.#seen = file.version;
    if (problems.length === 0) return;
    log.error(`the published ${kind} file cannot be used; ${otherwise} until it can`, {
      version: file.version,
      problems,
    });
  }

  #take(file: PublishedFile): readonly string[] {
    const problems = this.#options.take(file);
    if (problems.length > 0) return problems;
    const { text: _, ...inForce } = file;
    this.#inForce = inForce;
    this.#seen = file.version;
    const { version, digest, by } = inForce;
    if (this.#options.isServer) log.info(`published ${this.#options.kind} file in force`, { version, digest, by });
    this.#listener();
    return [];
  }

  #setCurrent(isCurrent: boolean): void {
    if (isCurrent === this.#isCurrent) return;
    this.#isCurrent = isCurrent;
    this.#listener();
  }
}
