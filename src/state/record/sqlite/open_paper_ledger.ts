/** Opens the paper ledger of a state folder, in a worker of its own. */

import { isLunoErrorCode } from "../../../exchange/luno_errors.ts";
import { Refusal } from "../../../simulation/engine/refusal.ts";
import type { PaperLedger } from "../../../simulation/paper/ledger.ts";
import type { RevivedErrors } from "../../engine_messages.ts";
import { startEngine } from "../../remote_engine.ts";
import { waitWhileBusy } from "../../wait_while_busy.ts";
import type { BusyOptions } from "../../wait_while_busy.ts";
import type { SqlitePaperLedger, SqlitePaperLedgerOptions } from "./paper/ledger.ts";
import { WORKER } from "./worker_url.ts";

/** The file's name in the state folder. */
export const PAPER_FILE = "paper.db";

/** How long an operation waits for another process that has locked it, in milliseconds. */
const PATIENCE_MS = 250;

/** How to open it, and how long to wait for another process that has locked it. */
export type OpenPaperLedgerOptions = SqlitePaperLedgerOptions & Omit<BusyOptions, "path">;

/**
 * Opens it, and creates it if it is missing.
 *
 * @throws {StateError} when it cannot be used; `ERR_STATE_BUSY` when it stayed locked
 */
export async function openPaperLedger(
  { path, openings, ...waiting }: OpenPaperLedgerOptions,
  { worker = WORKER, engine = "paper" }: { readonly worker?: URL; readonly engine?: string } = {},
): Promise<PaperLedger> {
  const patience = { patienceMs: PATIENCE_MS, monotonic: waiting.monotonic };
  const started = startEngine<SqlitePaperLedger>({ worker, engine, path, patience, errors: REFUSALS });
  const options: SqlitePaperLedgerOptions = { path, openings };
  try {
    return await waitWhileBusy(() => started.open(options), { path, ...waiting });
  } catch (error) {
    await started.close();
    throw error;
  }
}

const REFUSALS: RevivedErrors = {
  Refusal: ({ message, fields: { code } }) => {
    const isKnown = typeof code === "string" && isLunoErrorCode(code);
    return isKnown
      ? new Refusal(code, message)
      : new TypeError(`Cannot tell a refusal: current code is ${String(code)}`);
  },
};
