/**
 * The application behind a listener: which path answers what, who is let in, and how many. Everything is a function
 * from `Request` to `Response`; sockets and TLS are the listeners'.
 */

import { Hono } from "hono";
import { cors } from "hono/cors";
import type { Acceptance, Application, Peer } from "./listener.ts";
import { judgeOrigin } from "./origin_rules.ts";
import type { OriginRules } from "./origin_rules.ts";
import { isLoopbackAddress } from "../session/address.ts";
import type { Registry, Rejection } from "../session/registry.ts";
import type { Socket, SocketHandler } from "./listener.ts";
import { problemResponse } from "./problem.ts";
import { watchBody } from "./watched_body.ts";
import { SUBPROTOCOL } from "./websocket.ts";

/** Who is calling, as far as limits and sessions are concerned. */
export interface Caller {
  readonly identity: string;
  readonly limitKey: string;
  readonly address: string;
}

/** What an application is made of. */
export interface HttpParts {
  readonly rules: OriginRules;
  readonly registry: Registry;
  /** Whether WebSocket is served at `/` and `/ws`. */
  readonly websocket: boolean;
  identify(peer: Peer): Caller;
  openSocket(socket: Socket, caller: Caller): SocketHandler;
  /** `/mcp`. */
  mcp(request: Request, caller: Caller): Promise<Response>;
  /** `/v1/tools`, `/v1/tools/{name}`, `/openapi.json`. */
  rest(request: Request, caller: Caller): Promise<Response>;
  metrics(): Promise<{ text: string; contentType: string }>;
  status(): unknown;
  isReady(): boolean;
  rejected(reason: Rejection | "origin" | "upgrade"): void;
  /** How to connect, for somebody who opens the address in a browser. */
  readonly hint: string;
}

const SOCKET_PATHS = ["/", "/ws"];

/** When a client that found the server full may try again, in seconds. */
const RETRY_AFTER_S = 5;

type Bindings = { Bindings: { caller: Caller } };

/** Joins the parts. */
export function createApplication(parts: HttpParts): Application {
  const routes = createRoutes(parts);
  return {
    admit: () => parts.registry.admitSocket(),
    upgrade: (request, peer) => judgeUpgrade(parts, request, parts.identify(peer)),
    async fetch(request, peer) {
      const problem = judgeOrigin(request.headers, parts.rules);
      if (problem === undefined) return await routes.fetch(request, { caller: parts.identify(peer) });
      parts.rejected("origin");
      return textResponse(403, problem);
    },
  };
}

function createRoutes(parts: HttpParts): Hono<Bindings> {
  const app = new Hono<Bindings>();
  // The origin was judged before; what arrives here may read the answer.
  app.use(
    cors({ origin: (origin) => origin, exposeHeaders: ["mcp-session-id", "mcp-protocol-version", "retry-after"] }),
  );
  for (const path of SOCKET_PATHS) {
    app.get(
      path,
      () =>
        parts.websocket
          ? textResponse(426, parts.hint, { upgrade: "websocket", connection: "upgrade" })
          : textResponse(404, "Not found"),
    );
    app.all(
      path,
      () =>
        parts.websocket ? textResponse(405, "Method not allowed", { allow: "GET" }) : textResponse(404, "Not found"),
    );
  }
  app.all("/mcp", ({ req, env }) => counted(parts, { ...env, request: req.raw }, parts.mcp));
  for (const path of ["/v1/tools", "/v1/tools/:name", "/openapi.json"]) {
    app.all(path, ({ req, env }) => counted(parts, { ...env, request: req.raw }, parts.rest));
  }
  for (const [path, answer] of Object.entries(operatorRoutes(parts))) {
    app.get(
      path,
      ({ env, req }) => isNear(env.caller, req.raw) ? answer() : textResponse(403, "Served on loopback only"),
    );
    app.all(path, () => textResponse(405, "Method not allowed", { allow: "GET" }));
  }
  app.notFound(() => textResponse(404, "Not found"));
  return app;
}

/** What operators look at. */
function operatorRoutes(parts: HttpParts): Record<string, () => Response | Promise<Response>> {
  return {
    "/healthz": () => textResponse(200, "ok"),
    "/readyz": () => parts.isReady() ? textResponse(200, "ready") : textResponse(503, "shutting down"),
    "/status": () => Response.json(parts.status(), { headers: { "cache-control": "no-store" } }),
    "/metrics": async () => {
      const { text, contentType } = await parts.metrics();
      return new Response(text, { headers: { "content-type": contentType } });
    },
  };
}

/** Whether a request comes from this machine, and not through a proxy on it. */
function isNear({ address }: Caller, { headers }: Request): boolean {
  const isForwarded = ["forwarded", "x-forwarded-for", "x-real-ip"].some((name) => headers.has(name));
  return isLoopbackAddress(address) && !isForwarded;
}

/** Answers a request that counts as a connection of its client until the last byte of its answer is taken. */
async function counted(
  parts: HttpParts,
  { request, caller }: { request: Request; caller: Caller },
  answer: HttpParts["mcp"],
): Promise<Response> {
  const place = parts.registry.admitRequest(caller.limitKey);
  if (typeof place === "string") {
    const { status, message } = FULL[place];
    const problem = { status, code: "ERR_BUSY", message, retryable: true, retry_after_ms: RETRY_AFTER_S * 1_000 };
    return refuse(parts, place, problemResponse(problem));
  }
  let isStream = false;
  try {
    const response = await answer(request, caller);
    isStream = response.headers.get("content-type")?.startsWith("text/event-stream") ?? false;
    return isStream ? watchBody(response, request.signal, () => place.release()) : response;
  } finally {
    if (!isStream) place.release();
  }
}

function judgeUpgrade(parts: HttpParts, request: Request, caller: Caller): Response | Acceptance {
  const problem = judgeOrigin(request.headers, parts.rules);
  if (problem !== undefined) return refuse(parts, "origin", textResponse(403, problem));
  const { pathname } = new URL(request.url);
  if (!parts.websocket || !SOCKET_PATHS.includes(pathname)) {
    return refuse(parts, "upgrade", textResponse(404, "Not found"));
  }
  if (!parts.isReady()) return textResponse(503, "Shutting down", { "retry-after": String(RETRY_AFTER_S) });
  const rejection = parts.registry.reject(caller.limitKey);
  if (rejection !== undefined) return refuse(parts, rejection, full(rejection));
  const offered = request.headers.get("sec-websocket-protocol")?.split(",").map((protocol) => protocol.trim()) ?? [];
  return {
    ...(offered.includes(SUBPROTOCOL) ? { protocol: SUBPROTOCOL } : {}),
    open: (socket) => parts.openSocket(socket, caller),
  };
}

function refuse(parts: HttpParts, reason: Rejection | "origin" | "upgrade", response: Response): Response {
  parts.rejected(reason);
  return response;
}

function full(rejection: Rejection): Response {
  const { status, message } = FULL[rejection];
  return textResponse(status, message, { "retry-after": String(RETRY_AFTER_S) });
}

const FULL = {
  server_full: { status: 503, message: "Too many connections to this server" },
  client_full: { status: 429, message: "Too many connections of this client" },
} as const satisfies Record<Rejection, unknown>;

function textResponse(status: number, text: string, headers: Record<string, string> = {}): Response {
  return new Response(`${text}\n`, { status, headers: { "content-type": "text/plain; charset=utf-8", ...headers } });
}
