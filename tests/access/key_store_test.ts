import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createApiKey } from "../../src/access/api_key.ts";
import { isKeyName, keyState, KeyStore } from "../../src/access/key_store.ts";
import type { Created, KeyStoreOptions, Rotated } from "../../src/access/key_store.ts";
import { startLogging } from "../../src/logging/logging.ts";

const NOW = Date.UTC(2026, 10, 22);
const DAY_MS = 86_400_000;
const READ = ["market:read", "account:read"] as const;

/** Runs `body` with a new store and the path of its file. */
async function withStore(
  body: (store: KeyStore, path: string) => void | Promise<void>,
  options: KeyStoreOptions = {},
): Promise<void> {
  const dir = await Deno.makeTempDir();
  const path = join(dir, "keys.db");
  const store = KeyStore.open(path, options);
  try {
    await body(store, path);
  } finally {
    store.close();
    await Deno.remove(dir, { recursive: true });
  }
}

function create(store: KeyStore, name: string, expiresAt?: number): Created & { ok: true } {
  const created = store.create({ name, scopes: READ, expiresAt, now: NOW });
  assert.ok(created.ok);
  return created;
}

function rotate(store: KeyStore, name: string, options: { overlapMs: number; now: number }): Rotated & { ok: true } {
  const rotated = store.rotate(name, options);
  assert.ok(rotated.ok);
  return rotated;
}

/** Why a text is refused; `undefined` when it is taken. */
function refusal(store: KeyStore, text: string, now = NOW): string | undefined {
  const verified = store.verify(text, now);
  return verified.ok ? undefined : verified.reason;
}

Deno.test("KeyStore.create() gives a key that verifies as its name with its scopes, after a restart too", () =>
  withStore((store, path) => {
    assert.equal(store.mark.revision, 0);
    const { key, text } = create(store, "ann@example.org", NOW + DAY_MS);
    assert.deepEqual(key, {
      id: text.split("_")[1],
      name: "ann@example.org",
      scopes: READ,
      createdAt: NOW,
      expiresAt: NOW + DAY_MS,
    });
    assert.deepEqual(store.verify(text, NOW), { ok: true, key });
    assert.equal(store.mark.revision, 1);
    const again = KeyStore.open(path, { readOnly: true });
    assert.deepEqual(again.verify(text, NOW), { ok: true, key });
    again.close();
  }));

Deno.test("KeyStore.create() refuses a name that has a live key, not one whose keys are dead", () =>
  withStore((store) => {
    create(store, "ann", NOW + DAY_MS);
    assert.deepEqual(store.create({ name: "ann", scopes: READ, now: NOW }), { ok: false, reason: "taken" });
    assert.ok(store.create({ name: "ann", scopes: READ, now: NOW + DAY_MS }).ok);
    assert.equal(store.revoke("ann", NOW + DAY_MS), 1);
    assert.ok(store.create({ name: "ann", scopes: READ, now: NOW + DAY_MS }).ok);
  }));

Deno.test("KeyStore.create() throws at a name that keys cannot have, and at no scopes", () =>
  withStore((store) => {
    assert.throws(() => store.create({ name: "a b", scopes: READ, now: NOW }), RangeError);
    assert.throws(() => store.create({ name: "ann", scopes: [], now: NOW }), RangeError);
    assert.equal(store.mark.revision, 0);
  }));

Deno.test("isKeyName() takes addresses and host names, nothing that a terminal or a list could misread", () => {
  for (const name of ["a", "ann@example.org", "desk-1_b.C", "0123456789abc", "x".repeat(63)]) {
    assert.ok(isKeyName(name));
  }
  const wrong = ["", ".ann", "-ann", "ann lee", "ann\n", "ann/1", "änn", "x".repeat(64), "0123456789ab", "lunomcp_1"];
  for (const name of wrong) assert.ok(!isKeyName(name), name);
});

Deno.test("KeyStore keeps neither a key's text nor its secret", () =>
  withStore(async (store, path) => {
    const { text } = create(store, "ann");
    const secret = text.split("_")[2] ?? "";
    const file = new TextDecoder("latin1").decode(await Deno.readFile(path));
    for (
      const shown of [file, Deno.inspect(store.list()), Deno.inspect(store), JSON.stringify(store.verify(text, NOW))]
    ) {
      assert.ok(!shown.includes(secret) && !shown.includes("digest:"));
    }
  }));

