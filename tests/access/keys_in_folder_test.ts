/** API keys that come into being while a server runs. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { KeysInFolder } from "../../src/access/keys_in_folder.ts";
import { KeyStore } from "../../src/access/key_store.ts";
import { LogRecords } from "../support/log_records.ts";

const NOW = Date.UTC(2026, 10, 22);

/** A folder without keys, and a source that watches it at a time that the test moves. */
async function withFolder(
  body: (parts: { keys: KeysInFolder; path: string; wait: () => void; records: LogRecords }) => void | Promise<void>,
): Promise<void> {
  const dir = await Deno.makeTempDir({ dir: "/tmp" });
  await using records = await LogRecords.start();
  const path = join(dir, "keys.db");
  const clock = { ms: 0 };
  const keys = new KeysInFolder({ path, now: () => NOW, monotonic: () => clock.ms });
  try {
    await body({ keys, path, wait: () => clock.ms += 100, records });
  } finally {
    keys.close();
    await Deno.remove(dir, { recursive: true });
  }
}

function createKey(path: string): { readonly text: string; readonly store: KeyStore } {
  const store = KeyStore.open(path);
  const created = store.create({ name: "ann", scopes: ["market:read"], now: NOW });
  assert.ok(created.ok);
  return { text: created.text, store };
}

Deno.test("KeysInFolder takes up the first key within a tenth of a second, and stays a source when it is revoked", () =>
  withFolder(({ keys, path, wait, records }) => {
    wait();
    assert.equal(keys.isConfigured, false);
    const { text, store } = createKey(path);
    assert.equal(keys.isConfigured, false);
    wait();
    assert.equal(keys.isConfigured, true);
    const verdict = keys.verify(text);
    assert.ok(verdict.ok);
    assert.equal(verdict.credential.identity, "key:ann");
    assert.deepEqual(records.of("API keys are in force: from now on every client must authenticate").length, 1);
    store.revoke("ann", NOW);
    keys.refresh();
    assert.deepEqual([keys.isConfigured, keys.verify(text).ok], [true, false]);
    store.close();
  }));

Deno.test("KeysInFolder is no source while a file of keys holds none", () =>
  withFolder(({ keys, path, wait }) => {
    const store = KeyStore.open(path);
    wait();
    assert.equal(keys.isConfigured, false);
    const created = store.create({ name: "ann", scopes: ["market:read"], now: NOW });
    keys.refresh();
    assert.ok(created.ok && keys.isConfigured && keys.verify(created.text).ok);
    store.close();
  }));

Deno.test("KeysInFolder rejects everybody while a file of keys is there that cannot be used, and says so once", () =>
  withFolder(async ({ keys, path, wait, records }) => {
    const { text, store } = createKey(path);
    store.close();
    await Deno.chmod(path, 0o644);
    for (let look = 0; look < 4; look++) {
      wait();
      assert.deepEqual([keys.isConfigured, keys.verify(text)], [true, { ok: false, reason: "keys_unusable" }]);
    }
    assert.equal(records.of("keys.db cannot be used; all clients are rejected until it can").length, 1);
    await Deno.chmod(path, 0o600);
    wait();
    assert.ok(keys.isConfigured && keys.verify(text).ok);
  }));
