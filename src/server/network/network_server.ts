/** The server above the listener: one application for WebSocket and HTTP clients, from its start to its end. */

import { getLogger } from "../../logging/logger.ts";
import { hostName, isLoopback } from "../../network/address.ts";
import { messagesPerMinute } from "../../session/message_budget.ts";
import { createApplication } from "../../transport/http/application.ts";
import type { Application } from "../../transport/listeners/listener.ts";
import { MemoryRateLimit } from "../../state/shared/memory/rate_limit.ts";
import type { World } from "../../world.ts";
import { HttpClients } from "./http_clients.ts";
import { createNetworkParts } from "./network_parts.ts";
import type { NetworkGround, NetworkParts } from "./network_parts.ts";
import type { LoadedConfig } from "../../config/load.ts";
import { CALLS_MS, SocketClients } from "./socket_clients.ts";
import { SessionOverview } from "./session_overview.ts";
import { statusReport } from "./status_report.ts";

const log = getLogger(["luno-mcp-server", "serve"]);

const HINT =
  "This is a WebSocket of the Model Context Protocol: connect to it with luno-mcp-server client --uri ADDRESS";

/** Everything above the listener. */
export class NetworkServer {
  /** The application for the listener. */
  readonly application: Application;
  readonly #loaded: LoadedConfig;
  readonly #parts: NetworkParts;
  readonly #sockets: SocketClients;
  readonly #http: HttpClients;
  readonly #sessions: SessionOverview;
  readonly #startedMs: number;
  #isReady = true;
  #isAccepting = true;

  constructor(loaded: LoadedConfig, world: World, ground: NetworkGround) {
    this.#loaded = loaded;
    this.#startedMs = world.monotonic();
    this.#parts = createNetworkParts(loaded, world, ground);
    this.#sockets = new SocketClients(this.#parts);
    this.#http = new HttpClients(this.#parts);
    const { board, ends } = ground.shared;
    this.#sessions = new SessionOverview({ board, ends, holders: [this.#sockets, this.#http] });
    this.application = this.#createApplication();
  }

  /** Starts the statistics, and opens the exchange ahead of the first call. */
  start(): void {
    const { access, backend, registry, monitor } = this.#parts;
    backend.presence?.follow(() => ({
      authentication: { methods: [...access.sources], anonymous: access.anonymous },
      access: access.published,
      connections: registry.size,
    }));
    access.follow(() => backend.presence?.write());
    monitor.statistics.start();
    backend.get().catch((error) => log.error("cannot open the exchange", { error }));
  }

  /**
   * Makes load balancers send new clients elsewhere, and disconnects WebSocket clients one by one, so that they follow.
   * Clients are served meanwhile.
   */
  async drain(): Promise<void> {
    this.#isReady = false;
    await Promise.all([
      this.#parts.backend.opened?.live?.handOver(),
      this.#sockets.drain(this.#loaded.config.drainTime * 1_000),
    ]);
  }

  /** Lets running calls finish, then ends every connection. */
  async stop(): Promise<void> {
    const { access, shared, backend, monitor } = this.#parts;
    this.#isReady = false;
    this.#isAccepting = false;
    await Promise.all([this.#sockets.close(), this.#http.drain(CALLS_MS)]);
    await this.#http.close();
    this.#sessions.close();
    monitor.statistics.stop();
    await backend.close();
    await Promise.all([access.close(), shared.close()]);
  }

  #createApplication(): Application {
    const { config, access, shared, backend, registry, monitor, monotonic, clocks } = this.#parts;
    // Budgets of HTTP requests, by identity, or by the remote end of an unidentified connection.
    const prices = new MemoryRateLimit({
      perMinute: (key) => messagesPerMinute(registry.rateLimit.perMinute(key)),
      now: monotonic,
    });
    return createApplication({
      rules: {
        allowedHosts: [...config.allowedHosts ?? [], hostName(config.host)],
        allowedOrigins: config.allowedOrigins ?? [],
        allowLoopback: isLoopback(config.host),
      },
      registry,
      ...(shared.places === undefined ? {} : { places: shared.places }),
      clocks,
      running: this.#http.running,
      websocket: config.transport === "websocket",
      authenticate: (request, peer) => access.authenticator.authenticate(request, peer),
      ...(access.resource === undefined ? {} : { resource: access.resource }),
      // An identified client does not use up the budget of its connection.
      afford: ({ address, port }, identity = `${address} ${port}`) => prices.take(identity),
      pauseMs: (identity) => this.#sockets.pauseMs(identity),
      issueTicket: (caller) => access.tickets.issue(caller),
      watch: (caller, end) => access.watch.watch(caller, end),
      openSocket: (socket, caller) => this.#sockets.open(socket, caller),
      mcp: (request, caller) => this.#http.mcp(request, caller),
      rest: (request, caller) => this.#http.rest(request, caller),
      metrics: () => monitor.metrics(),
      status: () => this.#status(),
      sessions: this.#sessions,
      isReady: () => this.#isReady,
      isAccepting: () => this.#isAccepting,
      isExchangeReachable: () => backend.opened?.exchange.status().reachability.reachable ?? null,
      rejected: (reason) => monitor.rejected(reason),
      hint: HINT,
    });
  }

  async #status(): Promise<unknown> {
    return await statusReport(this.#parts, {
      loaded: this.#loaded,
      isReady: this.#isReady,
      uptimeMs: this.#parts.monotonic() - this.#startedMs,
      sessions: this.#http.sessions,
      overAll: await this.#sessions.list(),
    });
  }
}
