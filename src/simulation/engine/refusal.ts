/** How any part of the simulation refuses a request. */

import { LUNO_ERRORS, type LunoErrorCode } from "../../exchange/luno_errors.ts";

/** A refusal with one of the exchange's own codes; the HTTP layer turns it into the response. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  /** The exchange's code; its status and, unless given, its text come from the table of codes. */
  readonly code: LunoErrorCode;

  constructor(code: LunoErrorCode, message: string = LUNO_ERRORS[code].message) {
    super(message);
    this.code = code;
  }

  /** The HTTP status of the code. */
  get status(): number {
    return LUNO_ERRORS[this.code].status;
  }
}
