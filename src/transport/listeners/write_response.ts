/** Writes responses of the web to `node:http`, and what is ready past the web's streams. */

import { getRequestListener } from "@hono/node-server";
import { Buffer } from "node:buffer";
import type { IncomingMessage, ServerResponse } from "node:http";
import { badRequest } from "./bad_request.ts";
import { WholeResponse } from "./whole_response.ts";

/** A request of `node:http` and where its answer goes. */
export interface NodeExchange {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
}

/** Writes a response; bodies of requests that nobody has read are drained. */
export function writeResponse(response: Response, { incoming, outgoing }: NodeExchange): void {
  const whole = response instanceof WholeResponse && incoming.complete ? response.whole : undefined;
  if (whole !== undefined) {
    outgoing.writeHead(200, { ...whole.headers, "content-length": Buffer.byteLength(whole.text) });
    outgoing.end(whole.text);
    return;
  }
  // The library makes a request too, of what was read and checked long ago.
  incoming.url = "/";
  incoming.headers.host = "localhost";
  const write = getRequestListener(() => response, { overrideGlobalObjects: false, errorHandler: badRequest });
  void write(incoming, outgoing);
}
