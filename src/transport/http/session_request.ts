import type { JSONRPCMessage } from "@modelcontextprotocol/server";
import type { Caller } from "../../access/caller.ts";
import type { PlainRequest } from "./plain_request.ts";

/** What belongs to a request. */
export interface SessionRequest {
  readonly caller: Caller;
  /** The request's body, if there is one. */
  readonly message?: JSONRPCMessage;
  /** The same as a plain call, if it is one. */
  readonly plain?: PlainRequest | undefined;
}
