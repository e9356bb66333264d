import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createApiKey } from "../../src/access/api_key.ts";
import { KeySource } from "../../src/access/key_source.ts";
import type { Keys } from "../../src/access/keys.ts";
import { openKeys } from "../../src/state/record/sqlite/open_keys.ts";
import { outdatedError, StateError } from "../../src/state/state_error.ts";
import { LogRecords } from "../support/log_records.ts";
import { StoredKeys } from "./stored_keys.ts";

const NOW = Date.UTC(2026, 10, 22);
const READ = ["market:read", "account:read"] as const;
const IN_FORCE = "API keys are in force: from now on every client must authenticate";
const UNUSABLE = "API keys cannot be used; all clients are rejected until they can";
const LAST_KNOWN = "cannot read the API keys; using the last known ones";
const OUTDATED = "API keys cannot be read as a newer version of this program has changed their tables; " +
  "all of them are rejected until restart";
const GONE = "API keys were moved, deleted or replaced; all of them are rejected until restart";

/** A source on a folder, its clocks, and the keys as another process has them open. */
class Setup implements AsyncDisposable {
  readonly clock = { now: NOW, monotonic: 0 };
  readonly path: string;
  readonly source: KeySource;
  readonly records: LogRecords;
  /** How often the source has read the changes. */
  asked = 0;
  /** Delays or fails the source's reads. */
  hinder: ((ask: () => ReturnType<Keys["since"]>) => ReturnType<Keys["since"]>) | undefined;
  #elsewhere: StoredKeys | undefined;

  private constructor(dir: string, records: LogRecords) {
    this.path = join(dir, "keys.db");
    this.records = records;
    const monotonic = () => this.clock.monotonic;
    this.source = new KeySource({
      path: this.path,
      open: async () => await exists(this.path) ? this.#watched(await openForReading(this.path)) : undefined,
      now: () => this.clock.now,
      monotonic,
    });
  }

  static async start(): Promise<Setup> {
    return new Setup(await Deno.makeTempDir(), LogRecords.start());
  }

  get elsewhere(): StoredKeys {
    return this.#elsewhere ??= new StoredKeys(this.path);
  }

  /** The lifetime of a read. */
  async pass(ms = 100): Promise<void> {
    this.clock.monotonic += ms;
    await this.source.freshen();
  }

  async credentialOf(text: string) {
    const verdict = await this.source.verify(text);
    assert.ok(verdict.ok, JSON.stringify(verdict));
    return verdict.credential;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.source.close();
    this.#elsewhere?.[Symbol.dispose]();
    this.records[Symbol.dispose]();
    await Deno.remove(join(this.path, ".."), { recursive: true });
  }

  #watched(keys: Keys): Keys {
    const since: Keys["since"] = (version) => {
      this.asked++;
      return this.hinder === undefined ? keys.since(version) : this.hinder(() => keys.since(version));
    };
    return { ...keys, since };
  }
}

async function openForReading(path: string): Promise<Keys> {
  return await openKeys({ path, mode: "read", timeoutMs: 0, monotonic: () => performance.now() });
}

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}

Deno.test("KeySource.verify() returns the key's holder with its scopes and expiry, also for a key that was just created", async () => {
  await using setup = await Setup.start();
  const { text } = setup.elsewhere.create("ann", { scopes: READ, expiresAt: NOW + 10, now: NOW });
  const { isRevoked, ...credential } = await setup.credentialOf(text);
  assert.deepEqual(credential, { identity: "key:ann", source: "key", scopes: new Set(READ), expiresAt: NOW + 10 });
  assert.equal(isRevoked?.(), false);
});

Deno.test("KeySource.verify() answers a known key synchronously, without a read", async () => {
  await using setup = await Setup.start();
  const { text } = setup.elsewhere.create("ann", { now: NOW });
  await setup.source.verify(text);
  const { asked } = setup;
  for (let call = 0; call < 3; call++) {
    assert.equal(setup.source.freshen(), undefined);
    assert.equal("then" in setup.source.verify(text), false);
  }
  assert.equal(setup.asked, asked);
});

Deno.test("KeySource.verify() distinguishes invalid, unknown, expired and revoked keys", async () => {
  await using setup = await Setup.start();
  const { source, elsewhere, clock } = setup;
  const ann = elsewhere.create("ann", { expiresAt: NOW + 10, now: NOW });
  const bob = elsewhere.create("bob", { now: NOW });
  elsewhere.revoke("bob", NOW);
  await source.refresh();
  assert.deepEqual(await source.verify("lunomcp_typo"), { ok: false, reason: "malformed" });
  assert.deepEqual(await source.verify(createApiKey().text), { ok: false, reason: "unknown" });
  assert.deepEqual(await source.verify(bob.text), { ok: false, reason: "revoked" });
  clock.now += 10;
  assert.deepEqual(await source.verify(ann.text), { ok: false, reason: "expired" });
});

