/**
 * The kill switch: while it is pulled no order begins and none that has begun is sent.
 *
 * There are two of them, and either one halts: a row of the trading record, and a file called `halt` in the state
 * folder, which anything that can touch a file can make. Both outlive the program. A row is lifted by `lift()`, a file by
 * removing it; its content does not matter. Cancelling is never halted.
 */

import { join } from "node:path";
import { cleanText } from "../exchange/errors.ts";
import { readNumber, readText } from "../state/sqlite.ts";
import type { Audit } from "./audit.ts";
import { StoreError } from "./store_connection.ts";
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
    /** Whether open orders are still to be cancelled by a server. */
    readonly cancelOpen: boolean;
    /** What halts: the record's switch, or only the file. */
    readonly source: "switch" | "file";
  };

/** Real orders, or paper ones. */
export type OrderKind = "real" | "paper";

/** Kinds of orders as bits of one column. */
export const KIND_BITS: Readonly<Record<OrderKind, number>> = { real: 1, paper: 2 };

/** How to pull it. */
export interface Pull {
  readonly by: string;
  readonly reason: string;
  /** Asks the servers to cancel what is open. @default false */
  readonly cancelOpen?: boolean;
  /** Wall milliseconds. */
  readonly now: number;
}

/** Stops new orders of every process that uses this state folder. */
export class KillSwitch {
  readonly #connection: StoreConnection;
  readonly #audit: Audit;
  readonly #file: string;
  /** A pull that the record does not hold yet. */
  #unwritten: Pull | undefined;

  constructor(connection: StoreConnection, { audit, folder }: { audit: Audit; folder: string }) {
    this.#connection = connection;
    this.#audit = audit;
    this.#file = join(folder, HALT_FILE);
  }

  /** Where the file would be. */
  get file(): string {
    return this.#file;
  }

  /** How it stands now, of both. */
  state(): KillSwitchState {
    if (this.#unwritten !== undefined) {
      const { by, reason, cancelOpen = false, now: at } = this.#unwritten;
      return { halted: true, at, by, reason, cancelOpen, source: "switch" };
    }
    const row = this.#row();
    if (!row.isHalted) return this.#fileState();
    const { at, by, reason, cancelOpen } = row;
    return { halted: true, at, by, reason, cancelOpen: cancelOpen !== 0, source: "switch" };
  }

  /** Halts. Where that is so already, who halted first stays on record, and only the wish to cancel is added. */
  pull(pull: Pull): void {
    // What cannot be written yet halts this process all the same, until it is written.
    this.#unwritten = pull;
    this.#write(pull);
  }

  #write({ by, reason, cancelOpen = false, now }: Pull): void {
    const who = cleanText(by);
    const why = cleanText(reason);
    this.#connection.transaction(() => {
      this.#connection.run(
        `UPDATE kill_switch SET cancel_open = max(cancel_open, ?1),
           at = iif(is_halted, at, ?2), by = iif(is_halted, by, ?3), reason = iif(is_halted, reason, ?4),
           is_halted = 1`,
        ...[cancelOpen ? KIND_BITS.real | KIND_BITS.paper : 0, now, who, why],
      );
      this.#audit.append({ event: "halt", identity: who, data: { reason: why, cancel_open: cancelOpen } }, now);
    });
    this.#unwritten = undefined;
  }

  /** Lifts the record's switch and answers what is left: the file halts on until somebody removes it. */
  lift({ by, now }: { by: string; now: number }): KillSwitchState {
    this.#unwritten = undefined;
    return this.#connection.transaction(() => {
      const wasHalted = this.#row().isHalted;
      this.#connection.run("UPDATE kill_switch SET is_halted = 0, at = 0, by = '', reason = '', cancel_open = 0");
      if (wasHalted) this.#audit.append({ event: "lift", identity: by }, now);
      return this.state();
    });
  }

  /**
   * Takes up the wish to cancel what is open: each kind of orders is given to one caller only, whichever process it is
   * in. Who dies before it has cancelled leaves the orders open, so say afterwards what remained.
   */
  takeCancelWish(kinds: readonly OrderKind[]): OrderKind[] {
    const wished = (bits: number) => kinds.filter((kind) => (bits & KIND_BITS[kind]) !== 0);
    if (wished(this.#row().cancelOpen).length === 0) return [];
    return this.#connection.transaction(() => {
      const taken = wished(this.#row().cancelOpen);
      const bits = taken.reduce((sum, kind) => sum | KIND_BITS[kind], 0);
      this.#connection.run("UPDATE kill_switch SET cancel_open = cancel_open & ~?", bits);
      return taken;
    });
  }

  /** Writes a pull that could not be written. */
  retry(): void {
    if (this.#unwritten !== undefined) this.#write(this.#unwritten);
  }

  #row(): { isHalted: boolean; at: number; by: string; reason: string; cancelOpen: number } {
    const row = this.#connection.row("SELECT * FROM kill_switch WHERE id = 1");
    if (row === undefined) throw new StoreError("damaged");
    return {
      isHalted: readNumber(row, "is_halted") === 1,
      at: readNumber(row, "at"),
      by: readText(row, "by"),
      reason: readText(row, "reason"),
      cancelOpen: readNumber(row, "cancel_open"),
    };
  }

  /** Whoever cannot tell whether the file is there must take it that it is. */
  #fileState(): KillSwitchState {
    const halted = { halted: true, by: "file", cancelOpen: false, source: "file" } as const;
    try {
      const { mtime } = Deno.lstatSync(this.#file);
      const reason = `the state folder holds a file called ${HALT_FILE}`;
      return { ...halted, at: mtime?.getTime() ?? 0, reason };
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return { halted: false };
      return { ...halted, at: 0, reason: `the state folder cannot be searched for a file called ${HALT_FILE}` };
    }
  }
}
