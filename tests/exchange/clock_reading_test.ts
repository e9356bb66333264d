import assert from "node:assert/strict";

import { ExchangeClockReader } from "../../src/exchange/clock_reading.ts";

const NOON = Date.UTC(2026, 10, 28, 12);
const HEADER = new Date(NOON).toUTCString();

Deno.test("ExchangeClockReader reports the current skew, also after the wall clock was set", () => {
  let monotonic = 0;
  let wall = NOON - 500;
  const reader = new ExchangeClockReader({ now: () => monotonic, wallClock: () => wall });
  assert.equal(reader.reading, null);
  reader.note(HEADER);
  assert.deepEqual(reader.reading, { skewMs: 500, ageMs: 0, jumpMs: 0 });
  monotonic += 1_000;
  wall += 1_000;
  assert.deepEqual(reader.reading, { skewMs: 500, ageMs: 1_000, jumpMs: 0 });
  wall += 3_600_000;
  assert.deepEqual(reader.reading, { skewMs: 500 - 3_600_000, ageMs: 1_000, jumpMs: 3_600_000 });
});

Deno.test("ExchangeClockReader treats a wall clock that advanced while the monotonic one stood still as a jump", () => {
  let wall = NOON;
  const reader = new ExchangeClockReader({ now: () => 0, wallClock: () => wall });
  reader.note(HEADER);
  wall += 3_600_000;
  assert.equal(reader.reading?.jumpMs, 3_600_000);
});

Deno.test("ExchangeClockReader keeps its reading when an answer has no date", () => {
  const reader = new ExchangeClockReader({ now: () => 0, wallClock: () => NOON });
  for (const header of [null, "", "yesterday"]) reader.note(header);
  assert.equal(reader.reading, null);
  reader.note(HEADER);
  reader.note("yesterday");
  assert.deepEqual(reader.reading, { skewMs: 0, ageMs: 0, jumpMs: 0 });
});
