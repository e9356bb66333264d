import type { JSONRPCMessage } from "@modelcontextprotocol/server";
import type { Caller } from "../../access/caller.ts";
import type { PlainRequest } from "./plain_request.ts";

/** What comes along with a request. */
export interface SessionRequest {
  readonly caller: Caller;
  /** The request's body, where there is one. */
  readonly message?: JSONRPCMessage;
  /** The same, where it is a plain call. */
  readonly plain?: PlainRequest | undefined;
}
