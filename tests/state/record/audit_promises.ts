/** What every engine of the record promises of the audit. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { CHAIN_START } from "../../../src/trading/record/audit_row.ts";
import { StoreError } from "../../../src/trading/record/store_error.ts";
import type { TradingRecord } from "../../../src/trading/record/trading_record.ts";
import { NOW } from "../../trading/stores.ts";
import { place } from "./acts.ts";
import type { Promises } from "./acts.ts";

async function fill({ audit }: TradingRecord, count: number): Promise<void> {
  for (let i = 1; i <= count; i++) {
    await audit.record({ event: "preview", identity: "key:alice", clientOrderId: `lm-${i}`, data: { i } }, NOW + i);
  }
}

async function brokenRow({ audit }: TradingRecord, expectedHead?: string): Promise<number | null> {
  const result = await audit.verify({ expectedHead });
  return result.ok ? null : result.row;
}

/** What somebody changes who goes around the program, and at which row it is found. */
const CHANGES: Readonly<Record<string, { statement: string; row: number }>> = {
  "a time": { statement: "UPDATE audit SET at = at + 1 WHERE seq = 5", row: 5 },
  "an identity": { statement: "UPDATE audit SET identity = 'key:eve' WHERE seq = 5", row: 5 },
  "an event": { statement: "UPDATE audit SET event = 'fill' WHERE seq = 5", row: 5 },
  "a client order id": { statement: "UPDATE audit SET client_order_id = NULL WHERE seq = 5", row: 5 },
  "an order id": { statement: "UPDATE audit SET order_id = 'BX1' WHERE seq = 5", row: 5 },
  "data": { statement: `UPDATE audit SET data = '{"i":6}' WHERE seq = 5`, row: 5 },
  "a hash": { statement: "UPDATE audit SET hash = previous WHERE seq = 5", row: 5 },
  "a row removed from the middle": { statement: "DELETE FROM audit WHERE seq = 5", row: 5 },
  "the first row removed": { statement: "DELETE FROM audit WHERE seq = 1", row: 1 },
  "the last rows removed": { statement: "DELETE FROM audit WHERE seq > 8", row: 9 },
  "rows exchanged": {
    statement: "UPDATE audit SET seq = -4 WHERE seq = 4; UPDATE audit SET seq = 4 WHERE seq = 5; " +
      "UPDATE audit SET seq = 5 WHERE seq = -4",
    row: 4,
  },
  "a row added at the end": {
    statement:
      "INSERT INTO audit SELECT 11, at, identity, event, client_order_id, order_id, data, hash, hash, venue, account " +
      "FROM audit WHERE seq = 10",
    row: 11,
  },
};

/** What the engine itself lets nobody do. */
const FORBIDDEN = ["DELETE FROM audit", "UPDATE audit SET at = 0", "DELETE FROM audit_head"];

