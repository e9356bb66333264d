/** Published files in SQLite. */

import { MAX_VERSIONS, publication, publishedEvent } from "../../../trading/record/published_files.ts";
import type {
  FileKind,
  FileVersion,
  NewFile,
  Publication,
  PublishedFile,
} from "../../../trading/record/published_files.ts";
import { readFileVersion, readPublishedFile } from "../rows/published_row.ts";
import type { AuditRows } from "./audit_rows.ts";
import type { RecordConnection } from "./connection.ts";

const VERSION = "kind, version, digest, by, at";

/** See {@linkcode PublishedFiles}. */
export class SqlitePublishedFiles {
  readonly #connection: RecordConnection;
  readonly #audit: AuditRows;

  constructor(connection: RecordConnection, { audit }: { readonly audit: AuditRows }) {
    this.#connection = connection;
    this.#audit = audit;
  }

  publish(file: NewFile): Publication {
    return this.#connection.transaction(() => {
      const made = publication(file, this.current(file.kind));
      if (made.kind !== "published") return made;
      const { kind, version, digest, by, at } = made.file;
      this.#connection.run(
        `INSERT INTO published_files (${VERSION}, text) VALUES (?, ?, ?, ?, ?, ?)`,
        ...[kind, version, digest, by, at, file.text],
      );
      this.#connection.run(
        "DELETE FROM published_files WHERE kind = ? AND version <= ?",
        ...[kind, version - MAX_VERSIONS],
      );
      this.#audit.append([publishedEvent(made.file, made.before)], file.now);
      return made;
    });
  }

  current(kind: FileKind): FileVersion | undefined {
    const row = this.#connection.row(
      `SELECT ${VERSION} FROM published_files WHERE kind = ? ORDER BY version DESC LIMIT 1`,
      kind,
    );
    return row && readFileVersion(row);
  }

  find(kind: FileKind, version?: number): PublishedFile | undefined {
    const row = this.#connection.row(
      `SELECT * FROM published_files WHERE kind = ? AND version = coalesce(?, version) ORDER BY version DESC LIMIT 1`,
      ...[kind, version ?? null],
    );
    return row && readPublishedFile(row);
  }

  versions(kind: FileKind): FileVersion[] {
    return this.#connection.rows(
      `SELECT ${VERSION} FROM published_files WHERE kind = ? ORDER BY version DESC`,
      kind,
    ).map(readFileVersion);
  }
}
