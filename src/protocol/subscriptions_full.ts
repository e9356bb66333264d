import { SERVER_BUSY } from "../errors/rpc_codes.ts";
import type { Answer } from "./answer.ts";

/** The error for a client that has as many subscriptions as allowed. */
export const SUBSCRIPTIONS_FULL: Answer = {
  error: {
    code: SERVER_BUSY,
    message: "Cannot subscribe as this client has as many subscriptions as it may: end one first",
    data: { code: "ERR_BUSY", retryable: false },
  },
};
