import assert from "node:assert/strict";
import { join } from "node:path";
import { AuditLog } from "../../src/trading/audit_log.ts";
import { HaltWatch } from "../../src/trading/execution/halt_watch.ts";
import { KillSwitch } from "../../src/trading/execution/kill_switch.ts";
import { HALT_FILE } from "../../src/trading/record/halts.ts";
import type { SqliteRecord } from "../../src/state/record/sqlite/record.ts";
import { StoreError } from "../../src/trading/record/store_error.ts";
import { LogRecords } from "../support/log_records.ts";
import { ask } from "./approval_requests.ts";
import { answeringLate } from "./late_record.ts";
import { entry, FREE, NOW, tamper, withStore } from "./stores.ts";

/** The log after `act` on a record that a server follows and others share. */
async function logged(
  act: (store: SqliteRecord, context: { folder: string; other: SqliteRecord; log: AuditLog }) => unknown,
): Promise<{ lines: [level: string, message: unknown, fields: Record<string, unknown>][]; log: AuditLog }> {
  using records = LogRecords.start();
  let log: AuditLog | undefined;
  await withStore(async (store, { folder, open }) => {
    log = await AuditLog.open(answeringLate(store.feed));
    await act(store, { folder, other: open(), log });
    await log.stop();
  });
  assert.ok(log !== undefined);
  return { lines: records.all.map(({ level, rawMessage, properties }) => [level, rawMessage, properties]), log };
}

const IDS = { identity: entry("a").identity, client_order_id: entry("a").clientOrderId };
const TERMS = { kind: "real", pair: "XBTZAR", side: "BUY", type: "limit", volume: "0.001", price: "1000000" };

Deno.test("AuditLog logs an order that was placed and settled, with its ids and terms, and counts it", async () => {
  const { lines, log } = await logged(({ journal }) => {
    journal.begin(entry("a"), FREE, NOW);
    journal.settle(IDS.client_order_id, { state: "placed", orderId: "BX1" }, NOW);
    journal.close(IDS.client_order_id, { base: "0.001", counter: "1000", status: "COMPLETE" }, NOW);
  });
  assert.deepEqual(lines, [
    ["debug", "order sent", { ...IDS, ...TERMS }],
    ["info", "order placed", { ...IDS, order_id: "BX1", ...TERMS }],
    ["info", "order settled", {
      ...IDS,
      order_id: "BX1",
      ...TERMS,
      filled_volume: "0.001",
      filled_value: "1000",
      status: "COMPLETE",
    }],
  ]);
  assert.deepEqual(log.counts, [
    { kind: "real", outcome: "placed", count: 1 },
    { kind: "real", outcome: "filled", count: 1 },
  ]);
});

Deno.test("AuditLog logs an order whose outcome is unknown as a warning, and the one that was not placed with its code", async () => {
  const { lines, log } = await logged(({ journal }) => {
    for (const name of ["a", "b"]) journal.begin(entry(name), FREE, NOW);
    journal.settle(entry("a").clientOrderId, { state: "unknown", reason: "ERR_TIMEOUT" }, NOW);
    journal.settle(entry("b").clientOrderId, { state: "not_placed", reason: "ERR_INSUFFICIENT_FUNDS" }, NOW);
  });
  assert.deepEqual(lines.slice(2).map(([level, message, { code }]) => [level, message, code]), [
    ["warning", "order outcome unknown", "ERR_TIMEOUT"],
    ["info", "order not placed", "ERR_INSUFFICIENT_FUNDS"],
  ]);
  assert.deepEqual(log.counts.map(({ outcome }) => outcome), ["unknown", "not_placed"]);
});

