import assert from "node:assert/strict";
import { join } from "node:path";
import { ARCHIVE_FOLDER, ArchiveError, writeArchiveFile } from "../../../src/trading/record/archive_files.ts";
import { DAY_MS } from "../../../src/trading/policy/limits.ts";
import type { TradingStore } from "../../../src/trading/record/store.ts";
import { entry, FREE, NOW, outcomeOf, place, tamper, withStore } from "../stores.ts";

const OLD = NOW - 40 * DAY_MS;
const DAYS = 30;

/** An order of long ago that is final, one that is still open, and one of today. */
function fill(store: TradingStore): void {
  place(store, "final", { at: OLD, idempotencyKey: "key-1" });
  store.journal.close("lm-final", { base: "0.001", counter: "1000" }, OLD);
  place(store, "open", { at: OLD });
  place(store, "young", { at: NOW });
}

function archive(store: TradingStore) {
  return store.archive.run({ days: DAYS, now: NOW });
}

function reasonOf(store: TradingStore): string {
  const found = store.verify();
  return found.ok ? "nothing" : found.reason;
}

Deno.test("RecordArchive.run() moves what is old into files that verify() reads with the rest", () =>
  withStore(async (store, { folder, open }) => {
    fill(store);
    const before = store.verify();
    assert.ok(before.ok && before.rows === 10);
    const file = "audit-000000000001-000000000007.jsonl";
    assert.deepEqual(archive(store), { rows: 7, files: [file], placements: 1 });
    const after = store.verify({ expectedHead: before.head });
    assert.deepEqual([after.ok && after.rows, after.ok && after.archived], [11, 7]);
    assert.deepEqual(open().verify(), after);
    assert.deepEqual(store.audit.trail({}).map(({ event }) => event), ["intent", "sent", "outcome", "archive"]);
    const { mode } = await Deno.stat(join(folder, ARCHIVE_FOLDER, file));
    assert.equal((mode ?? 0) & 0o777, 0o600);
  }));

Deno.test("RecordArchive.run() forgets final placements and their keys, and never one that is open", () =>
  withStore((store) => {
    fill(store);
    archive(store);
    assert.equal(store.journal.findByKey("key:alice", "key-1"), undefined);
    assert.deepEqual(store.journal.open().map(({ clientOrderId }) => clientOrderId), ["lm-open", "lm-young"]);
    store.journal.close("lm-open", { base: "0", counter: "0" }, NOW);
    assert.equal(reasonOf(store), "nothing");
    assert.deepEqual(store.archive.run({ days: DAYS, now: NOW + 40 * DAY_MS }).placements, 1);
    assert.equal(reasonOf(store), "nothing");
  }));

Deno.test("RecordArchive.run() under a clock that is far ahead forgets neither keys nor sums of the last days", () =>
  withStore((store) => {
    place(store, "today", { at: NOW, idempotencyKey: "key-1" });
    store.journal.close("lm-today", { base: "0.001", counter: "1000" }, NOW);
    const policy = { ...FREE, maxPerDay: { currency: "ZAR", amount: "1000" } };
    store.archive.run({ days: DAYS, now: NOW + 400 * DAY_MS });
    assert.equal(store.journal.findByKey("key:alice", "key-1")?.clientOrderId, "lm-today");
    assert.equal(outcomeOf(store.journal.begin(entry("next"), policy, NOW)), "ERR_LIMIT_PER_DAY");
    assert.equal(reasonOf(store), "nothing");
  }));

Deno.test("RecordArchive.run() a second time, and where nothing is old, changes nothing", () =>
  withStore((store, { open }) => {
    place(store, "first");
    assert.deepEqual(archive(store), { rows: 0, files: [], placements: 0 });
    fill(open());
    archive(store);
    const verified = store.verify();
    assert.deepEqual(archive(open()), { rows: 0, files: [], placements: 0 });
    assert.deepEqual(store.verify(), verified);
  }));

