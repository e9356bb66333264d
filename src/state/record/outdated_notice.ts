/** Tells an operator once that a server must be restarted, as a newer version of the program has changed its record. */

import { getLogger } from "../../logging/logger.ts";
import { StoreError } from "../../trading/record/store_error.ts";

const log = getLogger(["luno-mcp-server", "trading"]);

/** Of one record that is open. */
export class OutdatedNotice {
  #isTold = false;

  /** Looks at a failure of the record. */
  hear(error: unknown): void {
    if (this.#isTold || !(error instanceof StoreError) || error.failure !== "outdated") return;
    this.#isTold = true;
    log.error("trading stops; restart this server", { reason: error.message });
  }
}
