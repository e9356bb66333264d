/** Metrics of the market streams, and of sharing them between servers; read when scraped. */

import { Counter, Gauge } from "prom-client";
import type { Registry as Metrics } from "prom-client";
import { reconnectsOf } from "../market/exchange_usage.ts";
import type { ExchangeUsage } from "../market/exchange_usage.ts";

/** The source of the metrics. */
export interface StreamSource {
  readonly exchange: () => Pick<ExchangeUsage, "streams"> | undefined;
}

/** Adds the metrics of streams. The pair is a label: pairs come from the exchange, and few are followed at a time. */
export function addStreams(metrics: Metrics, { exchange }: StreamSource): void {
  const start = { labelNames: ["pair"], registers: [metrics] };
  const streams = () => exchange()?.streams ?? [];
  new Gauge({
    ...start,
    name: "luno_mcp_stream_up",
    help: "1 while the stream of a pair follows the exchange, 0 while it does not",
    collect() {
      this.reset();
      for (const { pair, isLive } of streams()) this.set({ pair }, Number(isLive));
    },
  });
  new Gauge({
    ...start,
    name: "luno_mcp_stream_age_seconds",
    help: "How long ago the exchange last confirmed a pair's book; NaN before that",
    collect() {
      this.reset();
      for (const { pair, ageMs } of streams()) this.set({ pair }, Number.isFinite(ageMs) ? ageMs / 1_000 : NaN);
    },
  });
  new Counter({
    ...start,
    name: "luno_mcp_stream_gaps_total",
    help: "How often updates of a stream were lost or inconsistent",
    collect() {
      this.reset();
      for (const { pair, gaps } of streams()) this.inc({ pair }, gaps);
    },
  });
  new Counter({
    ...start,
    name: "luno_mcp_stream_reconnects_total",
    help: "Reconnections of a stream",
    collect() {
      this.reset();
      for (const stream of streams()) this.inc({ pair: stream.pair }, reconnectsOf(stream));
    },
  });
}

/** Adds the metrics of sharing; no lines when nothing is shared. */
export function addSharing(metrics: Metrics, { exchange }: StreamSource): void {
  const start = { labelNames: ["pair"], registers: [metrics] };
  const shared = () =>
    (exchange()?.streams ?? []).flatMap(({ pair, sharing }) => sharing ? [{ pair, ...sharing }] : []);
  new Gauge({
    ...start,
    name: "luno_mcp_feed_role",
    labelNames: ["pair", "role"],
    help: "1 for the role of this server in a shared stream: leader, follower, alone",
    collect() {
      this.reset();
      for (const { pair, role } of shared()) this.set({ pair, role }, 1);
    },
  });
  new Counter({
    ...start,
    name: "luno_mcp_feed_takeovers_total",
    help: "How often this server took over the lead of a pair",
    collect() {
      this.reset();
      for (const { pair, takeovers } of shared()) this.inc({ pair }, takeovers);
    },
  });
  new Gauge({
    ...start,
    name: "luno_mcp_feed_lag_seconds",
    help: "How long the latest update took from the leader to this server; NaN before the first",
    collect() {
      this.reset();
      for (const { pair, lagMs } of shared()) this.set({ pair }, (lagMs ?? NaN) / 1_000);
    },
  });
  new Counter({
    ...start,
    name: "luno_mcp_feed_bytes_total",
    labelNames: ["pair", "direction"],
    help: "Bytes of market data that this server wrote to and read from Redis",
    collect() {
      this.reset();
      for (const { pair, bytesSent, bytesReceived } of shared()) {
        this.inc({ pair, direction: "sent" }, bytesSent);
        this.inc({ pair, direction: "received" }, bytesReceived);
      }
    },
  });
  new Counter({
    ...start,
    name: "luno_mcp_feed_foreign_total",
    help: "Foreign values found in Redis instead of market data",
    collect() {
      this.reset();
      for (const { pair, foreign } of shared()) this.inc({ pair }, foreign);
    },
  });
}
