import assert from "node:assert/strict";
import { Tally } from "../../src/client/tally.ts";

Deno.test("Tally.report() counts events by kind, the most frequent first", () => {
  const tally = new Tally();
  tally.opened({ isReconnect: false });
  tally.opened({ isReconnect: true });
  tally.closed();
  for (let call = 0; call < 8; call++) tally.called();
  for (const ms of [1, 2, 3, 4]) tally.answered(ms);
  tally.failed("ERR_A");
  tally.failed("ERR_B");
  tally.failed("ERR_B");
  tally.failedToConnect("ERR_TLS");
  tally.failedToConnect("ERR_TLS");
  tally.refused("ERR_RATE_LIMITED");
  tally.cutOff();
  assert.equal(tally.connected, 1);
  const { latency_ms, ...report } = tally.report({ clients: 3, elapsedMs: 4_000 });
  assert.deepEqual(report, {
    clients: 3,
    duration_s: 4,
    connects: 2,
    reconnects: 1,
    calls: 8,
    calls_per_second: 2,
    answers: 4,
    unfinished: 1,
    errors: { ERR_B: 2, ERR_TLS: 2, ERR_A: 1 },
    error_rate: 0.5,
    refusals: { ERR_RATE_LIMITED: 1 },
  });
  assert.equal(latency_ms.max, 4);
});

Deno.test("Tally.report() of a run without calls has no latency and no error rate", () => {
  const report = new Tally().report({ clients: 1, elapsedMs: 0 });
  assert.deepEqual(report.latency_ms, { p50: null, p90: null, p99: null, max: null });
  assert.deepEqual([report.error_rate, report.calls_per_second], [0, 0]);
});

Deno.test("Tally names at most 50 kinds, however many a server invents", () => {
  const tally = new Tally();
  for (let kind = 0; kind < 1_000; kind++) tally.failed(`ERR_${kind}`);
  const { errors } = tally.report({ clients: 1, elapsedMs: 1 });
  assert.equal(Object.keys(errors).length, 51);
  assert.equal(errors.other, 950);
});
