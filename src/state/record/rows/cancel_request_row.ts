/** Rows of requests to cancel everything that is open, for every engine. */

import { RemainingOrders } from "../../../trading/record/cancel_requests.ts";
import type { CancelRequest } from "../../../trading/record/cancel_requests.ts";
import { readNumber, readOptionalNumber, readText, readTextOrNull } from "../../row.ts";
import type { Row } from "../../row.ts";

/** Parses a row of `cancel_wishes`. */
export function readRequest(row: Row): CancelRequest {
  return {
    account: readText(row, "account"),
    number: readNumber(row, "number"),
    by: readText(row, "by"),
    requestedAt: readNumber(row, "wished_at"),
    instance: readTextOrNull(row, "instance"),
    begunAt: readOptionalNumber(row, "begun_at") ?? null,
    rounds: readNumber(row, "rounds"),
    triedAt: readOptionalNumber(row, "tried_at") ?? null,
    remaining: RemainingOrders.parse(JSON.parse(readText(row, "remaining"))),
    unlisted: readTextOrNull(row, "unlisted"),
    doneAt: readOptionalNumber(row, "done_at") ?? null,
  };
}
