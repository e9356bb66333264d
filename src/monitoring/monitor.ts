/**
 * Watches connections and calls: counters for Prometheus, a line of statistics in the log, figures for operators.
 *
 * Labels come from fixed sets only: tools that exist, transports, reasons. Nothing that a client sends becomes one.
 */

import { Buffer } from "node:buffer";
import { getLogger } from "@logtape/logtape";
import type { JSONRPCRequest } from "@modelcontextprotocol/server";
import { Counter, Gauge, Histogram, Registry as Metrics } from "prom-client";
import type { Backend } from "../protocol/mcp_server.ts";
import type { Connection } from "../session/connection.ts";
import type { Registry } from "../session/registry.ts";
import { addFacts } from "./facts.ts";
import type { FactSources } from "./facts.ts";
import { LatencyHistogram } from "../timing/latency_histogram.ts";
import type { ChannelObserver } from "../transport/channel.ts";

const log = getLogger(["luno-mcp-server", "serve"]);

/** Share of its rate limit from which a client is named in the statistics. */
const NOTABLE_USE = 0.5;

type Run = Backend["run"];

/** Clients that a line of statistics names; it counts the others. */
const MAX_NAMED = 5;

const PERCENTILES = [0.5, 0.9, 0.99];

/** Settings of a {@linkcode Monitor}. */
export interface MonitorOptions {
  readonly registry: Registry;
  /** Names that may become labels. */
  readonly tools: readonly string[];
  /** Milliseconds that only ever rise. */
  readonly monotonic: () => number;
  /** Between two lines of statistics; 0 writes none. */
  readonly statsIntervalMs: number;
  /** What is known of the exchange, once it is open. @default nothing */
  readonly exchange?: FactSources["exchange"];
  /** What is known of trading, where it is on. @default nothing */
  readonly trading?: FactSources["trading"];
}

/** Watches one server. */
export class Monitor {
  readonly #options: MonitorOptions;
  readonly #tools: ReadonlySet<string>;
  readonly #metrics = new Metrics();
  readonly #calls: Counter<"tool" | "outcome">;
  readonly #durations: Histogram<"tool">;
  readonly #queueTimes: Histogram;
  readonly #refusals: Counter<"reason">;
  readonly #rejections: Counter<"reason">;
  readonly #bytes: Counter<"direction">;
  /** Since the line of statistics before. */
  #latency = new LatencyHistogram();
  #timer: ReturnType<typeof setInterval> | undefined;
  /** Since the line of statistics before, too. */
  #recent = { calls: 0, errors: 0, refusals: 0, rejectedConnections: 0 };

