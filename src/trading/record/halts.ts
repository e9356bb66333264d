/**
 * Halts: while trading is halted no order begins. There are two kinds, and either one halts: the record's own, and a
 * file called `halt` or `halt.txt` in the state folder, which anything with access to the folder can create. Both
 * outlive the program. The record's halt is ended by `lift()`, the file's by removing it; its content does not matter.
 * Cancelling is never halted.
 */

import { join } from "node:path";
import type { Redact } from "../../secrets/redaction.ts";
import { cleanText } from "../../text/clean_text.ts";
import { kindsOf } from "../orders/trading_account.ts";
import type { AuditEvent } from "./audit_row.ts";
import type { CancelRequest } from "./cancel_requests.ts";
import type { Placement } from "./recorded_placement.ts";

/** The file's name in the state folder. */
export const HALT_FILE = "halt";

/** The names of files that halt: editors turn the first into the second. */
const HALT_FILES = [HALT_FILE, `${HALT_FILE}.txt`];

/** Whether trading is halted, since when (wall clock, ms), by whom and why. */
export type HaltState =
  | { readonly halted: false }
  | {
    readonly halted: true;
    readonly at: number;
    readonly by: string;
    readonly reason: string;
    /** What halts trading: the record's halt, or only the file. */
    readonly source: "switch" | "file";
  };

/** That the file has appeared or is gone; `onTheirWay`: the orders that it came too late for. */
export type NotedFile =
  | { readonly file: "appeared"; readonly onTheirWay: readonly Placement[] }
  | { readonly file: "gone" };

/** The parameters of a halt. */
export interface Pull {
  readonly by: string;
  readonly reason: string;
  /**
   * Ids of the accounts whose open orders are to be cancelled.
   *
   * @default none
   */
  readonly cancelOpen?: readonly string[];
  /** Wall milliseconds. */
  readonly now: number;
}

/** The result of resuming: what still halts trading, and which cancel requests were withdrawn incomplete. */
export interface Lifted {
  readonly state: HaltState;
  readonly withdrawn: readonly CancelRequest[];
}

/** Halts for every process that uses the record. Every operation rejects with a `StoreError` when it fails. */
export interface Halts {
  /** The present state of both kinds. */
  state(): Promise<HaltState>;
  /**
   * Halts trading. If it is already halted, the first halt stays recorded, and only cancel requests are added. Returns
   * the orders of all venues that had been sent before and whose outcome is unknown, oldest first.
   */
  pull(pull: Pull): Promise<readonly Placement[]>;
  /** Ends the record's halt, and withdraws the cancel requests: open orders stay open. */
  lift(who: { readonly by: string; readonly now: number }): Promise<Lifted>;
  /**
   * Records that the file has appeared or is gone, once over all processes, so that the audit shows when it halted
   * trading; `undefined` when that is already recorded.
   */
  noteFile(now: number): Promise<NotedFile | undefined>;
}

/** The recorded halt. */
export interface RecordedHalt {
  readonly isHalted: boolean;
  readonly at: number;
  readonly by: string;
  readonly reason: string;
  /** Whether the audit says that the file exists. */
  readonly isFileNoted: boolean;
}

/** Trading is not halted. */
export const NOT_HALTED: Omit<RecordedHalt, "isFileNoted"> = { isHalted: false, at: 0, by: "", reason: "" };

/** The state of both kinds together. */
export function haltStateOf({ isHalted, at, by, reason }: RecordedHalt, file: HaltState): HaltState {
  return isHalted ? { halted: true, at, by, reason, source: "switch" } : file;
}

/** The recorded halt after another one: the first one stays. Texts are cleaned and redacted. */
export function pulled(before: RecordedHalt, { by, reason, now }: Pull, redact: Redact): RecordedHalt {
  if (before.isHalted) return before;
  return { ...before, isHalted: true, at: now, by: cleanText(by), reason: cleanText(redact(reason)) };
}

/** The audit row of a halt. */
export function pullEvent({ by, reason, cancelOpen = [] }: Pull, redact: Redact): AuditEvent {
  return {
    event: "halt",
    identity: cleanText(by),
    data: { reason: cleanText(redact(reason)), cancel_open: kindsOf(cancelOpen), accounts: cancelOpen },
  };
}

/** The audit row of a halt's end. */
export function liftEvent(by: string, withdrawn: readonly CancelRequest[]): AuditEvent {
  const accounts = withdrawn.map(({ account }) => account);
  const data = accounts.length === 0 ? {} : { withdrawn: kindsOf(accounts), accounts };
  return { event: "lift", identity: by, data };
}

/** The audit row of a file that has appeared or is gone. */
export function fileEvent({ isThere }: { readonly isThere: boolean }): AuditEvent {
  return { event: "halt_file", identity: "file", data: { present: isThere } };
}

/** Whether a file in this folder halts. If that cannot be determined, it counts as present. */
export function haltFileState(folder: string): HaltState {
  for (const name of HALT_FILES) {
    const state = fileState(folder, name);
    if (state.halted) return state;
  }
  return { halted: false };
}

/** The paths of the files in a folder that halt. */
export function haltFilesIn(folder: string): string[] {
  return HALT_FILES.filter((name) => fileState(folder, name).halted).map((name) => join(folder, name));
}

function fileState(folder: string, name: string): HaltState {
  const halted = { halted: true, by: "file", source: "file" } as const;
  try {
    const { mtime } = Deno.lstatSync(join(folder, name));
    return { ...halted, at: mtime?.getTime() ?? 0, reason: `the state folder holds a file called ${name}` };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { halted: false };
    return { ...halted, at: 0, reason: `the state folder cannot be searched for a file called ${name}` };
  }
}
