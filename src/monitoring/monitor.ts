/**
 * Watches connections and calls: counters for Prometheus, figures for operators, what the line of statistics counts.
 *
 * Labels come from fixed sets only: tools that exist, transports, reasons. Nothing that a client sends becomes one.
 */

import { Buffer } from "node:buffer";
import { errorCodeIn } from "../errors/error_table.ts";
import { Registry as Metrics } from "prom-client";
import type { ToolOutcome } from "../protocol/tool_call.ts";
import type { Connection } from "../session/connection.ts";
import type { Registry, Rejection } from "../session/registry.ts";
import type { ChannelObserver } from "../transport/channel.ts";
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
  /** Milliseconds that only ever rise. */
  readonly monotonic: () => number;
  /** Between two lines of statistics; 0 writes none. */
  readonly statsIntervalMs: number;
  /** What is known of the exchange, once it is open. @default nothing */
  readonly exchange?: FactSources["exchange"];
  /** What is known of trading, where it is on. @default nothing */
  readonly trading?: FactSources["trading"];
}

/** A request, as far as a monitor reads it. */
type ObservedRequest = Parameters<ChannelObserver["received"]>[0];

/** Watches one server. */
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

  /** Watches the channel of one connection. */
  watch(connection: Connection): ChannelObserver {
    /** Of requests that wait. */
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

  /** Counts a refused request; `data` is the refusal's error data. */
  refused(data: unknown): void {
    this.#counters.refused(refusalReason(data));
    this.statistics.refused();
  }

  /** Counts a connection that was refused. */
  rejected(reason: Rejection | "origin" | "upgrade" | "access"): void {
    this.#counters.rejected(reason);
    this.statistics.rejectedConnection();
  }

  /** Counts what was sent to a client. */
  sent(connection: Connection, text: string): void {
    const size = Buffer.byteLength(text);
    connection.bytesOut += size;
    this.#counters.bytesOut.value += size;
  }

  /** Everything in the text format of Prometheus. */
  async metrics(): Promise<{ text: string; contentType: string }> {
    return {
      text: `${this.#counters.text()}\n${await this.#metrics.metrics()}`,
      contentType: this.#metrics.contentType,
    };
  }
}

/** Both eras name the client: in the handshake, or in every request's `_meta`. */
function introduce(connection: Connection, { method, params }: ObservedRequest): void {
  if (method === "initialize") return connection.introduce(asInfo(params?.clientInfo), "legacy");
  const meta = params?._meta; // Nobody has looked at it yet.
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

/** A call that its caller gave up is no error. */
function labelOf(outcome: ToolOutcome): "ok" | "error" | "cancelled" {
  if (outcome.ok) return "ok";
  return outcome.error.code === "ERR_CANCELLED" ? "cancelled" : "error";
}