  constructor(options: MonitorOptions) {
    this.#options = options;
    this.#tools = new Set(options.tools);
    const registers = [this.#metrics];
    this.#calls = new Counter({
      name: "luno_mcp_calls_total",
      help: "Tool calls answered",
      labelNames: ["tool", "outcome"],
      registers,
    });
    this.#durations = new Histogram({
      name: "luno_mcp_call_duration_seconds",
      help: "How long tools took",
      labelNames: ["tool"],
      buckets: [0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 10, 30],
      registers,
    });
    this.#queueTimes = new Histogram({
      name: "luno_mcp_queue_seconds",
      help: "How long requests of a connection waited for others of it",
      buckets: [0.001, 0.01, 0.1, 0.5, 1, 5, 30],
      registers,
    });
    this.#refusals = new Counter({
      name: "luno_mcp_refusals_total",
      help: "Requests refused",
      labelNames: ["reason"],
      registers,
    });
    this.#rejections = new Counter({
      name: "luno_mcp_rejected_connections_total",
      help: "Connections refused",
      labelNames: ["reason"],
      registers,
    });
    this.#bytes = new Counter({
      name: "luno_mcp_bytes_total",
      help: "Bytes of requests and of messages sent",
      labelNames: ["direction"],
      registers,
    });
    this.#addGauges();
  }

  /** Starts the line of statistics. */
  start(): void {
    const { statsIntervalMs } = this.#options;
    if (statsIntervalMs > 0) this.#timer = setInterval(() => this.logStatistics(), statsIntervalMs);
  }

  /** Ends the line of statistics. */
  stop(): void {
    clearInterval(this.#timer);
  }

  /** Watches the channel of one connection. */
  watch(connection: Connection): ChannelObserver {
    const receivedMs = new WeakMap<JSONRPCRequest, number>();
    const touch = () => connection.lastSeen = this.#options.registry.now();
    return {
      received: (request, text) => {
        const size = Buffer.byteLength(text);
        touch();
        connection.inFlight++;
        connection.bytesIn += size;
        this.#bytes.inc({ direction: "in" }, size);
        receivedMs.set(request, this.#options.monotonic());
        introduce(connection, request);
      },
      started: (request) => {
        const since = receivedMs.get(request);
        if (since !== undefined) this.#queueTimes.observe((this.#options.monotonic() - since) / 1_000);
      },
      answered: (_request, { isError }) => {
        touch();
        connection.inFlight--;
        connection.calls++;
        if (isError) connection.errors++;
      },
      refused: (request, error) => {
        if (request !== undefined) connection.inFlight--;
        connection.refusals++;
        this.refused(error.data);
      },
    };
  }

  /** Counts and times every tool call, whichever way it came in. */
  measured(run: Run): Run {
    return async (tool, args, context) => {
      const startedMs = this.#options.monotonic();
      const outcome = await run(tool, args, context);
      const label = { tool: this.#tools.has(tool.name) ? tool.name : "other" };
      const durationMs = this.#options.monotonic() - startedMs;
      const outcomeLabel = labelOf(outcome);
      this.#recent.calls++;
      if (outcomeLabel === "error") this.#recent.errors++;
      this.#latency.record(durationMs);
      this.#calls.inc({ ...label, outcome: outcomeLabel });
      this.#durations.observe(label, durationMs / 1_000);
      return outcome;
    };
  }

  /** Counts a refused request; `data` is the refusal's error data. */
  refused(data: unknown): void {
    this.#recent.refusals++;
    this.#refusals.inc({ reason: refusalReason(data) });
  }

  /** Counts a connection that was turned away. */
  rejected(reason: "server_full" | "client_full" | "origin" | "upgrade" | "access"): void {
    this.#recent.rejectedConnections++;
    this.#rejections.inc({ reason });
  }

  /** Counts what was sent to a client. */
  sent(connection: Connection, text: string): void {
    const size = Buffer.byteLength(text);
    connection.bytesOut += size;
    this.#bytes.inc({ direction: "out" }, size);
  }

  /** Everything in the text format of Prometheus. */
  async metrics(): Promise<{ text: string; contentType: string }> {
    return { text: await this.#metrics.metrics(), contentType: this.#metrics.contentType };
  }

  /** Writes the line of statistics now; where nothing happened since the one before, none. */
  logStatistics(): void {
    const { registry, statsIntervalMs } = this.#options;
    const { calls, errors, refusals, rejectedConnections } = this.#recent;
    const latency = this.#latency;
    this.#latency = new LatencyHistogram();
    this.#recent = { calls: 0, errors: 0, refusals: 0, rejectedConnections: 0 };
    if (calls + refusals + rejectedConnections === 0) return;
    const latencies = PERCENTILES.map((share) => {
      return [`latency_p${share * 100}_ms`, Number((latency.percentile(share) ?? 0).toFixed(1))];
    });
    const busy = registry.rateLimit.keysAbove(NOTABLE_USE);
    log.info("statistics", {
      interval_s: statsIntervalMs / 1_000,
      connections: registry.size,
      calls,
      calls_per_second: Math.round(calls * 10_000 / statsIntervalMs) / 10,
      errors,
      refusals,
      rejected_connections: rejectedConnections,
      ...Object.fromEntries(latencies),
      busy_clients: busy.length,
      busiest_clients: busy.slice(0, MAX_NAMED),
    });
  }

  #addGauges(): void {
    const { registry, exchange = () => undefined, trading = () => undefined } = this.#options;
    addFacts(this.#metrics, { registry, exchange, trading });
    const registers = [this.#metrics];
    new Gauge({
      name: "luno_mcp_requests_in_flight",
      help: "Requests that wait or run",
      registers,
      collect() {
        this.set(registry.connections.reduce((sum, { inFlight }) => sum + inFlight, 0));
      },
    });
    new Gauge({
      name: "process_resident_memory_bytes",
      help: "Resident memory",
      registers,
      collect() {
        this.set(Deno.memoryUsage().rss);
      },
    });
  }
}

/** Both eras name the client: in the handshake, or in every request's `_meta`. */
function introduce(connection: Connection, { method, params }: JSONRPCRequest): void {
  const meta = asInfo(params?._meta); // Nobody has looked at it yet.
  if (method === "initialize") connection.introduce(asInfo(params?.clientInfo), "legacy");
  else if (PROTOCOL_VERSION in meta) connection.introduce(asInfo(meta[CLIENT_INFO]), "modern");
}

const PROTOCOL_VERSION = "io.modelcontextprotocol/protocolVersion";
const CLIENT_INFO = "io.modelcontextprotocol/clientInfo";

function asInfo(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function refusalReason(data: unknown): string {
  const code = typeof data === "object" && data !== null && "code" in data ? data.code : undefined;
  if (code === "ERR_QUEUE_FULL") return "queue_full";
  return code === "ERR_TOO_MANY_REQUESTS" ? "rate_limit" : "malformed";
}

/** A call that its caller gave up is no error. */
function labelOf(outcome: Awaited<ReturnType<Run>>): "ok" | "error" | "cancelled" {
  if (outcome.ok) return "ok";
  return outcome.error.code === "ERR_CANCELLED" ? "cancelled" : "error";
}
