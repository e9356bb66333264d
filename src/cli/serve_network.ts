/** `serve` with `--transport websocket` or `http`: many clients at once on one port. */

import { getLogger } from "@logtape/logtape";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import { isLoopback } from "../config/load.ts";
import { Monitor } from "../monitoring/monitor.ts";
import { directMethods } from "../protocol/direct_call.ts";
import { CallLane } from "../protocol/lane.ts";
import { listingOf } from "../protocol/listing.ts";
import { createServerFactory } from "../protocol/mcp_server.ts";
import { addressKey, isLoopbackAddress } from "../session/address.ts";
import { RateLimit } from "../session/rate_limit.ts";
import { Registry } from "../session/registry.ts";
import { createApplication } from "../transport/http.ts";
import type { Caller } from "../transport/http.ts";
import { SERVER_BUSY } from "../transport/json_rpc.ts";
import type { RpcError } from "../transport/json_rpc.ts";
import type {
  Application,
  Listen,
  ListenOptions,
  Peer,
  RunningListener,
  Socket,
  SocketHandler,
} from "../transport/listener.ts";
import { problemResponse } from "../transport/problem.ts";
import { createRest } from "../transport/rest.ts";
import { createStreamableHttp } from "../transport/streamable_http.ts";
import { loadTls } from "../transport/tls.ts";
import { CLOSE, SocketTransport } from "../transport/websocket.ts";
import { NAME, VERSION } from "../version.ts";
import type { LoadedConfig } from "./exchange.ts";
import { lazily } from "./lazily.ts";
import { aborted } from "./serve.ts";
import { print, refuse } from "./world.ts";
import type { ExitCode, World } from "./world.ts";

const log = getLogger(["luno-mcp-server", "serve"]);

/** How long running calls may still take once a signal came. */
const DRAIN_MS = 10_000;

/** How long a client may say nothing at all after its upgrade. */
const FIRST_MESSAGE_MS = 30_000;

/** Code of `sysexits.h` for an address that is not to be had. */
const EX_UNAVAILABLE = 69;

const UNAVAILABLE_CODES = ["EADDRINUSE", "EACCES", "EADDRNOTAVAIL", "ENOTFOUND"];

/** Serves until a signal comes, then lets running calls finish for ten seconds at most. */
export async function serveNetwork(loaded: LoadedConfig, world: World): Promise<ExitCode> {
  const tls = await chooseTls(loaded, world);
  if (!tls.ok) return await refuse(world, tls.problems);
  const server = new NetworkServer(loaded, world);
  const options = listenOptions(loaded.config, tls.files);
  let listener: RunningListener;
  try {
    listener = await (await chooseListener(loaded.config))(server.application, options);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && UNAVAILABLE_CODES.includes(String(error.code)))) throw error;
    const { host, port } = loaded.config;
    await print(
      world.stderr,
      `--host, --port: expected a free address: ${host}:${port} is not available (${error.code})`,
    );
    return EX_UNAVAILABLE;
  }
  world.onHangup(() => void reload(loaded, { world, listener }));
  await print(world.stderr, describe(loaded.config, listener, tls.files !== undefined));
  server.start();
  await aborted(world.shutdown);
  listener.stopAccepting();
  await server.stop();
  await listener.close();
  return 0;
}

/** Why a request may not run now. */
interface Refusal {
  readonly message: string;
  readonly retryAfterMs: number;
}

/** Everything above the listener. */
class NetworkServer {
  readonly application: Application;
  readonly #loaded: LoadedConfig;
  readonly #world: World;
  readonly #registry: Registry;
  readonly #monitor: Monitor;
  readonly #backend;
  readonly #factory;
  readonly #http;
  readonly #methods: ReadonlySet<string>;
  readonly #sockets = new Set<SocketTransport>();
  readonly #startedMs: number;
  #isReady = true;

