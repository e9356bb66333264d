/** An endpoint on a real socket, whose callers say in a header who they are. */

import type { Caller } from "../../src/access/caller.ts";
import type { Awaitable } from "../../src/timing/awaitable.ts";
import { toResponse } from "../../src/transport/listeners/whole_answer.ts";
import type { HttpAnswer } from "../../src/transport/listeners/whole_answer.ts";
import { callerOf } from "../support/callers.ts";

/** A running endpoint; disposing ends it, open connections included. */
export interface HttpServer extends AsyncDisposable {
  /** Without a slash at its end. */
  readonly url: string;
}

/** Serves on a free port of loopback; a request without `x-identity` is `local`. */
export function serveHttp(fetch: (request: Request, caller: Caller) => Awaitable<HttpAnswer>): HttpServer {
  const over = new AbortController();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, signal: over.signal, onListen: () => {} },
    async (request) => toResponse(await fetch(request, callerOf(request.headers.get("x-identity") ?? "local"))),
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    async [Symbol.asyncDispose](): Promise<void> {
      over.abort();
      await server.finished;
    },
  };
}
