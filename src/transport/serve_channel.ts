/** Joins a client's channel with the protocol's library, which answers what the fast path leaves to it. */

import type { Server } from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import type { Channel } from "./channel.ts";

/** Serves one client until its channel or the answer's `close` ends it; a server is made once its opening names the revision. */
export function serveChannel(
  channel: Channel,
  { createServer, failed }: { readonly createServer: () => Server; readonly failed: (error: Error) => void },
): { close(): Promise<void> } {
  return serveStdio(createServer, { transport: channel, onerror: failed });
}
