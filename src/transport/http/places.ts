/** Counts requests and sockets as connections of their clients, and limits their number. */

import { getLogger } from "../../logging/logger.ts";
import type { Caller } from "../../access/caller.ts";
import type { Rejection } from "../../session/registry.ts";
import { CLOSE } from "../close_codes.ts";
import { concluded, endedBy } from "../../timing/awaitable.ts";
import type { Awaitable } from "../../timing/awaitable.ts";
import type { HttpRequest } from "../listeners/http_request.ts";
import type { Acceptance, Peer, Socket, SocketHandler } from "../listeners/listener.ts";
import { SUBPROTOCOL } from "../websocket.ts";
import { authenticate, deny, refuse, refuseOrigin, textResponse } from "./request_checks.ts";
import type { HttpAnswer } from "../listeners/whole_answer.ts";
import { isEventStream } from "./event_stream.ts";
import type { HttpParts } from "./parts.ts";
import { pathOf } from "./path.ts";
import { problemResponse } from "./problem.ts";
import { takePlace } from "./socket_place.ts";
import { watchBody } from "./watched_body.ts";

const log = getLogger(["luno-mcp-server", "access"]);

/** The paths of WebSockets. */
export const SOCKET_PATHS = ["/", "/ws"];

/** When a client may try again after the server was full, in seconds. */
const RETRY_AFTER_S = 5;

const FULL = {
  server_full: { status: 503, message: "Too many connections to this server" },
  client_full: { status: 429, message: "Too many connections of this client" },
} as const satisfies Record<Rejection, unknown>;

/** A connection is not idle while one of its requests is being processed. */
export function whileAsking<Value>(
  { registry: { unknown } }: HttpParts,
  peer: Peer,
  answer: () => Awaitable<Value>,
): Awaitable<Value> {
  return unknown?.begin(peer) === true ? endedBy(answer, () => unknown.answered(peer)) : answer();
}

/** A request of a known caller. */
interface AdmittedRequest {
  readonly request: HttpRequest;
  readonly caller: Caller;
  readonly peer: Peer;
  /** Completes the answer. */
  readonly conclude: (answer: HttpAnswer) => HttpAnswer;
}

/** Answers a request that counts as a connection of its client until its response is read completely. */
export function counted(
  parts: HttpParts,
  { request, caller, peer, conclude }: AdmittedRequest,
  answer: HttpParts["mcp"],
): Awaitable<HttpAnswer> {
  const place = parts.registry.admitRequest(caller.identity);
  if (typeof place === "string") {
    const { status, message } = FULL[place];
    const retry_after_ms = RETRY_AFTER_S * 1_000;
    return conclude(refuse(parts, place, problemResponse({ code: "ERR_BUSY", status, message, retry_after_ms })));
  }
  const { running, registry: { unknown } } = parts;
  const isAsking = unknown?.begin(peer);
  const release = () => {
    place.release();
    if (isAsking) unknown?.answered(peer);
  };
  running?.begin();
  return concluded(() => answer(request, caller), (given): HttpAnswer => {
    running?.end();
    if (given instanceof Response && isEventStream(given)) {
      return conclude(watchStream(parts, { response: given, request, caller }, release));
    }
    release();
    return conclude(given);
  }, (error) => {
    running?.end();
    release();
    throw error;
  });
}

/** A stream ends with the credential that opened it. */
function watchStream(
  parts: HttpParts,
  { response, request, caller }: { response: Response; request: HttpRequest; caller: Caller },
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

/** Decides on an upgrade request. */
export async function checkUpgrade(parts: HttpParts, request: HttpRequest, peer: Peer): Promise<Response | Acceptance> {
  const refusal = refuseOrigin(parts, request, peer);
  if (refusal !== undefined) return refusal;
  if (!parts.websocket || !SOCKET_PATHS.includes(pathOf(request))) {
    return refuse(parts, "upgrade", textResponse(404, "Not found"));
  }
  if (!parts.isAccepting()) return textResponse(503, "Shutting down", { "retry-after": String(RETRY_AFTER_S) });
  const authentication = await authenticate(parts, request, peer);
  if (!authentication.ok) return deny(parts, request, authentication.denial);
  const { caller } = authentication;
  const rejection = parts.registry.reject(caller.identity);
  if (rejection !== undefined) return refuse(parts, rejection, full(rejection));
  const pauseMs = parts.pauseMs?.(caller.identity) ?? 0;
  if (pauseMs > 0) return refuse(parts, "client_full", cutOff(pauseMs));
  const place = await takePlace(parts, caller.identity);
  if (place === undefined) return refuse(parts, "client_full", full("client_full"));
  parts.registry.unknown?.delete(peer);
  const offered = request.headers.get("sec-websocket-protocol")?.split(",").map((protocol) => protocol.trim()) ?? [];
  return {
    ...(offered.includes(SUBPROTOCOL) ? { protocol: SUBPROTOCOL } : {}),
    open(socket) {
      place.opened();
      // Other sockets of this client may have opened since, all checked before the first was open.
      const rejection = parts.registry.reject(caller.identity);
      if (rejection !== undefined) return place.releasedWith(turnAway(parts, socket, rejection));
      return place.releasedWith(parts.openSocket(socket, caller));
    },
  };
}

function turnAway(parts: HttpParts, socket: Socket, rejection: Rejection): SocketHandler {
  parts.rejected(rejection);
  socket.close(CLOSE.tryAgainLater, FULL[rejection].message);
  return { text() {}, binary() {}, closed() {} };
}

function full(rejection: Rejection): Response {
  const { status, message } = FULL[rejection];
  return textResponse(status, message, { "retry-after": String(RETRY_AFTER_S) });
}

function cutOff(pauseMs: number): Response {
  const headers = { "retry-after": String(Math.ceil(pauseMs / 1_000)) };
  return textResponse(429, "This client sent too many messages, or connected too often", headers);
}
