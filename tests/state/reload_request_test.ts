import assert from "node:assert/strict";
import { requestReload, watchReload } from "../../src/state/reload_request.ts";

Deno.test("watchReload() reports each request after its start, and none from before it or after its end", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await requestReload(folder, 1);
    let calls = 0;
    let called = Promise.withResolvers<void>();
    const stop = watchReload(folder, () => {
      calls++;
      called.resolve();
    }, { intervalMs: 2 });
    const other = Promise.withResolvers<void>();
    const stopOther = watchReload(`${folder}/none`, () => other.reject(new Error("called")), { intervalMs: 2 });
    // The timer keeps no program alive, so the test does.
    const alive = setInterval(() => {}, 1_000);
    for (const at of [2, 3]) {
      called = Promise.withResolvers();
      await requestReload(folder, at);
      await called.promise;
    }
    stop();
    stopOther();
    clearInterval(alive);
    assert.equal(calls, 2);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
