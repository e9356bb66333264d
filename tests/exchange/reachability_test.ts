/** Whether the exchange answers, as calls find out. */

import assert from "node:assert/strict";
import { ExchangeClient } from "../../src/exchange/client.ts";
import { Reachability } from "../../src/exchange/reachability.ts";
import { LogRecords } from "../support/log_records.ts";
import { connect, failureOf } from "./clients.ts";
import { http, RawServer } from "./raw_server.ts";

const LOST_MESSAGE = "exchange unreachable";
const BACK_MESSAGE = "exchange reachable again";
const LOST = { code: "ERR_NETWORK", message: "Cannot read the ticker" } as const;

/** Reachability at a time that the test moves. */
function clocked() {
  const clock = { ms: 0 };
  const now = () => clock.ms;
  return { clock, reachability: new Reachability({ host: "api.test", now, wallClock: () => 1_000_000 + clock.ms }) };
}

Deno.test("Reachability warns once when the exchange stops answering, and reports once that it is back", () => {
  using records = LogRecords.start();
  const { clock, reachability } = clocked();
  assert.deepEqual(reachability.status, { reachable: null, since: null, problem: null });
  for (clock.ms = 10; clock.ms < 50; clock.ms += 10) reachability.failed(LOST, clock.ms - 5);
  reachability.failed({ code: "ERR_TIMEOUT", message: "another" }, 49);
  assert.deepEqual(reachability.status, { reachable: false, since: 1_000_010, problem: LOST.message });
  clock.ms = 110;
  for (let answer = 0; answer < 3; answer++) reachability.answered();
  assert.deepEqual(reachability.status, { reachable: true, since: 1_000_110, problem: null });
  assert.deepEqual(records.messages, [LOST_MESSAGE, BACK_MESSAGE]);
  const [lost, back] = records.all.map(({ level, properties }) => ({ level, ...properties }));
  assert.deepEqual(lost, { level: "warning", host: "api.test", code: "ERR_NETWORK", reason: LOST.message });
  assert.deepEqual(back, { level: "info", host: "api.test", unreachable_ms: 100 });
});

Deno.test("Reachability ignores a failure while other calls are answered, and always refusals and cancelled calls", () => {
  using records = LogRecords.start();
  const { clock, reachability } = clocked();
  for (const code of ["ERR_CANCELLED", "ERR_BUDGET_EXHAUSTED", "ERR_CREDENTIALS_REFUSED"] as const) {
    reachability.failed({ code, message: "" }, 0);
  }
  assert.equal(reachability.status.reachable, null);
  clock.ms = 20;
  reachability.answered();
  reachability.failed(LOST, 10);
  assert.deepEqual([reachability.status.reachable, reachability.silentForMs], [true, 0]);
  clock.ms = 30;
  reachability.failed(LOST, 25);
  assert.deepEqual([reachability.status.reachable, records.messages], [false, [LOST_MESSAGE]]);
});

Deno.test("ExchangeClient.call() names host and cause when no answer comes, and status() since when", async () => {
  const server = new RawServer((_request, connection) => connection.close());
  const client = new ExchangeClient({ url: server.url, wallClock: () => 7, sleep: () => Promise.resolve() });
  const host = new URL(server.url).host;
  const broken = await failureOf(client.call("getTicker", { pair: "XBTZAR" }));
  const sentence = `the connection to the exchange (${host}) broke: it was closed before the answer was complete`;
  assert.ok(broken.message.endsWith(sentence), broken.message);
  assert.deepEqual(client.status().reachability, { reachable: false, since: 7, problem: broken.message });
  await server[Symbol.asyncDispose]();
  const refused = await failureOf(client.call("getTicker", { pair: "XBTZAR" }, { priority: "cancel" }));
  assert.ok(refused.message.endsWith(`the exchange (${host}) cannot be reached: connection refused`), refused.message);
  assert.equal(client.status().reachability.problem, broken.message);
  client.close();
});

Deno.test("ExchangeClient.status() counts a refusal as an answer of the exchange, and an unrelated page as none", async () => {
  const answers = [http(200, "<html>sign in</html>"), http(404, '{"error":"x","error_code":"ErrNotFound"}')];
  await using connected = connect((_request, connection) => connection.write(answers[0] ?? ""), { maxAttempts: 1 });
  const { client } = connected;
  await failureOf(client.call("getTicker", { pair: "XBTZAR" }));
  assert.equal(client.status().reachability.reachable, false);
  answers.shift();
  await failureOf(client.call("getTicker", { pair: "XBTZAR" }));
  assert.equal(client.status().reachability.reachable, true);
});
