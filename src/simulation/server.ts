/** The simulated exchange as a server on the loopback interface that speaks the exchange's REST API and streams. */

import { randomBytes } from "node:crypto";
import { hostName } from "../network/address.ts";
import { LastingServer } from "../network/lasting_server.ts";
import { type ApiOptions, createApi } from "./api/api.ts";
import { openRelay, type Relay } from "./relay.ts";
import { ConnectionReset } from "./api/fault_effects.ts";
import type { Faults } from "./api/faults.ts";
import { SIMULATED_KEYS } from "./api/simulated_keys.ts";

/** Options of {@linkcode startSimulation}. */
export interface ServerOptions extends Omit<ApiOptions, "now"> {
  /** @default 0, which picks a free port */
  readonly port?: number;
  /**
   * Should be a loopback address, as the keys are public.
   *
   * @default "127.0.0.1"
   */
  readonly hostname?: string;
  /** @default Date.now */
  readonly now?: () => number;
  /**
   * Whether `reset` faults really reset the connection, which requires a relay in front of the listener and halves the
   * throughput. Without it such a fault cuts the connection after the headers.
   *
   * @default true
   */
  readonly connectionResets?: boolean;
}

/** A running simulated exchange. */
export interface RunningSimulation {
  /** `http://127.0.0.1:PORT`, without a trailing slash. */
  readonly url: string;
  /** 16 hexadecimal digits, generated at the start, independent of the seed. */
  readonly id: string;
  readonly keys: typeof SIMULATED_KEYS;
  readonly faults: Faults;
  /** Settles when the server has stopped. */
  readonly finished: Promise<void>;
  stop(): Promise<void>;
}

/** The header with the simulated exchange's id, by which a restart is noticed. */
const SIMULATION_HEADER = "x-simulated-exchange";

/** The listener's address when a relay is in front of it. */
const RELAYED = "127.0.0.1";
const LOOPBACK = new Set(["127.0.0.1", "localhost", "::1"]);

/**
 * Starts a simulated exchange; it runs until `stop()` or until `signal` aborts.
 *
 * @throws {RangeError} for a non-loopback address or invalid faults
 * @throws {Error} with the code `EADDRINUSE` when the port is taken
 */
export async function startSimulation(options: ServerOptions = {}): Promise<RunningSimulation> {
  const { port = 0, hostname = "127.0.0.1", now = Date.now, connectionResets = true, signal, ...settings } = options;
  if (!LOOPBACK.has(hostname)) {
    throw new RangeError(`Cannot serve the simulation as it must stay on loopback: current address is ${hostname}`);
  }
  const stopping = new AbortController();
  const id = randomBytes(8).toString("hex");
  const api = createApi({ ...settings, now, signal: stopping.signal });
  let relay: Relay | undefined;

  const where = { port: connectionResets ? 0 : port, hostname: connectionResets ? RELAYED : hostname };
  const server = new LastingServer({ ...where, signal: stopping.signal }, async (request, { remoteAddr }) => {
    try {
      // Only the relay can reset a connection that was upgraded.
      const reset = relay && (() => relay?.reset(remoteAddr.port));
      const response = await api.handle(request, reset);
      response.headers.set(SIMULATION_HEADER, id);
      return response;
    } catch (error) {
      if (!(error instanceof ConnectionReset)) throw error;
      // With the relay nobody reads the response; without it this is the most that the listener can do.
      relay?.reset(remoteAddr.port);
      return cutResponse();
    }
  });
  if (connectionResets) {
    relay = await openRelay({ hostname, port, target: { host: RELAYED, port: server.addr.port } }).catch((error) => {
      stopping.abort();
      throw error;
    });
  }
  const finished = server.finished.then(() => relay?.close());
  const stop = () => {
    api.close();
    stopping.abort();
    return finished;
  };
  if (signal?.aborted) stopping.abort();
  else signal?.addEventListener("abort", stop, { once: true });
  const url = `http://${hostName(hostname)}:${relay?.port ?? server.addr.port}`;
  return { url, id, keys: SIMULATED_KEYS, faults: api.faults, finished, stop };
}

/** Headers that promise a byte which never comes, so that the connection breaks after them. */
function cutResponse(): Response {
  const nothing = new ReadableStream({ pull: (controller) => controller.close() });
  return new Response(nothing, { headers: { "content-length": "1" } });
}
