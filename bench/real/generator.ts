/**
 * A load generator as a process: `generator.ts PLAN`, where PLAN is a `LoadPlan` as JSON. Reports that its connections
 * are open, sends calls for as many milliseconds as each line of its stdin says, prints the result, and ends with its
 * stdin. Requests are prepared once and repeated, so that the generator costs less than what it measures.
 */

import { writeSync } from "node:fs";
import { HttpWire } from "./http_wire.ts";
import type { LoadPlan } from "./load.ts";
import { SocketWire } from "./socket_wire.ts";
import type { Wire } from "./wire.ts";

/** The protocol of a connection, by the name of its wire. */
const WIRES: Readonly<Record<LoadPlan["wire"], (plan: LoadPlan, index: number) => Promise<Wire>>> = {
  websocket: (plan, index) => SocketWire.open(plan, index),
  rest: (plan) => HttpWire.open("rest", plan),
  "mcp-2025": (plan) => HttpWire.open("mcp-2025", plan),
  "mcp-2026": (plan) => HttpWire.open("mcp-2026", plan),
};

const plan: LoadPlan = JSON.parse(Deno.args[0] ?? "{}");
const wires = await Promise.all(Array.from({ length: plan.connections }, (_, index) => WIRES[plan.wire](plan, index)));
writeSync(1, "open\n");
for await (const line of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  const startedMs = performance.now();
  const results = await Promise.all(wires.map((wire) => wire.run(startedMs, Number(line))));
  const calls = results.reduce((sum, result) => sum + result.calls, 0);
  const bytes = results.reduce((sum, result) => sum + result.bytes, 0);
  writeSync(1, `${JSON.stringify({ calls, bytes, elapsedMs: performance.now() - startedMs })}\n`);
}
for (const wire of wires) wire.close();
