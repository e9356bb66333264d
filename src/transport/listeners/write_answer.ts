/** Writes responses to `node:http`, bypassing streams if the body is complete. */

import { getRequestListener } from "@hono/node-server";
import { Buffer } from "node:buffer";
import type { IncomingMessage, ServerResponse } from "node:http";
import { badRequest } from "./bad_request.ts";
import { toResponse, WholeAnswer } from "./whole_answer.ts";
import type { HttpAnswer } from "./whole_answer.ts";

/** A `node:http` request and its response. */
export interface NodeExchange {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
}

/** Writes a response; unread request bodies are drained. */
export function writeAnswer(answer: HttpAnswer, { incoming, outgoing }: NodeExchange): void {
  if (answer instanceof WholeAnswer && incoming.complete) {
    const { text, headers } = answer;
    outgoing.writeHead(200, { ...headers, "content-length": Buffer.byteLength(text) });
    outgoing.end(text);
    return;
  }
  const response = toResponse(answer);
  // The library would also create a request, which was parsed and checked long before.
  incoming.url = "/";
  incoming.headers.host = "localhost";
  const write = getRequestListener(() => response, { overrideGlobalObjects: false, errorHandler: badRequest });
  void write(incoming, outgoing);
}
