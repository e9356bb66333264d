/** The server above the listener: who is connected, what they may ask, and what answers them. */

import { getLogger } from "@logtape/logtape";
import type { JSONRPCRequest } from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import type { Caller } from "../access/caller.ts";
import { scopeChallenge } from "../access/challenge.ts";
import { LOCAL_CALLER } from "../access/caller.ts";
import { metadataUrl } from "../access/resource_metadata.ts";
import { SESSIONS_PER_CONNECTION } from "../config/in_force.ts";
import { hostName, isLoopback } from "../network/address.ts";
import { logRefusal } from "../monitoring/access_log.ts";
import type { RefusedRequest } from "../monitoring/access_log.ts";
import type { ExchangeFacts } from "../monitoring/facts.ts";
import { Monitor } from "../monitoring/monitor.ts";
import { directMethods, requiredScope } from "../protocol/direct_call.ts";
import { CallFastPath } from "../protocol/fast_path.ts";
import { askingTools, listingOf } from "../protocol/listing.ts";
import { createServerFactory } from "../protocol/mcp_server.ts";
import type { Credential } from "../protocol/openapi.ts";
import type { ServerFactory } from "../protocol/mcp_server.ts";
import { MessageBudgets, messagesPerMinute } from "../session/message_budget.ts";
import { RateLimit } from "../session/rate_limit.ts";
import type { Connection } from "../session/connection.ts";
import type { Registry } from "../session/registry.ts";
import type { ChannelObserver } from "../transport/channel.ts";
import { callerOfHttp } from "../transport/http/auth_info.ts";
import { createApplication } from "../transport/http/application.ts";
import type { HttpSession } from "../transport/http/http_session.ts";
import { settledWithin } from "../transport/settled.ts";
import type { SessionObserver } from "../transport/http/http_sessions.ts";
import { SERVER_BUSY } from "../transport/json_rpc.ts";
import type { RpcError } from "../transport/json_rpc.ts";
import type { Application, Socket, SocketHandler } from "../transport/listeners/listener.ts";
import { problemResponse } from "../transport/http/problem.ts";
import { createRest } from "../transport/http/rest.ts";
import { createStreamableHttp } from "../transport/http/streamable_http.ts";
import type { StreamableHttp } from "../transport/http/streamable_http.ts";
import { CLOSE } from "../transport/close_codes.ts";
import { SocketTransport } from "../transport/websocket.ts";
import { NAME, VERSION } from "../version.ts";
import type { Backend } from "../protocol/mcp_server.ts";
import { createRegistry } from "./connection_registry.ts";
import type { LoadedConfig } from "./open_exchange.ts";
import { tellableStatus } from "../exchange/clock_skew.ts";
import { exposureWarnings } from "./exposure_warnings.ts";
import { reportRecord } from "./folder_use.ts";
import type { Access } from "./open_access.ts";
import type { LazyBackend } from "./lazy_backend.ts";
import { tradingRecord } from "./trading_facts.ts";
import type { World } from "../world.ts";

const log = getLogger(["luno-mcp-server", "serve"]);
const accessLog = getLogger(["luno-mcp-server", "access"]);

/** How long running calls may still take once a signal came. */
const DRAIN_MS = 10_000;

/** How long a client may say nothing at all after its upgrade. */
const FIRST_MESSAGE_MS = 30_000;

const IDENTITY = { name: NAME, version: VERSION } as const;

/** Everything above the listener. */
export class NetworkServer {
  /** What the listener serves. */
  readonly application: Application;
  readonly #loaded: LoadedConfig;
  readonly #world: World;
  readonly #access: Access;
  readonly #listing: ReturnType<typeof listingOf>;
  readonly #registry: Registry;
  /** Of requests over HTTP, by identity, or by the end of their connection where nobody is known. */
  readonly #prices: RateLimit;
  readonly #budgets: MessageBudgets;
  readonly #monitor: Monitor;
  readonly #opened: LazyBackend;
  readonly #backend: () => Promise<Backend>;
  readonly #asking: ReadonlySet<string>;
  readonly #methods: ReadonlySet<string>;
  readonly #factory: ServerFactory;
  readonly #http: StreamableHttp;
  readonly #rest: (request: Request, caller: Caller) => Promise<Response>;
  readonly #sockets = new Set<SocketTransport>();
  readonly #sessions = new Set<HttpSession>();
  /** Requests over HTTP that run. */
  readonly #running = new Set<Promise<Response>>();
  readonly #startedMs: number;
  #isReady = true;

