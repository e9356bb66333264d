import assert from "node:assert/strict";
import { BROKEN_SHARED_ENGINES } from "./shared/broken_engines.ts";
import { SHARED_ENGINES } from "./shared_engines.ts";
import { SHARED_PROMISES } from "./shared_suite.ts";

for (const [engine, { start, is }] of Object.entries(SHARED_ENGINES)) {
  for (const purpose of is) {
    for (const [promise, check] of Object.entries(SHARED_PROMISES[purpose])) {
      Deno.test(`shared state in ${engine}: ${promise}`, async () => {
        await using installation = await start();
        await check(installation);
      });
    }
  }
}

for (const [fault, { start, purpose, promise }] of Object.entries(BROKEN_SHARED_ENGINES)) {
  Deno.test(`the suite fails for an engine of shared state that ${fault}`, async () => {
    const [, check] = Object.entries(SHARED_PROMISES[purpose]).find(([name]) => promise.test(name)) ?? [];
    assert.ok(check !== undefined);
    await using installation = start();
    await assert.rejects(async () => await check(installation), assert.AssertionError);
  });
}
