import assert from "node:assert/strict";
import type { CallObserver, ObservedCall } from "../../src/monitoring/observed_call.ts";
import { callTool } from "../../src/protocol/tool_call.ts";
import { observeCalls } from "../../src/server/observe_calls.ts";
import { everyTool, TestExchange } from "../support/exchange.ts";

Deno.test("observeCalls() notifies every observer of each answer and its duration, also observers added later", async () => {
  await using exchange = await TestExchange.start();
  const heard: ObservedCall[] = [];
  const late: ObservedCall[] = [];
  const observers: CallObserver[] = [(call) => heard.push(call)];
  let clock = 0;
  const run = observeCalls(callTool, { observers, monotonic: () => clock += 30 });
  const tool = everyTool.find("get_crypto_price");
  assert.ok(tool);
  assert.ok((await run(tool, { pair: "XBTZAR" }, exchange.context)).ok);
  observers.push((call) => late.push(call));
  const refused = await run(tool, { pair: "nope" }, { ...exchange.context, requestId: 7 });
  assert.deepEqual(heard.map(({ tool, durationMs, outcome }) => [tool, durationMs, outcome.ok]), [
    ["get_crypto_price", 30, true],
    ["get_crypto_price", 30, false],
  ]);
  assert.deepEqual(late.map(({ outcome, requestId }) => [outcome, requestId]), [[refused, 7]]);
});
