/** What every engine of the record promises of its old part, which lies in archive files. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { ARCHIVE_FOLDER, writeArchiveFile } from "../../../src/state/record/archive_files.ts";
import { DAY_MS } from "../../../src/trading/policy/limits.ts";
import { ArchiveError } from "../../../src/trading/record/archive.ts";
import type { Archived } from "../../../src/trading/record/archive.ts";
import { CHAIN_START, rowAfter } from "../../../src/trading/record/audit_row.ts";
import type { TradingRecord } from "../../../src/trading/record/trading_record.ts";
import { entry, FREE, MAIN, NOW, outcomeOf } from "../../trading/stores.ts";
import { idsOf, place, reasonOf } from "./acts.ts";
import type { Promises } from "./acts.ts";
import type { RecordInstallation } from "./installation.ts";

const OLD = NOW - 40 * DAY_MS;
const DAYS = 30;

/** An order of long ago that is final, one that is still open, and one of today. */
async function fill(record: TradingRecord): Promise<void> {
  await place(record, "final", { at: OLD, idempotencyKey: "key-1" });
  await record.journal.close("lm-final", { base: "0.001", counter: "1000" }, OLD);
  await place(record, "open", { at: OLD });
  await place(record, "young", { at: NOW });
}

/** Rows of long ago, put in at once. */
async function addPreviews(installation: RecordInstallation, count: number): Promise<void> {
  let last = { seq: 0, hash: CHAIN_START };
  const rows = Array.from({ length: count }, () => {
    const row = rowAfter(last, { event: "preview", identity: "local" }, { now: OLD, redact: (text) => text });
    last = row;
    return `(${row.seq}, ${OLD}, 'local', 'preview', NULL, NULL, '{}', '${row.previous}', '${row.hash}', NULL, NULL)`;
  });
  await installation.force(
    `INSERT INTO audit VALUES ${rows.join(", ")}`,
    `UPDATE audit_head SET seq = ${count}, hash = '${last.hash}'`,
  );
}

function archive({ archive }: TradingRecord): Promise<Archived> {
  return archive.run({ days: DAYS, now: NOW });
}

/** What is changed in an archive file, and how that is told. */
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

/** What the engine itself lets nobody do. */
const FORBIDDEN = ["DELETE FROM audit", "DELETE FROM audit_start", "UPDATE audit_start SET seq = 1"];

/** Final placements of long ago, of which no row of the audit speaks any more. */
const MANY_FINAL = `WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 2200)
  INSERT INTO placements (client_order_id, identity, account, venue, preview_id, order_json, digest, policy_digest, state,
    is_alive, created_at)
  SELECT 'lm-old-' || n, 'key:alice', 'main', '', 'p-old-' || n, '{}', '', '', 'not_placed', 0, ${OLD} FROM numbers`;

