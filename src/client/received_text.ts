/** Reads messages of a server, which may be another implementation. */

import type { JSONRPCMessage } from "@modelcontextprotocol/client";
import { readMessage } from "../transport/json_rpc.ts";

/** The message in a text; `undefined` when it is none. */
export function readReceived(text: string): JSONRPCMessage | undefined {
  try {
    const read = readMessage(JSON.parse(text));
    return read.kind === "message" ? read.message : undefined;
  } catch {
    return undefined;
  }
}
