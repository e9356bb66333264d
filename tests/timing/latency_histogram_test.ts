import assert from "node:assert/strict";
import fc from "fast-check";
import { LatencyHistogram } from "../../src/timing/latency_histogram.ts";

const durations = fc.array(fc.double({ min: 0.01, max: 600_000, noNaN: true }), { minLength: 1, maxLength: 200 });

Deno.test("LatencyHistogram.percentile() is at most one per cent above the exact value, and never below it", () => {
  fc.assert(fc.property(durations, fc.constantFrom(0, 0.5, 0.9, 0.99, 1), (values, share) => {
    const histogram = new LatencyHistogram();
    for (const value of values) histogram.record(value);
    const sorted = values.toSorted((one, other) => one - other);
    const exact = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN;
    const read = histogram.percentile(share) ?? NaN;
    assert.ok(read >= exact * 0.999_999 && read <= exact * 1.010_001, `${read} for ${exact}`);
  }));
});

Deno.test("LatencyHistogram keeps the count and the exact longest duration", () => {
  fc.assert(fc.property(durations, (values) => {
    const histogram = new LatencyHistogram();
    for (const value of values) histogram.record(value);
    assert.deepEqual([histogram.count, histogram.max], [values.length, Math.max(...values)]);
  }));
});

Deno.test("LatencyHistogram accepts durations from zero to hours", () => {
  const histogram = new LatencyHistogram();
  assert.equal(histogram.percentile(0.5), undefined);
  histogram.record(0);
  assert.equal(histogram.percentile(0.5), 0);
  histogram.record(50_000_000);
  assert.equal(histogram.percentile(1), 50_000_000);
});
