/** The HTTP connections of an exchange client, and what every response tells beside its content. */

import type { Redact } from "../secrets/redaction.ts";
import { ExchangeClockReader } from "./clock_reading.ts";
import type { ClockReading } from "./clock_reading.ts";
import { sendRequest, type WireAnswer, type WireRequest } from "./wire.ts";

/** Parts of {@linkcode ExchangeConnections}. */
export interface ExchangeConnectionsParts {
  /** Applied to every response, which may repeat the credentials that were sent. */
  readonly redact: Redact;
  /** Largest response body, in bytes. */
  readonly maxBytes: number;
  readonly fetch: typeof fetch;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Milliseconds since the Unix epoch; for reading the exchange's clock only. */
  readonly wallClock: () => number;
}

/** The header by which a simulated exchange identifies itself. */
const SIMULATION_HEADER = "x-simulated-exchange";

/** Sends requests; holds connections until {@linkcode ExchangeConnections.close}. */
export class ExchangeConnections {
  readonly #parts: ExchangeConnectionsParts;
  readonly #reads = Deno.createHttpClient({});
  /** Without a pool: Deno silently resends a request when a kept connection breaks, which would double an order. */
  readonly #writes = Deno.createHttpClient({ poolMaxIdlePerHost: 0, http2: false });
  readonly #clock: ExchangeClockReader;
  #lastLatencyMs: number | null = null;
  #simulationId: string | null = null;

  constructor(parts: ExchangeConnectionsParts) {
    this.#parts = parts;
    this.#clock = new ExchangeClockReader(parts);
  }

  /** The exchange's clock; `null` before the first response with a date. */
  get clock(): ClockReading | null {
    return this.#clock.reading;
  }

  /** Time from sending the last request to the end of its response; `null` before the first. */
  get lastLatencyMs(): number | null {
    return this.#lastLatencyMs;
  }

  /** The id of the simulated exchange that answered last; `null` before the first response, and with the real exchange. */
  get simulationId(): string | null {
    return this.#simulationId;
  }

  /** Sends one request and reads its response, without secrets. Rejects as {@linkcode sendRequest} does. */
  async send(
    request: WireRequest,
    { isWrite, signal }: { readonly isWrite: boolean; readonly signal: AbortSignal },
  ): Promise<WireAnswer> {
    const { fetch, maxBytes, now } = this.#parts;
    const startedAt = now();
    const client = isWrite ? this.#writes : this.#reads;
    const answer = await sendRequest(request, { fetch, client, signal, maxBytes });
    this.#lastLatencyMs = now() - startedAt;
    this.#clock.note(answer.headers.get("date"));
    this.#noteSimulation(answer.headers);
    return this.#withoutSecrets(answer);
  }

  /** Closes all connections. */
  close(): void {
    this.#reads.close();
    this.#writes.close();
  }

  #withoutSecrets({ status, headers, body }: WireAnswer): WireAnswer {
    const { redact } = this.#parts;
    const shown = [...headers].map(([name, value]): [string, string] => [name, redact(value)]);
    return { status, headers: new Headers(shown), body: redact(body) };
  }

  #noteSimulation(headers: Headers): void {
    const id = headers.get(SIMULATION_HEADER);
    // Only a well-formed id counts, as a proxy may have sent the header.
    if (id !== null && /^[0-9a-f]{16}$/.test(id)) this.#simulationId = id;
  }
}
