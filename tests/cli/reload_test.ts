import assert from "node:assert/strict";
import { reload } from "../../src/cli/reload.ts";
import { watchReload } from "../../src/state/reload_request.ts";
import { PresentServer } from "./present_server.ts";
import { runnerOf } from "./trading_commands.ts";

const run = runnerOf(reload);

Deno.test("reload asks the servers of a folder, and refuses a folder that no server uses", async () => {
  const folder = await Deno.makeTempDir();
  const alive = setInterval(() => {}, 1_000);
  try {
    const unused = await run({ state: folder });
    assert.equal(unused.code, 2);
    assert.match(unused.stderr, /^--state: expected the state folder of a running server: none uses it/);
    assert.deepEqual(await Array.fromAsync(Deno.readDir(folder)), []);
    using _server = new PresentServer(folder);
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = watchReload(folder, resolve, { intervalMs: 2 });
    const asked = await run({ state: folder });
    assert.deepEqual([asked.code, asked.stderr], [0, ""]);
    await promise;
    stop();
  } finally {
    clearInterval(alive);
    await Deno.remove(folder, { recursive: true });
  }
});
