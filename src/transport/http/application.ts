/**
 * The HTTP application above a listener: which path answers what, as functions from a request to a `Response`. Calls
 * are in `endpoints.ts`, authentication in `request_checks.ts`, limits on connections in `places.ts`; the listeners
 * handle sockets and TLS.
 */

import { Hono } from "hono";
import type { MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import type { Caller } from "../../access/caller.ts";
import { METADATA_PATH } from "../../access/challenge.ts";
import { describeResource } from "../../access/resource_metadata.ts";
import { TICKET_PREFIX, TICKET_SECONDS } from "../../access/tickets.ts";
import { whenAnswered } from "../../timing/awaitable.ts";
import { during } from "../../timing/held_clocks.ts";
import { webRequestOf } from "../listeners/http_request.ts";
import type { Application, Peer } from "../listeners/listener.ts";
import type { HttpAnswer } from "../listeners/whole_answer.ts";
import { admitCaller, refuseOrigin, refuseUnaffordable, requireScope, textResponse } from "./request_checks.ts";
import { answerEndpoint, EXPOSED_HEADERS } from "./endpoints.ts";
import { endConnectionOfRefused } from "./last_answer.ts";
import type { HttpParts } from "./parts.ts";
import { checkUpgrade, SOCKET_PATHS, whileAsking } from "./places.ts";
import { problemResponse } from "./problem.ts";
import { endSessions, listSessions, SESSIONS_PATH } from "./session_routes.ts";

type Bindings = { Bindings: { peer: Peer }; Variables: { caller: Caller } };

/** Assembles the application. */
export function createApplication(parts: HttpParts): Application {
  const routes = createRoutes(parts);
  const isPublic = !parts.rules.allowLoopback;
  const conclude = (answer: HttpAnswer) => endConnectionOfRefused(answer, { isPublic });
  const fetch: Application["fetch"] = (request, peer) => {
    const refusal = refuseOrigin(parts, request, peer);
    if (refusal !== undefined) return conclude(refusal);
    const answer = answerEndpoint(parts, { request, peer, conclude });
    if (answer !== undefined) return answer;
    const response = whileAsking(parts, peer, () => routes.fetch(webRequestOf(request), { peer }));
    return whenAnswered(response, conclude);
  };
  return {
    admit: (peer, end) => parts.registry.admitSocket(peer, end),
    upgrade: async (request, peer) => await whileAsking(parts, peer, () => checkUpgrade(parts, request, peer)),
    fetch: (request, peer) => during(parts.clocks, () => fetch(request, peer)),
  };
}

function createRoutes(parts: HttpParts): Hono<Bindings> {
  const app = new Hono<Bindings>({ strict: false }); // A trailing slash, which some clients add, makes no difference.
  // A preflight has no credential, and counts against the limits too.
  app.options("*", async ({ env: { peer } }, next) => refuseUnaffordable(parts, peer) ?? await next());
  // The origin was checked before; pages that get here may read the response.
  app.use(cors({ origin: (origin) => origin, exposeHeaders: EXPOSED_HEADERS }));
  addOpenRoutes(app, parts);
  app.use(authenticated(parts));
  addSocketHints(app, parts);
  app.post("/v1/tickets", ({ var: { caller } }) => issueTicket(parts, caller));
  app.all("/v1/tickets", () => textResponse(405, "Method not allowed", { allow: "POST" }));
  for (const [path, answer] of Object.entries(operatorRoutes(parts))) {
    app.get(path, ({ var: { caller }, req }) => requireScope(parts, { caller, url: req.url }) ?? answer());
    app.all(path, () => textResponse(405, "Method not allowed", { allow: "GET, HEAD" }));
  }
  addSessionRoutes(app, parts);
  app.notFound(() => textResponse(404, "Not found"));
  return app;
}

/** Routes without authentication: probes, and the metadata of authentication. */
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

/**
 * Whether the server accepts clients. While it drains the answer is 404, which load balancers take for "no new clients"
 * and keep existing connections, whereas they would cut them on a 503. With `?exchange` also whether the exchange
 * answers, which the server itself monitors.
 */
function readiness(parts: HttpParts, query: URLSearchParams): Response {
  if (!parts.isReady()) return textResponse(404, "shutting down");
  if (!query.has("exchange")) return textResponse(200, "ready");
  const isReachable = parts.isExchangeReachable();
  if (isReachable) return textResponse(200, "ready");
  return textResponse(503, isReachable === null ? "exchange not called yet" : "exchange unreachable");
}

/** Rejects requests that are not authenticated. */
function authenticated(parts: HttpParts): MiddlewareHandler<Bindings> {
  return async (context, next) => {
    const admitted = await admitCaller(parts, context.req.raw, context.env.peer);
    if (admitted instanceof Response) return admitted;
    context.set("caller", admitted);
    return await next();
  };
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
  for (const path of SOCKET_PATHS) {
    app.get(path, () => {
      if (!parts.websocket) return notFound();
      return textResponse(426, parts.hint, { upgrade: "websocket", connection: "upgrade" });
    });
    app.all(path, () => parts.websocket ? textResponse(405, "Method not allowed", { allow: "GET, HEAD" }) : notFound());
  }
}

/** Routes on which operators list and end sessions. */
function addSessionRoutes(app: Hono<Bindings>, parts: HttpParts): void {
  const { sessions } = parts;
  if (sessions === undefined) return;
  app.get(
    SESSIONS_PATH,
    ({ var: { caller }, req }) =>
      requireScope(parts, { caller, url: req.url }) ?? listSessions(sessions, new URL(req.url).searchParams),
  );
  for (const path of [SESSIONS_PATH, `${SESSIONS_PATH}/:id`]) {
    app.delete(path, ({ var: { caller }, req }) => {
      const id = req.param("id");
      const asked = { caller, query: new URL(req.url).searchParams, ...(id === undefined ? {} : { id }) };
      return requireScope(parts, { caller, url: req.url }) ?? endSessions(sessions, asked);
    });
    app.all(path, () => textResponse(405, "Method not allowed", { allow: "GET, HEAD, DELETE" }));
  }
}

/** Routes for operators. */
function operatorRoutes(parts: HttpParts): Record<string, () => Response | Promise<Response>> {
  return {
    "/status": async () => Response.json(await parts.status(), { headers: { "cache-control": "no-store" } }),
    "/metrics": async () => {
      const { text, contentType } = await parts.metrics();
      return new Response(text, { headers: { "content-type": contentType } });
    },
  };
}
