import assert from "node:assert/strict";
import { reasonOf } from "../../src/errors/reason_of.ts";

Deno.test("reasonOf() removes only the system call and its error number", async () => {
  const missing = await Deno.stat("/no such/file (os error 2): it's").catch(reasonOf);
  assert.match(String(missing), /^No such file or directory$/);
  assert.equal(reasonOf(new Error("Address already in use (os error 98)")), "Address already in use");
  assert.equal(reasonOf(new Error("expected a number")), "expected a number");
  assert.equal(reasonOf("thrown text"), "thrown text");
});
