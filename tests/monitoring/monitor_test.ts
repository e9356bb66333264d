import assert from "node:assert/strict";
import { receiveLog } from "../../src/logging/logger.ts";
import type { LogRecord } from "@logtape/logtape";
import type { JSONRPCRequest } from "@modelcontextprotocol/server";
import { Monitor } from "../../src/monitoring/monitor.ts";
import type { ObservedCall } from "../../src/monitoring/observed_call.ts";
import type { ToolOutcome } from "../../src/protocol/tool_call.ts";
import { MemoryRateLimit } from "../../src/state/shared/memory/rate_limit.ts";
import { Registry } from "../../src/session/registry.ts";

function setup(statsIntervalMs = 0) {
  const clock = { wall: 1_000 };
  const rateLimit = new MemoryRateLimit({ perMinute: () => 10, now: () => 0 });
  const registry = new Registry({
    maxConnections: 9,
    maxSockets: 9,
    maxConnectionsOf: () => 9,
    rateLimit,
    now: () => clock.wall,
  });
  const monitor = new Monitor({
    registry,
    tools: ["get_crypto_price"],
    monotonic: () => clock.wall,
    statsIntervalMs,
    exchange: () => ({
      callsLeft: 7,
      isReachable: true,
      calls: [],
      saved: { coalesced: 0, cache: 0, stream: 0 },
      streams: [],
      userStreams: [],
    }),
  });
  const connection = registry.open({ identity: "a", address: "192.0.2.1", carrier: "websocket" });
  return { clock, registry, monitor, connection, observer: monitor.watch(connection) };
}

const FAILED: ToolOutcome = { ok: false, error: { code: "ERR_INTERNAL", message: "x", retryable: false } };

function callThat(outcome: ToolOutcome, durationMs = 30): ObservedCall {
  return { tool: "get_crypto_price", identity: "a", outcome, durationMs };
}

function request(id: number, method: string, params: Record<string, unknown> = {}): JSONRPCRequest {
  return { jsonrpc: "2.0", id, method, params };
}

Deno.test("Monitor counts and times tool calls", async () => {
  const { monitor } = setup();
  monitor.called(callThat({ ok: true, value: {} }));
  monitor.called(callThat(FAILED));
  const { text } = await monitor.metrics();
  assert.match(text, /luno_mcp_calls_total\{tool="get_crypto_price",outcome="ok"\} 1/);
  assert.match(text, /luno_mcp_calls_total\{tool="get_crypto_price",outcome="error"\} 1/);
  assert.match(text, /luno_mcp_call_duration_seconds_bucket\{le="0.025",tool="get_crypto_price"\} 0/);
  assert.match(text, /luno_mcp_call_duration_seconds_bucket\{le="0.1",tool="get_crypto_price"\} 2/);
});

Deno.test("Monitor makes no label of what a client sends", async () => {
  const { monitor, observer } = setup();
  for (let id = 0; id < 100; id++) {
    const call = request(id, id % 2 === 0 ? `evil${id}` : "tools/call", { name: `evil${id}` });
    observer.received(call, "x");
    observer.answered(call, { isError: true });
    observer.refused(undefined, { code: -32700, message: "x", data: { code: `evil${id}` } });
  }
  const { text } = await monitor.metrics();
  assert.ok(!text.includes("evil"));
  assert.match(text, /luno_mcp_refusals_total\{reason="malformed"\} 100/);
});

Deno.test("Monitor shows current values as gauges", async () => {
  const { monitor, registry, connection, observer } = setup();
  observer.received(request(1, "get_ticker"), "xxxxxxxxxx");
  assert.match(
    (await monitor.metrics()).text,
    /luno_mcp_connections\{identity="other"\} 1\n[^]*luno_mcp_exchange_calls_left 7\n[^]*luno_mcp_requests_in_flight 1/,
  );
  registry.close(connection);
  assert.ok(!(await monitor.metrics()).text.includes('luno_mcp_connections{identity="other"}'));
});

Deno.test("Monitor counts each connection separately and records its identity, in both protocol revisions", () => {
  const { clock, registry, observer } = setup();
  observer.received(request(1, "initialize", { clientInfo: { name: "old", version: "1" } }), "x".repeat(100));
  clock.wall = 5_000;
  observer.answered(request(1, "initialize"), { isError: false });
  observer.received(request(2, "get_ticker"), "é".repeat(25));
  observer.refused(request(2, "get_ticker"), { code: -32000, message: "x", data: { code: "ERR_QUEUE_FULL" } });
  const [shown] = registry.status();
  assert.deepEqual([shown?.client, shown?.era, shown?.calls, shown?.refusals, shown?.bytes_in, shown?.in_flight], [
    "old",
    "legacy",
    1,
    1,
    150,
    0,
  ]);
  assert.equal(shown?.last_seen, "1970-01-01T00:00:05.000Z");
  const meta = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": { name: "new" },
  };
  observer.received(request(3, "tools/list", { _meta: meta }), "x");
  assert.deepEqual([registry.status()[0]?.client, registry.status()[0]?.era], ["new", "modern"]);
});

Deno.test("Monitor logs a flat line of statistics at its interval, unless nothing happened, until it is stopped", async () => {
  const records: LogRecord[] = [];
  const { promise: first, resolve } = Promise.withResolvers<void>();
  const stop = receiveLog("info", (record) => {
    records.push(record);
    resolve();
  });
  const { monitor, registry } = setup(5);
  const { statistics } = monitor;
  statistics.write();
  assert.deepEqual(records, [], "nothing happened");
  for (let id = 0; id < 6; id++) registry.rateLimit.take("a");
  for (const outcome of [{ ok: true, value: {} } as const, FAILED, { ok: true, value: {} } as const]) {
    monitor.called(callThat(outcome, 12));
  }
  statistics.start();
  await first;
  statistics.stop();
  statistics.write();
  assert.deepEqual(records.map(({ rawMessage, properties }) => [rawMessage, properties]), [["statistics", {
    interval_s: 0.005,
    connections: 1,
    calls: 3,
    calls_per_second: 600,
    errors: 1,
    refusals: 0,
    rejected_connections: 0,
    latency_p50_ms: 12,
    latency_p90_ms: 12,
    latency_p99_ms: 12,
    busy_clients: 1,
    busiest_clients: ["a"],
  }]]);
  stop();
});

Deno.test("Monitor measures how long requests waited for others of their connection", async () => {
  const { clock, monitor, observer } = setup();
  const [first, second] = [request(1, "get_ticker"), request(2, "get_ticker")];
  observer.received(first, "x");
  observer.started?.(first);
  observer.received(second, "x");
  observer.queued?.(second);
  clock.wall += 250;
  observer.started?.(second);
  const { text } = await monitor.metrics();
  assert.match(text, /luno_mcp_queue_seconds_bucket\{le="0.1"\} 1/);
  assert.match(text, /luno_mcp_queue_seconds_sum 0.25/);
  assert.match(text, /luno_mcp_queue_seconds_count 2/);
});