  constructor(loaded: LoadedConfig, world: World) {
    const { config } = loaded;
    this.#loaded = loaded;
    this.#world = world;
    this.#startedMs = world.monotonic();
    this.#backend = lazily(async () => (await import("./backend.ts")).openBackend(loaded, world, this.#startedMs));
    const listing = listingOf(config.tools);
    this.#methods = directMethods(listing);
    this.#registry = createRegistry(loaded, world);
    this.#monitor = new Monitor({
      registry: this.#registry,
      tools: [...this.#methods],
      statsIntervalMs: config.statsInterval * 1_000,
    });
    this.#factory = createServerFactory({ identity: IDENTITY, listing, backend: this.#backend.get });
    this.#http = createStreamableHttp({
      factory: this.#factory,
      maxBodySize: config.maxMessageSize,
      idleMs: config.idleTimeout * 1_000,
      now: world.monotonic,
      admit: (_request, { identity }) => this.#admitRpc(identity),
    });
    const rest = createRest({
      identity: IDENTITY,
      listing,
      backend: this.#backend.get,
      maxBodySize: config.maxMessageSize,
    });
    this.application = createApplication({
      rules: {
        allowedHosts: [...config.allowedHosts ?? [], ...(isLoopback(config.host) ? [] : [config.host])],
        allowedOrigins: config.allowedOrigins ?? [],
        allowLoopback: isLoopback(config.host),
      },
      registry: this.#registry,
      websocket: config.transport === "websocket",
      identify: (peer) => this.#identify(peer),
      openSocket: (socket, caller) => this.#openSocket(socket, caller),
      mcp: (request, { limitKey }) => this.#http.fetch(request, { identity: limitKey }),
      rest: (request, caller) => this.#rest(rest, request, caller),
      metrics: () => this.#monitor.metrics(),
      status: () => this.#status(),
      isReady: () => this.#isReady,
      rejected: (reason) => this.#monitor.rejected(reason),
      hint:
        `A WebSocket for the Model Context Protocol: luno-mcp-server client --uri ws://${config.host}:${config.port}`,
    });
  }

  start(): void {
    this.#monitor.start();
  }

  /** Lets running calls finish, then ends every connection. */
  async stop(): Promise<void> {
    this.#isReady = false;
    await Promise.all([...this.#sockets].map(async (socket) => {
      await socket.drain(DRAIN_MS);
      socket.finish(CLOSE.goingAway, "the server is shutting down");
    }));
    await this.#http.close();
    this.#monitor.stop();
    await (await this.#backend.settled())?.close();
  }

  /** On loopback everybody is the person at this machine; elsewhere an address stands for whoever uses it. */
  #identify({ address }: Peer): Caller {
    const key = isLoopback(this.#loaded.config.host) && isLoopbackAddress(address) ? "local" : addressKey(address);
    return { identity: key, limitKey: key, address };
  }

  #admit(limitKey: string): Refusal | undefined {
    const admission = this.#registry.rateLimit.take(limitKey);
    if (admission.ok) return undefined;
    const { retryAfterMs } = admission;
    return { message: `Too many requests: send the next one in ${retryAfterMs} ms`, retryAfterMs };
  }

  #admitRpc(limitKey: string): RpcError | undefined {
    const refusal = this.#admit(limitKey);
    return refusal && tooManyRequests(refusal);
  }

  #openSocket(socket: Socket, caller: Caller): SocketHandler {
    const { config } = this.#loaded;
    const connection = this.#registry.open({ ...caller, carrier: "websocket" });
    const transport = new SocketTransport(socket, {
      firstMessageMs: FIRST_MESSAGE_MS,
      idleMs: config.idleTimeout * 1_000,
      maxInFlight: config.maxInFlight,
      maxQueue: config.maxQueue,
      admit: () => this.#admitRpc(caller.limitKey),
      lane: new CallLane({ identity: IDENTITY, backend: this.#backend.get, methods: this.#methods }),
      observer: this.#monitor.watch(connection),
      sent: (size) => this.#monitor.sent(connection, size),
      now: this.#world.monotonic,
    });
    this.#sockets.add(transport);
    log.debug("connected", { id: connection.start.id, address: caller.address });
    serveStdio(this.#factory, { transport, onerror: (error) => log.debug("socket", { error: error.message }) });
    const handler = transport.handler();
    return {
      ...handler,
      closed: (code, reason) => {
        handler.closed(code, reason);
        this.#sockets.delete(transport);
        this.#registry.close(connection);
        log.debug("disconnected", { id: connection.start.id, code });
      },
    };
  }

  async #rest(rest: (request: Request) => Promise<Response>, request: Request, caller: Caller): Promise<Response> {
    const refusal = request.method === "POST" ? this.#admit(caller.limitKey) : undefined;
    if (refusal === undefined) return await rest(request);
    const { message, retryAfterMs } = refusal;
    return problemResponse({ status: 429, code: TOO_MANY, message, retryable: true, retry_after_ms: retryAfterMs });
  }

  #status(): unknown {
    return {
      server: IDENTITY.name,
      version: IDENTITY.version,
      exchange: this.#loaded.config.exchange,
      uptime_ms: Math.round(this.#world.monotonic() - this.#startedMs),
      http_sessions: this.#http.sessions,
      connections: this.#registry.status(),
    };
  }
}