Deno.test("KeyStore.verify() tells what is no key, unknown, expired and revoked", () =>
  withStore((store) => {
    const expiring = create(store, "ann", NOW + DAY_MS).text;
    const revoked = create(store, "bob").text;
    store.revoke("bob", NOW);
    assert.equal(refusal(store, "lunomcp_typo"), "malformed");
    assert.equal(refusal(store, createApiKey().text), "unknown");
    assert.equal(refusal(store, expiring, NOW + DAY_MS - 1), undefined);
    assert.equal(refusal(store, expiring, NOW + DAY_MS), "expired");
    assert.equal(refusal(store, revoked), "revoked");
  }));

Deno.test("KeyStore.verify() calls a known id with a wrong secret unknown, also when its key is revoked", () =>
  withStore((store) => {
    const { key } = create(store, "ann");
    const id = Uint8Array.fromHex(key.id);
    const forged = createApiKey((bytes) => (bytes.length === 6 ? (bytes.set(id), bytes) : bytes.fill(1)));
    assert.equal(forged.id, key.id);
    assert.equal(refusal(store, forged.text), "unknown");
    store.revoke("ann", NOW);
    assert.equal(refusal(store, forged.text), "unknown");
  }));

Deno.test("KeyStore.revoke() ends a key by its id, and all live keys of a name, once", () =>
  withStore((store) => {
    const first = create(store, "ann");
    const second = rotate(store, "ann", { overlapMs: DAY_MS, now: NOW });
    const other = create(store, "bob");
    assert.equal(store.revoke("nobody", NOW), 0);
    assert.equal(store.revoke("ann", NOW + 1), 2);
    assert.equal(store.revoke("ann", NOW + 2), 0);
    assert.deepEqual([first, second, other].map(({ text }) => refusal(store, text)), ["revoked", "revoked", undefined]);
    assert.equal(store.revoke(other.key.id, NOW), 1);
    assert.deepEqual(store.list().map(({ revokedAt }) => revokedAt), [NOW + 1, NOW + 1, NOW]);
  }));

Deno.test("KeyStore.rotate() gives a key with the same scopes and lets the one before live for the overlap", () =>
  withStore((store) => {
    const before = create(store, "ann");
    const now = NOW + DAY_MS;
    const after = store.rotate("ann", { overlapMs: 2 * DAY_MS, now, expiresAt: now + 9 * DAY_MS });
    assert.ok(after.ok);
    assert.deepEqual(after.key.scopes, READ);
    assert.equal(after.key.expiresAt, now + 9 * DAY_MS);
    assert.deepEqual(after.previous, { ...before.key, expiresAt: now + 2 * DAY_MS });
    for (const { text } of [before, after]) assert.equal(refusal(store, text, now + 2 * DAY_MS - 1), undefined);
    assert.equal(refusal(store, before.text, now + 2 * DAY_MS), "expired");
    assert.equal(refusal(store, after.text, now + 2 * DAY_MS), undefined);
  }));

Deno.test("KeyStore.rotate() lets no key live longer than it would have", () =>
  withStore((store) => {
    create(store, "ann", NOW + 10);
    assert.equal(rotate(store, "ann", { overlapMs: DAY_MS, now: NOW }).previous.expiresAt, NOW + 10);
  }));

Deno.test("KeyStore.rotate() leaves two live keys at most, and one without an overlap", () =>
  withStore((store) => {
    const keys = [create(store, "ann")];
    for (let times = 0; times < 3; times++) keys.push(rotate(store, "ann", { overlapMs: DAY_MS, now: NOW }));
    assert.deepEqual(keys.map(({ text }) => refusal(store, text)), ["revoked", "revoked", undefined, undefined]);
    keys.push(rotate(store, "ann", { overlapMs: 0, now: NOW }));
    assert.deepEqual(keys.map(({ text }) => refusal(store, text)), [
      "revoked",
      "revoked",
      "revoked",
      "expired",
      undefined,
    ]);
  }));

