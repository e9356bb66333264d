/**
 * Where the audit ended when this machine looked last. A database that has lost that row was restored to an earlier
 * moment, or is an older copy that took the place of another one: what was placed since is unknown to it.
 *
 * It is kept in the state folder too, so that a server that starts knows what the one before it has seen.
 */

import { join } from "node:path";
import { fileProblems } from "../../private_file.ts";

/** A row of the audit. */
export interface Head {
  readonly seq: number;
  readonly hash: string;
}

/** What the database has in the place of the row that was seen. */
export interface FoundRow {
  /** `null` where there is none. */
  readonly hash: string | null;
  /** The last row that was moved into an archive file. */
  readonly archived: number;
}

const NOTHING: Head = { seq: 0, hash: "" };

/** The name of the file in the state folder. */
export const SEEN_FILE = "record-seen.json";

/** Written in place, as one write of always the same length. */
const FILE_LENGTH = 200;

/** See above. */
export class SeenHead {
  readonly #store: string;
  #file: Deno.FsFile | undefined;
  #head: Head | undefined;
  #kept: Head | undefined;
  #keeping: Promise<void> = Promise.resolve();

  /** Nothing was seen yet, and nothing is kept. */
  static forget(): SeenHead {
    return new SeenHead("", undefined, undefined);
  }

  /**
   * What was seen of this store, from a state folder that exists; what was seen of another one does not matter. Opened
   * now, as nothing new may be written later.
   *
   * @throws {Error} others can write the file, or a link stands in its place
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

  /** The audit of a database that goes on from what was seen ends here now. */
  note(head: Head): void {
    if (head.seq > this.last.seq) this.#head = head;
  }

  /** Writes what was seen into the folder. Never rejects: without it a restart knows less. */
  keep(): Promise<void> {
    return this.#keeping = this.#keeping.then(() => this.#keep()).catch(() => {});
  }

  /** Writes it a last time. A second time does nothing. */
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

/** What the system says of a file; `undefined` where there is none. */
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