const IDENTITY = { name: NAME, version: VERSION } as const;

/**
 * On loopback all clients are one, so limits per client that nobody has set are as wide as all possible connections
 * together.
 */
function createRegistry({ config, origins }: LoadedConfig, world: World): Registry {
  const { maxConnections, maxConnectionsPerClient, rateLimit } = config;
  const widen = isLoopback(config.host);
  const isSet = (name: "rateLimit" | "maxConnectionsPerClient") => origins[name] !== "default";
  return new Registry({
    maxConnections,
    maxConnectionsPerClient: widen && !isSet("maxConnectionsPerClient") ? maxConnections : maxConnectionsPerClient,
    rateLimit: new RateLimit({
      perMinute: widen && !isSet("rateLimit") ? rateLimit * maxConnections : rateLimit,
      now: world.monotonic,
    }),
    now: world.now,
  });
}

type Config = LoadedConfig["config"];

type ChosenTls = { ok: true; files?: ListenOptions["tls"] } | { ok: false; problems: string[] };

/** Reads the certificate; off loopback nothing starts without one and, as long as nobody has to say who he is, without the switch for it. */
async function chooseTls({ config }: LoadedConfig, world: World): Promise<ChosenTls> {
  const { sslCert: certPath, sslKey: keyPath } = config;
  const problems: string[] = [];
  if (certPath !== undefined && keyPath === undefined) {
    problems.push("--ssl-key: expected the key of --ssl-cert: not set");
  }
  if (certPath === undefined && keyPath !== undefined) {
    problems.push("--ssl-cert: expected the certificate of --ssl-key: not set");
  }
  if (!isLoopback(config.host) && !config.unsafeExpose) {
    problems.push(
      `--host: expected an address on loopback, as everybody who reaches another one would be served: current value is "${config.host}": add --unsafe-expose where a proxy of yours decides who comes through`,
    );
  }
  if (problems.length > 0 || certPath === undefined || keyPath === undefined) {
    return problems.length > 0 ? { ok: false, problems } : { ok: true };
  }
  return await loadTls({ certPath, keyPath, now: world.now });
}

async function chooseListener({ listener, host }: Config): Promise<Listen> {
  const isNative = listener === "native" || (listener === "auto" && isLoopback(host));
  if (!isNative) return (await import("../transport/hardened.ts")).listenHardened;
  if (!isLoopback(host)) {
    log.warning(
      "the native listener cannot remove a client that stops reading, nor bound headers, fragments and handshakes in time: use --listener hardened off loopback",
    );
  }
  return (await import("../transport/native.ts")).listenNative;
}

function listenOptions(config: Config, tls: ListenOptions["tls"]): ListenOptions {
  return {
    hostname: config.host,
    port: config.port,
    maxMessageSize: config.maxMessageSize,
    pingIntervalMs: config.pingInterval * 1_000,
    ...(tls === undefined ? {} : { tls }),
  };
}

async function reload(
  loaded: LoadedConfig,
  { world, listener }: { world: World; listener: RunningListener },
): Promise<void> {
  const tls = await chooseTls(loaded, world);
  if (!tls.ok) {
    return void log.error("the new certificate is not usable, the old one stays", { problems: tls.problems });
  }
  if (tls.files === undefined) return;
  try {
    listener.reload(tls.files);
    log.info("new connections use the new certificate");
  } catch (error) {
    log.error("this listener keeps its certificate until the next start", { error });
  }
}

const TOO_MANY = "ERR_TOO_MANY_REQUESTS";

function tooManyRequests({ message, retryAfterMs }: Refusal): RpcError {
  return { code: SERVER_BUSY, message, data: { code: TOO_MANY, retryable: true, retryAfterMs } };
}

function describe(config: Config, { port }: RunningListener, isSecure: boolean): string {
  const host = config.host.includes(":") && !config.host.startsWith("[") ? `[${config.host}]` : config.host;
  const [http, ws] = isSecure ? ["https", "wss"] : ["http", "ws"];
  const socket = `  WebSocket        ${ws}://${host}:${port}\n`;
  return `luno-mcp-server ${VERSION} serves on ${host}:${port} (exchange: ${config.exchange}). Ctrl-C ends it.
${config.transport === "websocket" ? socket : ""}  Streamable HTTP  ${http}://${host}:${port}/mcp
  REST             ${http}://${host}:${port}/v1/tools
  operators        ${http}://${host}:${port}/status
Try: luno-mcp-server client --uri ${ws}://${host}:${port}`;
}
