/**
 * The end of the audit when this machine last looked. A database without that row was restored to an earlier moment, or
 * replaced by an older copy, and does not contain later placements.
 *
 * It is also stored in the state folder, so that a new server knows what its predecessor has seen.
 */

import { join } from "node:path";
import { fileProblems } from "../../private_file.ts";

/** A row of the audit. */
export interface Head {
  readonly seq: number;
  readonly hash: string;
}

/** The row at the position that was seen. */
export interface FoundRow {
  /** `null` when there is none. */
  readonly hash: string | null;
  /** The last archived row. */
  readonly archived: number;
}

const NOTHING: Head = { seq: 0, hash: "" };

/** The name of the file in the state folder. */
export const SEEN_FILE = "record-seen.json";

/** Overwritten in place, by a single write of constant length. */
const FILE_LENGTH = 200;

/** The end of the audit that was seen last. */
export class SeenHead {
  readonly #store: string;
  #file: Deno.FsFile | undefined;
  #head: Head | undefined;
  #kept: Head | undefined;
  #keeping: Promise<void> = Promise.resolve();

  /** Nothing was seen yet, and nothing is stored. */
  static forget(): SeenHead {
    return new SeenHead("", undefined, undefined);
  }

  /**
   * What was seen of this store, from an existing state folder; what was seen of another store is ignored. The file is
   * opened now, as later writes may not open files.
   *
   * @throws {Error} when others can write the file, or it is a link
   */
  static open(folder: string, store: string): SeenHead {
    const path = join(folder, SEEN_FILE);
    const found = factsOf(path);
    const [problem] = found === undefined ? [] : fileProblems(path, found, { as: "record" });
    if (problem !== undefined) throw new Error(problem);
    const file = Deno.openSync(path, { read: true, write: true, create: true, mode: 0o600 });
    const bytes = new Uint8Array(FILE_LENGTH);
    const length = file.readSync(bytes) ?? 0;
    return new SeenHead(store, file, headIn(new TextDecoder().decode(bytes.subarray(0, length)), store));
  }

  private constructor(store: string, file: Deno.FsFile | undefined, head: Head | undefined) {
    this.#store = store;
    this.#file = file;
    this.#head = this.#kept = head;
  }

  /** The row that was seen last. Others may be seen while the database is asked about it. */
  get last(): Head {
    return this.#head ?? NOTHING;
  }

  /** Remembers the present end of the audit. */
  note(head: Head): void {
    if (head.seq > this.last.seq) this.#head = head;
  }

  /** Writes it to the file. Never rejects: without it a restart only knows less. */
  keep(): Promise<void> {
    return this.#keeping = this.#keeping.then(() => this.#keep()).catch(() => {});
  }

  /** Writes it a last time. Repeating it has no effect. */
  async close(): Promise<void> {
    await this.keep();
    const file = this.#file;
    this.#file = undefined;
    file?.close();
  }

  async #keep(): Promise<void> {
    const head = this.#head;
    if (this.#file === undefined || head === undefined || head === this.#kept) return;
    const text = JSON.stringify({ store: this.#store, ...head }).padEnd(FILE_LENGTH - 1);
    await this.#file.seek(0, Deno.SeekMode.Start);
    await this.#file.write(new TextEncoder().encode(`${text}\n`));
    this.#kept = head;
  }
}

/** Whether a database goes on from a row that was seen; `found` is what it has in the place of that row. */
export function continuesFrom(seen: Head, { hash, archived }: FoundRow): boolean {
  return seen.seq === 0 || hash === seen.hash || hash === null && seen.seq <= archived;
}

/** The system's facts about a file; `undefined` when it does not exist. */
function factsOf(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function headIn(text: string, store: string): Head | undefined {
  try {
    const kept = JSON.parse(text);
    const isWhole = kept?.store === store && Number.isSafeInteger(kept.seq) && typeof kept.hash === "string";
    return isWhole ? { seq: kept.seq, hash: kept.hash } : undefined;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}
