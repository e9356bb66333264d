/** The log of a server for machines: only JSON records, from the first byte to the last. */

import assert from "node:assert/strict";
import type { Json } from "../support/exchange.ts";
import { PROGRAMS, readLines, runProgram, startProgram } from "./program.ts";

const JSON_LOG = ["--log-format", "json"];

function recordsOf(text: string): Json[] {
  return text.trim().split("\n").map((line) => JSON.parse(line));
}

for (const program of PROGRAMS) {
  Deno.test(`--log-format json writes JSON from the first byte: start, calls and end (${program.name})`, async () => {
    const args = ["--transport", "http", "--exchange", "simulated", "--port", "0", "--access-log", "all", ...JSON_LOG];
    const child = startProgram(program, args);
    const records: Json[] = [];
    for await (const line of readLines(child.stderr)) {
      const record = JSON.parse(line);
      records.push(record);
      if (record.message !== "server started") continue;
      const [address = ""] = record.properties.addresses;
      const headers = { "content-type": "application/json", "x-request-id": "r1" };
      const url = new URL("/v1/tools/get_crypto_price", address);
      const response = await fetch(url, { method: "POST", headers, body: '{"pair":"BTC/ZAR"}' });
      assert.equal(response.status, 200, await response.text());
      child.kill("SIGTERM");
    }
    assert.equal((await child.status).code, 0);
    const [started] = records;
    assert.equal(started?.message, "server started");
    assert.deepEqual([started?.properties.exchange, started?.properties.trading], ["simulated", "off"]);
    const call = records.find(({ message }) => message === "tool call");
    const { duration_ms, ...facts } = call?.properties ?? {};
    assert.equal(typeof duration_ms, "number");
    assert.deepEqual(facts, { identity: "local", request_id: "r1", tool: "get_crypto_price", outcome: "ok" });
  });

  Deno.test(`--log-format json reports a failed start as one record with every problem (${program.name})`, async () => {
    const bad = [...JSON_LOG, "--exchange", "moon", "--port", "high"];
    const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const busy = [
      "--transport",
      "http",
      "--exchange",
      "simulated",
      "--host",
      "127.0.0.1",
      "--port",
      `${taken.addr.port}`,
    ];
    try {
      for (const [args, code, problems] of [[bad, 2, 3], [[...busy, ...JSON_LOG], 69, 1]] as const) {
        const run = await runProgram(program, args);
        assert.equal(run.code, code, run.stderr);
        const records = recordsOf(run.stderr);
        assert.deepEqual(records.map(({ message }) => message), ["cannot start"]);
        assert.equal(records[0].properties.problems.length, problems, run.stderr);
      }
    } finally {
      taken.close();
    }
  });

  Deno.test(`LOG_LEVEL=WARN does not prevent the start, nor do other common names (${program.name})`, async () => {
    for (const level of ["WARN", "Critical"]) {
      const run = await runProgram(program, ["--exchange", "simulated"], { env: { LOG_LEVEL: level }, input: "" });
      assert.deepEqual([run.code, run.stderr], [0, ""], level);
    }
  });
}
