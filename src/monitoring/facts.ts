/** Metrics that are read at their source when scraped: exchange, orders, connections. */

import { Counter, Gauge } from "prom-client";
import type { Registry as Metrics } from "prom-client";
import type { ExchangeUsage } from "../market/exchange_usage.ts";
import type { Registry } from "../session/registry.ts";
import { ORDER_OUTCOMES } from "../trading/audit_lines.ts";
import type { TradingFigures } from "../trading/audit_log.ts";
import { addSharing, addStreams } from "./stream_facts.ts";
import { addUserStream } from "./user_stream_facts.ts";

/** Facts from the exchange's client. */
export interface ExchangeFacts extends ExchangeUsage {
  /** Calls left in the current minute's budget. */
  readonly callsLeft: number;
  /** Whether it answers; `null` before the first call. */
  readonly isReachable: boolean | null;
}

/** The sources of the metrics; each returns `undefined` while there are none, `trading` asynchronously. */
export interface FactSources {
  readonly registry: Registry;
  readonly exchange: () => ExchangeFacts | undefined;
  /** Rejects with a `StoreError` when the record cannot be read. */
  readonly trading: () => Promise<TradingFigures> | undefined;
}

/** The kinds of identities, as a label: the identity itself never becomes one. */
const IDENTITY_KINDS = { local: "local", key: "key", token: "token", cert: "certificate", address: "address" } as const;

/** Adds the metrics. */
export function addFacts(metrics: Metrics, sources: FactSources): void {
  addConnections(metrics, sources);
  addExchange(metrics, sources);
  addStreams(metrics, sources);
  addSharing(metrics, sources);
  addUserStream(metrics, sources);
  addTrading(metrics, sources);
  addLoad(metrics, sources);
}

function addConnections(metrics: Metrics, { registry }: FactSources): void {
  const registers = [metrics];
  new Gauge({
    name: "luno_mcp_connections",
    help: "Open connections, by kind of identity",
    labelNames: ["identity"],
    registers,
    collect() {
      this.reset();
      for (const kind of Object.values(IDENTITY_KINDS)) this.set({ identity: kind }, 0);
      for (const { start } of registry.connections) this.inc({ identity: kindOf(start.identity) });
    },
  });
}

function addExchange(metrics: Metrics, { exchange }: FactSources): void {
  const registers = [metrics];
  new Gauge({
    name: "luno_mcp_exchange_calls_left",
    help: "Calls that the exchange would still take in the current minute",
    registers,
    collect() {
      this.set(exchange()?.callsLeft ?? NaN);
    },
  });
  new Gauge({
    name: "luno_mcp_exchange_up",
    help: "1 while the exchange answers, 0 while it does not; NaN before the first call",
    registers,
    collect() {
      this.set(toNumber(exchange()?.isReachable ?? null));
    },
  });
  new Counter({
    name: "luno_mcp_exchange_calls_total",
    help: "Requests to the exchange, each attempt, by group of endpoints and outcome",
    labelNames: ["group", "outcome"],
    registers,
    collect() {
      this.reset();
      for (const { count, ...labels } of exchange()?.calls ?? []) this.inc(labels, count);
    },
  });
  new Counter({
    name: "luno_mcp_exchange_calls_saved_total",
    help: "Reads that were answered without a call to the exchange, by why: coalesced, cache, stream",
    labelNames: ["by"],
    registers,
    collect() {
      this.reset();
      for (const [by, count] of Object.entries(exchange()?.saved ?? {})) this.inc({ by }, count);
    },
  });
}

function addTrading(metrics: Metrics, { trading }: FactSources): void {
  const registers = [metrics];
  new Gauge({
    name: "luno_mcp_trading_halted",
    help: "1 while trading is halted; NaN while it is off or the database cannot be read",
    registers,
    async collect() {
      this.set(toNumber((await readable(trading))?.isHalted ?? null));
    },
  });
  new Gauge({
    name: "luno_mcp_approvals_waiting",
    help: "Orders that wait for approval; NaN while trading is off or the database cannot be read",
    registers,
    async collect() {
      this.set((await readable(trading))?.approvalsWaiting ?? NaN);
    },
  });
  new Counter({
    name: "luno_mcp_orders_total",
    help: "Orders of this server, by kind and what became of them",
    labelNames: ["kind", "outcome"],
    registers,
    async collect() {
      const figures = await readable(trading);
      if (figures === undefined) return;
      this.reset();
      for (const outcome of ORDER_OUTCOMES) this.inc({ kind: "real", outcome }, 0);
      for (const { count, ...labels } of figures.orders) this.inc(labels, count);
    },
  });
}

function addLoad(metrics: Metrics, { registry }: FactSources): void {
  const registers = [metrics];
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

/** A record that cannot be read omits its own metrics, not the whole page. */
async function readable(trading: FactSources["trading"]): Promise<TradingFigures | undefined> {
  try {
    return await trading();
  } catch {
    return undefined;
  }
}

function toNumber(value: boolean | null): number {
  return value === null ? NaN : Number(value);
}

function kindOf(identity: string): string {
  const [prefix = ""] = identity.split(":");
  return Object.entries(IDENTITY_KINDS).find(([known]) => known === prefix)?.[1] ?? "other";
}
