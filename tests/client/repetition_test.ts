import assert from "node:assert/strict";
import { RepetitionRules } from "../../src/client/repetition.ts";

function request(method: string, params: Record<string, unknown> = {}) {
  return { jsonrpc: "2.0" as const, id: 1, method, params };
}

const listed = {
  tools: [
    { name: "read_it", annotations: { readOnlyHint: true } },
    { name: "set_it", annotations: { readOnlyHint: false, idempotentHint: true } },
    { name: "add_one", annotations: { readOnlyHint: false, idempotentHint: false } },
    { name: "unsaid" },
  ],
};

Deno.test("RepetitionRules.isSafe() holds for the protocol's reading methods and for no unknown method", () => {
  const rules = new RepetitionRules();
  for (const method of ["ping", "tools/list", "resources/read", "initialize"]) assert.ok(rules.isSafe(request(method)));
  for (const method of ["place_order", "tasks/cancel", "constructor"]) assert.ok(!rules.isSafe(request(method)));
});

Deno.test("RepetitionRules.isSafe() trusts a tool only after a list has declared it read-only or idempotent", () => {
  const rules = new RepetitionRules();
  const safe = () =>
    listed.tools.filter(({ name }) => rules.isSafe(request("tools/call", { name }))).map(({ name }) => name);
  assert.deepEqual(safe(), []);
  rules.learn(listed);
  assert.deepEqual(safe(), ["read_it", "set_it"]);
  assert.ok(rules.isSafe(request("read_it")), "a direct call");
  assert.ok(!rules.isSafe(request("add_one")), "a direct call");
});

Deno.test("RepetitionRules.learn() forgets a tool that is no longer safe and ignores values that are not a list", () => {
  const rules = new RepetitionRules();
  rules.learn(listed);
  rules.learn({ tools: [{ name: "read_it" }] });
  for (const junk of [undefined, null, 5, { tools: 5 }, { tools: [{ name: 5 }] }]) rules.learn(junk);
  assert.ok(!rules.isSafe(request("tools/call", { name: "read_it" })));
});
