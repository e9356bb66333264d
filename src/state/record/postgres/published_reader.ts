/** Reads published files without the rest of the record, for servers that do not trade. */

import type { FileKind, FileVersion, PublishedFile, PublishedFiles } from "../../../trading/record/published_files.ts";
import type { DatabaseAccess } from "../../database_address.ts";
import { Database } from "./database.ts";
import { currentFile, findFile } from "./published_files.ts";
import type { AskRow } from "./published_files.ts";

/** One connection, to existing tables. */
export class PublishedReader implements Pick<PublishedFiles, "current" | "find"> {
  readonly #database: Database;
  readonly #ask: AskRow;

  constructor(access: DatabaseAccess) {
    const database = this.#database = new Database(access, { maxConnections: 1 });
    this.#ask = async (text, ...values) => (await database.read(text, values))[0];
  }

  /** @throws {StateError} */
  current(kind: FileKind): Promise<FileVersion | undefined> {
    return currentFile(this.#ask, kind);
  }

  /** @throws {StateError | StoreError} */
  find(kind: FileKind, version?: number): Promise<PublishedFile | undefined> {
    return findFile(this.#ask, kind, version);
  }

  /** Closes the connection after the operations requested before. */
  close(): Promise<void> {
    return this.#database.close();
  }
}
