import assert from "node:assert/strict";
import { AccessFile } from "../../src/access/access_file.ts";
import { LOCAL } from "../../src/access/authenticator.ts";
import { Caller } from "../../src/access/caller.ts";
import { logCall, logRefusal } from "../../src/monitoring/access_log.ts";
import type { AccessLogMode } from "../../src/monitoring/access_log.ts";
import type { ObservedCall } from "../../src/monitoring/observed_call.ts";
import { callDirectly } from "../../src/protocol/direct_call.ts";
import { CallFastPath } from "../../src/protocol/fast_path.ts";
import { Opening } from "../../src/protocol/opening.ts";
import { listingOf } from "../../src/protocol/listing.ts";
import type { Backend } from "../../src/protocol/backend_port.ts";
import { PlainCalls } from "../../src/protocol/plain_calls.ts";
import { readResource } from "../../src/protocol/resources.ts";
import { callTool } from "../../src/protocol/tool_call.ts";
import { observeCalls } from "../../src/server/observe_calls.ts";
import { createRest } from "../../src/transport/http/rest.ts";
import { backendOf } from "../protocol/backend.ts";
import { callerOf } from "../support/callers.ts";
import { everyTool, TestExchange } from "../support/exchange.ts";
import { LogRecords } from "../support/log_records.ts";

const PAIR = "CANARYZAR";

/** A backend whose clock passes 1.25 ms with each look, and whose calls are logged as `mode` asks. */
function backend(exchange: TestExchange, mode: AccessLogMode): Backend {
  let clock = 0;
  const observers = [(call: ObservedCall) => logCall(mode, call)];
  const run = observeCalls(callTool, { observers, monotonic: () => clock += 1.25 });
  return { ...backendOf(exchange.context), run };
}

const signal = new AbortController().signal;
const caller = callerOf("key:alice").on("c7");

Deno.test("the access log of all calls records caller, tool, connection, outcome and duration, and no argument", async () => {
  await using exchange = await TestExchange.start();
  using records = LogRecords.start();
  const fastPath = new CallFastPath({
    opening: new Opening(undefined, caller),
    caller,
    calls: new PlainCalls({
      identity: { name: "test", version: "1" },
      backend: () => Promise.resolve(backend(exchange, "all")),
      methods: new Set(["get_crypto_price"]),
      asking: new Set(),
    }),
  });
  for (const [id, pair] of [[1, "XBTZAR"], ["two", PAIR]] as const) {
    await fastPath.take({ jsonrpc: "2.0", id, method: "get_crypto_price", params: { pair } }, { signal });
  }
  const facts = { connection_id: "c7", identity: "key:alice", tool: "get_crypto_price", duration_ms: 1.3 };
  assert.deepEqual(records.of("tool call").map(({ properties }) => properties), [
    { ...facts, request_id: 1, outcome: "ok" },
    { ...facts, request_id: "two", outcome: "ERR_PAIR_UNKNOWN" },
  ]);
  assert.ok(!JSON.stringify(records.of("tool call")).includes(PAIR));
});

for (
  const [mode, expected] of [["off", []], ["errors", ["ERR_PAIR_UNKNOWN"]], ["all", [
    "ok",
    "ERR_PAIR_UNKNOWN",
  ]]] as const
) {
  Deno.test(`the access log ${mode} contains the calls that ended with ${expected.join(" and ") || "nothing"}`, async () => {
    await using exchange = await TestExchange.start();
    using records = LogRecords.start();
    const parts = backend(exchange, mode);
    for (const pair of ["XBTZAR", PAIR]) {
      await callDirectly(parts, { method: "get_crypto_price", params: { pair }, cancellation: { signal }, caller });
    }
    logRefusal(mode, { identity: "key:alice", code: "ERR_TOO_MANY_REQUESTS" });
    assert.deepEqual(records.of("tool call").map(({ properties }) => properties.outcome), expected);
    assert.equal(records.of("request refused").length, mode === "off" ? 0 : 1);
  });
}

Deno.test("the access log does not count calls that a caller aborted or that first ask a person as errors", () => {
  using records = LogRecords.start();
  const errors = [
    { ok: false, error: { code: "ERR_CANCELLED", message: "", retryable: false } },
    {
      ok: false,
      error: { code: "ERR_CONFIRMATION_REQUIRED", message: "", retryable: false },
      ask: { token: "1", text: "" },
    },
  ] as const;
  for (const outcome of errors) {
    logCall("errors", { tool: "get_crypto_price", identity: "key:alice", outcome, durationMs: 0 });
  }
  assert.deepEqual(records.messages, []);
});

Deno.test("the access log of REST names the request as X-Request-Id does, if there is one", async () => {
  await using exchange = await TestExchange.start();
  using records = LogRecords.start();
  const rest = createRest({
    identity: { name: "test", version: "1" },
    listing: listingOf(["market"]),
    backend: () => Promise.resolve(backend(exchange, "all")),
    maxBodySize: 1_024,
  });
  const alice = new Caller({
    credential: { ...LOCAL, identity: "key:alice" },
    address: "127.0.0.1",
    grants: new AccessFile(),
    now: () => 0,
  });
  for (const id of ["trace-1", "two words"]) {
    const headers = { "content-type": "application/json", "x-request-id": id };
    const body = JSON.stringify({ pair: "XBTZAR" });
    const url = "http://localhost/v1/tools/get_crypto_price";
    await rest(new Request(url, { method: "POST", headers, body }), alice);
  }
  const shown = records.of("tool call").map(({ properties }) => [properties.identity, properties.request_id]);
  assert.deepEqual(shown, [["key:alice", "trace-1"], ["key:alice", undefined]]);
});

Deno.test("the access log contains the tools that run when a resource is read", async () => {
  await using exchange = await TestExchange.start();
  using records = LogRecords.start();
  const { run, resources, contextOf } = backend(exchange, "all");
  const context = contextOf(caller);
  const server = { ...context.server, tools: everyTool.listed };
  await readResource("luno://wallets", { ...context, ...resources, server, run, signal, requestId: 3 });
  const [read] = records.of("tool call");
  assert.deepEqual([read?.properties.tool, read?.properties.request_id], ["get_accounts", 3]);
});
