import assert from "node:assert/strict";
import { Counter as ReferenceCounter, Histogram as ReferenceHistogram, Registry } from "prom-client";
import { Counter, Histogram } from "../../src/monitoring/exposition.ts";

const start = { name: "calls_total", help: "Calls" };

Deno.test("Counter.text() equals what prom-client writes for the same counts", async () => {
  const registry = new Registry();
  const reference = new ReferenceCounter({ ...start, labelNames: ["tool", "outcome"], registers: [registry] });
  const counter = new Counter(start);
  for (const [tool, by] of [["a", 1], ["b", 2.5], ["a", 3]] as const) {
    reference.inc({ tool, outcome: "ok" }, by);
    counter.of({ tool, outcome: "ok" }).value += by;
  }
  assert.equal(counter.text(), await registry.metrics());
});

Deno.test("Histogram.text() equals what prom-client writes for the same values, including those at bucket bounds and beyond the last", async () => {
  const registry = new Registry();
  const bounds = [0.5, 1, 10];
  const all = { ...start, registers: [registry] };
  const reference = new ReferenceHistogram({ ...all, labelNames: ["tool"], buckets: bounds });
  const histogram = new Histogram({ ...start, bounds });
  for (const [tool, value] of [["a", 0], ["a", 0.5], ["b", 0.75], ["a", 1], ["a", 10.5], ["b", 400]] as const) {
    reference.observe({ tool }, value);
    histogram.of({ tool }).observe(value);
  }
  assert.equal(histogram.text(), await registry.metrics());
});
