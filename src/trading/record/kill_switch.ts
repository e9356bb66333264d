/**
 * The kill switch: while it is pulled no order begins and none that has begun is sent.
 *
 * There are two of them, and either one halts: a row of the trading record, and a file called `halt` in the state
 * folder, which anything that can touch a file can make. Both outlive the program. A row is lifted by `lift()`, a file by
 * removing it; its content does not matter. Cancelling is never halted.
 */

import { join } from "node:path";
import { cleanText } from "../../text/clean_text.ts";
import type { Redact } from "../../secrets/redaction.ts";
import { readNumber, readText } from "../../state/sqlite.ts";
import type { Audit } from "./audit.ts";
import type { CancelRequest, CancelRequests, OrderKind } from "./cancel_requests.ts";
import { JournalReads } from "./journal_reads.ts";
import type { Placement } from "./recorded_placement.ts";
import { StoreError } from "./store_error.ts";
import type { StoreConnection } from "./store_connection.ts";

/** The file's name in the state folder. */
export const HALT_FILE = "halt";

/** Whether trading is halted, since when (wall ms), by whom and why. */
export type KillSwitchState =
  | { readonly halted: false }
  | {
    readonly halted: true;
    readonly at: number;
    readonly by: string;
    readonly reason: string;
    /** What halts: the record's switch, or only the file. */
    readonly source: "switch" | "file";
  };

/** That the file has appeared or is gone; `onTheirWay`: which orders it came too late for. */
export type NotedFile =
  | { readonly file: "appeared"; readonly onTheirWay: readonly Placement[] }
  | { readonly file: "gone" };

/** How to pull it. */
export interface Pull {
  readonly by: string;
  readonly reason: string;
  /** Orders of which kinds are to be cancelled. @default none */
  readonly cancelOpen?: readonly OrderKind[];
  /** Wall milliseconds. */
  readonly now: number;
}

/** Stops new orders of every process that uses this state folder. */
export class KillSwitch {
  readonly #connection: StoreConnection;
  readonly #audit: Audit;
  readonly #requests: CancelRequests;
  readonly #placements: JournalReads;
  readonly #file: string;
  /** A pull that the record does not hold yet. */
  #pendingHalt: Pull | undefined;

  readonly #redact: Redact;

  constructor(
    connection: StoreConnection,
    { audit, requests, folder, redact = (text) => text }: {
      audit: Audit;
      requests: CancelRequests;
      folder: string;
      redact?: Redact;
    },
  ) {
    this.#redact = redact;
    this.#connection = connection;
    this.#placements = new JournalReads(connection, null);
    this.#audit = audit;
    this.#requests = requests;
    this.#file = join(folder, HALT_FILE);
  }

  /** Where the file would be. */
  get file(): string {
    return this.#file;
  }

  /** How it stands now, of both. */
  state(): KillSwitchState {
    if (this.#pendingHalt !== undefined) {
      const { by, reason, now: at } = this.#pendingHalt;
      return { halted: true, at, by, reason, source: "switch" };
    }
    const { isHalted, at, by, reason } = this.#row();
    return isHalted ? { halted: true, at, by, reason, source: "switch" } : haltFileState(this.#file);
  }

  /**
   * Halts. Where that is so already, who halted first stays on record, and only requests to cancel are added. Answers
   * which orders had left before, of all venues: those whose outcome is not known, oldest first.
   *
   * @throws {StoreError} it halts this process alone, until it is written
   */
  pull(pull: Pull): readonly Placement[] {
    const first = this.#pendingHalt;
    const cancelOpen = [...new Set([...first?.cancelOpen ?? [], ...pull.cancelOpen ?? []])];
    // What cannot be written yet halts this process all the same, until it is written.
    const shown = { ...(first ?? { ...pull, reason: this.#redact(pull.reason) }), cancelOpen };
    this.#pendingHalt = shown;
    return this.#write(shown);
  }

  #write({ by, reason, cancelOpen = [], now }: Pull): readonly Placement[] {
    const who = cleanText(by);
    const why = cleanText(reason);
    const onTheirWay = this.#connection.transaction(() => {
      this.#connection.run(
        `UPDATE kill_switch SET at = iif(is_halted, at, ?1), by = iif(is_halted, by, ?2),
           reason = iif(is_halted, reason, ?3), is_halted = 1`,
        ...[now, who, why],
      );
      for (const kind of cancelOpen) this.#requests.add(kind, { by: who, now });
      this.#audit.append({ event: "halt", identity: who, data: { reason: why, cancel_open: cancelOpen } }, now);
      return this.#placements.onTheirWay();
    });
    this.#pendingHalt = undefined;
    return onTheirWay;
  }

  /**
   * Lifts the record's switch and answers what is left, as the file halts on until it is removed, and which requests
   * to cancel were withdrawn by it: what is open then stays open.
   */
  lift(
    { by, now }: { by: string; now: number },
  ): { readonly state: KillSwitchState; readonly withdrawn: CancelRequest[] } {
    this.#pendingHalt = undefined;
    return this.#connection.transaction(() => {
      const wasHalted = this.#row().isHalted;
      this.#connection.run("UPDATE kill_switch SET is_halted = 0, at = 0, by = '', reason = ''");
      const withdrawn = this.#requests.withdraw();
      const data = withdrawn.length === 0 ? {} : { withdrawn: withdrawn.map(({ kind }) => kind) };
      if (wasHalted) this.#audit.append({ event: "lift", identity: by, data }, now);
      return { state: this.state(), withdrawn };
    });
  }

  /**
   * Writes that the file has appeared or is gone, once over all processes, so that the audit tells from when to when it
   * halted; `undefined` where that is known.
   */
  noteFile(now: number): NotedFile | undefined {
    if (this.#isFileNoted() === haltFileState(this.#file).halted) return undefined;
    return this.#connection.transaction(() => {
      const isThere = haltFileState(this.#file).halted;
      if (this.#isFileNoted() === isThere) return undefined;
      this.#connection.run("UPDATE kill_switch SET is_file_noted = ?", isThere ? 1 : 0);
      this.#audit.append({ event: "halt_file", identity: "file", data: { present: isThere } }, now);
      return isThere ? { file: "appeared", onTheirWay: this.#placements.onTheirWay() } : { file: "gone" };
    });
  }

  /** Writes a pull that could not be written. */
  retry(): void {
    if (this.#pendingHalt !== undefined) this.#write(this.#pendingHalt);
  }

  #row(): { isHalted: boolean; at: number; by: string; reason: string } {
    const row = this.#connection.row("SELECT * FROM kill_switch WHERE id = 1");
    if (row === undefined) throw new StoreError("damaged");
    return {
      isHalted: readNumber(row, "is_halted") === 1,
      at: readNumber(row, "at"),
      by: readText(row, "by"),
      reason: readText(row, "reason"),
    };
  }

  #isFileNoted(): boolean {
    return readNumber(this.#connection.row("SELECT is_file_noted FROM kill_switch WHERE id = 1"), "is_file_noted") ===
      1;
  }
}

/** Whether a file at this path halts. Where that cannot be told, it counts as there. */
export function haltFileState(path: string): KillSwitchState {
  const halted = { halted: true, by: "file", source: "file" } as const;
  try {
    const { mtime } = Deno.lstatSync(path);
    const reason = `the state folder holds a file called ${HALT_FILE}`;
    return { ...halted, at: mtime?.getTime() ?? 0, reason };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { halted: false };
    return { ...halted, at: 0, reason: `the state folder cannot be searched for a file called ${HALT_FILE}` };
  }
}
