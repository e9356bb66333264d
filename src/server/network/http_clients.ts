/** The HTTP clients of a server: Streamable HTTP at `/mcp`, and REST. */

import { getLogger } from "../../logging/logger.ts";
import type { Caller } from "../../access/caller.ts";
import { scopeChallenge } from "../../access/challenge.ts";
import { metadataUrl } from "../../access/resource_metadata.ts";
import { SESSIONS_PER_CONNECTION } from "../../config/in_force.ts";
import { requiredScope } from "../../protocol/direct_call.ts";
import type { Credential } from "../../protocol/openapi.ts";
import { callerOfHttp } from "../../transport/http/auth_info.ts";
import type { JSONRPCRequest } from "../../transport/json_rpc.ts";
import type { HttpRequest } from "../../transport/listeners/http_request.ts";
import type { HttpAnswer } from "../../transport/listeners/whole_answer.ts";
import type { HttpSession } from "../../transport/http/http_session.ts";
import type { SessionObserver } from "../../transport/http/http_sessions.ts";
import { problemResponse } from "../../transport/http/problem.ts";
import { createRest } from "../../transport/http/rest.ts";
import { createStreamableHttp } from "../../transport/http/streamable_http.ts";
import type { StreamableHttp } from "../../transport/http/streamable_http.ts";
import { settledWithin } from "../../transport/settled.ts";
import { whenAnswered } from "../../timing/awaitable.ts";
import type { Awaitable } from "../../timing/awaitable.ts";
import { RunningCount } from "../../timing/running_count.ts";
import { subscriptionsOf } from "../client_subscriptions.ts";
import { IDENTITY } from "./network_parts.ts";
import type { NetworkParts } from "./network_parts.ts";
import type { Access } from "../open_access.ts";
import type { ListedSession, SessionHolder } from "./session_overview.ts";
import { shortName } from "../../session/connection.ts";
import type { ShownSession } from "../../session/session_board.ts";
import { isEnded } from "../../session/session_ends.ts";
import type { EndedElsewhere, SessionTarget } from "../../session/session_ends.ts";

const accessLog = getLogger(["luno-mcp-server", "access"]);

/** The clients of one server. */
export class HttpClients implements SessionHolder {
  readonly #parts: NetworkParts;
  readonly #streamable: StreamableHttp;
  readonly #rest: ReturnType<typeof createRest>;
  readonly #sessions = new Set<HttpSession>();
  /** Running requests; the application counts them. */
  readonly running = new RunningCount();

  constructor(parts: NetworkParts) {
    const {
      config,
      access,
      shared,
      backend,
      factory,
      answers,
      calls,
      listing,
      registry,
      admission,
      monotonic,
      clocks,
    } = parts;
    const maxBodySize = config.maxMessageSize;
    const credentials = () => credentialsOf(access);
    this.#parts = parts;
    this.#rest = createRest({
      identity: IDENTITY,
      listing,
      credentials,
      backend: () => backend.opened ?? backend.get(),
      maxBodySize,
      clocks,
    });
    this.#streamable = createStreamableHttp({
      factory: () => factory(callerOfHttp),
      plain: { calls, ready: answers },
      subscribe: answers &&
        (({ caller, era, send, isReading }) =>
          subscriptionsOf({
            opening: { eraOf: () => era, open: () => {} },
            caller,
            backend,
            send,
            isReading,
            now: monotonic,
          })),
      store: shared.sessions,
      maxBodySize,
      maxSessions: SESSIONS_PER_CONNECTION * 2 * config.maxConnections,
      maxSessionsOf: (identity) =>
        config.maxSessionsPerClient ?? SESSIONS_PER_CONNECTION * registry.maxConnectionsOf(identity),
      idleMs: config.idleTimeout * 1_000,
      now: monotonic,
      clocks,
      admit: (request, { identity }) => admission.admitHttp(identity, request?.id),
      challenge: (message, call) => this.#challenge(message, call),
      observer: this.#watchSessions(),
    });
  }

  /** Open sessions. */
  get sessions(): Iterable<HttpSession> {
    return this.#sessions;
  }

  *listed(): Iterable<ListedSession> {
    const { registry, monotonic } = this.#parts;
    const offsetMs = registry.now() - monotonic();
    for (const session of this.#sessions) {
      const { identity } = session;
      const lastSeenMs = offsetMs + session.lastSeenMs;
      yield { identity, lastSeenMs, show: () => shownOf(session, { sinceMs: offsetMs + session.sinceMs, lastSeenMs }) };
    }
  }

  end(target: SessionTarget | EndedElsewhere): number {
    const nowMs = this.#parts.monotonic();
    const ended = [...this.#sessions].filter(({ publicId: id, identity, sinceMs }) =>
      isEnded(target, { id, identity, ageMs: nowMs - sinceMs })
    );
    for (const session of ended) void session.end("ended");
    return ended.length;
  }

  /** Answers a request at `/mcp`. */
  mcp(request: HttpRequest, caller: Caller): Awaitable<HttpAnswer> {
    return this.#streamable.fetch(request, caller);
  }

  /** Answers a REST request. */
  rest(request: HttpRequest, caller: Caller): Awaitable<HttpAnswer> {
    const refusal = request.method === "POST" ? this.#parts.admission.admitRest(caller.identity) : undefined;
    return whenAnswered(refusal, (refused) => refused ?? this.#rest(request, caller));
  }

  /** Lets running requests finish for a while. */
  async drain(drainMs: number): Promise<void> {
    await settledWithin([this.running.quiet()], drainMs);
  }

  /** Ends every session. */
  async close(): Promise<void> {
    await this.#streamable.close();
  }

  #watchSessions(): SessionObserver {
    return {
      opened: (session) => {
        this.#sessions.add(session);
        accessLog.info("connected", { identity: session.identity, transport: "http" });
      },
      closed: (session, reason) => {
        this.#sessions.delete(session);
        accessLog.info("disconnected", { identity: session.identity, transport: "http", reason });
      },
    };
  }

  /** For clients with a token, the response says which scope the next one needs; others see it in the answer. */
  #challenge({ method, params }: JSONRPCRequest, { request, caller }: { request: HttpRequest; caller: Caller }) {
    const { access: { resource }, listing } = this.#parts;
    if (caller.source !== "token" || resource === undefined || method !== "tools/call") return;
    const scope = requiredScope(listing, params?.name);
    if (scope === undefined || caller.allows(scope)) return;
    accessLog.warning("scope denied", { identity: caller.identity, scope });
    const granted = caller.scopes;
    return problemResponse(scopeChallenge({ scope, granted, metadataUrl: metadataUrl(resource, request.url) }));
  }
}

function shownOf(
  { publicId: id, identity, client }: HttpSession,
  { sinceMs, lastSeenMs }: { readonly sinceMs: number; readonly lastSeenMs: number },
): ShownSession {
  const times = { since: new Date(sinceMs).toISOString(), last_seen: new Date(lastSeenMs).toISOString() };
  return { id, identity, transport: "http", state: "open", client: shortName(client?.name), ...times };
}

/** Keys and tokens use the same header. */
function credentialsOf({ sources }: Access): Credential[] {
  return [
    ...(sources.includes("keys") || sources.includes("tokens") ? ["bearer" as const] : []),
    ...(sources.includes("certificates") ? ["certificate" as const] : []),
  ];
}
