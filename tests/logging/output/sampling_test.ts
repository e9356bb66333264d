import assert from "node:assert/strict";
import type { LogRecord } from "@logtape/logtape";
import { RefusalSampler } from "../../../src/logging/output/sampling.ts";

function record(message: string, properties: Record<string, unknown>, area = "access"): LogRecord {
  return {
    category: ["luno-mcp-server", area],
    level: "warning",
    message: [message],
    rawMessage: message,
    timestamp: 0,
    properties,
  };
}

function setup() {
  const written: LogRecord[] = [];
  return { written, sampler: new RefusalSampler((each) => written.push(each)) };
}

Deno.test("RefusalSampler logs the first refusal of an address and reason at once, the others as one record with their count", () => {
  const { written, sampler } = setup();
  for (let count = 0; count < 1_000; count++) {
    for (const address of ["192.0.2.1", "192.0.2.2"]) {
      sampler.push(record("refused", { status: 401, reason: "unknown", address, path: `/${count}` }));
    }
  }
  sampler.push(record("refused", { status: 401, reason: "expired", address: "192.0.2.1", path: "/" }));
  assert.equal(written.length, 3);
  sampler.flush();
  assert.deepEqual(written.slice(3).map(({ properties: { address, count, path } }) => [address, count, path]), [
    ["192.0.2.1", 999, "/999"],
    ["192.0.2.2", 999, "/999"],
  ]);
  sampler.push(record("refused", { status: 401, reason: "unknown", address: "192.0.2.1", path: "/" }));
  assert.equal(written.length, 6);
  sampler.flush();
  assert.equal(written.length, 6);
});

Deno.test("RefusalSampler lets every other record through", () => {
  const { written, sampler } = setup();
  for (const message of ["connected", "disconnected", "credential no longer valid", "API keys changed"]) {
    for (let count = 0; count < 3; count++) sampler.push(record(message, { identity: "key:ann" }));
  }
  sampler.push(record("refused", { code: "ERR_LIMIT" }, "trading"));
  sampler.push(record("refused", { code: "ERR_LIMIT" }, "trading"));
  assert.equal(written.length, 14);
});

Deno.test("RefusalSampler counts refusals together once there are more addresses than it can distinguish", () => {
  const { written, sampler } = setup();
  for (let host = 0; host < 5_000; host++) sampler.push(record("refused", { reason: "unknown", address: `a${host}` }));
  assert.equal(written.length, 1_001);
  sampler.flush();
  assert.deepEqual(written.slice(1_001).map(({ properties }) => properties.count), [3_999]);
});
