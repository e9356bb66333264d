/**
 * Published files on PostgreSQL. Like every change of the record, a change first locks the row at the end of the audit:
 * an order that begins afterwards sees the new version. The table itself notifies of new versions.
 */

import { MAX_VERSIONS, publication, publishedEvent } from "../../../trading/record/published_files.ts";
import type {
  FileKind,
  FileVersion,
  NewFile,
  Publication,
  PublishedFile,
  PublishedFiles,
} from "../../../trading/record/published_files.ts";
import { readText } from "../../row.ts";
import type { Row } from "../../row.ts";
import { readFileVersion, readPublishedFile } from "../rows/published_row.ts";
import type { Value } from "./database.ts";
import type { RecordConnection } from "./record_connection.ts";

const VERSION = "kind, version, digest, by, at";
const CURRENT = `SELECT ${VERSION} FROM published_files WHERE kind = $1 ORDER BY version DESC LIMIT 1`;
const FIND = `SELECT * FROM published_files WHERE kind = $1 AND version = coalesce($2, version)
  ORDER BY version DESC LIMIT 1`;

/** See {@linkcode PublishedFiles}. */
export class PostgresPublishedFiles implements PublishedFiles {
  readonly #connection: RecordConnection;
  readonly #ask: AskRow;

  constructor(connection: RecordConnection) {
    this.#connection = connection;
    this.#ask = (text, ...values) => connection.row(text, ...values);
  }

  publish(file: NewFile): Promise<Publication> {
    return this.#connection.change(async ({ query, append }) => {
      const [before] = await query(CURRENT, [file.kind]);
      // Several people may publish through several database users.
      const [user] = await query("SELECT session_user::text AS name");
      const by = user === undefined ? file.by : `${file.by} (${readText(user, "name")})`;
      const made = publication({ ...file, by }, before && readFileVersion(before));
      if (made.kind !== "published") return made;
      const { kind, version, digest, at } = made.file;
      await query(`INSERT INTO published_files (${VERSION}, text) VALUES ($1, $2, $3, $4, $5, $6)`, [
        ...[kind, version, digest, by, at],
        file.text,
      ]);
      await query("DELETE FROM published_files WHERE kind = $1 AND version <= $2", [kind, version - MAX_VERSIONS]);
      append([publishedEvent(made.file, made.before)], file.now);
      return made;
    });
  }

  current(kind: FileKind): Promise<FileVersion | undefined> {
    return currentFile(this.#ask, kind);
  }

  find(kind: FileKind, version?: number): Promise<PublishedFile | undefined> {
    return findFile(this.#ask, kind, version);
  }

  async versions(kind: FileKind): Promise<FileVersion[]> {
    const rows = await this.#connection.rows(
      `SELECT ${VERSION} FROM published_files WHERE kind = $1 ORDER BY version DESC`,
      kind,
    );
    return rows.map(readFileVersion);
  }
}

/** Returns the first row of a statement. */
export type AskRow = (text: string, ...values: readonly Value[]) => Promise<Row | undefined>;

/** Finds the version in force. */
export async function currentFile(ask: AskRow, kind: FileKind): Promise<FileVersion | undefined> {
  const row = await ask(CURRENT, kind);
  return row && readFileVersion(row);
}

/**
 * Finds a version with its text.
 *
 * @throws {StoreError} when the text is not the published one
 */
export async function findFile(ask: AskRow, kind: FileKind, version?: number): Promise<PublishedFile | undefined> {
  const row = await ask(FIND, kind, version ?? null);
  return row && readPublishedFile(row);
}
