/**
 * The application behind a listener: which path answers what, who is let in, and how many. Everything is a function
 * from `Request` to `Response`; sockets and TLS are the listeners'.
 */

import { getLogger } from "@logtape/logtape";
import { Hono } from "hono";
import type { MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import type { Authentication, Denial } from "../../access/authenticator.ts";
import type { Caller, Ending } from "../../access/caller.ts";
import { challengeOf, METADATA_PATH, scopeChallenge } from "../../access/challenge.ts";
import { checkOrigin } from "../../access/origin_rules.ts";
import type { OriginRules } from "../../access/origin_rules.ts";
import { describeResource, metadataUrl } from "../../access/resource_metadata.ts";
import type { ResourceFacts } from "../../access/resource_metadata.ts";
import { TICKET_PREFIX, TICKET_SECONDS } from "../../access/tickets.ts";
import type { Scope } from "../../access/scopes.ts";
import type { Admission } from "../../session/rate_limit.ts";
import type { Registry, Rejection } from "../../session/registry.ts";
import { endConnectionOfRefused } from "./last_answer.ts";
import type { Acceptance, Application, Peer, Socket, SocketHandler } from "../listeners/listener.ts";
import { pathOf } from "./path.ts";
import { problemResponse } from "./problem.ts";
import { watchBody } from "./watched_body.ts";
import { CLOSE } from "../close_codes.ts";
import { SUBPROTOCOL } from "../websocket.ts";

const log = getLogger(["luno-mcp-server", "access"]);

/** What an application is made of. */
export interface HttpParts {
  readonly rules: OriginRules;
  readonly registry: Registry;
  /** Whether WebSocket is served at `/` and `/ws`. */
  readonly websocket: boolean;
  /** Finds out who calls, by address and headers alone. */
  authenticate(request: Request, peer: Peer): Promise<Authentication>;
  /** Takes the price of a request from its connection, of an identity where that is known. @default everything is free */
  readonly afford?: (peer: Peer, identity?: string) => Admission;
  /** How long an identity may open no WebSocket, as it was cut off a moment ago; in milliseconds. @default never */
  readonly pauseMs?: (identity: string) => number;
  /** Where tokens come from, if they are taken. */
  readonly resource?: ResourceFacts;
  /** A one-time ticket for a WebSocket; `undefined` when the caller holds too many. */
  issueTicket(caller: Caller): string | undefined;
  /** Has `end` called when the caller's credential ends, until the answered function is called. */
  watch(caller: Caller, end: (ending: Ending) => void): () => void;
  openSocket(socket: Socket, caller: Caller): SocketHandler;
  /** `/mcp`. */
  mcp(request: Request, caller: Caller): Promise<Response>;
  /** `/v1/tools`, `/v1/tools/{name}`, `/openapi.json`. */
  rest(request: Request, caller: Caller): Promise<Response>;
  metrics(): Promise<{ text: string; contentType: string }>;
  status(): unknown;
  isReady(): boolean;
  /** `null` before the exchange was called. */
  isExchangeReachable(): boolean | null;
  rejected(reason: Rejection | "origin" | "upgrade" | "access"): void;
  /** How to connect, for somebody who opens the address in a browser. */
  readonly hint: string;
}

const SOCKET_PATHS = ["/", "/ws"];

/** When a client that found the server full may try again, in seconds. */
const RETRY_AFTER_S = 5;

type Bindings = { Bindings: { peer: Peer }; Variables: { caller: Caller } };

/** Joins the parts. */
export function createApplication(parts: HttpParts): Application {
  const routes = createRoutes(parts);
  return {
    admit: (peer, end) => parts.registry.admitSocket(peer, end),
    upgrade: (request, peer) => whileAsking(parts, peer, () => checkUpgrade(parts, request, peer)),
    async fetch(request, peer) {
      const answer = async () => refuseOrigin(parts, request, peer) ?? await routes.fetch(request, { peer });
      const response = await whileAsking(parts, peer, answer);
      return endConnectionOfRefused(response, { isPublic: !parts.rules.allowLoopback });
    },
  };
}

/** A connection is not idle while one of its requests is looked at. */
async function whileAsking<T>({ registry }: HttpParts, peer: Peer, answer: () => Promise<T>): Promise<T> {
  registry.unknown?.begin(peer);
  try {
    return await answer();
  } finally {
    registry.unknown?.answered(peer);
  }
}

/** Finds out who calls; whoever is known takes no place of those who are not. */
async function authenticate(parts: HttpParts, request: Request, peer: Peer): Promise<Authentication> {
  const authentication = await parts.authenticate(request, peer);
  if (authentication.ok) parts.registry.unknown?.identified(peer);
  else parts.registry.unknown?.refused(peer, authentication.denial.address);
  return authentication;
}

function createRoutes(parts: HttpParts): Hono<Bindings> {
  const app = new Hono<Bindings>();
  // Whoever asks what may be asked is not known, and each such question has its price too.
  app.options("*", async ({ env: { peer } }, next) => refuseUnaffordable(parts, peer) ?? await next());
  // The origin was checked before; what arrives here may read the answer.
  app.use(cors({ origin: (origin) => origin, exposeHeaders: EXPOSED_HEADERS }));
  addOpenRoutes(app, parts);
  app.use(authenticated(parts));
  addSocketHints(app, parts);
  for (const path of withSlash(["/mcp"])) {
    app.all(
      path,
      ({ req, var: { caller }, env: { peer } }) => counted(parts, { caller, peer, request: req.raw }, parts.mcp),
    );
  }
  // Which of these there are, `rest` knows.
  for (const path of ["/v1/tools/*", ...withSlash(["/openapi.json"])]) {
    app.all(
      path,
      ({ req, var: { caller }, env: { peer } }) => counted(parts, { caller, peer, request: req.raw }, parts.rest),
    );
  }
  app.post("/v1/tickets", ({ var: { caller } }) => issueTicket(parts, caller));
  app.all("/v1/tickets", () => textResponse(405, "Method not allowed", { allow: "POST" }));
  for (const [path, answer] of Object.entries(operatorRoutes(parts))) {
    app.get(path, ({ var: { caller }, req }) => requireScope(parts, { caller, url: req.url }) ?? answer());
    app.all(path, () => textResponse(405, "Method not allowed", { allow: "GET, HEAD" }));
  }
  app.notFound(() => textResponse(404, "Not found"));
  return app;
}

/** The same paths with a slash at their end, as some clients write them; open routes have none. */
function withSlash(paths: readonly string[]): readonly string[] {
  return paths.flatMap((path) => path === "/" ? path : [path, `${path}/`]);
}

const EXPOSED_HEADERS = ["mcp-session-id", "mcp-protocol-version", "retry-after", "www-authenticate"];

/** What everybody may ask who reaches the server: whether it is there, and where credentials come from. */
function addOpenRoutes(app: Hono<Bindings>, parts: HttpParts): void {
  const { resource } = parts;
  const routes: Record<string, (url: string) => Response> = {
    "/healthz": () => textResponse(200, "ok"),
    "/readyz": (url) => readiness(parts, new URL(url).searchParams),
  };
  if (resource !== undefined) {
    const describe = (url: string) => Response.json(describeResource(resource, url));
    routes[METADATA_PATH] = describe;
    routes[`${METADATA_PATH}/*`] = describe;
  }
  for (const [path, answer] of Object.entries(routes)) {
    app.get(path, ({ req, env: { peer } }) => refuseUnaffordable(parts, peer) ?? answer(req.url));
    app.all(path, () => textResponse(405, "Method not allowed", { allow: "GET, HEAD" }));
  }
}

/** Whether requests may come; with `?exchange` also whether the exchange answers, which is asked by the server itself. */
function readiness(parts: HttpParts, query: URLSearchParams): Response {
  if (!parts.isReady()) return textResponse(503, "shutting down");
  if (!query.has("exchange")) return textResponse(200, "ready");
  const isReachable = parts.isExchangeReachable();
  if (isReachable) return textResponse(200, "ready");
  return textResponse(503, isReachable === null ? "exchange not called yet" : "exchange unreachable");
}

/** Lets nobody further who is not known. */
function authenticated(parts: HttpParts): MiddlewareHandler<Bindings> {
  return async (context, next) => {
    const request = context.req.raw;
    const authentication = await authenticate(parts, request, context.env.peer);
    if (!authentication.ok) return deny(parts, request, authentication.denial);
    const unaffordable = refuseUnaffordable(parts, context.env.peer, authentication.caller.identity);
    if (unaffordable !== undefined) return unaffordable;
    context.set("caller", authentication.caller);
    return await next();
  };
}

/** Every request has a price, also those that no limit of an identity counts. */
function refuseUnaffordable(parts: HttpParts, peer: Peer, identity?: string): Response | undefined {
  const price = parts.afford?.(peer, identity);
  if (price === undefined || price.ok) return undefined;
  const message = "Too many requests on this connection: send fewer, as each of them has a price";
  return problemResponse({ code: "ERR_TOO_MANY_REQUESTS", message, retry_after_ms: price.retryAfterMs });
}

function deny(parts: HttpParts, request: Request, denial: Denial): Response {
  const { status, reason, address } = denial;
  log.warning("refused", { status, reason, address, path: new URL(request.url).pathname.slice(0, 100) });
  const url = parts.resource && metadataUrl(parts.resource, request.url);
  return refuse(parts, "access", problemResponse(challengeOf(denial, url)));
}

function requireScope(
  parts: HttpParts,
  { caller, url, scope = "server:admin" }: { caller: Caller; url: string; scope?: Scope },
): Response | undefined {
  if (caller.allows(scope)) return undefined;
  log.warning("scope denied", { identity: caller.identity, scope, path: new URL(url).pathname.slice(0, 100) });
  const metadata = parts.resource && metadataUrl(parts.resource, url);
  const granted = caller.scopes;
  return problemResponse(scopeChallenge({ scope, granted, metadataUrl: metadata }));
}

function issueTicket(parts: HttpParts, caller: Caller): Response {
  const ticket = parts.issueTicket(caller);
  if (ticket === undefined) {
    const message = "Too many tickets: use those that were issued, or wait until they have expired";
    const retry_after_ms = TICKET_SECONDS * 1_000;
    return problemResponse({ code: "ERR_BUSY", message, retry_after_ms });
  }
  const body = { ticket, subprotocol: `${TICKET_PREFIX}${ticket}`, expires_in: TICKET_SECONDS };
  return Response.json(body, { status: 201, headers: { "cache-control": "no-store" } });
}

function addSocketHints(app: Hono<Bindings>, parts: HttpParts): void {
  const notFound = () => textResponse(404, "Not found");
  for (const path of withSlash(SOCKET_PATHS)) {
    app.get(path, () => {
      if (!parts.websocket) return notFound();
      return textResponse(426, parts.hint, { upgrade: "websocket", connection: "upgrade" });
    });
    app.all(path, () => parts.websocket ? textResponse(405, "Method not allowed", { allow: "GET, HEAD" }) : notFound());
  }
}

/** What operators look at. */
function operatorRoutes(parts: HttpParts): Record<string, () => Response | Promise<Response>> {
  return {
    "/status": () => Response.json(parts.status(), { headers: { "cache-control": "no-store" } }),
    "/metrics": async () => {
      const { text, contentType } = await parts.metrics();
      return new Response(text, { headers: { "content-type": contentType } });
    },
  };
}

/** Answers a request that counts as a connection of its client until the last byte of its answer is taken. */
async function counted(
  parts: HttpParts,
  { request, caller, peer }: { request: Request; caller: Caller; peer: Peer },
  answer: HttpParts["mcp"],
): Promise<Response> {
  const place = parts.registry.admitRequest(caller.identity);
  if (typeof place === "string") {
    const { status, message } = FULL[place];
    const retry_after_ms = RETRY_AFTER_S * 1_000;
    return refuse(parts, place, problemResponse({ code: "ERR_BUSY", status, message, retry_after_ms }));
  }
  parts.registry.unknown?.begin(peer);
  const release = () => {
    place.release();
    parts.registry.unknown?.answered(peer);
  };
  let isStream = false;
  try {
    const response = await answer(request, caller);
    isStream = response.headers.get("content-type")?.startsWith("text/event-stream") ?? false;
    return isStream ? watchStream(parts, { response, request, caller }, release) : response;
  } finally {
    if (!isStream) release();
  }
}

/** A stream ends with the credential that it was opened with. */
function watchStream(
  parts: HttpParts,
  { response, request, caller }: { response: Response; request: Request; caller: Caller },
  release: () => void,
): Response {
  const revocation = new AbortController();
  const unwatch = parts.watch(caller, (ending) => {
    log.warning("credential no longer valid", { identity: caller.identity, reason: ending });
    revocation.abort();
  });
  return watchBody(response, AbortSignal.any([request.signal, revocation.signal]), () => {
    unwatch();
    release();
  });
}

/** Who asks whether the server is there may call it by any name: probes know the address of a pod alone. */
const PROBES = ["/healthz", "/readyz"];

function refuseOrigin(parts: HttpParts, request: Request, { address }: Peer): Response | undefined {
  const path = pathOf(request);
  const refused = checkOrigin(request.headers, parts.rules);
  if (refused === undefined || (refused.header === "Host" && PROBES.includes(path))) return undefined;
  const { header, value, allowedBy } = refused;
  const reason = header === "Host" ? "host" : "origin";
  log.warning("refused", { status: 403, reason, value, allowed_by: allowedBy, address, path: path.slice(0, 100) });
  return refuse(parts, "origin", textResponse(403, `${header} is not allowed`));
}

async function checkUpgrade(parts: HttpParts, request: Request, peer: Peer): Promise<Response | Acceptance> {
  const refusal = refuseOrigin(parts, request, peer);
  if (refusal !== undefined) return refusal;
  if (!parts.websocket || !SOCKET_PATHS.includes(pathOf(request))) {
    return refuse(parts, "upgrade", textResponse(404, "Not found"));
  }
  if (!parts.isReady()) return textResponse(503, "Shutting down", { "retry-after": String(RETRY_AFTER_S) });
  const authentication = await authenticate(parts, request, peer);
  if (!authentication.ok) return deny(parts, request, authentication.denial);
  const { caller } = authentication;
  const rejection = parts.registry.reject(caller.identity);
  if (rejection !== undefined) return refuse(parts, rejection, full(rejection));
  const pauseMs = parts.pauseMs?.(caller.identity) ?? 0;
  if (pauseMs > 0) return refuse(parts, "client_full", cutOff(pauseMs));
  parts.registry.unknown?.delete(peer);
  const offered = request.headers.get("sec-websocket-protocol")?.split(",").map((protocol) => protocol.trim()) ?? [];
  return {
    ...(offered.includes(SUBPROTOCOL) ? { protocol: SUBPROTOCOL } : {}),
    open(socket) {
      // Others of this client may have opened theirs since, all checked before the first was open.
      const rejection = parts.registry.reject(caller.identity);
      return rejection === undefined ? parts.openSocket(socket, caller) : turnAway(parts, socket, rejection);
    },
  };
}

function turnAway(parts: HttpParts, socket: Socket, rejection: Rejection): SocketHandler {
  parts.rejected(rejection);
  socket.close(CLOSE.tryAgainLater, FULL[rejection].message);
  return { text() {}, binary() {}, closed() {} };
}

function refuse(parts: HttpParts, reason: Parameters<HttpParts["rejected"]>[0], response: Response): Response {
  parts.rejected(reason);
  return response;
}

function full(rejection: Rejection): Response {
  const { status, message } = FULL[rejection];
  return textResponse(status, message, { "retry-after": String(RETRY_AFTER_S) });
}

function cutOff(pauseMs: number): Response {
  const headers = { "retry-after": String(Math.ceil(pauseMs / 1_000)) };
  return textResponse(429, "The last connection of this client sent too many messages", headers);
}

const FULL = {
  server_full: { status: 503, message: "Too many connections to this server" },
  client_full: { status: 429, message: "Too many connections of this client" },
} as const satisfies Record<Rejection, unknown>;

function textResponse(status: number, text: string, headers: Record<string, string> = {}): Response {
  return new Response(`${text}\n`, { status, headers: { "content-type": "text/plain; charset=utf-8", ...headers } });
}
