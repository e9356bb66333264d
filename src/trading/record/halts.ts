/**
 * Halts: while trading is halted no order begins. There are two kinds, and either one halts: the record's own, and a file
 * called `halt` or `halt.txt` in the state folder, which anything that can touch a file can make. Both outlive the program. The record's
 * is lifted by `lift()`, the file's by removing it; its content does not matter. Cancelling is never halted.
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

/** The names under which a file halts: the second is what editors make of the first. */
const HALT_FILES = [HALT_FILE, `${HALT_FILE}.txt`];

/** Whether trading is halted, since when (wall ms), by whom and why. */
export type HaltState =
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

/** How to halt. */
export interface Pull {
  readonly by: string;
  readonly reason: string;
  /** Ids of the accounts whose open orders are to be cancelled. @default none */
  readonly cancelOpen?: readonly string[];
  /** Wall milliseconds. */
  readonly now: number;
}

/** What lifting comes to: what halts on, and which requests to cancel were withdrawn before they were completed. */
export interface Lifted {
  readonly state: HaltState;
  readonly withdrawn: readonly CancelRequest[];
}

/** Halts for every process that uses the record. Every operation rejects with a `StoreError` where it cannot be done. */
export interface Halts {
  /** How it stands now, of both kinds. */
  state(): Promise<HaltState>;
  /**
   * Halts. Where that is so already, who halted first stays on record, and only requests to cancel are added. Answers
   * which orders had left before, of all venues: those whose outcome is not known, oldest first.
   */
  pull(pull: Pull): Promise<readonly Placement[]>;
  /** Lifts the record's halt, and withdraws the requests to cancel: what is open then stays open. */
  lift(who: { readonly by: string; readonly now: number }): Promise<Lifted>;
  /**
   * Writes that the file has appeared or is gone, once over all processes, so that the audit tells from when to when it
   * halted; `undefined` where that is known.
   */
  noteFile(now: number): Promise<NotedFile | undefined>;
}

/** What the record holds of its own halt. */
export interface RecordedHalt {
  readonly isHalted: boolean;
  readonly at: number;
  readonly by: string;
  readonly reason: string;
  /** Whether the audit tells that the file is there. */
  readonly isFileNoted: boolean;
}

/** Nobody halts. */
export const NOT_HALTED: Omit<RecordedHalt, "isFileNoted"> = { isHalted: false, at: 0, by: "", reason: "" };

/** How it stands, of both kinds. */
export function haltStateOf({ isHalted, at, by, reason }: RecordedHalt, file: HaltState): HaltState {
  return isHalted ? { halted: true, at, by, reason, source: "switch" } : file;
}

/** The record's halt after a pull: who halted first stays. Texts are cleaned, without what `redact` hides. */
export function pulled(before: RecordedHalt, { by, reason, now }: Pull, redact: Redact): RecordedHalt {
  if (before.isHalted) return before;
  return { ...before, isHalted: true, at: now, by: cleanText(by), reason: cleanText(redact(reason)) };
}

/** The row of a pull. */
export function pullEvent({ by, reason, cancelOpen = [] }: Pull, redact: Redact): AuditEvent {
  return {
    event: "halt",
    identity: cleanText(by),
    data: { reason: cleanText(redact(reason)), cancel_open: kindsOf(cancelOpen), accounts: cancelOpen },
  };
}

/** The row of a halt that was lifted. */
export function liftEvent(by: string, withdrawn: readonly CancelRequest[]): AuditEvent {
  const accounts = withdrawn.map(({ account }) => account);
  const data = accounts.length === 0 ? {} : { withdrawn: kindsOf(accounts), accounts };
  return { event: "lift", identity: by, data };
}

/** The row of a file that has appeared or is gone. */
export function fileEvent(isThere: boolean): AuditEvent {
  return { event: "halt_file", identity: "file", data: { present: isThere } };
}

/** Whether a file in this folder halts. Where that cannot be told, it counts as there. */
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