Deno.test("AuditLog logs previews at debug, refusals with their code, and cancellations", async () => {
  const { lines } = await logged(({ audit }) => {
    audit.record(
      { event: "preview", identity: "alice", data: { order: entry("a").order, paper: true, problems: [] } },
      NOW,
    );
    audit.record({ event: "decision", identity: "alice", data: { allowed: false, code: "ERR_POLICY_PAIR" } }, NOW);
    const cancel = { event: "cancel", identity: "alice", orderId: "BX9" } as const;
    audit.record({ ...cancel, data: { asked: true } }, NOW);
    audit.record({ ...cancel, data: { status: "cancelled", base: "0", counter: "0" } }, NOW);
    audit.record({ ...cancel, data: { status: "not_found" } }, NOW);
  });
  assert.deepEqual(lines, [
    ["debug", "order previewed", { identity: "alice", ...TERMS, kind: "paper", problems: [] }],
    ["info", "order refused", { identity: "alice", code: "ERR_POLICY_PAIR" }],
    ["info", "order cancelled", { identity: "alice", order_id: "BX9", filled_volume: "0" }],
    ["warning", "order not cancelled", { identity: "alice", order_id: "BX9", status: "not_found" }],
  ]);
});

Deno.test("AuditLog logs halts, resumes and approvals of other processes too, and says so; of orders only its own", async () => {
  const { lines, log } = await logged((store, { other }) => {
    other.halts.pull({ by: "local", reason: "storm", now: NOW });
    store.halts.lift({ by: "local", now: NOW });
    const { approval } = ask(store, {});
    other.approvals.decide(approval.id, { approved: true, by: "terminal", now: NOW });
    other.journal.begin(entry("a"), FREE, NOW);
    other.journal.settle(entry("a").clientOrderId, { state: "placed", orderId: "BX1" }, NOW);
  });
  assert.deepEqual(lines.map(([level, message, { by_this_server }]) => [level, message, by_this_server]), [
    ["warning", "trading halted", false],
    ["warning", "trading resumed", true],
    ["info", "approval requested", true],
    ["info", "order approved", false],
  ]);
  assert.deepEqual([lines[0]?.[2].by, lines[0]?.[2].reason], ["local", "storm"]);
  assert.match(String(lines[3]?.[2].approval_id), /^[0-9a-f]{12}$/);
  assert.deepEqual(lines[3]?.[2].ways, ["terminal"]);
  assert.deepEqual(log.counts, []);
});

Deno.test("AuditLog logs the halt file when it appears and when it is removed", async () => {
  const { lines } = await logged(async ({ halts }, { folder }) => {
    const watch = new HaltWatch({
      killSwitch: new KillSwitch({ halts: answeringLate(halts) }),
      cancellation: { look: () => Promise.resolve() },
      now: () => NOW,
    });
    await Deno.writeTextFile(join(folder, HALT_FILE), "");
    await watch.look();
    await Deno.remove(join(folder, HALT_FILE));
    await watch.look();
  });
  assert.deepEqual(lines.map(([, message]) => message), ["trading halted by the halt file", "halt file removed"]);
});

Deno.test("AuditLog logs nothing of a change that was rolled back, and nothing recorded before it began", async () => {
  using records = LogRecords.start();
  await withStore(async (store, { folder }) => {
    store.halts.pull({ by: "local", reason: "before", now: NOW });
    const log = await AuditLog.open(answeringLate(store.feed));
    // The end of the change cannot be written.
    tamper(folder, "CREATE TRIGGER full BEFORE UPDATE ON audit_head BEGIN SELECT RAISE (ABORT, 'no'); END");
    assert.throws(() => store.halts.lift({ by: "local", now: NOW }), StoreError);
    tamper(folder, "DROP TRIGGER full");
    await log.look();
    await log.stop();
  });
  assert.deepEqual(records.messages, []);
});

Deno.test("AuditLog logs once that the record cannot be read, and continues", async () => {
  using records = LogRecords.start();
  await withStore(async (store) => {
    const log = await AuditLog.open(answeringLate(store.feed));
    store.close();
    await log.look();
    await log.look();
  });
  assert.deepEqual(records.messages, ["cannot read the audit log"]);
});
