/** What every engine of the record promises to find where its tables were changed behind its back. */

import assert from "node:assert/strict";
import { CHAIN_START } from "../../../src/trading/record/audit_row.ts";
import type { TradingRecord } from "../../../src/trading/record/trading_record.ts";
import { entry, FREE, NOW } from "../../trading/stores.ts";
import { place, reasonOf, refuseAtExchange } from "./acts.ts";
import type { Promises } from "./acts.ts";

/** One placement in every state that there is. */
async function fill(record: TradingRecord): Promise<void> {
  const { journal, halts, audit } = record;
  await place(record, "open");
  await place(record, "filled", { idempotencyKey: "key-1" });
  await journal.close("lm-filled", { base: "0.001", counter: "1000" }, NOW);
  await refuseAtExchange(record, "refused", NOW);
  await journal.begin(entry("intent", { notional: null }), FREE, NOW);
  await journal.begin(entry("unknown"), FREE, NOW);
  await journal.settle("lm-unknown", { state: "unknown", reason: "ERR_TIMEOUT" }, NOW);
  await journal.begin(entry("found"), FREE, NOW);
  await journal.settle("lm-found", { state: "not_placed", reason: "ERR_TIMEOUT" }, NOW);
  await journal.settle("lm-found", { state: "placed", orderId: "BXfound" }, NOW);
  await halts.pull({ by: "operator", reason: "lunch", now: NOW });
  await halts.lift({ by: "operator", now: NOW });
  await audit.record({ event: "cancel", identity: "key:alice", orderId: "BXopen" }, NOW);
}

const OPEN = "WHERE client_order_id = 'lm-open'";
const CHANGES: Readonly<Record<string, { statement: string; reason: RegExp }>> = {
  "a placement that was removed": {
    statement: `DELETE FROM placements ${OPEN}`,
    reason: /^placement lm-open, which the audit tells of, is missing: it was removed$/,
  },
  "a placement that was put in": {
    statement:
      `INSERT INTO placements (client_order_id, identity, account, venue, preview_id, order_json, digest, policy_digest,
        state, order_id, is_alive, created_at, sent_at, valid_until)
      SELECT 'lm-eve', identity, account, venue, 'preview-eve', order_json, digest, policy_digest,
        state, 'BXeve', is_alive, created_at, sent_at, valid_until FROM placements ${OPEN}`,
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
  "another account": {
    statement: `UPDATE placements SET account = 'second' ${OPEN}`,
    reason: /^placement lm-open has another account than/,
  },
  "another account's row": {
    statement: "UPDATE audit SET account = 'second' WHERE client_order_id = 'lm-open' AND event = 'intent'",
    reason: /^its content was changed: the hash is another$/,
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
    statement:
      "INSERT INTO day_use (identity, account, venue, currency, day, amount) SELECT 'key:eve', account, venue, currency, day, amount FROM day_use",
    reason: /^what key:eve has used in ZAR/,
  },
  "a halt that nobody pulled": {
    statement: "UPDATE kill_switch SET is_halted = 1",
    reason: /^nobody halted trading and the database says that it is halted: it was changed$/,
  },
  "a kill switch that is gone": { statement: "DELETE FROM kill_switch", reason: /^the halt is missing/ },
  "an end that is not told any more": {
    statement: "DELETE FROM audit_head",
    reason: /^where the audit log ends is not told any more: the row that says so was removed$/,
  },
  "an end that was emptied": {
    statement: "UPDATE audit_head SET seq = 0, hash = ''",
    reason: /^the audit log should end at row 0 with another hash/,
  },
  "a beginning that is not told any more": {
    statement: "DELETE FROM audit_start",
    reason: /^the (file|database) is damaged \(a required row is missing\): restore it from a backup$/,
  },
};

/** By what is promised. */
export const VERIFY_PROMISES: Promises = {
  "Audit.verify() accepts a record with placements in every state, halted and not": async (installation) => {
    const record = await installation.open();
    assert.deepEqual(await record.audit.verify(), { ok: true, rows: 0, head: CHAIN_START });
    await fill(record);
    const verified = await record.audit.verify();
    assert.deepEqual(verified, await record.audit.verify());
    assert.ok(verified.ok);
    assert.equal((await record.audit.verify({ expectedHead: "1".repeat(64) })).ok, false);
    await record.halts.pull({ by: "operator", reason: "lunch", now: NOW });
    assert.ok((await record.audit.verify()).ok);
  },

  ...Object.fromEntries(
    Object.entries(CHANGES).map(([name, { statement, reason }]) => [
      `Audit.verify() finds ${name}`,
      async (installation) => {
        const record = await installation.open();
        await fill(record);
        await installation.force(statement);
        assert.match(await reasonOf(record), reason);
      },
    ]),
  ),

  "Audit.verify() finds a halt that was lifted without an audit row": async (installation) => {
    const record = await installation.open();
    await record.halts.pull({ by: "operator", reason: "lunch", now: NOW });
    await installation.force("UPDATE kill_switch SET is_halted = 0");
    const reason = "trading was halted and the database says that it is not: it was changed";
    assert.deepEqual(await record.audit.verify(), { ok: false, row: 1, reason });
  },
};
