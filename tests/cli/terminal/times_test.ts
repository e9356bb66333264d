import assert from "node:assert/strict";
import { formatAge, isMoment, relativeTime, shortTime } from "../../../src/cli/terminal/times.ts";

Deno.test("relativeTime() gives the distance of a moment in its largest whole unit", () => {
  const day = 86_400_000;
  const said = [0, 999, -1_000, 59_999, -3_600_000, day, -90 * day, 90 * day].map((far) => relativeTime(far, 0));
  assert.deepEqual(said, ["now", "now", "1 s ago", "in 59 s", "1 h ago", "in 1 day", "90 days ago", "in 90 days"]);
});

Deno.test("formatAge() gives a duration in its largest whole unit, and never below zero", () => {
  const said = [-5_000, 0, 1_900, 59_999, 60_000, 7_199_999, 86_400_000 * 3].map(formatAge);
  assert.deepEqual(said, ["0 s", "0 s", "1 s", "59 s", "1 min", "1 h", "3 d"]);
});

Deno.test("shortTime() omits fractions of a second", () => {
  assert.ok(isMoment("2026-11-22T10:07:31.000Z"));
  assert.ok(!isMoment("2026-11-22"));
  assert.equal(shortTime("2026-11-22T10:07:31.000Z"), "2026-11-22 10:07:31Z");
});
