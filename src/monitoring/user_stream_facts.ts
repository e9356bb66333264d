/** Metrics of the user stream, read when scraped. */

import { Counter, Gauge } from "prom-client";
import type { Registry as Metrics } from "prom-client";
import { reconnectsOf } from "../market/exchange_usage.ts";
import type { AccountStreamStatus, ExchangeUsage } from "../market/exchange_usage.ts";

/** The source of the metrics. */
export interface UserStreamSource {
  readonly exchange: () => Pick<ExchangeUsage, "userStreams"> | undefined;
}

/** Adds the metrics; `exchange` returns `undefined` while there is none. */
export function addUserStream(metrics: Metrics, { exchange }: UserStreamSource): void {
  const start = { labelNames: ["account"], registers: [metrics] };
  const streams = () => exchange()?.userStreams ?? [];
  new Gauge({
    ...start,
    name: "luno_mcp_user_stream_up",
    help: "1 while the stream of own orders and balances is live, 0 while it is not; absent while it is not needed",
    collect() {
      this.reset();
      for (const { account, isLive } of streams()) this.set({ account }, Number(isLive));
    },
  });
  new Gauge({
    ...start,
    name: "luno_mcp_user_stream_age_seconds",
    help: "Time since the last sign of life on the user stream; NaN before the first",
    collect() {
      this.reset();
      for (const { account, ageMs } of streams()) {
        this.set({ account }, Number.isFinite(ageMs) ? ageMs / 1_000 : NaN);
      }
    },
  });
  const counters = [
    ["gaps", "Gaps of the user stream longer than the exchange keeps messages", (s) => s.gaps],
    ["reconnects", "Reconnections of the user stream", reconnectsOf],
    ["events", "Messages about own orders and balances", (s) => s.events],
  ] as const satisfies readonly (readonly [string, string, (status: AccountStreamStatus) => number])[];
  for (const [name, help, countOf] of counters) {
    new Counter({
      ...start,
      name: `luno_mcp_user_stream_${name}_total`,
      help,
      collect() {
        this.reset();
        for (const status of streams()) this.inc({ account: status.account }, countOf(status));
      },
    });
  }
}
