/** Tasks of deno.json, as people start them. */

import assert from "node:assert/strict";
import { inherited } from "./program.ts";

Deno.test("deno task dev serves, and ends with its server on SIGTERM", async () => {
  const task = new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "dev", "--port", "0"],
    env: inherited(),
    clearEnv: true,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let said = "";
  for await (const text of task.stderr.pipeThrough(new TextDecoderStream())) {
    said += text;
    if (/--uri \S+\n/.test(said)) task.kill("SIGTERM");
  }
  // The stream has ended, so nobody holds it any more: neither the task nor its server.
  assert.match(said, /serves on localhost/);
  assert.notEqual((await task.status).code, 1);
});
