import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { recordedIdentity } from "../../../src/trading/record/audit_row.ts";
import type { Audit } from "../../../src/trading/record/audit.ts";
import { CHAIN_START } from "../../../src/trading/record/schema.ts";
import { StoreError } from "../../../src/trading/record/store_error.ts";
import type { TradingStore } from "../../../src/trading/record/store.ts";
import { entry, FREE, NOW, place, tamper, withStore } from "../stores.ts";

const WRITABLE = "DROP TRIGGER audit_keeps_rows; DROP TRIGGER audit_keeps_words; DROP TRIGGER audit_head_stays";

function fill(store: TradingStore, count: number): void {
  for (let i = 1; i <= count; i++) {
    store.audit.record({ event: "preview", identity: "key:alice", clientOrderId: `lm-${i}`, data: { i } }, NOW + i);
  }
}

function brokenRow(audit: Audit, expectedHead?: string): number | null {
  const result = audit.verify({ expectedHead });
  return result.ok ? null : result.row;
}

Deno.test("Audit.verify() proves an empty record and a long one, and answers their head", () =>
  withStore((store) => {
    assert.deepEqual(store.audit.verify(), { ok: true, rows: 0, head: CHAIN_START });
    fill(store, 50);
    const last = store.audit.trail({ limit: 1 })[0];
    assert.equal(last?.seq, 50);
    assert.deepEqual(store.audit.verify(), { ok: true, rows: 50, head: last.hash });
  }));

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
    statement: "INSERT INTO audit SELECT 11, at, identity, event, client_order_id, order_id, data, hash, hash, venue " +
      "FROM audit WHERE seq = 10",
    row: 11,
  },
};
for (const [name, { statement, row }] of Object.entries(CHANGES)) {
  Deno.test(`Audit.verify() finds ${name}, though somebody has gone around the program`, () =>
    withStore((store, { folder }) => {
      fill(store, 10);
      tamper(folder, WRITABLE, statement);
      assert.equal(brokenRow(store.audit), row);
    }));
}

Deno.test("Audit.verify() finds a row that was changed together with its hash by the row after it", () =>
  withStore((store, { folder }) => {
    fill(store, 10);
    const [row] = store.audit.trail({ clientOrderId: "lm-5" });
    assert.ok(row);
    const text = JSON.stringify([5, row.at, row.identity, row.event, row.clientOrderId, null, '{"i":6}', row.previous]);
    const hash = createHash("sha256").update(text).digest("hex");
    tamper(folder, WRITABLE, `UPDATE audit SET data = '{"i":6}', hash = '${hash}' WHERE seq = 5`);
    assert.equal(brokenRow(store.audit), 6);
  }));

Deno.test("Audit.verify() finds a record that was cut together with its head by the head that was kept elsewhere", () =>
  withStore((store, { folder }) => {
    fill(store, 5);
    const early = store.audit.verify();
    fill(store, 5);
    const late = store.audit.verify();
    assert.ok(early.ok && late.ok);
    assert.equal(brokenRow(store.audit, early.head), null);
    tamper(
      folder,
      WRITABLE,
      "DELETE FROM audit WHERE seq > 8",
      "UPDATE audit_head SET (seq, hash) = (SELECT seq, hash FROM audit WHERE seq = 8)",
    );
    assert.equal(brokenRow(store.audit), null);
    assert.equal(brokenRow(store.audit, early.head), null);
    assert.equal(brokenRow(store.audit, late.head), 8);
  }));

for (const statement of ["DELETE FROM audit", "UPDATE audit SET at = 0", "DELETE FROM audit_head"]) {
  Deno.test(`Audit is append-only in the database itself: ${statement} fails`, () =>
    withStore((store, { folder }) => {
      fill(store, 2);
      assert.throws(() => tamper(folder, statement), /append-only/);
      assert.equal(brokenRow(store.audit), null);
    }));
}

Deno.test("Audit.append() wants a transaction, so that no row stands apart from what it speaks of", () =>
  withStore(({ audit }) => {
    assert.throws(() => audit.append({ event: "preview", identity: "local" }, NOW), TypeError);
  }));

