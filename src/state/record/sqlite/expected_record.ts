/**
 * A file beside the trading record that marks its existence. Without it, a record that was deleted or moved away would
 * look like none: a halt would end, daily limits would start anew, and the journal would be lost.
 */

import { join } from "node:path";
import { StateError } from "../../state_error.ts";
import { TRADING_DATABASE } from "./trading_database.ts";

/** The file's name in the state folder; its content does not matter. */
export const EXPECTED_RECORD = "trading-expected";

/** @throws {StateError} when a record was created here, and is gone */
export function checkExpectedRecord(folder: string): void {
  const path = join(folder, EXPECTED_RECORD);
  if (!isMissing(join(folder, TRADING_DATABASE)) || isMissing(path)) return;
  throw new StateError(
    `Cannot find ${TRADING_DATABASE}, which was made in ${folder}: its halt, day limits, orders and audit log are gone with it: ` +
      `put it back, or remove ${path} to begin anew`,
    { path },
  );
}

/** Marks that a record exists here. */
export function expectRecord(folder: string): void {
  const path = join(folder, EXPECTED_RECORD);
  if (!isMissing(path)) return;
  try {
    Deno.openSync(path, { write: true, createNew: true, mode: 0o600 }).close();
  } catch (error) {
    // Another process may have been faster.
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  }
}

/** Follows no link; a file that cannot be examined counts as existing. */
function isMissing(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return false;
  } catch (error) {
    return error instanceof Deno.errors.NotFound;
  }
}