Deno.test("RecordArchive.run() moves so many files at most, and goes on with the rest", () =>
  withStore((store) => {
    store.transaction(() => {
      for (let i = 0; i < 10_001; i++) store.audit.append({ event: "preview", identity: "local" }, OLD);
    });
    assert.deepEqual(store.archive.run({ days: DAYS, now: NOW, maxFiles: 1 }).rows, 5_000);
    assert.deepEqual(archive(store).files, [
      "audit-000000005001-000000010000.jsonl",
      "audit-000000010001-000000010001.jsonl",
    ]);
    const verified = store.verify();
    assert.deepEqual([verified.ok && verified.rows, verified.ok && verified.archived], [10_004, 10_001]);
  }));

Deno.test("TradingStore.verify() accepts a file whose rows a crash left in the record", () =>
  withStore((store, { folder }) => {
    fill(store);
    writeArchiveFile(folder, store.audit.oldest(3));
    assert.equal(reasonOf(store), "nothing");
    archive(store);
    assert.equal(reasonOf(store), "nothing");
  }));

Deno.test("RecordArchive.run() leaves the rows where they are when no file can be written", () =>
  withStore(async (store, { folder }) => {
    fill(store);
    await Deno.writeTextFile(join(folder, ARCHIVE_FOLDER), "");
    assert.throws(
      () => archive(store),
      (error) => error instanceof ArchiveError && /cannot be written/.test(error.message),
    );
    await Deno.remove(join(folder, ARCHIVE_FOLDER));
    const verified = store.verify();
    assert.ok(verified.ok && verified.rows === 10 && verified.archived === undefined);
  }));

const CHANGES: Readonly<Record<string, { change: (text: string) => string | undefined; reason: RegExp }>> = {
  "a file that is gone": {
    change: () => undefined,
    reason: /^rows 1 to 7 are archived and no archive file holds this/,
  },
  "a row that was changed": {
    change: (text) => text.replace('"final\\":true', '"final\\":null'),
    reason: /^its content was changed/,
  },
  "a row that is gone": {
    change: (text) => text.split("\n").filter((_line, index) => index !== 2).join("\n"),
    reason: /^it is missing: the next one is 4/,
  },
  "last rows that are gone": {
    change: (text) => text.split("\n").slice(0, 5).join("\n"),
    reason: /^rows 1 to 7 are archived and no archive file holds this/,
  },
  "what is no row": {
    change: (text) => `{}\n${text}`,
    reason: /^the archive file .* cannot be read: a line is no row/,
  },
};
for (const [name, { change, reason }] of Object.entries(CHANGES)) {
  Deno.test(`TradingStore.verify() finds in the archive ${name}`, () =>
    withStore(async (store, { folder }) => {
      fill(store);
      const path = join(folder, ARCHIVE_FOLDER, archive(store).files[0] ?? "");
      const changed = change(await Deno.readTextFile(path));
      if (changed === undefined) await Deno.remove(path);
      else await Deno.writeTextFile(path, changed);
      assert.match(reasonOf(store), reason);
    }));
}

Deno.test("TradingStore.verify() finds an open placement that was removed, though its intent is archived", () =>
  withStore((store, { folder }) => {
    fill(store);
    archive(store);
    tamper(folder, "DELETE FROM placements WHERE client_order_id = 'lm-open'");
    assert.match(reasonOf(store), /^placement lm-open, which the audit tells of, is missing/);
  }));

Deno.test("The database lets nobody delete rows that are not archived, nor take the archive's end back", () =>
  withStore((store, { folder }) => {
    fill(store);
    archive(store);
    for (const statement of ["DELETE FROM audit", "DELETE FROM audit_start", "UPDATE audit_start SET seq = 1"]) {
      assert.throws(() => tamper(folder, statement), /append-only/);
    }
    assert.equal(reasonOf(store), "nothing");
  }));