Deno.test("KeySource.verify() calls a known id with a wrong secret unknown, even when its key is revoked", async () => {
  await using setup = await Setup.start();
  const { key } = setup.elsewhere.create("ann", { now: NOW });
  const id = Uint8Array.fromHex(key.id);
  const forged = createApiKey((bytes) => (bytes.length === 6 ? (bytes.set(id), bytes) : bytes.fill(1)));
  assert.equal(forged.id, key.id);
  assert.deepEqual(await setup.source.verify(forged.text), { ok: false, reason: "unknown" });
  setup.elsewhere.revoke("ann", NOW);
  assert.deepEqual(await setup.source.verify(forged.text), { ok: false, reason: "unknown" });
});

Deno.test("KeySource refuses a key at most a tenth of a second after another process revoked it", async () => {
  await using setup = await Setup.start();
  const [ann, bob] = ["ann", "bob"].map((name) => setup.elsewhere.create(name, { now: NOW }).text);
  const admitted = [await setup.credentialOf(ann ?? ""), await setup.credentialOf(bob ?? "")];
  setup.elsewhere.revoke("ann", NOW);
  await setup.pass();
  assert.deepEqual(await setup.source.verify(ann ?? ""), { ok: false, reason: "revoked" });
  assert.deepEqual(admitted.map(({ isRevoked }) => isRevoked?.()), [true, false]);
});

