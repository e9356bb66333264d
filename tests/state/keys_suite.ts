/** What every engine of API keys promises, each promise as a function that fails where it is broken. */

import assert from "node:assert/strict";
import { createApiKey } from "../../src/access/api_key.ts";
import type { Keys, NewKey, ReplacementKey, Rotated, StoredKey } from "../../src/access/keys.ts";
import { StateError } from "../../src/state/state_error.ts";
import type { StateFailure } from "../../src/state/state_error.ts";
import type { KeysInstallation } from "./keys_engines.ts";
import { turnsUntil } from "./turns_until.ts";

const NOW = Date.UTC(2026, 10, 22);
const DAY_MS = 86_400_000;
const READ = ["market:read", "account:read"] as const;

function newKey(name: string, more: Partial<NewKey> = {}): NewKey {
  const { text: _, ...digest } = createApiKey();
  return { ...digest, name, scopes: READ, now: NOW, ...more };
}

async function add(keys: Keys, name: string, more: Partial<NewKey> = {}): Promise<StoredKey> {
  const added = await keys.add(newKey(name, more));
  assert.ok(added.ok);
  return added.key;
}

async function rotate(keys: Keys, name: string, more: Partial<ReplacementKey>): Promise<Rotated & { ok: true }> {
  const { scopes: _, ...replacement } = newKey(name);
  const rotated = await keys.rotate({ ...replacement, overlapMs: DAY_MS, ...more });
  assert.ok(rotated.ok);
  return rotated;
}

async function namesOf(keys: Keys): Promise<string[]> {
  return (await keys.list()).map(({ name }) => name);
}

function failsWith(failure: StateFailure): (error: unknown) => boolean {
  return (error) => error instanceof StateError && error.failure === failure;
}

