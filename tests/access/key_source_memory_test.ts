import assert from "node:assert/strict";
import { KeySource } from "../../src/access/key_source.ts";
import { KeyStore } from "../../src/access/key_store.ts";

const NOW = 1_800_000_000_000;

/** A source on a store that another one writes to, as `keys` does; `times` is moved by hand. */
async function openSource() {
  const dir = await Deno.makeTempDir();
  const writer = KeyStore.open(`${dir}/keys.db`);
  const reader = KeyStore.open(`${dir}/keys.db`, { readOnly: true });
  const counts = { verify: 0 };
  const times = { now: NOW, monotonic: 0 };
  const store = {
    verify: (text: string, now: number) => (counts.verify++, reader.verify(text, now)),
    list: () => reader.list(),
    isOrphaned: false,
    path: "keys.db",
    version: () => reader.version(),
    close: () => reader.close(),
  };
  const source = new KeySource({ store, now: () => times.now, monotonic: () => times.monotonic });
  return {
    source,
    writer,
    counts,
    times,
    create(name: string) {
      const created = writer.create({ name, scopes: ["market:read"], expiresAt: NOW + 60_000, now: NOW });
      assert.ok(created.ok);
      return created.text;
    },
    async [Symbol.asyncDispose]() {
      source.close();
      writer.close();
      await Deno.remove(dir, { recursive: true });
    },
  };
}

Deno.test("KeySource.verify() takes a key that was made a moment ago, and then asks the store no more", async () => {
  await using opened = await openSource();
  const text = opened.create("alice");
  for (let call = 0; call < 3; call++) {
    const verdict = opened.source.verify(text);
    assert.ok(verdict.ok);
    assert.equal(verdict.credential.identity, "key:alice");
    assert.equal(verdict.credential.isRevoked?.(), false);
  }
  assert.equal(opened.counts.verify, 1);
});

Deno.test("KeySource.verify() refuses a remembered key at most 100 ms after another process revoked it", async () => {
  await using opened = await openSource();
  const text = opened.create("alice");
  assert.ok(opened.source.verify(text).ok);
  opened.writer.revoke("alice", NOW);
  opened.times.monotonic = 100;
  assert.deepEqual(opened.source.verify(text), { ok: false, reason: "revoked" });
});

Deno.test("KeySource.verify() refuses a remembered key as soon as it has expired", async () => {
  await using opened = await openSource();
  const text = opened.create("alice");
  assert.ok(opened.source.verify(text).ok);
  opened.times.now = NOW + 60_000;
  assert.deepEqual(opened.source.verify(text), { ok: false, reason: "expired" });
});

Deno.test("KeySource.refresh() marks what was let in by a revoked key, and by the key before after its overlap", async () => {
  await using opened = await openSource();
  const [alice, bob] = [opened.source.verify(opened.create("alice")), opened.source.verify(opened.create("bob"))];
  assert.ok(alice.ok && bob.ok);
  opened.writer.revoke("alice", NOW);
  opened.writer.rotate("bob", { overlapMs: 1_000, now: NOW });
  opened.source.refresh();
  assert.deepEqual([alice, bob].map(({ credential }) => credential.isRevoked?.()), [true, false]);
  opened.times.now = NOW + 1_000;
  assert.equal(bob.credential.isRevoked?.(), true);
});
