import assert from "node:assert/strict";
import { announceIfSlow } from "../../src/cli/slow_start.ts";

Deno.test("announceIfSlow() reports once that a start takes long, and returns what was loaded", async () => {
  const said: string[] = [];
  const loading = Promise.withResolvers<string>();
  const download = setTimeout(() => {}, 60_000); // The wait itself does not keep the program alive.
  const say = (line: string) => {
    said.push(line);
    loading.resolve("loaded");
  };
  assert.equal(await announceIfSlow(loading.promise, { afterMs: 1, say }), "loaded");
  assert.deepEqual(said, [
    "luno-mcp-server is being loaded: the first start downloads its parts, which can take half a minute",
  ]);
  clearTimeout(download);
});

Deno.test("announceIfSlow() reports nothing for a fast start, even one that fails, and leaves no timer", async () => {
  const options = { afterMs: 60_000, say: () => assert.fail("said") };
  assert.equal(await announceIfSlow(Promise.resolve(7), options), 7);
  await assert.rejects(announceIfSlow(Promise.reject(new Error("no such module")), options), /no such module/);
});
