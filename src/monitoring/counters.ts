/** Metrics that are counted as events happen. */

import { Counter, Histogram } from "./exposition.ts";
import type { Buckets, Count } from "./exposition.ts";

/** The metrics of one tool. */
export interface ToolCounters {
  readonly ok: Count;
  readonly error: Count;
  readonly cancelled: Count;
  /** In seconds. */
  readonly durations: Buckets;
}

/** The counters of one server. */
export class Counters {
  readonly #calls = new Counter({ name: "luno_mcp_calls_total", help: "Tool calls answered" });
  readonly #durations = new Histogram({
    name: "luno_mcp_call_duration_seconds",
    help: "How long tools took",
    bounds: [0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 10, 30],
  });
  readonly #queueTimes = new Histogram({
    name: "luno_mcp_queue_seconds",
    help: "How long requests of a connection waited for others of it",
    bounds: [0.001, 0.01, 0.1, 0.5, 1, 5, 30],
  });
  readonly #refusals = new Counter({ name: "luno_mcp_refusals_total", help: "Requests refused" });
  readonly #rejections = new Counter({
    name: "luno_mcp_rejected_connections_total",
    help: "Connections refused",
  });
  readonly #bytes = new Counter({ name: "luno_mcp_bytes_total", help: "Bytes of requests and of messages sent" });
  readonly #tools = new Map<string, ToolCounters>();
  /** In seconds. */
  readonly queueTimes = this.#queueTimes.of({});
  readonly bytesIn = this.#bytes.of({ direction: "in" });
  readonly bytesOut = this.#bytes.of({ direction: "out" });

  refused(reason: string): void {
    this.#refusals.of({ reason }).value++;
  }

  rejected(reason: string): void {
    this.#rejections.of({ reason }).value++;
  }

  ofTool(tool: string): ToolCounters {
    const known = this.#tools.get(tool);
    if (known !== undefined) return known;
    const made = {
      ok: this.#calls.of({ tool, outcome: "ok" }),
      error: this.#calls.of({ tool, outcome: "error" }),
      cancelled: this.#calls.of({ tool, outcome: "cancelled" }),
      durations: this.#durations.of({ tool }),
    };
    this.#tools.set(tool, made);
    return made;
  }

  /** In the Prometheus text format. */
  text(): string {
    const all = [this.#calls, this.#durations, this.#queueTimes, this.#refusals, this.#rejections, this.#bytes];
    return all.map((metric) => metric.text()).join("\n");
  }
}
