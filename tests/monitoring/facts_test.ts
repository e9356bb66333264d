import assert from "node:assert/strict";
import { Registry as Metrics } from "prom-client";
import { addFacts } from "../../src/monitoring/facts.ts";
import type { ExchangeFacts, FactSources } from "../../src/monitoring/facts.ts";
import { MemoryRateLimit } from "../../src/state/shared/memory/rate_limit.ts";
import { Registry } from "../../src/session/registry.ts";
import { StoreError } from "../../src/trading/record/store_error.ts";

/** What the metrics page says of these facts, line by line. */
async function linesOf(sources: Partial<FactSources>): Promise<string[]> {
  const metrics = new Metrics();
  addFacts(metrics, { registry: registry(), exchange: () => undefined, trading: () => undefined, ...sources });
  return (await metrics.metrics()).split("\n").filter((line) => line.startsWith("luno_"));
}

const FACTS: ExchangeFacts = {
  callsLeft: 7,
  isReachable: true,
  calls: [],
  saved: { coalesced: 0, cache: 0, stream: 0 },
  streams: [],
  userStreams: [],
};

function registry(): Registry {
  const rateLimit = new MemoryRateLimit({ perMinute: () => 10, now: () => 0 });
  return new Registry({ maxConnections: 9, maxSockets: 9, maxConnectionsOf: () => 9, rateLimit, now: () => 0 });
}

Deno.test("addFacts() counts connections by the kind of their identity, and makes no label of the identity itself", async () => {
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

Deno.test("addFacts() reports the exchange: whether it is up, calls by group and outcome, calls left", async () => {
  const calls = [
    { group: "order", outcome: "ok", count: 3 },
    { group: "market", outcome: "timeout", count: 2 },
  ] as const;
  const up = await linesOf({ exchange: () => ({ ...FACTS, isReachable: false, calls }) });
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

Deno.test("addFacts() reports what saved calls, and the state of each stream", async () => {
  const counts = { updates: 9, watchers: 0, lost: { sequence_gap: 2 } };
  const streams = [
    { pair: "XBTZAR", isLive: true, ageMs: 1_500, gaps: 2, connections: 4, ...counts },
    { pair: "ETHZAR", isLive: false, ageMs: Infinity, gaps: 0, connections: 0, ...counts },
  ];
  const lines = await linesOf({
    exchange: () => ({ ...FACTS, saved: { coalesced: 3, cache: 4, stream: 5 }, streams }),
  });
  for (
    const line of [
      'luno_mcp_exchange_calls_saved_total{by="coalesced"} 3',
      'luno_mcp_exchange_calls_saved_total{by="cache"} 4',
      'luno_mcp_exchange_calls_saved_total{by="stream"} 5',
      'luno_mcp_stream_up{pair="XBTZAR"} 1',
      'luno_mcp_stream_up{pair="ETHZAR"} 0',
      'luno_mcp_stream_age_seconds{pair="XBTZAR"} 1.5',
      'luno_mcp_stream_age_seconds{pair="ETHZAR"} Nan',
      'luno_mcp_stream_gaps_total{pair="XBTZAR"} 2',
      'luno_mcp_stream_reconnects_total{pair="XBTZAR"} 3',
      'luno_mcp_stream_reconnects_total{pair="ETHZAR"} 0',
    ]
  ) assert.ok(lines.includes(line), `${line}\n${lines.join("\n")}`);
});

Deno.test("addFacts() reports who reads a shared stream, and nothing of that when each server has its own", async () => {
  const stream = { isLive: true, ageMs: 0, gaps: 0, connections: 1, updates: 0, watchers: 0, lost: {} };
  const sharing = { role: "follower", takeovers: 2, lagMs: 60, bytesSent: 7, bytesReceived: 8, foreign: 1 } as const;
  const streams = [{ ...stream, pair: "XBTZAR", sharing }, { ...stream, pair: "ETHZAR" }];
  const lines = await linesOf({ exchange: () => ({ ...FACTS, streams }) });
  assert.deepEqual(lines.filter((line) => line.startsWith("luno_mcp_feed_")), [
    'luno_mcp_feed_role{pair="XBTZAR",role="follower"} 1',
    'luno_mcp_feed_takeovers_total{pair="XBTZAR"} 2',
    'luno_mcp_feed_lag_seconds{pair="XBTZAR"} 0.06',
    'luno_mcp_feed_bytes_total{pair="XBTZAR",direction="sent"} 7',
    'luno_mcp_feed_bytes_total{pair="XBTZAR",direction="received"} 8',
    'luno_mcp_feed_foreign_total{pair="XBTZAR"} 1',
  ]);
});

Deno.test("addFacts() reports nothing of a stream that has ended", async () => {
  const metrics = new Metrics();
  const stream = { pair: "XBTZAR", isLive: true, ageMs: 0, gaps: 0, connections: 1, updates: 0, watchers: 0, lost: {} };
  let streams = [stream];
  const exchange = () => ({ ...FACTS, streams });
  addFacts(metrics, { registry: registry(), exchange, trading: () => undefined });
  assert.match(await metrics.metrics(), /luno_mcp_stream_up\{pair="XBTZAR"\} 1/);
  streams = [];
  assert.ok(!(await metrics.metrics()).includes("XBTZAR"));
});

Deno.test("addFacts() reports the user stream of each account, and nothing when there is none", async () => {
  const userStream = {
    account: "main",
    isLive: true,
    ageMs: 2_500,
    gaps: 1,
    events: 9,
    connections: 3,
    lost: { closed: 2 },
    problem: null,
    needed: 1,
  };
  const told = (lines: readonly string[]) => lines.filter((line) => line.startsWith("luno_mcp_user_stream"));
  const userStreams = [userStream, { ...userStream, account: "second", isLive: false, events: 4 }];
  assert.deepEqual(told(await linesOf({ exchange: () => ({ ...FACTS, userStreams }) })), [
    'luno_mcp_user_stream_up{account="main"} 1',
    'luno_mcp_user_stream_up{account="second"} 0',
    'luno_mcp_user_stream_age_seconds{account="main"} 2.5',
    'luno_mcp_user_stream_age_seconds{account="second"} 2.5',
    'luno_mcp_user_stream_gaps_total{account="main"} 1',
    'luno_mcp_user_stream_gaps_total{account="second"} 1',
    'luno_mcp_user_stream_reconnects_total{account="main"} 2',
    'luno_mcp_user_stream_reconnects_total{account="second"} 2',
    'luno_mcp_user_stream_events_total{account="main"} 9',
    'luno_mcp_user_stream_events_total{account="second"} 4',
  ]);
  assert.deepEqual(told(await linesOf({ exchange: () => FACTS })), []);
});

Deno.test("addFacts() reports trading: halt, pending approvals, orders by outcome", async () => {
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

Deno.test("addFacts() reports everything else when the record cannot be read", async () => {
  const trading = () => Promise.reject(new StoreError("damaged"));
  const lines = await linesOf({ trading, exchange: () => FACTS });
  assert.ok(lines.includes("luno_mcp_exchange_up 1"));
  assert.ok(lines.includes("luno_mcp_trading_halted Nan"));
});