/** By what is promised. */
export const AUDIT_PROMISES: Promises = {
  "Audit.verify() proves an empty record and a long one, and returns their head": async (installation) => {
    const record = await installation.open();
    assert.deepEqual(await record.audit.verify(), { ok: true, rows: 0, head: CHAIN_START });
    await fill(record, 50);
    const last = (await record.audit.trail({ limit: 1 }))[0];
    assert.equal(last?.seq, 50);
    assert.deepEqual(await record.audit.verify(), { ok: true, rows: 50, head: last.hash });
  },

  ...Object.fromEntries(
    Object.entries(CHANGES).map(([name, { statement, row }]) => [
      `Audit.verify() finds ${name}, though somebody has gone around the program`,
      async (installation) => {
        const record = await installation.open();
        await fill(record, 10);
        await installation.force(statement);
        assert.equal(await brokenRow(record), row);
      },
    ]),
  ),

  "Audit is append-only in the engine itself": async (installation) => {
    const record = await installation.open();
    await fill(record, 2);
    for (const statement of FORBIDDEN) await assert.rejects(installation.tamper(statement), /append-only/);
    assert.equal(await brokenRow(record), null);
  },

  "Audit.verify() finds a row that was changed together with its hash by the row after it": async (installation) => {
    const record = await installation.open();
    await fill(record, 10);
    const [row] = await record.audit.trail({ clientOrderId: "lm-5" });
    assert.ok(row);
    const text = JSON.stringify([5, row.at, row.identity, row.event, row.clientOrderId, null, '{"i":6}', row.previous]);
    const hash = createHash("sha256").update(text).digest("hex");
    await installation.force(`UPDATE audit SET data = '{"i":6}', hash = '${hash}' WHERE seq = 5`);
    assert.equal(await brokenRow(record), 6);
  },

  "Audit.verify() finds a record that was truncated together with its head by a head stored elsewhere": async (
    installation,
  ) => {
    const record = await installation.open();
    await fill(record, 5);
    const early = await record.audit.verify();
    await fill(record, 5);
    const late = await record.audit.verify();
    assert.ok(early.ok && late.ok);
    assert.equal(await brokenRow(record, early.head), null);
    await installation.force(
      "DELETE FROM audit WHERE seq > 8",
      "UPDATE audit_head SET (seq, hash) = (SELECT seq, hash FROM audit WHERE seq = 8)",
    );
    assert.equal(await brokenRow(record), null);
    assert.equal(await brokenRow(record, early.head), null);
    assert.equal(await brokenRow(record, late.head), 8);
  },

  "Audit.record() fails when the head is missing": async (installation) => {
    const record = await installation.open();
    await installation.force("DELETE FROM audit_head");
    await assert.rejects(fill(record, 1), (error) => error instanceof StoreError && error.failure === "damaged");
  },

  "Audit.record() removes secrets and truncates long data": async (installation) => {
    const record = await installation.open();
    const data = { api_secret: "s3cret", nested: { Authorization: "Basic s3cret" }, note: "kept" };
    await record.audit.record({ event: "policy", identity: "local", data }, NOW);
    await record.audit.record(
      { event: "policy", identity: "local", data: { text: "\u0001\ud800".repeat(9_000) } },
      NOW,
    );
    const [first, second] = await record.audit.trail({});
    assert.doesNotMatch(first?.data ?? "", /s3cret/);
    assert.match(first?.data ?? "", /"note":"kept"/);
    assert.ok(new TextEncoder().encode(second?.data).length <= 8_192);
    assert.match(JSON.parse(second?.data ?? "").cut.sha256, /^[0-9a-f]{64}$/);
    assert.ok((await record.audit.verify()).ok);
  },

  "Audit.record() accepts external names without breaking the chain or a terminal": async (installation) => {
    const record = await installation.open();
    const identity = "token:\u001b[2J\u0000\ud800evil";
    await record.audit.record(
      { event: "cancel", identity, orderId: "BX\u0007", clientOrderId: "x".repeat(5_000) },
      NOW,
    );
    const [row] = await record.audit.trail({ identity });
    assert.match(row?.identity ?? "", /^token: \[2J evil#[0-9a-f]{16}$/);
    assert.deepEqual([row?.orderId, row?.clientOrderId?.length], ["BX", 300]);
    assert.ok((await record.audit.verify()).ok);
  },

  "Audit.trail() follows an order from preview to fills by either of its ids": async (installation) => {
    const record = await installation.open();
    await record.audit.record({ event: "preview", identity: "key:alice", clientOrderId: "lm-a" }, NOW);
    await place(record, "a");
    await place(record, "b");
    await record.audit.record({ event: "cancel", identity: "key:alice", orderId: "BXa" }, NOW);
    await record.journal.close("lm-a", { base: "0.001", counter: "1000" }, NOW);
    const whole = ["preview", "intent", "sent", "outcome", "cancel", "fill"];
    const queries = [{ clientOrderId: "lm-a" }, { orderId: "BXa" }, { orderId: "BXa", clientOrderId: "BXa" }];
    for (const query of [...queries, { orderId: "lm-a", clientOrderId: "lm-a" }]) {
      assert.deepEqual((await record.audit.trail(query)).map(({ event }) => event), whole);
    }
    assert.deepEqual(await record.audit.trail({ orderId: "BX" }), []);
  },

  "Audit.trail() shows an identity only its own rows, the newest of them": async (installation) => {
    const record = await installation.open();
    await place(record, "a");
    await place(record, "b", { identity: "key:bob" });
    assert.deepEqual(await record.audit.trail({ orderId: "BXb", identity: "key:alice" }), []);
    assert.equal((await record.audit.trail({ orderId: "BXb", identity: "key:bob" })).length, 3);
    assert.deepEqual((await record.audit.trail({ identity: "key:alice", limit: 2 })).map(({ seq }) => seq), [2, 3]);
  },

  "AuditFeed reports what all processes have recorded, which of it came from here, and the state of its orders": async (
    installation,
  ) => {
    const [one, other] = [await installation.open(), await installation.open()];
    await fill(one, 2);
    const start = await one.feed.start();
    assert.equal(start, 2);
    await place(one, "own");
    await place(other, "others");
    const { rows, through } = await one.feed.after(start, 4);
    assert.deepEqual(rows.map(({ row, isOwn }) => [row.event, isOwn]), [
      ["intent", true],
      ["sent", true],
      ["outcome", true],
      ["intent", false],
    ]);
    assert.deepEqual(rows.map(({ placement }) => placement?.orderId), ["BXown", "BXown", "BXown", "BXothers"]);
    const rest = await one.feed.after(through, 10);
    assert.deepEqual([rest.rows.length, rest.through], [2, 8]);
    assert.deepEqual(await one.feed.after(8, 10), { rows: [], through: 8 });
  },
};
