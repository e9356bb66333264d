/**
 * Halts of trading on PostgreSQL: the record's own, for all servers, and the file in the state folder, for the
 * processes on that folder alone. A machine's file is recorded under the name of its folder.
 */

import {
  fileEvent,
  haltFileState,
  haltStateOf,
  liftEvent,
  NOT_HALTED,
  pulled,
  pullEvent,
} from "../../../trading/record/halts.ts";
import type { Halts, HaltState, Lifted, NotedFile, Pull, RecordedHalt } from "../../../trading/record/halts.ts";
import type { Placement } from "../../../trading/record/recorded_placement.ts";
import { StoreError } from "../../../trading/record/store_error.ts";
import type { Redact } from "../../../secrets/redaction.ts";
import { cleanText } from "../../../text/clean_text.ts";
import { readNumber, readText } from "../../row.ts";
import type { Row } from "../../row.ts";
import { addRequest, withdrawRequests } from "./cancel_requests.ts";
import type { Session } from "./database.ts";
import { onTheirWay } from "./journal_reads.ts";
import type { Change, RecordConnection } from "./record_connection.ts";

/** Parts of {@linkcode PostgresHalts}. */
export interface HaltParts {
  /** The folder of the halt file, and its name. */
  readonly folder: string;
  readonly place: string;
  readonly redact: Redact;
}

/** See {@linkcode Halts}. */
export class PostgresHalts implements Halts {
  readonly #connection: RecordConnection;
  readonly #parts: HaltParts;

  constructor(connection: RecordConnection, parts: HaltParts) {
    this.#connection = connection;
    this.#parts = parts;
  }

  /** The present state of the file. */
  get file(): HaltState {
    return haltFileState(this.#parts.folder);
  }

  /** The name of the folder with the file. */
  get place(): string {
    return this.#parts.place;
  }

  async state(): Promise<HaltState> {
    return haltStateOf(readHalt(await this.#connection.row(HALT)), this.file);
  }

  pull(pull: Pull): Promise<Placement[]> {
    const { redact } = this.#parts;
    const { by, cancelOpen = [], now } = pull;
    return this.#connection.change(async (change) => {
      await writeHalt(change, pulled(await recorded(change), pull, redact));
      for (const account of cancelOpen) await addRequest(change, account, { by: cleanText(by), now });
      change.append([pullEvent(pull, redact)], now);
      return await onTheirWay(change);
    });
  }

  lift({ by, now }: { readonly by: string; readonly now: number }): Promise<Lifted> {
    return this.#connection.change(async (change) => {
      const before = await recorded(change);
      const after = { ...before, ...NOT_HALTED };
      await writeHalt(change, after);
      const withdrawn = await withdrawRequests(change);
      if (before.isHalted) change.append([liftEvent(by, withdrawn)], now);
      return { state: haltStateOf(after, this.file), withdrawn };
    });
  }

  async noteFile(now: number): Promise<NotedFile | undefined> {
    const isNoted = async () =>
      await this.#connection.row("SELECT 1 FROM halt_files WHERE place = $1", this.place) !== undefined;
    if (await isNoted() === this.file.halted) return undefined;
    return await this.#connection.change(async (change) => {
      const [row] = await change.query("SELECT 1 FROM halt_files WHERE place = $1", [this.place]);
      const isThere = this.file.halted;
      if ((row !== undefined) === isThere) return undefined;
      await this.note(change, { isThere, now });
      return isThere ? { file: "appeared", onTheirWay: await onTheirWay(change) } : { file: "gone" };
    });
  }

  /** Records that the file exists or not, as part of a change. */
  async note(
    change: Change,
    { isThere, now }: { readonly isThere: boolean; readonly now: number },
  ): Promise<void> {
    await change.query(
      isThere
        ? "INSERT INTO halt_files (place) VALUES ($1) ON CONFLICT DO NOTHING"
        : "DELETE FROM halt_files WHERE place = $1",
      [this.place],
    );
    change.append([fileEvent({ isThere })], now);
  }
}

const HALT = "SELECT * FROM kill_switch WHERE id = 1";

/**
 * Reads the record's own halt.
 *
 * @throws {StoreError} when its row is missing
 */
export function readHalt(row: Row | undefined): RecordedHalt {
  if (row === undefined) throw new StoreError("damaged");
  return {
    isHalted: readNumber(row, "is_halted") === 1,
    at: readNumber(row, "at"),
    by: readText(row, "by"),
    reason: readText(row, "reason"),
    isFileNoted: false,
  };
}

async function recorded({ query }: Session): Promise<RecordedHalt> {
  return readHalt((await query(HALT))[0]);
}

async function writeHalt({ query }: Session, { isHalted, at, by, reason }: RecordedHalt): Promise<void> {
  await query("UPDATE kill_switch SET is_halted = $1, at = $2, by = $3, reason = $4", [
    isHalted ? 1 : 0,
    at,
    by,
    reason,
  ]);
}
