import assert from "node:assert/strict";
import { RunningCount } from "../../src/timing/running_count.ts";

Deno.test("RunningCount.quiet() resolves at once when nothing runs, and otherwise when the last one has ended", async () => {
  const count = new RunningCount();
  await count.quiet();
  count.begin();
  count.begin();
  let isQuiet = false;
  const quiet = Promise.all([count.quiet(), count.quiet()]).then(() => isQuiet = true);
  count.end();
  await undefined;
  await undefined;
  assert.equal(isQuiet, false);
  count.end();
  await quiet;
  count.begin();
  const again = count.quiet();
  count.end();
  await again;
});
