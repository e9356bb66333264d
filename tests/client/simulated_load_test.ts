import assert from "node:assert/strict";
import { Load } from "../../src/client/simulated_load.ts";
import type { LoadOptions } from "../../src/client/simulated_load.ts";
import { sleep } from "../../src/timing/sleep.ts";
import { TestExchange } from "../support/exchange.ts";
import { servingTools, TestServer } from "./test_server.ts";

function optionsFor(server: TestServer, options: Partial<LoadOptions> = {}): LoadOptions {
  return {
    endpoint: server.endpoint,
    clients: 4,
    callsPerSecond: 100,
    durationMs: 300,
    nextRequest: () => ({ name: "describe_capabilities", args: {} }),
    signal: new AbortController().signal,
    random: () => 0.01,
    sleep,
    now: () => performance.now(),
    ...options,
  };
}

/** Ends a run once `count` calls have been started. */
function after(count: number, then: () => void): LoadOptions["nextRequest"] {
  let calls = 0;
  return () => {
    if (++calls === count) then();
    return { name: "describe_capabilities", args: {} };
  };
}

Deno.test("Load.run() gives every client a session, and every call an answer", async () => {
  await using exchange = await TestExchange.start();
  await using server = await TestServer.start({ serve: servingTools(exchange.context) });
  const end = new AbortController();
  const nextRequest = after(40, () => end.abort());
  const report = await new Load(optionsFor(server, { nextRequest, signal: end.signal, durationMs: 60_000 })).run();
  assert.deepEqual([report.clients, report.connects, report.reconnects], [4, 4, 0]);
  assert.deepEqual([report.errors, report.refusals, report.unfinished], [{}, {}, 0]);
  assert.ok(report.calls >= 40, `${report.calls}`);
  assert.equal(report.answers, report.calls);
  assert.ok((report.latency_ms.max ?? 0) > 0);
});

Deno.test("Load.run() ends when its time is up", async () => {
  await using exchange = await TestExchange.start();
  await using server = await TestServer.start({ serve: servingTools(exchange.context) });
  const report = await new Load(optionsFor(server, { durationMs: 50 })).run();
  assert.ok(report.duration_s >= 0.05);
});

Deno.test("Load.run() reconnects when connections break, and counts what broke", async () => {
  await using exchange = await TestExchange.start();
  await using server = await TestServer.start({ serve: servingTools(exchange.context) });
  const end = new AbortController();
  let hasBroken = false;
  const nextRequest = () => {
    if (!hasBroken && load.tally.connected === 4) {
      hasBroken = true;
      server.breakAll();
    }
    if (load.report().reconnects === 4) end.abort();
    return { name: "describe_capabilities", args: {} };
  };
  const load = new Load(optionsFor(server, { nextRequest, signal: end.signal, durationMs: 60_000 }));
  const report = await load.run();
  assert.deepEqual([report.connects, report.reconnects], [8, 4]);
  assert.deepEqual(report.errors, { ERR_LOST: 4 });
});

Deno.test("Load.run() waits as long as a refusal asks, and counts no error", async () => {
  await using exchange = await TestExchange.start();
  const refusal = { code: -32000, message: "Too many", data: { code: "ERR_RATE_LIMITED", retryAfterMs: 7_000 } };
  let admitted = 0;
  await using server = await TestServer.start({
    serve: servingTools(exchange.context, {
      admit: (request) => request?.method === "tools/call" && ++admitted > 3 ? refusal : undefined,
    }),
  });
  const end = new AbortController();
  const waits: number[] = [];
  const load = new Load(optionsFor(server, {
    clients: 1,
    durationMs: 60_000,
    signal: end.signal,
    sleep(ms, signal) {
      waits.push(ms);
      if (ms > 5_000 && ms < 10_000) end.abort();
      return sleep(ms, signal);
    },
  }));
  const report = await load.run();
  assert.deepEqual([report.calls, report.answers], [4, 3]);
  assert.deepEqual([report.errors, report.refusals], [{}, { ERR_RATE_LIMITED: 1 }]);
  assert.ok(waits.some((ms) => ms > 6_900 && ms < 8_000), `${waits}`);
});

Deno.test("Load.run() counts a busy server's refusal of a connection as a refusal, and retries", async () => {
  await using exchange = await TestExchange.start();
  let refusals = 2;
  await using server = await TestServer.start({
    serve: servingTools(exchange.context),
    refuse: () => refusals-- > 0 ? "503 Busy\r\nRetry-After: 0" : undefined,
  });
  const end = new AbortController();
  const nextRequest = after(5, () => end.abort());
  const options = optionsFor(server, { clients: 1, nextRequest, signal: end.signal, durationMs: 60_000 });
  const report = await new Load(options).run();
  assert.deepEqual([report.connects, report.reconnects], [1, 0]);
  assert.deepEqual([report.errors, report.refusals], [{}, { "ERR_REFUSED 503": 2 }]);
});

Deno.test("Load.run() ends at once when every client is refused permanently", async () => {
  await using server = await TestServer.start({ serve: () => {}, refuse: () => "401 Unauthorized" });
  const report = await new Load(optionsFor(server, { durationMs: 3_600_000 })).run();
  assert.deepEqual([report.connects, report.errors, report.error_rate], [0, { "ERR_REFUSED 401": 4 }, 1]);
});

Deno.test("Load.run() counts tool errors by their code", async () => {
  await using exchange = await TestExchange.start();
  await using server = await TestServer.start({ serve: servingTools(exchange.context) });
  const end = new AbortController();
  let calls = 0;
  const nextRequest = () => {
    if (++calls === 6) end.abort();
    return calls % 2 === 0 ? { name: "no_such_tool", args: {} } : { name: "get_crypto_price", args: { pair: "NOPE" } };
  };
  const options = optionsFor(server, { clients: 1, nextRequest, signal: end.signal, durationMs: 60_000 });
  const report = await new Load(options).run();
  assert.deepEqual(report.errors, { ERR_PAIR_UNKNOWN: 3, "rpc -32602": 3 });
  assert.equal(report.error_rate, 1);
});

Deno.test("Load.run() aborts calls that have no answer long after its end", async () => {
  await using exchange = await TestExchange.start();
  const serve = servingTools(exchange.context, { maxInFlight: 0 });
  await using server = await TestServer.start({ serve });
  const end = new AbortController();
  const load = new Load(optionsFor(server, {
    clients: 2,
    nextRequest: after(2, () => end.abort()),
    signal: end.signal,
    durationMs: 60_000,
    sleep: (ms, signal) => ms === 2_000 ? Promise.resolve() : sleep(ms, signal),
  }));
  const report = await load.run();
  assert.deepEqual([report.calls, report.answers, report.unfinished], [2, 0, 2]);
});