Deno.test("Audit.append() is undone with the change that it belongs to", () =>
  withStore((store) => {
    assert.throws(() =>
      store.transaction(() => {
        store.journal.begin(entry("a"), FREE, NOW);
        throw new Error("no");
      }), /^Error: no$/);
    assert.equal(store.journal.find("lm-a"), undefined);
    assert.deepEqual(store.audit.verify(), { ok: true, rows: 0, head: CHAIN_START });
  }));

Deno.test("Audit.append() stops where the head is gone", () =>
  withStore((store, { folder }) => {
    tamper(folder, WRITABLE, "DELETE FROM audit_head");
    assert.throws(() => fill(store, 1), (error) => error instanceof StoreError && error.failure === "damaged");
  }));

Deno.test("Audit.append() strikes out secrets and cuts long data", () =>
  withStore((store) => {
    const data = { api_secret: "s3cret", nested: { Authorization: "Basic s3cret" }, note: "kept" };
    store.audit.record({ event: "policy", identity: "local", data }, NOW);
    store.audit.record({ event: "policy", identity: "local", data: { text: "\u0001\ud800".repeat(9_000) } }, NOW);
    const [first, second] = store.audit.trail({});
    assert.doesNotMatch(first?.data ?? "", /s3cret/);
    assert.match(first?.data ?? "", /"note":"kept"/);
    assert.ok(new TextEncoder().encode(second?.data).length <= 8_192);
    assert.match(JSON.parse(second?.data ?? "").cut.sha256, /^[0-9a-f]{64}$/);
    assert.ok(store.audit.verify().ok);
  }));

Deno.test("Audit.append() takes names from outside so that the chain holds and a terminal is safe", () =>
  withStore((store) => {
    const identity = "token:\u001b[2J\u0000\ud800evil";
    store.audit.record({ event: "cancel", identity, orderId: "BX\u0007", clientOrderId: "x".repeat(5_000) }, NOW);
    const [row] = store.audit.trail({ identity });
    assert.match(row?.identity ?? "", /^token: \[2J evil#[0-9a-f]{16}$/);
    assert.deepEqual([row?.orderId, row?.clientOrderId?.length], ["BX", 300]);
    assert.ok(store.audit.verify().ok);
  }));

Deno.test("recordedIdentity() keeps identities apart that only differ in what cannot be shown", () => {
  assert.equal(recordedIdentity("key:alice"), "key:alice");
  const long = "x".repeat(400);
  assert.equal(new Set(["a\u0000b", "a\u0001b", "a b", `${long}1`, `${long}2`].map(recordedIdentity)).size, 5);
});

Deno.test("Audit.trail() follows an order from preview to fills by either of its ids", () =>
  withStore((store) => {
    store.audit.record({ event: "preview", identity: "key:alice", clientOrderId: "lm-a" }, NOW);
    place(store, "a");
    place(store, "b");
    store.audit.record({ event: "cancel", identity: "key:alice", orderId: "BXa" }, NOW);
    store.journal.close("lm-a", { base: "0.001", counter: "1000" }, NOW);
    const whole = ["preview", "intent", "sent", "outcome", "cancel", "fill"];
    const queries = [{ clientOrderId: "lm-a" }, { orderId: "BXa" }, { orderId: "BXa", clientOrderId: "BXa" }];
    for (const query of [...queries, { orderId: "lm-a", clientOrderId: "lm-a" }]) {
      assert.deepEqual(store.audit.trail(query).map(({ event }) => event), whole);
    }
    assert.deepEqual(store.audit.trail({ orderId: "BX" }), []);
  }));

Deno.test("Audit.trail() shows an identity its own rows only, the newest of them", () =>
  withStore((store) => {
    place(store, "a");
    place(store, "b", { identity: "key:bob" });
    assert.deepEqual(store.audit.trail({ orderId: "BXb", identity: "key:alice" }), []);
    assert.equal(store.audit.trail({ orderId: "BXb", identity: "key:bob" }).length, 3);
    assert.deepEqual(store.audit.trail({ identity: "key:alice", limit: 2 }).map(({ seq }) => seq), [2, 3]);
  }));
