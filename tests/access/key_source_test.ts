import assert from "node:assert/strict";
import { join } from "node:path";
import { KeySource } from "../../src/access/key_source.ts";
import { KeyStore } from "../../src/access/key_store.ts";

const NOW = Date.UTC(2026, 10, 22);
const READ = ["market:read", "account:read"] as const;

/** Runs `body` with a source, its clock, and the store as another process has it open. */
async function withSource(
  body: (parts: { source: KeySource; clock: { now: number }; elsewhere: KeyStore; path: string }) => void,
): Promise<void> {
  const dir = await Deno.makeTempDir();
  const path = join(dir, "keys.db");
  const elsewhere = KeyStore.open(path);
  const clock = { now: NOW };
  const source = new KeySource({ store: KeyStore.open(path, { readOnly: true }), now: () => clock.now });
  try {
    body({ source, clock, elsewhere, path });
  } finally {
    source.close();
    elsewhere.close();
    await Deno.remove(dir, { recursive: true });
  }
}

function create(store: KeyStore, name: string, expiresAt?: number): string {
  const created = store.create({ name, scopes: READ, expiresAt, now: NOW });
  assert.ok(created.ok);
  return created.text;
}

function credentialOf(source: KeySource, text: string) {
  const verdict = source.verify(text);
  assert.ok(verdict.ok, JSON.stringify(verdict));
  return verdict.credential;
}

Deno.test("KeySource.verify() names the key's holder with the key's scopes and end, also for a key that is new", () =>
  withSource(({ source, elsewhere }) => {
    const { isRevoked, ...credential } = credentialOf(source, create(elsewhere, "ann", NOW + 10));
    assert.deepEqual(credential, { identity: "key:ann", source: "key", scopes: new Set(READ), expiresAt: NOW + 10 });
    assert.equal(isRevoked?.(), false);
  }));

Deno.test("KeySource.verify() says why it refuses", () =>
  withSource(({ source, clock, elsewhere }) => {
    const text = create(elsewhere, "ann", NOW + 10);
    assert.deepEqual(source.verify("lunomcp_x"), { ok: false, reason: "malformed" });
    clock.now += 10;
    assert.deepEqual(source.verify(text), { ok: false, reason: "expired" });
  }));

Deno.test("KeySource.refresh() learns of what another process revoked, and of nothing else", () =>
  withSource(({ source, elsewhere }) => {
    const [ann, bob] = ["ann", "bob"].map((name) => credentialOf(source, create(elsewhere, name)));
    elsewhere.revoke("ann", NOW);
    assert.equal(ann?.isRevoked?.(), false);
    source.refresh();
    assert.deepEqual([ann?.isRevoked?.(), bob?.isRevoked?.()], [true, false]);
  }));

Deno.test("KeySource ends the use of a key that was replaced with its overlap, also where it is open", () =>
  withSource(({ source, clock, elsewhere }) => {
    const { isRevoked } = credentialOf(source, create(elsewhere, "ann"));
    assert.ok(elsewhere.rotate("ann", { overlapMs: 1_000, now: NOW }).ok);
    source.refresh();
    assert.equal(isRevoked?.(), false);
    clock.now += 1_000;
    source.refresh();
    assert.equal(isRevoked?.(), true);
  }));

for (
  const [what, change] of [
    ["deleted", (path: string) => Deno.removeSync(path)],
    ["replaced by a copy", (path: string) => {
      Deno.copyFileSync(path, `${path}.copy`);
      Deno.renameSync(`${path}.copy`, path);
    }],
  ] as const
) {
  Deno.test(`KeySource ends every key when their file is ${what}`, () =>
    withSource(({ source, elsewhere, path }) => {
      const text = create(elsewhere, "ann");
      const ann = credentialOf(source, text);
      change(path);
      source.refresh();
      assert.equal(ann.isRevoked?.(), true);
      assert.deepEqual(source.verify(text), { ok: false, reason: "unknown" });
    }));
}
