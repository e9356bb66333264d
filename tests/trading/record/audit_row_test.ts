import assert from "node:assert/strict";
import { recordedIdentity } from "../../../src/trading/record/audit_row.ts";

Deno.test("recordedIdentity() distinguishes identities that only differ in what cannot be shown", () => {
  assert.equal(recordedIdentity("key:alice"), "key:alice");
  const long = "x".repeat(400);
  assert.equal(new Set(["a\u0000b", "a\u0001b", "a b", `${long}1`, `${long}2`].map(recordedIdentity)).size, 5);
});
