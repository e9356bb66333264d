import assert from "node:assert/strict";
import { VerifiedTokens } from "../../src/access/verified_tokens.ts";

Deno.test("VerifiedTokens.add() evicts the oldest of more than a thousand, and counts a repeated one once", () => {
  const tokens = new VerifiedTokens<{ expiresAt: number }>(() => 0);
  const verdict = { expiresAt: 1_000 };
  for (let index = 0; index < 1_000; index++) tokens.add(`token ${index}`, verdict);
  tokens.add("token 0", verdict);
  assert.equal(tokens.size, 1_000);
  tokens.add("one more", verdict);
  assert.equal(tokens.size, 1_000);
  assert.equal(tokens.get("token 1"), undefined);
  for (const token of ["token 0", "token 2", "one more"]) assert.equal(tokens.get(token), verdict, token);
});

Deno.test("VerifiedTokens.get() drops an entry that is one minute old, has expired or is dated in the future", () => {
  const clock = { time: 100_000 };
  const tokens = new VerifiedTokens<{ expiresAt: number }>(() => clock.time);
  tokens.add("long", { expiresAt: 900_000 });
  tokens.add("short", { expiresAt: 100_010 });
  tokens.add("over", { expiresAt: 100_000 });
  assert.equal(tokens.size, 2);
  clock.time += 10;
  assert.equal(tokens.get("short"), undefined);
  clock.time = 159_999;
  assert.ok(tokens.get("long"));
  clock.time = 99_999;
  assert.equal(tokens.get("long"), undefined);
  assert.equal(tokens.size, 0);
});
