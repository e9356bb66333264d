/** Opens the way to the exchange that the configuration asks for; it is always the same client. */

import { getLogger } from "@logtape/logtape";
import type { Loaded } from "../config/load.ts";
import { isLoopback } from "../loopback.ts";
import { CallBudget } from "../exchange/budget.ts";
import { ExchangeClient } from "../exchange/client.ts";
import { SharedReads } from "../market/shared_reads.ts";
import type { Exchange } from "../market/shared_reads.ts";
import { Markets } from "../exchange/pairs.ts";
import type { RunningSimulation, ServerOptions } from "../simulation/server.ts";
import type { ExchangeName } from "../trading/order_summary.ts";
import type { World } from "./world.ts";

const log = getLogger(["luno-mcp-server", "exchange"]);

/** A configuration that has been loaded. */
export type LoadedConfig = Extract<Loaded, { ok: true }>;

/** A client of the chosen exchange, and what ends with it. */
export interface OpenExchange {
  readonly exchange: Exchange;
  readonly markets: Markets;
  /** Where orders go, for the person who confirms them. */
  readonly name: ExchangeName;
  close(): Promise<void>;
}

/** What the embedded exchange takes unless it is told otherwise: it is there for one server alone. */
const EMBEDDED_CALLS_PER_MINUTE = 60_000;

/** Opens the exchange; an embedded one is started first. */
export async function openExchange(loaded: LoadedConfig, world: World): Promise<OpenExchange> {
  const { config, credentials } = loaded;
  const limitPerMinute = callsPerMinute(loaded);
  const simulated = config.exchange === "simulated"
    ? await startEmbedded({ seed: config.seed, rateLimitPerMinute: limitPerMinute, now: world.now })
    : undefined;
  if (simulated !== undefined && credentials !== undefined) {
    log.info("the simulated exchange has a key of its own, the configured one stays unused");
  }
  const key = simulated?.keys.trading ?? revealed(credentials);
  const url = new URL(simulated?.url ?? config.apiUrl.href);
  const client = new ExchangeClient({
    url: url.href,
    ...(key === undefined ? {} : { credentials: key }),
    budget: new CallBudget({ limitPerMinute, now: world.monotonic }),
    now: world.monotonic,
    wallClock: world.now,
  });
  const exchange = new SharedReads(client, { now: world.monotonic });
  return {
    exchange,
    markets: new Markets(exchange, { now: world.monotonic }),
    name: {
      host: url.host,
      // A simulated exchange of this machine says that it is one; the word of any other host is not taken for that.
      get kind() {
        const isSimulator = isLoopback(url.hostname) && client.simulationId !== null;
        return config.exchange === "live" && isSimulator ? "simulated" : config.exchange;
      },
    },
    async close() {
      client.close();
      await simulated?.stop();
    },
  };
}

function revealed(credentials: LoadedConfig["credentials"]): { id: string; secret: string } | undefined {
  return credentials && { id: credentials.id.reveal(), secret: credentials.secret.reveal() };
}

function callsPerMinute({ config, origins }: LoadedConfig): number {
  const isWide = config.exchange === "simulated" && origins.apiRateLimit === "default";
  return isWide ? EMBEDDED_CALLS_PER_MINUTE : config.apiRateLimit;
}

async function startEmbedded(options: ServerOptions): Promise<RunningSimulation> {
  const { startSimulation } = await import("../simulation/server.ts");
  return await startSimulation({ ...options, connectionResets: false });
}
