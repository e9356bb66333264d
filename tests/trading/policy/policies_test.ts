import assert from "node:assert/strict";
import { CurrentPolicies } from "../../../src/trading/policy/policies.ts";
import { policyFileOf } from "../broker_world.ts";

Deno.test("CurrentPolicies.of() uses the current file, within the command line", () => {
  const policies = new CurrentPolicies("confirm", policyFileOf({ identities: { "key:alice": { mode: "auto" } } }));
  assert.equal(policies.of("key:alice").mode, "confirm");
  policies.replace(policyFileOf({ identities: { "key:alice": { mode: "observe" } } }));
  assert.equal(policies.of("key:alice").mode, "observe");
  assert.equal(policies.of("key:bob").mode, "confirm");
  assert.equal(new CurrentPolicies("off", policyFileOf({ default: { mode: "auto" } })).of("local").mode, "observe");
});

Deno.test("CurrentPolicies without a file use the built-in one", () => {
  const { mode, maxOrdersPerMinute, priceBandPercent } = new CurrentPolicies("auto").of("local");
  assert.deepEqual([mode, maxOrdersPerMinute, priceBandPercent], ["auto", 10, "10"]);
});

Deno.test("CurrentPolicies.hasPaper says whether anybody is on paper, by the default or by name", () => {
  assert.equal(new CurrentPolicies("auto").hasPaper, false);
  assert.equal(new CurrentPolicies("auto", policyFileOf({ default: { mode: "paper" } })).hasPaper, true);
  const policies = new CurrentPolicies("confirm");
  policies.replace(policyFileOf({ identities: { "key:alice": { mode: "paper" } } }));
  assert.equal(policies.hasPaper, true);
});
