import assert from "node:assert/strict";
import { unlimitedTrading } from "../../src/server/read_policy.ts";
import { PolicyFile } from "../../src/trading/policy/policy_file.ts";

const LIMIT = { max_per_day: { amount: "1000", currency: "ZAR" } };

Deno.test("unlimitedTrading() lists who may place orders of any amount without approval", () => {
  const file = new PolicyFile({ mode: "auto", ...LIMIT }, { "key:bot": { mode: "auto", max_per_day: null } });
  assert.match(
    unlimitedTrading(file, "auto") ?? "",
    /^--policy sets neither max_per_order nor max_per_day for key:bot: their orders are placed without a person/,
  );
  assert.match(unlimitedTrading(new PolicyFile(), "auto") ?? "", / for everybody else, local: /);
});

Deno.test("unlimitedTrading() is empty when amounts are limited or a person approves", () => {
  assert.equal(unlimitedTrading(new PolicyFile({ mode: "auto", ...LIMIT }), "auto"), undefined);
  assert.equal(unlimitedTrading(new PolicyFile({ mode: "confirm" }), "auto"), undefined);
  assert.equal(unlimitedTrading(new PolicyFile({ mode: "auto" }), "confirm"), undefined);
});