Deno.test("KeySource.refresh() reads again for a caller that asks while a read is running", async () => {
  await using setup = await Setup.start();
  const { text } = setup.elsewhere.create("ann", { now: NOW });
  await setup.credentialOf(text);
  const [reached, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  setup.hinder = async (ask) => {
    const answer = await ask();
    reached.resolve();
    await held.promise;
    return answer;
  };
  const early = setup.source.refresh();
  await reached.promise;
  setup.elsewhere.revoke("ann", NOW);
  const late = Promise.all([setup.source.refresh(), setup.source.refresh()]);
  held.resolve();
  await early;
  assert.equal((await setup.source.verify(text)).ok, true);
  await late;
  assert.deepEqual(await setup.source.verify(text), { ok: false, reason: "revoked" });
  assert.equal(setup.asked, 3);
});

Deno.test("KeySource ends the use of a replaced key when its overlap ends, open connections included", async () => {
  await using setup = await Setup.start();
  const { isRevoked } = await setup.credentialOf(setup.elsewhere.create("ann", { now: NOW }).text);
  setup.elsewhere.rotate("ann", { overlapMs: 1_000, now: NOW });
  await setup.source.refresh();
  assert.equal(isRevoked?.(), false);
  setup.clock.now += 1_000;
  assert.equal(isRevoked?.(), true);
});

for (
  const [what, change] of [
    ["deleted", (path: string) => Deno.removeSync(path)],
    ["replaced by a copy", (path: string) => {
      Deno.copyFileSync(path, `${path}.copy`);
      Deno.renameSync(`${path}.copy`, path);
    }],
  ] as const
) {
  Deno.test(`KeySource ends every key when the file of keys is ${what}`, async () => {
    await using setup = await Setup.start();
    const { text } = setup.elsewhere.create("ann", { now: NOW });
    const ann = await setup.credentialOf(text);
    change(setup.path);
    await setup.source.refresh();
    assert.equal(ann.isRevoked?.(), true);
    assert.deepEqual(await setup.source.verify(text), { ok: false, reason: "unknown" });
    assert.equal(setup.records.of(GONE).length, 1);
  });
}

Deno.test("KeySource ends every key when an older copy overwrites the file of keys", async () => {
  await using setup = await Setup.start();
  const { text } = setup.elsewhere.create("ann", { now: NOW });
  const before = await Deno.readFile(setup.path);
  await setup.credentialOf(text);
  setup.elsewhere.revoke("ann", NOW);
  await setup.source.refresh();
  await Deno.writeFile(setup.path, before);
  await setup.source.refresh();
  assert.equal((await setup.source.verify(text)).ok, false);
  assert.equal(setup.records.of(GONE).length, 1);
});

Deno.test("KeySource uses the first key within a tenth of a second, and remains a source when that key is revoked", async () => {
  await using setup = await Setup.start();
  await setup.pass();
  assert.equal(setup.source.isConfigured, false);
  const { text } = setup.elsewhere.create("ann", { now: NOW });
  assert.equal(setup.source.freshen(), undefined);
  await setup.pass();
  assert.equal(setup.source.isConfigured, true);
  assert.equal((await setup.credentialOf(text)).identity, "key:ann");
  assert.equal(setup.records.of(IN_FORCE).length, 1);
  setup.elsewhere.revoke("ann", NOW);
  await setup.source.refresh();
  assert.deepEqual([setup.source.isConfigured, (await setup.source.verify(text)).ok], [true, false]);
});

Deno.test("KeySource is not a source while the file of keys holds none, and looks for another file when it is gone", async () => {
  await using setup = await Setup.start();
  setup.elsewhere.engine.mark();
  await setup.pass();
  assert.equal(setup.source.isConfigured, false);
  await Deno.remove(setup.path);
  await setup.pass();
  using anew = new StoredKeys(setup.path);
  const { text } = anew.create("ann", { now: NOW });
  await setup.pass();
  assert.ok(setup.source.isConfigured && (await setup.source.verify(text)).ok);
});

Deno.test("KeySource refuses every caller while the file of keys cannot be used, and logs that once", async () => {
  await using setup = await Setup.start();
  const { text } = setup.elsewhere.create("ann", { now: NOW });
  await Deno.chmod(setup.path, 0o644);
  for (let look = 0; look < 4; look++) {
    await setup.pass();
    assert.equal(setup.source.isConfigured, true);
    assert.deepEqual(await setup.source.verify(text), { ok: false, reason: "keys_unusable" });
  }
  assert.equal(setup.records.of(UNUSABLE).length, 1);
  await Deno.chmod(setup.path, 0o600);
  await setup.pass(1_000);
  assert.ok(setup.source.isConfigured && (await setup.source.verify(text)).ok);
});

Deno.test("KeySource keeps using the last known keys while another process locks them, without blocking meanwhile", async () => {
  await using setup = await Setup.start();
  const { text } = setup.elsewhere.create("ann", { now: NOW });
  await setup.credentialOf(text);
  const late = setup.elsewhere.create("bob", { now: NOW });
  {
    using other = new DatabaseSync(setup.path);
    other.exec("BEGIN EXCLUSIVE");
    let turns = 0;
    const timer = setInterval(() => turns++);
    await setup.pass();
    clearInterval(timer);
    assert.ok(turns > 1, `the event loop turned ${turns} times`);
    assert.ok((await setup.source.verify(text)).ok);
    const unavailable = { ok: false, reason: "keys_unavailable", retryAfterMs: 1_000 };
    assert.deepEqual(await setup.source.verify(late.text), unavailable);
    assert.equal(setup.records.of(LAST_KNOWN).length, 1);
  }
  assert.ok((await setup.source.verify(late.text)).ok);
});

Deno.test("KeySource refuses every caller once the keys are of a newer version, and stops reading them", async () => {
  await using setup = await Setup.start();
  const { text } = setup.elsewhere.create("ann", { now: NOW });
  const { isRevoked } = await setup.credentialOf(text);
  setup.hinder = () => Promise.reject(outdatedError(setup.path));
  await setup.pass();
  assert.equal(isRevoked?.(), true);
  assert.deepEqual(await setup.source.verify(text), { ok: false, reason: "unknown" });
  const { asked } = setup;
  await setup.pass();
  assert.deepEqual([setup.asked, setup.source.isConfigured, setup.records.of(OUTDATED).length], [asked, true, 1]);
});

Deno.test("KeySource treats an empty store that becomes unreadable as one with keys", async () => {
  await using setup = await Setup.start();
  setup.elsewhere.engine.mark();
  await setup.pass();
  assert.equal(setup.source.isConfigured, false);
  setup.hinder = () => Promise.reject(outdatedError(setup.path));
  await setup.pass();
  assert.equal(setup.source.isConfigured, true);
});

Deno.test("KeySource reopens the keys after their worker has ended, and accepts no other store in their place", async () => {
  await using setup = await Setup.start();
  const { text } = setup.elsewhere.create("ann", { now: NOW });
  await setup.credentialOf(text);
  const ended = () => Promise.reject(new StateError("Cannot tell", { path: setup.path, failure: "outcome_unknown" }));
  setup.hinder = ended;
  await setup.pass();
  setup.hinder = undefined;
  setup.elsewhere.revoke("ann", NOW);
  await setup.pass();
  assert.deepEqual(await setup.source.verify(text), { ok: false, reason: "revoked" });
  setup.hinder = ended;
  await setup.pass();
  setup.hinder = undefined;
  await Deno.remove(setup.path);
  using other = new StoredKeys(setup.path);
  const { text: foreign } = other.create("eve", { now: NOW });
  await setup.pass();
  assert.deepEqual(await setup.source.verify(foreign), { ok: false, reason: "unknown" });
  assert.equal(setup.records.of(GONE).length, 1);
});