  constructor(
    loaded: LoadedConfig,
    world: World,
    { access, backend, factory }: {
      access: Access;
      backend: LazyBackend;
      /** What every connection is served by. @default the catalogue's */
      factory?: ServerFactory | undefined;
    },
  ) {
    const { config } = loaded;
    this.#loaded = loaded;
    this.#world = world;
    this.#access = access;
    this.#startedMs = world.monotonic();
    this.#opened = backend;
    let measured: Backend | undefined;
    this.#backend = async () => {
      if (measured !== undefined) return measured;
      const opened = await backend.get();
      return measured ??= { ...opened, run: this.#monitor.measured(opened.run) };
    };
    const listing = this.#listing = listingOf(config.tools);
    const maxBodySize = config.maxMessageSize;
    this.#methods = directMethods(listing);
    this.#asking = askingTools(listing);
    this.#registry = createRegistry(loaded, world, access);
    this.#budgets = new MessageBudgets({ maxMessageSize: config.maxMessageSize, now: world.monotonic });
    this.#prices = new RateLimit({
      perMinute: (key) => messagesPerMinute(this.#registry.rateLimit.perMinute(key)),
      now: world.monotonic,
    });
    this.#monitor = new Monitor({
      registry: this.#registry,
      tools: [...this.#methods],
      monotonic: world.monotonic,
      statsIntervalMs: config.statsInterval * 1_000,
      exchange: () => this.#exchangeFacts(),
      trading: () => this.#opened.value?.tradingFigures?.(),
    });
    this.#factory = factory ?? createServerFactory({ identity: IDENTITY, listing, backend: this.#backend });
    const credentials = () => credentialsOf(access);
    this.#rest = createRest({ identity: IDENTITY, listing, credentials, backend: this.#backend, maxBodySize });
    this.#http = createStreamableHttp({
      factory: () => this.#factory(callerOfHttp),
      maxBodySize,
      maxSessions: SESSIONS_PER_CONNECTION * 2 * config.maxConnections,
      maxSessionsOf: (identity) =>
        config.maxSessionsPerClient ?? SESSIONS_PER_CONNECTION * this.#registry.maxConnectionsOf(identity),
      idleMs: config.idleTimeout * 1_000,
      now: world.monotonic,
      admit: (request, { identity }) => this.#admitOverHttp(request, identity),
      challenge: (message, call) => this.#challenge(message, call),
      observer: this.#watchSessions(),
    });
    this.application = this.#createApplication();
  }

  /** Starts the statistics, and opens the exchange ahead of the first call. */
  start(): void {
    this.#opened.presence?.follow(() => ({
      authentication: { methods: [...this.#access.sources], anonymous: this.#access.anonymous },
      connections: this.#registry.size,
    }));
    this.#monitor.start();
    this.#opened.get().catch((error) => log.error("cannot open the exchange", { error }));
  }

  /** Lets running calls finish, then ends every connection. */
  async stop(): Promise<void> {
    this.#isReady = false;
    const drained = [...this.#sockets].map(async (socket) => {
      if (!await socket.drain(DRAIN_MS)) socket.abandon();
      socket.finish(CLOSE.goingAway, "the server is shutting down");
    });
    await Promise.all([...drained, settledWithin(this.#running, DRAIN_MS)]);
    await this.#http.close();
    this.#monitor.stop();
    await this.#opened.close();
    this.#access.close();
  }

  #createApplication(): Application {
    const { config } = this.#loaded;
    const allowLoopback = isLoopback(config.host);
    return createApplication({
      rules: {
        allowedHosts: [...config.allowedHosts ?? [], hostName(config.host)],
        allowedOrigins: config.allowedOrigins ?? [],
        allowLoopback,
      },
      registry: this.#registry,
      websocket: config.transport === "websocket",
      authenticate: (request, peer) => this.#access.authenticator.authenticate(request, peer),
      ...(this.#access.resource === undefined ? {} : { resource: this.#access.resource }),
      // Another connection does not pay for whoever is known.
      afford: ({ address, port }, identity = `${address} ${port}`) => this.#prices.take(identity),
      // Where authentication is off, all clients of this machine are one: who floods would keep the others out.
      pauseMs: (identity) =>
        identity === LOCAL_CALLER.identity
          ? 0
          : this.#budgets.pauseMs(identity, this.#registry.rateLimit.perMinute(identity)),
      issueTicket: (caller) => this.#access.tickets.issue(caller),
      watch: (caller, end) => this.#access.watch.watch(caller, end),
      openSocket: (socket, caller) => this.#openSocket(socket, caller),
      mcp: (request, caller) => this.#track(this.#http.fetch(request, caller)),
      rest: (request, caller) => this.#track(this.#answerRest(request, caller)),
      metrics: () => this.#monitor.metrics(),
      status: () => this.#status(),
      isReady: () => this.#isReady,
      isExchangeReachable: () => this.#opened.value?.exchange.status().reachability.reachable ?? null,
      rejected: (reason) => this.#monitor.rejected(reason),
      hint:
        "This is a WebSocket of the Model Context Protocol: connect to it with luno-mcp-server client --uri ADDRESS",
    });
  }

  #openSocket(socket: Socket, admitted: Caller): SocketHandler {
    const { config } = this.#loaded;
    const { identity, address, limits } = admitted;
    const connection = this.#registry.open({ identity, address, carrier: "websocket" });
    const { id } = connection.start;
    const caller = admitted.on(id);
    const { budget, cutOff } = this.#budgets.open(identity, () => this.#registry.rateLimit.perMinute(identity));
    const transport = new SocketTransport(socket, {
      firstMessageMs: FIRST_MESSAGE_MS,
      idleMs: config.idleTimeout * 1_000,
      maxInFlight: limits.maxInFlight ?? config.maxInFlight,
      maxQueue: config.maxQueue,
      admit: () => this.#admitMessage(caller.identity),
      afford(characters) {
        const isAffordable = budget.take(characters);
        if (!isAffordable) cutOff();
        return isAffordable;
      },
      fastPath: new CallFastPath({
        identity: IDENTITY,
        caller,
        backend: this.#backend,
        methods: this.#methods,
        asking: this.#asking,
      }),
      observer: this.#observe(connection),
      sent: (text) => this.#monitor.sent(connection, text),
      now: this.#world.monotonic,
    });
    this.#sockets.add(transport);
    const unwatch = this.#access.watch.watch(caller, (ending) => {
      accessLog.warning("credential no longer valid", { connection_id: id, identity, reason: ending });
      transport.finish(CLOSE.policyViolation, `credential ${ending}`);
    });
    accessLog.info("connected", { connection_id: id, identity, address, transport: "websocket" });
    serveStdio(() => this.#factory(() => caller), {
      transport,
      onerror: (error) => log.debug("protocol error", { connection_id: id, error: error.message }),
    });
    const handler = transport.handler();
    return {
      ...handler,
      closed: (code, reason) => {
        handler.closed(code, reason);
        this.#sockets.delete(transport);
        this.#registry.close(connection);
        unwatch();
        accessLog.info("disconnected", { connection_id: id, identity, close_code: transport.closeCode ?? code });
      },
    };
  }

  #exchangeFacts(): ExchangeFacts | undefined {
    const opened = this.#opened.value;
    if (opened === undefined) return undefined;
    const { budget, reachability } = opened.exchange.status();
    return { callsLeft: budget.remaining, isReachable: reachability.reachable, calls: opened.callCounts() };
  }

  #observe(connection: Connection): ChannelObserver {
    const observer = this.#monitor.watch(connection);
    const { id, identity } = connection.start;
    return {
      ...observer,
      refused: (request, error) => {
        observer.refused(request, error);
        this.#logRefusal(error, { connection: id, identity, requestId: request?.id });
      },
    };
  }

  #logRefusal({ data, code }: RpcError, request: Omit<RefusedRequest, "code">): void {
    logRefusal(this.#loaded.config.accessLog, { ...request, code: refusalCode(data) ?? String(code) });
  }

  #track(answer: Promise<Response>): Promise<Response> {
    this.#running.add(answer);
    return answer.finally(() => this.#running.delete(answer));
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

  async #answerRest(request: Request, caller: Caller): Promise<Response> {
    const refusal = request.method === "POST" ? this.#admit(caller.identity) : undefined;
    if (refusal === undefined) return await this.#rest(request, caller);
    const { message, retryAfterMs } = refusal;
    this.#monitor.refused({ code: TOO_MANY });
    logRefusal(this.#loaded.config.accessLog, { identity: caller.identity, code: TOO_MANY });
    return problemResponse({ status: 429, code: TOO_MANY, message, retryable: true, retry_after_ms: retryAfterMs });
  }

  /** Whoever came with a token is told over HTTP which scope the next one needs; others learn it from the answer. */
  #challenge({ method, params }: JSONRPCRequest, { request, caller }: { request: Request; caller: Caller }) {
    const { resource } = this.#access;
    const scope = method === "tools/call" ? requiredScope(this.#listing, params?.name) : undefined;
    if (caller.source !== "token" || resource === undefined || scope === undefined || caller.allows(scope)) return;
    accessLog.warning("scope denied", { identity: caller.identity, scope });
    const granted = caller.scopes;
    return problemResponse(scopeChallenge({ scope, granted, metadataUrl: metadataUrl(resource, request.url) }));
  }

  #admit(identity: string): Refusal | undefined {
    const admission = this.#registry.rateLimit.take(identity);
    if (admission.ok) return undefined;
    const { retryAfterMs } = admission;
    return { message: `Too many requests: send the next one in ${retryAfterMs} ms`, retryAfterMs };
  }

  #admitMessage(identity: string): RpcError | undefined {
    const refusal = this.#admit(identity);
    if (refusal === undefined) return undefined;
    const { message, retryAfterMs } = refusal;
    return { code: SERVER_BUSY, message, data: { code: TOO_MANY, retryable: true, retryAfterMs } };
  }

  #admitOverHttp(request: JSONRPCRequest | undefined, identity: string): RpcError | undefined {
    const refusal = this.#admitMessage(identity);
    if (refusal === undefined) return undefined;
    this.#monitor.refused(refusal.data);
    this.#logRefusal(refusal, { identity, requestId: request?.id });
    return refusal;
  }

  /** The server as `status` shows it, and what is known only here: its connections, warnings and exchange client. */
  #status(): unknown {
    const { presence, trading } = this.#opened;
    const report = presence === undefined ? undefined : reportRecord(presence.report);
    const facts = trading?.facts();
    return {
      server: IDENTITY.name,
      version: IDENTITY.version,
      ...report,
      trading: {
        ...report?.trading,
        ...(trading === undefined ? {} : facts === undefined ? { halt: null } : tradingRecord(facts, trading.policyOf)),
      },
      ready: this.#isReady,
      identity_sources: this.#access.sources,
      warnings: exposureWarnings(this.#loaded),
      uptime_ms: Math.round(this.#world.monotonic() - this.#startedMs),
      exchange_client: this.#opened.value === undefined ? null : tellableStatus(this.#opened.value.exchange.status()),
      connections: this.#registry.status(),
      http_sessions: [...this.#sessions].map((session) => this.#sessionStatus(session)),
    };
  }

  #sessionStatus({ identity, client, sinceMs, lastSeenMs, inFlight }: HttpSession): unknown {
    const ageMs = this.#world.monotonic() - sinceMs;
    const { name = null, version = null } = client ?? {};
    return {
      identity,
      client: name?.slice(0, 64) ?? null,
      version: version?.slice(0, 64) ?? null,
      age_ms: Math.round(ageMs),
      idle_ms: Math.round(this.#world.monotonic() - lastSeenMs),
      in_flight: inFlight,
      rate_limit_use: this.#registry.rateLimit.use(identity),
    };
  }
}

const TOO_MANY = "ERR_TOO_MANY_REQUESTS";

/** The stable code in a refusal's data, if it has one. */
function refusalCode(data: unknown): string | undefined {
  const code = typeof data === "object" && data !== null && "code" in data ? data.code : undefined;
  return typeof code === "string" ? code : undefined;
}

/** Why a request may not run now. */
interface Refusal {
  readonly message: string;
  readonly retryAfterMs: number;
}

/** Keys and tokens come in the same header. */
function credentialsOf({ sources }: Access): Credential[] {
  return [
    ...(sources.includes("keys") || sources.includes("tokens") ? ["bearer" as const] : []),
    ...(sources.includes("certificates") ? ["certificate" as const] : []),
  ];
}
