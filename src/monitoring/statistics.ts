/** A periodic line of statistics in the log: the events since the previous one. */

import { getLogger } from "../logging/logger.ts";
import type { Registry } from "../session/registry.ts";
import { LatencyHistogram } from "../timing/latency_histogram.ts";

const log = getLogger(["luno-mcp-server", "serve"]);

/** The share of its rate limit from which a client is named. */
const NOTABLE_USE = 0.5;

/** The most clients that a line names; the others are counted. */
const MAX_NAMED = 5;

const PERCENTILES = [0.5, 0.9, 0.99];

const NOTHING = { calls: 0, errors: 0, refusals: 0, rejectedConnections: 0 };

/** Counts the events of a line; owns a timer from {@linkcode start} to {@linkcode stop}. */
export class Statistics {
  readonly #registry: Registry;
  /** Interval of the lines; 0 disables them. */
  readonly #intervalMs: number;
  #latency = new LatencyHistogram();
  #counts = { ...NOTHING };
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(registry: Registry, intervalMs: number) {
    this.#registry = registry;
    this.#intervalMs = intervalMs;
  }

  start(): void {
    if (this.#intervalMs > 0) this.#timer = setInterval(() => this.write(), this.#intervalMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  called(durationMs: number, { isError }: { readonly isError: boolean }): void {
    this.#counts.calls++;
    if (isError) this.#counts.errors++;
    this.#latency.record(durationMs);
  }

  refused(): void {
    this.#counts.refusals++;
  }

  rejectedConnection(): void {
    this.#counts.rejectedConnections++;
  }

  /** Writes a line now, unless nothing happened since the previous one. */
  write(): void {
    const { calls, errors, refusals, rejectedConnections } = this.#counts;
    const latency = this.#latency;
    this.#latency = new LatencyHistogram();
    this.#counts = { ...NOTHING };
    if (calls + refusals + rejectedConnections === 0) return;
    const latencies = PERCENTILES.map((share) => {
      return [`latency_p${share * 100}_ms`, Number((latency.percentile(share) ?? 0).toFixed(1))];
    });
    const busy = this.#registry.rateLimit.keysAbove(NOTABLE_USE);
    log.info("statistics", {
      interval_s: this.#intervalMs / 1_000,
      connections: this.#registry.size,
      calls,
      calls_per_second: Math.round(calls * 10_000 / this.#intervalMs) / 10,
      errors,
      refusals,
      rejected_connections: rejectedConnections,
      ...Object.fromEntries(latencies),
      busy_clients: busy.length,
      busiest_clients: busy.slice(0, MAX_NAMED),
    });
  }
}
