import assert from "node:assert/strict";
import { watchParent } from "../../src/cli/parent_watch.ts";

Deno.test("watchParent() reports once that a program started by npm has got another parent", async () => {
  let parent = 17;
  let looks = 0;
  const gone = Promise.withResolvers<void>();
  watchParent({
    parent: () => {
      if (++looks === 3) parent = 1;
      return parent;
    },
    env: (name) => name === "npm_command" ? "exec" : undefined,
    onGone: gone.resolve,
    intervalMs: 1,
  });
  // The watch does not keep the process alive, so the test does.
  const alive = setInterval(() => {}, 1_000);
  await gone.promise;
  clearInterval(alive);
  assert.equal(looks, 3);
});

Deno.test("watchParent() ignores the parent of a program that npm did not start, so that daemons keep running", () => {
  const parent = () => assert.fail("looked");
  watchParent({ parent, env: () => undefined, onGone: () => assert.fail("gone") });
});
