/** Metrics that are counted as things happen. */

import { Counter, Histogram } from "prom-client";
import type { Registry as Metrics } from "prom-client";

/** The counters of one server. */
export interface Counters {
  readonly calls: Counter<"tool" | "outcome">;
  readonly durations: Histogram<"tool">;
  /** How long requests of a connection waited for others of it, in seconds. */
  readonly queueTimes: Histogram;
  readonly refusals: Counter<"reason">;
  readonly rejections: Counter<"reason">;
  readonly bytes: Counter<"direction">;
}

/** Adds them. */
export function createCounters(metrics: Metrics): Counters {
  const registers = [metrics];
  return {
    calls: new Counter({
      name: "luno_mcp_calls_total",
      help: "Tool calls answered",
      labelNames: ["tool", "outcome"],
      registers,
    }),
    durations: new Histogram({
      name: "luno_mcp_call_duration_seconds",
      help: "How long tools took",
      labelNames: ["tool"],
      buckets: [0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 10, 30],
      registers,
    }),
    queueTimes: new Histogram({
      name: "luno_mcp_queue_seconds",
      help: "How long requests of a connection waited for others of it",
      buckets: [0.001, 0.01, 0.1, 0.5, 1, 5, 30],
      registers,
    }),
    refusals: new Counter({
      name: "luno_mcp_refusals_total",
      help: "Requests refused",
      labelNames: ["reason"],
      registers,
    }),
    rejections: new Counter({
      name: "luno_mcp_rejected_connections_total",
      help: "Connections refused",
      labelNames: ["reason"],
      registers,
    }),
    bytes: new Counter({
      name: "luno_mcp_bytes_total",
      help: "Bytes of requests and of messages sent",
      labelNames: ["direction"],
      registers,
    }),
  };
}