Deno.test("KeyStore.rotate() refuses a name without a live key", () =>
  withStore((store) => {
    create(store, "ann", NOW + 1);
    assert.deepEqual(store.rotate("bob", { overlapMs: 0, now: NOW }), { ok: false, reason: "unknown" });
    assert.deepEqual(store.rotate("ann", { overlapMs: 0, now: NOW + 1 }), { ok: false, reason: "unknown" });
  }));

Deno.test("KeyStore.list() shows every key, oldest first, and keyState() what became of it", () =>
  withStore((store) => {
    create(store, "ann", NOW + 1);
    create(store, "bob", NOW + 1);
    create(store, "cyd");
    store.revoke("bob", NOW);
    assert.deepEqual(store.list().map((key) => [key.name, keyState(key, NOW), keyState(key, NOW + 1)]), [
      ["ann", "live", "expired"],
      ["bob", "revoked", "revoked"],
      ["cyd", "live", "live"],
    ]);
  }));

Deno.test("KeyStore.isLive() tells whether a key that was verified before still holds", () =>
  withStore((store) => {
    const { key } = create(store, "ann", NOW + 1);
    assert.deepEqual([store.isLive(key.id, NOW), store.isLive(key.id, NOW + 1)], [true, false]);
    assert.ok(!store.isLive("0123456789ab", NOW));
    store.revoke(key.id, NOW);
    assert.ok(!store.isLive(key.id, NOW));
  }));

Deno.test("KeyStore.version() changes when another process has changed the keys, and only then", () =>
  withStore((store, path) => {
    const { key, text } = create(store, "ann");
    const watching = KeyStore.open(path, { readOnly: true });
    const before = watching.version();
    assert.equal(refusal(watching, text), undefined);
    assert.equal(watching.version(), before);
    store.revoke(key.id, NOW);
    assert.notEqual(watching.version(), before);
    assert.ok(!watching.isLive(key.id, NOW));
    watching.close();
  }));

Deno.test("KeyStore drops the oldest dead key to make room, and refuses when all are live", () =>
  withStore((store) => {
    const [first, second] = [create(store, "ann"), create(store, "bob")];
    const full = { ok: false, reason: "full" } as const;
    assert.deepEqual(store.create({ name: "cyd", scopes: READ, now: NOW }), full);
    assert.deepEqual(store.rotate("ann", { overlapMs: 0, now: NOW }), full);
    assert.equal(refusal(store, first.text), undefined);
    store.revoke("bob", NOW);
    create(store, "cyd");
    assert.deepEqual(store.list().map(({ name }) => name), ["ann", "cyd"]);
    assert.equal(refusal(store, second.text), "unknown");
  }, { maxKeys: 2 }));

Deno.test("KeyStore.verify() leaves out a scope that this version does not know", () =>
  withStore((store, path) => {
    const { text } = create(store, "ann");
    const database = new DatabaseSync(path);
    database.exec("UPDATE keys SET scopes = 'market:read moon:landing'");
    database.close();
    const verified = store.verify(text, NOW);
    assert.deepEqual(verified.ok && verified.key.scopes, ["market:read"]);
  }));

Deno.test("KeyStore logs every change with name, id and scopes, and never a key's secret", () =>
  withStore(async (store) => {
    let lines = "";
    const output = {
      write(bytes: Uint8Array) {
        lines += new TextDecoder().decode(bytes);
        return Promise.resolve(bytes.length);
      },
    };
    const logging = await startLogging({ level: "info", format: "json", secrets: [], output });
    const first = create(store, "ann");
    const second = rotate(store, "ann", { overlapMs: DAY_MS, now: NOW });
    const third = rotate(store, "ann", { overlapMs: DAY_MS, now: NOW });
    await logging.stop();
    const records = lines.trimEnd().split("\n").map((line) => JSON.parse(line));
    const eventOf = (message: string, { key: { name, id, scopes } }: Created & { ok: true }) => {
      return { message, properties: { name, id, scopes } };
    };
    assert.deepEqual(records.map(({ message, properties }) => ({ message, properties })), [
      eventOf("key created", first),
      eventOf("key rotated", second),
      eventOf("key revoked", first),
      eventOf("key rotated", third),
    ]);
    for (const { text } of [first, second, third]) assert.ok(!lines.includes(text.split("_")[2] ?? ""));
  }));
