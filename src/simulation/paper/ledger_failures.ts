/** Failures of the ledger as responses of the paper exchange. */

import { getLogger } from "../../logging/logger.ts";
import type { StateError } from "../../state/state_error.ts";
import { refusalResponse } from "../api/fault_effects.ts";
import { Refusal } from "../engine/refusal.ts";

const log = getLogger(["luno-mcp-server", "paper"]);

const NOT_USED = "The paper ledger cannot be used now, so that nothing has happened: try again later";

/**
 * The response to a call that failed in the ledger; when its effect is unknown, the client must not be told otherwise.
 */
export function ledgerFailure(error: StateError, { isRead }: { readonly isRead: boolean }): Response {
  if (error.failure === "busy") log.warning("paper ledger is locked by another process", { error: error.message });
  else log.error("paper ledger cannot be used", { code: error.code, error });
  if (error.failure === "outcome_unknown") return refusalResponse(new Refusal("ErrInternal"));
  return isRead
    ? refusalResponse(new Refusal("ErrInternal", NOT_USED), { status: 503 })
    : refusalResponse(new Refusal("ErrUnderMaintenance", NOT_USED));
}
