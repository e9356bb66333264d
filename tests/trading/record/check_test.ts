import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { CHAIN_START } from "../../../src/trading/record/schema.ts";
import { TRADING_DATABASE } from "../../../src/trading/record/store.ts";
import type { TradingStore } from "../../../src/trading/record/store.ts";
import { entry, FREE, NOW, place, refuseAtExchange, tamper, withStore } from "../stores.ts";

/** One placement in every state that there is. */
function fill(store: TradingStore): void {
  const { journal, killSwitch, audit } = store;
  place(store, "open");
  place(store, "filled", { idempotencyKey: "key-1" });
  journal.close("lm-filled", { base: "0.001", counter: "1000" }, NOW);
  refuseAtExchange(store, "refused", NOW);
  journal.begin(entry("intent", { notional: null }), FREE, NOW);
  journal.begin(entry("unknown"), FREE, NOW);
  journal.settle("lm-unknown", { state: "unknown", reason: "ERR_TIMEOUT" }, NOW);
  journal.begin(entry("found"), FREE, NOW);
  journal.settle("lm-found", { state: "not_placed", reason: "ERR_TIMEOUT" }, NOW);
  journal.settle("lm-found", { state: "placed", orderId: "BXfound" }, NOW);
  killSwitch.pull({ by: "operator", reason: "lunch", now: NOW });
  killSwitch.lift({ by: "operator", now: NOW });
  audit.record({ event: "cancel", identity: "key:alice", orderId: "BXopen" }, NOW);
}

Deno.test("TradingStore.verify() takes a record in which placements stand in every state, halted and not", () =>
  withStore((store) => {
    assert.deepEqual(store.verify(), { ok: true, rows: 0, head: CHAIN_START });
    fill(store);
    const verified = store.verify();
    assert.deepEqual(verified, store.audit.verify());
    assert.ok(verified.ok);
    assert.equal(store.verify({ expectedHead: "1".repeat(64) }).ok, false);
    store.killSwitch.pull({ by: "operator", reason: "lunch", now: NOW });
    assert.ok(store.verify().ok);
  }));

const OPEN = "WHERE client_order_id = 'lm-open'";
const CHANGES: Readonly<Record<string, { statement: string; reason: RegExp }>> = {
  "a placement that was removed": {
    statement: `DELETE FROM placements ${OPEN}`,
    reason: /^placement lm-open, which the audit tells of, is missing: it was removed$/,
  },
  "a placement that was put in": {
    statement: `INSERT INTO placements SELECT 'lm-eve', identity, paper, 'preview-eve', NULL, order_json, digest,
      policy_digest, state, 'BXeve', is_alive, NULL, NULL, created_at, sent_at, valid_until, settled_at, reason, instance, worst_price, venue, asked
      FROM placements ${OPEN}`,
    reason: /^placement lm-eve has no intent in the audit: it was put in$/,
  },
  "an order that is another": {
    statement: `UPDATE placements SET order_json = replace(order_json, '1000000', '9000000') ${OPEN}`,
    reason: /^placement lm-open has another order than/,
  },
  "a content that cannot be read": {
    statement: `UPDATE placements SET order_json = '{' ${OPEN}`,
    reason: /^placement lm-open has another content than/,
  },
  "another identity": {
    statement: `UPDATE placements SET identity = 'key:eve', notional_amount = NULL, notional_currency = NULL ${OPEN}`,
    reason: /^placement lm-open has another order than/,
  },
  "another time": {
    statement: `UPDATE placements SET created_at = created_at - 90000 ${OPEN}`,
    reason: /^placement lm-open has another time than/,
  },
  "another state": {
    statement: `UPDATE placements SET state = 'unknown', order_id = NULL ${OPEN}`,
    reason: /^placement lm-open has another state than/,
  },
  "an open order that is not counted": {
    statement: `UPDATE placements SET is_alive = 0 ${OPEN}`,
    reason: /^placement lm-open has another state than/,
  },
  "another order id": {
    statement: `UPDATE placements SET order_id = 'BXother' ${OPEN}`,
    reason: /^placement lm-open has another order id than/,
  },
  "another deadline": {
    statement: "UPDATE placements SET valid_until = 0 WHERE client_order_id = 'lm-unknown'",
    reason: /^placement lm-unknown has another deadline than/,
  },
  "a worth that is less": {
    statement: `UPDATE placements SET notional_amount = '1' ${OPEN}`,
    reason: /^placement lm-open has another order than/,
  },
  "a day's use that was lowered": {
    statement: "UPDATE day_use SET amount = '1'",
    reason: /^what key:alice has used in ZAR on 2026-11-22 is not the sum of its placements: it was changed$/,
  },
  "a day's use that was removed": { statement: "DELETE FROM day_use", reason: /^what key:alice has used in ZAR/ },
  "a day's use of somebody else": {
    statement: "INSERT INTO day_use SELECT 'key:eve', paper, venue, currency, day, amount FROM day_use",
    reason: /^what key:eve has used in ZAR/,
  },
  "a halt that nobody pulled": {
    statement: "UPDATE kill_switch SET is_halted = 1",
    reason: /^nobody halted trading and the database says that it is halted pulled: it was changed$/,
  },
  "a kill switch that is gone": { statement: "DELETE FROM kill_switch", reason: /^the halt is missing/ },
  "an end that is not told any more": {
    statement: "DROP TRIGGER audit_head_stays; DELETE FROM audit_head",
    reason: /^where the audit log ends is not told any more: the row that says so was removed$/,
  },
  "an end that was emptied": {
    statement: "UPDATE audit_head SET seq = 0, hash = ''",
    reason: /^the audit log should end at row 0 with another hash/,
  },
  "a beginning that is not told any more": {
    statement: "DROP TRIGGER audit_start_stays; DELETE FROM audit_start",
    reason: /^the file is damaged \(a required row is missing\): restore it from a backup$/,
  },
};
for (const [name, { statement, reason }] of Object.entries(CHANGES)) {
  Deno.test(`TradingStore.verify() finds ${name}`, () =>
    withStore((store, { folder }) => {
      fill(store);
      tamper(folder, statement);
      const found = store.verify();
      assert.match(found.ok ? "nothing" : found.reason, reason);
    }));
}

Deno.test("TradingStore.verify() finds a halt that was lifted without a word", () =>
  withStore((store, { folder }) => {
    store.killSwitch.pull({ by: "operator", reason: "lunch", now: NOW });
    tamper(folder, "UPDATE kill_switch SET is_halted = 0");
    assert.deepEqual(store.verify(), {
      ok: false,
      row: 1,
      reason: "trading was halted and the database says that it is not pulled: it was changed",
    });
  }));

Deno.test("TradingStore.verify() finds pages that are damaged", () =>
  withStore((store, { folder, open }) => {
    fill(store);
    const database = new DatabaseSync(join(folder, TRADING_DATABASE));
    database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    const { rootpage } = database.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'audit_by_order'").get() ??
      {};
    const { page_size: size } = database.prepare("PRAGMA page_size").get() ?? {};
    database.close();
    using file = Deno.openSync(join(folder, TRADING_DATABASE), { write: true });
    file.seekSync((Number(rootpage) - 1) * Number(size), Deno.SeekMode.Start);
    file.writeSync(new Uint8Array(Number(size)).fill(0xff));
    const found = open().verify();
    assert.match(found.ok ? "nothing" : found.reason, /^the file is damaged \(.+\): restore it from a backup$/);
  }));
