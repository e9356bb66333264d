/** Reads what a server sent; it may be of another hand than ours. */

import type { JSONRPCMessage } from "@modelcontextprotocol/client";
import { readMessage } from "../transport/json_rpc.ts";

/** The message that a text holds; `undefined` where it holds none. */
export function readReceived(text: string): JSONRPCMessage | undefined {
  try {
    const read = readMessage(JSON.parse(text));
    return read.kind === "message" ? read.message : undefined;
  } catch {
    return undefined;
  }
}