/** By what is promised. */
export const ARCHIVE_PROMISES: Promises = {
  "RecordArchive.run() moves old rows into files that verify() reads with the rest": async (installation) => {
    const record = await installation.open();
    await fill(record);
    const before = await record.audit.verify();
    assert.ok(before.ok && before.rows === 10);
    const file = "audit-000000000001-000000000007.jsonl";
    assert.deepEqual(await archive(record), { rows: 7, files: [file], placements: 1 });
    const after = await record.audit.verify({ expectedHead: before.head });
    assert.deepEqual([after.ok && after.rows, after.ok && after.archived], [11, 7]);
    assert.deepEqual(await (await installation.open()).audit.verify(), after);
    assert.deepEqual((await record.audit.trail({})).map(({ event }) => event), [
      "intent",
      "sent",
      "outcome",
      "archive",
    ]);
    const { mode } = await Deno.stat(join(installation.folder, ARCHIVE_FOLDER, file));
    assert.equal((mode ?? 0) & 0o777, 0o600);
  },

  "RecordArchive.run() deletes final placements and their keys, and never an open one": async (installation) => {
    const record = await installation.open();
    await fill(record);
    await archive(record);
    assert.equal(await record.journal.findByKey("key:alice", "key-1", MAIN), undefined);
    assert.deepEqual(idsOf(await record.journal.open()), ["lm-open", "lm-young"]);
    await record.journal.close("lm-open", { base: "0", counter: "0" }, NOW);
    assert.equal(await reasonOf(record), "nothing");
    assert.deepEqual((await record.archive.run({ days: DAYS, now: NOW + 40 * DAY_MS })).placements, 1);
    assert.equal(await reasonOf(record), "nothing");
  },

  "RecordArchive.run() under a clock that is far ahead deletes neither keys nor sums of the last days": async (
    installation,
  ) => {
    const record = await installation.open();
    await place(record, "today", { at: NOW, idempotencyKey: "key-1" });
    await record.journal.close("lm-today", { base: "0.001", counter: "1000" }, NOW);
    const policy = { ...FREE, maxPerDay: { currency: "ZAR", amount: "1000" } };
    await record.archive.run({ days: DAYS, now: NOW + 400 * DAY_MS });
    assert.equal((await record.journal.findByKey("key:alice", "key-1", MAIN))?.clientOrderId, "lm-today");
    assert.equal(outcomeOf(await record.journal.begin(entry("next"), policy, NOW)), "ERR_LIMIT_PER_DAY");
    assert.equal(await reasonOf(record), "nothing");
  },

  "RecordArchive.run() a second time, and when nothing is old, changes nothing": async (installation) => {
    const record = await installation.open();
    await place(record, "first");
    assert.deepEqual(await archive(record), { rows: 0, files: [], placements: 0 });
    await fill(await installation.open());
    await archive(record);
    const verified = await record.audit.verify();
    assert.deepEqual(await archive(await installation.open()), { rows: 0, files: [], placements: 0 });
    assert.deepEqual(await record.audit.verify(), verified);
  },

  "RecordArchive.run() moves a limited number of files, and continues with the rest": async (installation) => {
    const record = await installation.open();
    await addPreviews(installation, 10_001);
    assert.deepEqual((await record.archive.run({ days: DAYS, now: NOW, maxFiles: 1 })).rows, 5_000);
    assert.deepEqual((await archive(record)).files, [
      "audit-000000005001-000000010000.jsonl",
      "audit-000000010001-000000010001.jsonl",
    ]);
    const verified = await record.audit.verify();
    assert.deepEqual([verified.ok && verified.rows, verified.ok && verified.archived], [10_004, 10_001]);
  },

  "RecordArchive.run() deletes a thousand placements at a time, and continues with the rest": async (installation) => {
    const record = await installation.open();
    await place(record, "today");
    await installation.tamper(MANY_FINAL);
    assert.equal((await record.archive.run({ days: DAYS, now: NOW, maxFiles: 1 })).placements, 1_000);
    assert.equal((await archive(record)).placements, 1_200);
    assert.deepEqual((await archive(record)).placements, 0);
    assert.deepEqual(idsOf(await record.journal.open()), ["lm-today"]);
    assert.equal(await reasonOf(record), "nothing");
  },

  "Audit.verify() accepts a file whose rows a crash left in the record": async (installation) => {
    const record = await installation.open();
    await fill(record);
    writeArchiveFile(installation.folder, (await record.audit.trail({})).slice(0, 3));
    assert.equal(await reasonOf(record), "nothing");
    await archive(record);
    assert.equal(await reasonOf(record), "nothing");
  },

  "RecordArchive.run() leaves the rows unchanged when no file can be written": async (installation) => {
    const record = await installation.open();
    await fill(record);
    await Deno.writeTextFile(join(installation.folder, ARCHIVE_FOLDER), "");
    await assert.rejects(
      archive(record),
      (error) => error instanceof ArchiveError && /cannot be written/.test(error.message),
    );
    await Deno.remove(join(installation.folder, ARCHIVE_FOLDER));
    const verified = await record.audit.verify();
    assert.ok(verified.ok && verified.rows === 10 && verified.archived === undefined);
  },

  "Audit.verify() finds an open placement that was removed, though its intent is archived": async (installation) => {
    const record = await installation.open();
    await fill(record);
    await archive(record);
    await installation.force("DELETE FROM placements WHERE client_order_id = 'lm-open'");
    assert.match(await reasonOf(record), /^placement lm-open, which the audit tells of, is missing/);
  },

  "The engine lets nobody delete rows that are not archived, nor move the archive's end back": async (
    installation,
  ) => {
    const record = await installation.open();
    await fill(record);
    await archive(record);
    for (const statement of FORBIDDEN) await assert.rejects(installation.tamper(statement), /append-only/);
    assert.equal(await reasonOf(record), "nothing");
  },

  ...Object.fromEntries(
    Object.entries(CHANGES).map(([name, { change, reason }]) => [
      `Audit.verify() finds in the archive ${name}`,
      async (installation) => {
        const record = await installation.open();
        await fill(record);
        const path = join(installation.folder, ARCHIVE_FOLDER, (await archive(record)).files[0] ?? "");
        const changed = change(await Deno.readTextFile(path));
        if (changed === undefined) await Deno.remove(path);
        else await Deno.writeTextFile(path, changed);
        assert.match(await reasonOf(record), reason);
      },
    ]),
  ),
};
