/** Writes responses to `node:http`, bypassing streams if the body is complete. */

import { getRequestListener } from "@hono/node-server";
import { Buffer } from "node:buffer";
import type { IncomingMessage, ServerResponse } from "node:http";
import { badRequest } from "./bad_request.ts";
import { WholeResponse } from "./whole_response.ts";

/** A `node:http` request and its response. */
export interface NodeExchange {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
}

/** Writes a response; unread request bodies are drained. */
export function writeResponse(response: Response, { incoming, outgoing }: NodeExchange): void {
  const whole = response instanceof WholeResponse && incoming.complete ? response.whole : undefined;
  if (whole !== undefined) {
    outgoing.writeHead(200, { ...whole.headers, "content-length": Buffer.byteLength(whole.text) });
    outgoing.end(whole.text);
    return;
  }
  // The library would also create a request, which was parsed and checked long before.
  incoming.url = "/";
  incoming.headers.host = "localhost";
  const write = getRequestListener(() => response, { overrideGlobalObjects: false, errorHandler: badRequest });
  void write(incoming, outgoing);
}
