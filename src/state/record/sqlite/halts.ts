/** Halts of trading: the record's own in SQLite, and the file in the state folder. */

import {
  fileEvent,
  haltFileState,
  haltStateOf,
  liftEvent,
  NOT_HALTED,
  pulled,
  pullEvent,
} from "../../../trading/record/halts.ts";
import type { HaltState, Lifted, NotedFile, Pull, RecordedHalt } from "../../../trading/record/halts.ts";
import type { Placement } from "../../../trading/record/recorded_placement.ts";
import { StoreError } from "../../../trading/record/store_error.ts";
import type { Redact } from "../../../secrets/redaction.ts";
import { cleanText } from "../../../text/clean_text.ts";
import { readNumber, readText } from "../../row.ts";
import type { AuditRows } from "./audit_rows.ts";
import type { SqliteCancelRequests } from "./cancel_requests.ts";
import type { RecordConnection } from "./connection.ts";
import type { JournalReads } from "./journal_reads.ts";

/** Parts of {@linkcode SqliteHalts}. */
export interface HaltParts {
  readonly audit: AuditRows;
  readonly requests: Pick<SqliteCancelRequests, "add" | "withdraw">;
  readonly placements: Pick<JournalReads, "allOnTheirWay">;
  /** The folder of the halt file. */
  readonly folder: string;
  readonly redact: Redact;
}

/** See {@linkcode Halts}. */
export class SqliteHalts {
  readonly #connection: RecordConnection;
  readonly #parts: HaltParts;

  constructor(connection: RecordConnection, parts: HaltParts) {
    this.#connection = connection;
    this.#parts = parts;
  }

  state(): HaltState {
    return haltStateOf(this.#recorded(), haltFileState(this.#parts.folder));
  }

  pull(pull: Pull): Placement[] {
    const { audit, requests, placements, redact } = this.#parts;
    const { by, cancelOpen = [], now } = pull;
    return this.#connection.transaction(() => {
      this.#write(pulled(this.#recorded(), pull, redact));
      for (const account of cancelOpen) requests.add(account, { by: cleanText(by), now });
      audit.append([pullEvent(pull, redact)], now);
      return placements.allOnTheirWay();
    });
  }

  lift({ by, now }: { readonly by: string; readonly now: number }): Lifted {
    const { audit, requests } = this.#parts;
    return this.#connection.transaction(() => {
      const before = this.#recorded();
      this.#write({ ...before, ...NOT_HALTED });
      const withdrawn = requests.withdraw();
      if (before.isHalted) audit.append([liftEvent(by, withdrawn)], now);
      return { state: this.state(), withdrawn };
    });
  }

  noteFile(now: number): NotedFile | undefined {
    if (!this.#isNews()) return undefined;
    const { audit, placements } = this.#parts;
    return this.#connection.transaction(() => {
      if (!this.#isNews()) return undefined;
      const before = this.#recorded();
      const isFileNoted = !before.isFileNoted;
      this.#write({ ...before, isFileNoted });
      audit.append([fileEvent({ isThere: isFileNoted })], now);
      return isFileNoted ? { file: "appeared", onTheirWay: placements.allOnTheirWay() } : { file: "gone" };
    });
  }

  #isNews(): boolean {
    return this.#recorded().isFileNoted !== haltFileState(this.#parts.folder).halted;
  }

  #recorded(): RecordedHalt {
    const row = this.#connection.row("SELECT * FROM kill_switch WHERE id = 1");
    if (row === undefined) throw new StoreError("damaged");
    return {
      isHalted: readNumber(row, "is_halted") === 1,
      at: readNumber(row, "at"),
      by: readText(row, "by"),
      reason: readText(row, "reason"),
      isFileNoted: readNumber(row, "is_file_noted") === 1,
    };
  }

  #write({ isHalted, at, by, reason, isFileNoted }: RecordedHalt): void {
    this.#connection.run(
      "UPDATE kill_switch SET is_halted = ?, at = ?, by = ?, reason = ?, is_file_noted = ?",
      ...[isHalted ? 1 : 0, at, by, reason, isFileNoted ? 1 : 0],
    );
  }
}
