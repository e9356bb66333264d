import assert from "node:assert/strict";
import { Registry as Metrics } from "prom-client";
import { addFacts } from "../../src/monitoring/facts.ts";
import type { FactSources } from "../../src/monitoring/facts.ts";
import { MemoryRateLimit } from "../../src/state/shared/memory/rate_limit.ts";
import { Registry } from "../../src/session/registry.ts";
import { StoreError } from "../../src/trading/record/store_error.ts";

/** What the metrics page says of these facts, line by line. */
async function linesOf(sources: Partial<FactSources>): Promise<string[]> {
  const metrics = new Metrics();
  addFacts(metrics, { registry: registry(), exchange: () => undefined, trading: () => undefined, ...sources });
  return (await metrics.metrics()).split("\n").filter((line) => line.startsWith("luno_"));
}

function registry(): Registry {
  const rateLimit = new MemoryRateLimit({ perMinute: () => 10, now: () => 0 });
  return new Registry({ maxConnections: 9, maxSockets: 9, maxConnectionsOf: () => 9, rateLimit, now: () => 0 });
}

Deno.test("addFacts() counts connections by the kind of their identity, and makes no label of who it is", async () => {
  const connections = registry();
  for (const identity of ["local", "key:ann", "key:bob", "token:sub", "cert:host", "address:192.0.2.1", "strange"]) {
    connections.open({ identity, address: "192.0.2.1", carrier: "websocket" });
  }
  const lines = (await linesOf({ registry: connections })).filter((line) => line.startsWith("luno_mcp_connections"));
  assert.deepEqual(lines, [
    'luno_mcp_connections{identity="local"} 1',
    'luno_mcp_connections{identity="key"} 2',
    'luno_mcp_connections{identity="token"} 1',
    'luno_mcp_connections{identity="certificate"} 1',
    'luno_mcp_connections{identity="address"} 1',
    'luno_mcp_connections{identity="other"} 1',
  ]);
});

Deno.test("addFacts() tells of the exchange: whether it is up, calls by group and outcome, calls left", async () => {
  const calls = [
    { group: "order", outcome: "ok", count: 3 },
    { group: "market", outcome: "timeout", count: 2 },
  ] as const;
  const up = await linesOf({ exchange: () => ({ callsLeft: 7, isReachable: false, calls }) });
  for (
    const line of [
      "luno_mcp_exchange_up 0",
      "luno_mcp_exchange_calls_left 7",
      'luno_mcp_exchange_calls_total{group="order",outcome="ok"} 3',
      'luno_mcp_exchange_calls_total{group="market",outcome="timeout"} 2',
    ]
  ) assert.ok(up.includes(line), up.join("\n"));
  assert.ok((await linesOf({})).includes("luno_mcp_exchange_up Nan"), "it was not asked yet");
});

Deno.test("addFacts() tells of trading: halt, waiting approvals, orders by outcome", async () => {
  const orders = [{ kind: "paper", outcome: "placed", count: 4 }, {
    kind: "real",
    outcome: "unknown",
    count: 1,
  }] as const;
  const lines = await linesOf({ trading: () => Promise.resolve({ isHalted: true, approvalsWaiting: 2, orders }) });
  for (
    const line of [
      "luno_mcp_trading_halted 1",
      "luno_mcp_approvals_waiting 2",
      'luno_mcp_orders_total{kind="real",outcome="placed"} 0',
      'luno_mcp_orders_total{kind="real",outcome="unknown"} 1',
      'luno_mcp_orders_total{kind="paper",outcome="placed"} 4',
    ]
  ) assert.ok(lines.includes(line), lines.join("\n"));
});

Deno.test("addFacts() answers everything else where the record cannot be read", async () => {
  const trading = () => Promise.reject(new StoreError("damaged"));
  const lines = await linesOf({ trading, exchange: () => ({ callsLeft: 7, isReachable: true, calls: [] }) });
  assert.ok(lines.includes("luno_mcp_exchange_up 1"));
  assert.ok(lines.includes("luno_mcp_trading_halted Nan"));
});
