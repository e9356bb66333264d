/**
 * Observes connections and calls: metrics for Prometheus, figures for operators, counts for the statistics line.
 *
 * Labels come from fixed sets only: existing tools, transports, reasons. Nothing that a client sends becomes a label.
 */

import { Buffer } from "node:buffer";
import { errorCodeIn } from "../errors/error_table.ts";
import { Registry as Metrics } from "prom-client";
import type { ToolOutcome } from "../protocol/tool_call.ts";
import type { Connection } from "../session/connection.ts";
import type { Registry, Rejection } from "../session/registry.ts";
import type { ChannelObserver } from "../transport/channel_parts.ts";
import { Counters } from "./counters.ts";
import { addFacts } from "./facts.ts";
import type { FactSources } from "./facts.ts";
import { Statistics } from "./statistics.ts";
import type { ObservedCall } from "./observed_call.ts";

/** Settings of a {@linkcode Monitor}. */
export interface MonitorOptions {
  readonly registry: Registry;
  /** Names that may become labels. */
  readonly tools: readonly string[];
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
  /** Interval of the statistics line; 0 disables it. */
  readonly statsIntervalMs: number;
  /**
   * Facts about the exchange, once it is open.
   *
   * @default none
   */
  readonly exchange?: FactSources["exchange"];
  /**
   * Facts about trading, when it is on.
   *
   * @default none
   */
  readonly trading?: FactSources["trading"];
}

/** The part of a request that a monitor reads. */
type ObservedRequest = Parameters<ChannelObserver["received"]>[0];

/** Observes one server. */
export class Monitor {
  readonly statistics: Statistics;
  readonly #options: MonitorOptions;
  readonly #tools: ReadonlySet<string>;
  readonly #metrics = new Metrics();
  readonly #counters = new Counters();

  constructor(options: MonitorOptions) {
    const { registry, tools, statsIntervalMs, exchange = () => undefined, trading = () => undefined } = options;
    this.#options = options;
    this.#tools = new Set(tools);
    this.statistics = new Statistics(registry, statsIntervalMs);
    addFacts(this.#metrics, { registry, exchange, trading });
  }

  /** Observes the channel of one connection. */
  watch(connection: Connection): ChannelObserver {
    /** Start times of queued requests. */
    const sinceMs = new WeakMap<ObservedRequest, number>();
    const touch = () => connection.lastSeen = this.#options.registry.now();
    const { bytesIn, queueTimes } = this.#counters;
    return {
      received: (request, text) => {
        const size = Buffer.byteLength(text);
        touch();
        connection.inFlight++;
        connection.bytesIn += size;
        bytesIn.value += size;
        introduce(connection, request);
      },
      queued: (request) => void sinceMs.set(request, this.#options.monotonic()),
      started: (request) => {
        const since = sinceMs.get(request);
        queueTimes.observe(since === undefined ? 0 : (this.#options.monotonic() - since) / 1_000);
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

  /** Counts and times a call of a tool. */
  called({ tool: name, outcome, durationMs }: ObservedCall): void {
    const tool = this.#tools.has(name) ? name : "other";
    const label = labelOf(outcome);
    const counters = this.#counters.ofTool(tool);
    counters[label].value++;
    counters.durations.observe(durationMs / 1_000);
    this.statistics.called(durationMs, { isError: label === "error" });
  }

  /** Counts a rejected request; `data` is its error data. */
  refused(data: unknown): void {
    this.#counters.refused(refusalReason(data));
    this.statistics.refused();
  }

  /** Counts a rejected connection. */
  rejected(reason: Rejection | "origin" | "upgrade" | "access"): void {
    this.#counters.rejected(reason);
    this.statistics.rejectedConnection();
  }

  /** Counts messages sent to a client. */
  sent(connection: Connection, text: string): void {
    const size = Buffer.byteLength(text);
    connection.bytesOut += size;
    this.#counters.bytesOut.value += size;
  }

  /** All metrics in the Prometheus text format. */
  async metrics(): Promise<{ text: string; contentType: string }> {
    return {
      text: `${this.#counters.text()}\n${await this.#metrics.metrics()}`,
      contentType: this.#metrics.contentType,
    };
  }
}

/** Both revisions name the client: in the handshake, or in `_meta` of every request. */
function introduce(connection: Connection, { method, params }: ObservedRequest): void {
  if (method === "initialize") return connection.introduce(asInfo(params?.clientInfo), "legacy");
  const meta = params?._meta; // Not validated yet.
  if (meta !== undefined && PROTOCOL_VERSION in asInfo(meta)) {
    connection.introduce(asInfo(asInfo(meta)[CLIENT_INFO]), "modern");
  }
}

const PROTOCOL_VERSION = "io.modelcontextprotocol/protocolVersion";
const CLIENT_INFO = "io.modelcontextprotocol/clientInfo";

function asInfo(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function refusalReason(data: unknown): string {
  const code = errorCodeIn(data);
  if (code === "ERR_QUEUE_FULL") return "queue_full";
  return code === "ERR_TOO_MANY_REQUESTS" ? "rate_limit" : "malformed";
}

/** A cancelled call is not an error. */
function labelOf(outcome: ToolOutcome): "ok" | "error" | "cancelled" {
  if (outcome.ok) return "ok";
  return outcome.error.code === "ERR_CANCELLED" ? "cancelled" : "error";
}
