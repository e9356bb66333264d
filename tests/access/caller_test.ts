import assert from "node:assert/strict";
import { AccessFile, parseAccess } from "../../src/access/access_file.ts";
import { Caller } from "../../src/access/caller.ts";
import type { CallerParts, Credential } from "../../src/access/caller.ts";
import { CurrentGrants } from "../../src/access/grants.ts";
import type { Scope } from "../../src/access/scopes.ts";

const READ: ReadonlySet<Scope> = new Set(["market:read", "account:read"]);
const ANN: Credential = { identity: "key:ann", source: "key", scopes: READ };

function callerOf(parts: Partial<CallerParts> = {}): Caller {
  return new Caller({ credential: ANN, address: "127.0.0.1", grants: new AccessFile(), now: () => 0, ...parts });
}

function accessOf(value: unknown): AccessFile {
  const parsed = parseAccess(JSON.stringify(value));
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return parsed.access;
}

Deno.test("Caller.allows() is what the credential grants unless a file grants less", () => {
  const caller = callerOf();
  assert.deepEqual(caller.scopes, ["market:read", "account:read"]);
  assert.deepEqual([caller.allows("account:read"), caller.allows("orders:write")], [true, false]);
  assert.deepEqual([caller.identity, caller.source, caller.address], ["key:ann", "key", "127.0.0.1"]);
});

Deno.test("Caller.allows() withdraws rights at once, and adds none that the credential lacks", () => {
  const grants = new CurrentGrants();
  const caller = callerOf({ grants });
  grants.replace(accessOf({ identities: { "key:ann": { scopes: ["account:read", "server:admin"] } } }));
  assert.deepEqual(caller.scopes, ["account:read"]);
  grants.replace(new AccessFile());
  assert.deepEqual(caller.scopes, ["market:read", "account:read"]);
});

Deno.test("Caller.limits are the current limits of its identity", () => {
  const grants = new CurrentGrants();
  const caller = callerOf({ grants });
  assert.deepEqual(caller.limits, {});
  grants.replace(accessOf({ identities: { "key:ann": { rate_limit: 7 } } }));
  assert.deepEqual(caller.limits, { rateLimit: 7 });
});

Deno.test("Caller.narrowedTo() only removes scopes, and only from the narrowed caller", () => {
  const caller = callerOf();
  const narrowed = caller.narrowedTo(new Set<Scope>(["market:read", "server:admin"]));
  assert.deepEqual(narrowed.scopes, ["market:read"]);
  assert.deepEqual(narrowed.narrowedTo(READ).scopes, ["market:read"]);
  assert.deepEqual(narrowed.narrowedTo(new Set<Scope>(["account:read"])).scopes, []);
  assert.deepEqual(caller.scopes, ["market:read", "account:read"]);
});

Deno.test("Caller.narrowing is the same text for the same scopes in any order", () => {
  assert.equal(callerOf().narrowing, "");
  assert.equal(callerOf().narrowedTo(new Set()).narrowing, "none");
  const orders = [["account:read", "market:read"], ["market:read", "account:read"]] as const;
  assert.deepEqual(
    orders.map((scopes) => callerOf().narrowedTo(new Set<Scope>(scopes)).narrowing),
    ["market:read account:read", "market:read account:read"],
  );
});

Deno.test("Caller.ending() is expired from the exact moment of expiry, and from then on nothing is allowed", () => {
  const clock = { now: 99 };
  const caller = callerOf({ credential: { ...ANN, expiresAt: 100 }, now: () => clock.now });
  assert.deepEqual([caller.ending(), caller.allows("market:read")], [undefined, true]);
  clock.now = 100;
  assert.deepEqual([caller.ending(), caller.allows("market:read"), caller.scopes], ["expired", false, []]);
});

Deno.test("Caller.ending() is revoked as soon as the credential is, for a narrowed caller too", () => {
  let isRevoked = false;
  const caller = callerOf({ credential: { ...ANN, isRevoked: () => isRevoked } });
  const narrowed = caller.narrowedTo(READ);
  assert.ok(narrowed.allows("market:read"));
  isRevoked = true;
  assert.deepEqual([caller.ending(), narrowed.ending()], ["revoked", "revoked"]);
  assert.deepEqual([caller.scopes, narrowed.scopes], [[], []]);
});