/** By what is promised. */
export const KEYS_PROMISES: Readonly<Record<string, (installation: KeysInstallation) => Promise<void>>> = {
  "add() returns the key as it is stored, for every process and after all have closed": async (installation) => {
    const [keys, elsewhere] = [await installation.open(), await installation.open()];
    const request = newKey("ann@example.org", { expiresAt: NOW + DAY_MS });
    assert.equal((await keys.mark()).revision, 0);
    const kept = { id: request.id, name: "ann@example.org", scopes: READ, createdAt: NOW, expiresAt: NOW + DAY_MS };
    assert.deepEqual(await keys.add(request), { ok: true, key: kept });
    assert.deepEqual(await elsewhere.list(), [kept]);
    const since = await elsewhere.since(undefined);
    assert.ok(since.kind === "changed");
    assert.deepEqual(since.keys.map(({ key, digest }) => [key, new Uint8Array(digest)]), [
      [kept, new Uint8Array(request.digest)],
    ]);
    await Promise.all([keys.close(), elsewhere.close()]);
    assert.deepEqual(await (await installation.open()).list(), [kept]);
  },

  "add() refuses a name that has a live key, not one whose keys are dead": async (installation) => {
    const keys = await installation.open();
    await add(keys, "ann", { expiresAt: NOW + DAY_MS });
    assert.deepEqual(await keys.add(newKey("ann")), { ok: false, reason: "taken" });
    await add(keys, "ann", { now: NOW + DAY_MS });
    assert.equal((await keys.revoke("ann", NOW + DAY_MS)).length, 1);
    await add(keys, "ann", { now: NOW + DAY_MS });
  },

  "add() lets one of two processes have a name": async (installation) => {
    const both = await Promise.all([installation.open(), installation.open()]);
    for (const name of ["ann", "bob"]) {
      const outcomes = await Promise.allSettled(both.map((keys) => keys.add(newKey(name))));
      const count = outcomes.filter(({ status, ...rest }) =>
        status === "fulfilled" && "value" in rest && rest.value.ok
      );
      assert.equal(count.length, 1);
    }
  },

  "add() evicts the oldest dead key to make room, and refuses when all are live": async (installation) => {
    const keys = await installation.open({ maxKeys: 2 });
    await add(keys, "ann");
    await add(keys, "bob");
    const full = { ok: false, reason: "full" } as const;
    assert.deepEqual(await keys.add(newKey("cyd")), full);
    const { scopes: _, ...replacement } = newKey("ann");
    assert.deepEqual(await keys.rotate({ ...replacement, overlapMs: 0 }), full);
    assert.deepEqual(await namesOf(keys), ["ann", "bob"]);
    await keys.revoke("bob", NOW);
    await add(keys, "cyd");
    assert.deepEqual(await namesOf(keys), ["ann", "cyd"]);
  },

  "revoke() ends a key by its id, and all live keys of a name, once": async (installation) => {
    const keys = await installation.open();
    await add(keys, "ann");
    await rotate(keys, "ann", {});
    const other = await add(keys, "bob");
    assert.deepEqual(await keys.revoke("nobody", NOW), []);
    const ended = await keys.revoke("ann", NOW + 1);
    assert.deepEqual(ended.map(({ name, revokedAt }) => [name, revokedAt]), [["ann", NOW + 1], ["ann", NOW + 1]]);
    assert.deepEqual(await keys.revoke("ann", NOW + 2), []);
    assert.equal((await keys.revoke(other.id, NOW)).length, 1);
    assert.deepEqual((await keys.list()).map(({ revokedAt }) => revokedAt), [NOW + 1, NOW + 1, NOW]);
  },

  "rotate() creates a key with the same scopes, and keeps the previous one for the overlap but no longer than before":
    async (
      installation,
    ) => {
      const keys = await installation.open();
      const before = await add(keys, "ann");
      const now = NOW + DAY_MS;
      const after = await rotate(keys, "ann", { now, overlapMs: 2 * DAY_MS, expiresAt: now + 9 * DAY_MS });
      assert.deepEqual([after.key.scopes, after.key.expiresAt], [READ, now + 9 * DAY_MS]);
      assert.deepEqual([after.previous, after.ended], [{ ...before, expiresAt: now + 2 * DAY_MS }, []]);
      await add(keys, "bob", { expiresAt: NOW + 10 });
      assert.equal((await rotate(keys, "bob", {})).previous.expiresAt, NOW + 10);
    },

  "rotate() leaves at most two live keys, and refuses a name that has none": async (installation) => {
    const keys = await installation.open();
    const first = await add(keys, "ann");
    const second = await rotate(keys, "ann", {});
    const third = await rotate(keys, "ann", {});
    assert.deepEqual(third.ended.map(({ id, revokedAt }) => [id, revokedAt]), [[first.id, NOW]]);
    assert.equal(third.previous.id, second.key.id);
    const { scopes: _, ...nobody } = newKey("bob");
    assert.deepEqual(await keys.rotate({ ...nobody, overlapMs: 0 }), { ok: false, reason: "unknown" });
  },

  "since() lists changes by others and by itself, and nothing else": async (installation) => {
    const [keys, elsewhere] = [await installation.open(), await installation.open()];
    await add(keys, "ann");
    const first = await elsewhere.since(undefined);
    assert.ok(first.kind === "changed");
    assert.deepEqual(await elsewhere.since(first.version), { kind: "same" });
    await keys.revoke("ann", NOW);
    const second = await elsewhere.since(first.version);
    assert.ok(second.kind === "changed");
    assert.deepEqual(second.mark, { store: first.mark.store, revision: first.mark.revision + 1 });
    assert.equal(second.keys[0]?.key.revokedAt, NOW);
    await add(elsewhere, "bob");
    assert.equal((await elsewhere.since(second.version)).kind, "changed");
  },

  "operations of one caller take effect in the order of the calls": async (installation) => {
    const keys = await installation.open();
    const asked = [keys.add(newKey("ann")), keys.revoke("ann", NOW), keys.add(newKey("ann")), keys.list()] as const;
    const [first, revoked, second, list] = await Promise.all(asked);
    assert.deepEqual([first.ok, revoked.length, second.ok, list.length], [true, 1, true, 2]);
  },

  "while another process writes, reading continues, a change is refused, and the event loop is not blocked": async (
    installation,
  ) => {
    const keys = await installation.open();
    await add(keys, "ann");
    {
      await using _lock = await installation.lock();
      const change = keys.revoke("ann", NOW);
      const turns = await turnsUntil(change);
      await assert.rejects(change, failsWith("busy"));
      assert.ok(turns > 1, `the event loop turned ${turns} times`);
      assert.deepEqual(await namesOf(keys), ["ann"]);
    }
    assert.equal((await keys.revoke("ann", NOW)).length, 1);
  },

  "on a full disk a change is refused, nothing of it remains, and reading continues": async (installation) => {
    await add(await installation.open(), "ann");
    const keys = await installation.openFull();
    const before = await keys.list();
    let number = 0;
    await assert.rejects(async () => {
      for (; number < 1_000; number++) await add(keys, `${number}`.padStart(63, "x"));
    }, failsWith("full"));
    assert.equal((await keys.list()).length, before.length + number);
    assert.equal((await keys.mark()).revision, before.length + number);
  },

  "what was answered is kept when the process is killed during a change, and no change is partial": async (
    installation,
  ) => {
    await (await installation.open()).close();
    const answered: string[] = [];
    for (let kills = 0; kills < 3; kills++) {
      await using writer = installation.write();
      for (let count = 0; count < 5 + kills; count++) answered.push(await writer.next());
      answered.push(...await writer.kill());
    }
    const keys = await installation.open();
    const kept = await keys.list();
    const ids = new Set(kept.map(({ id }) => id));
    assert.deepEqual(answered.filter((id) => !ids.has(id)), []);
    assert.ok(kept.length <= answered.length + 3, "more keys than were asked for");
    assert.equal((await keys.mark()).revision, kept.length);
  },

  "once a newer version has changed the tables a change is refused, and reading continues as far as possible": async (
    installation,
  ) => {
    const keys = await installation.open();
    await add(keys, "ann");
    await installation.upgrade();
    await assert.rejects(keys.add(newKey("bob")), failsWith("outdated"));
    await assert.rejects(keys.revoke("ann", NOW), failsWith("outdated"));
    assert.deepEqual((await keys.list()).map(({ name, revokedAt }) => [name, revokedAt]), [["ann", undefined]]);
    const since = await keys.since(undefined);
    assert.deepEqual(since.kind === "changed" ? since.mark.revision : since, 1);
    await installation.upgrade({ isForeign: true });
    await assert.rejects(keys.since(undefined), failsWith("outdated"));
    await assert.rejects(keys.list(), failsWith("outdated"));
  },

  "damaged keys are an error, never an empty list": async (installation) => {
    const keys = await installation.open();
    for (let number = 0; number < 50; number++) await add(keys, `name-${number}`);
    await keys.close();
    await installation.corrupt();
    await assert.rejects(async () => await (await installation.open()).list(), failsWith("damaged"));
  },
};
