import assert from "node:assert/strict";
import { clockTime } from "../../src/text/clock_time.ts";

const AT = Date.UTC(2026, 10, 22, 22, 5, 9);

Deno.test("clockTime() shows local time with UTC beside it, and only UTC when they are the same", () => {
  assert.equal(clockTime(AT, "Africa/Johannesburg"), "00:05:09 (22:05:09 UTC)");
  assert.equal(clockTime(AT, "Asia/Kolkata"), "03:35:09 (22:05:09 UTC)");
  assert.equal(clockTime(AT, "UTC"), "22:05:09 UTC");
  assert.match(clockTime(AT), /22:05:09 UTC\)?$/);
});
