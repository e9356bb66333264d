/** How SQLite finds what orders ask for: by an index wherever a table grows with every order. */

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import type { SqliteRecord } from "../../../src/state/record/sqlite/record.ts";
import { TRADING_DATABASE } from "../../../src/state/record/sqlite/trading_database.ts";
import { orderRequest } from "../../trading/approval_requests.ts";
import { shownOrder } from "../../trading/shown_orders.ts";
import { entry, FREE, INSTANCE, MAIN, NOW, place, recordOn, withStore } from "../../trading/stores.ts";

/** Tells which statements were prepared on it. */
class ListeningDatabase extends DatabaseSync {
  readonly statements = new Set<string>();

  override prepare(text: string): ReturnType<DatabaseSync["prepare"]> {
    this.statements.add(text);
    return super.prepare(text);
  }
}

/** Reads every row of a table that grows, but for the rows of orders that are alive, which are few. */
const READS_ALL =
  /^SCAN (audit|placements|replacements|approvals|previews)\b(?!.* USING (COVERING )?INDEX placements_alive)/;

const LIMITS = {
  ...FREE,
  maxPerDay: { amount: "1000000", currency: "ZAR" },
  maxOpenOrders: 10,
  maxOrdersPerMinute: 10,
  coolOff: { rejects: 3, withinSeconds: 60, pauseSeconds: 60 },
};

Deno.test("SqliteRecord uses an index for each read of an order on tables that grow", () =>
  withListener((record, database) => {
    ask(record);
    for (const statement of database.statements) {
      const all = planOf(database, statement).filter((step) => READS_ALL.test(step));
      assert.deepEqual(all, [], statement);
    }
  }));

Deno.test("SqliteRecord finds the trail of an order by an index, also within one identity", () =>
  withListener(({ audit }, database) => {
    audit.trail({ orderId: "BXa", identity: "key:alice" });
    audit.trail({ clientOrderId: "lm-a", identity: "key:alice" });
    const [statement = assert.fail("nothing was asked"), ...others] = database.statements;
    assert.deepEqual(others, []);
    const plan = planOf(database, statement).join("\n");
    assert.match(plan, /USING INDEX audit_by_client_order/);
    assert.match(plan, /USING INDEX audit_by_order/);
    assert.doesNotMatch(plan, /audit_by_identity|SCAN audit/);
  }));

/** Everything that one order may ask of its record, from its preview to its end. */
function ask(record: SqliteRecord): void {
  const { journal, previews, approvals, dialogs, replacements, calls, instances, halts, published } = record;
  const shown = shownOrder({ identity: "key:alice" });
  const order = { digest: "d", identity: "key:alice", previewId: "p" };
  previews.add({ row: { identity: "key:alice" }, shown }, NOW);
  previews.find(shown.previewId, "key:alice");
  const asked = approvals.request(orderRequest(), NOW);
  if (asked.ok) approvals.take(asked.approval.id, NOW);
  approvals.pending(NOW);
  approvals.findByToken("t", NOW);
  approvals.findByPreview("p", { identity: "key:alice", action: "place" }, NOW);
  approvals.findAsked({ identity: "key:alice", action: "place", asked: "[]" }, NOW);
  approvals.equalTo(order, NOW);
  const { ways: _, ...question } = orderRequest();
  const dialog = dialogs.ask({ ...question, call: "c" }, NOW);
  if (dialog.ok) dialogs.answer(dialog.token, { identity: "key:alice", call: "c", accepted: true, now: NOW });
  dialogs.equalTo(order, NOW);
  const call = {
    ...MAIN,
    identity: "key:alice",
    idempotencyKey: "k",
    asked: "[]",
    instance: INSTANCE.id,
    attempt: "a",
  };
  calls.claim(call, { isHere: true });
  replacements.unfinished(call);
  replacements.claim({ ...call, orderId: "BXa", terms: "{}" }, { isFinal: false, now: NOW });
  const replaces = { ...MAIN, orderId: "BXa", attempt: "a" };
  const entered = entry("b", { idempotencyKey: "k", replaces });
  journal.repeat(entered, NOW);
  journal.wouldRefuse(entered, { policy: LIMITS, now: NOW });
  journal.begin(entered, LIMITS, NOW);
  journal.settle("lm-b", { state: "placed", orderId: "BXb" }, NOW);
  replacements.release(replaces, { isUntouched: false });
  calls.release("a");
  journal.unsettled({ ...MAIN, identity: "key:alice" });
  journal.open({ ...MAIN, identity: "key:alice" });
  journal.findByOrderId("BXb", MAIN);
  journal.findByKey("key:alice", "k", MAIN);
  journal.findByPreview("p");
  journal.close("lm-b", { base: "0.001", counter: "1000" }, NOW);
  journal.endOthers({ account: "main", venue: "simulated-1", lastWithProcess: true, now: NOW });
  previews.waitMs("key:alice", NOW);
  instances.takeOver(INSTANCE.id, ["main"]);
  halts.state();
  published.current("policy");
}

async function withListener(body: (record: SqliteRecord, database: ListeningDatabase) => void): Promise<void> {
  await withStore((store, { folder }) => {
    place(store, "a");
    const database = new ListeningDatabase(join(folder, TRADING_DATABASE));
    try {
      const record = recordOn(database, folder);
      database.statements.clear();
      body(record, database);
    } finally {
      database.close();
    }
  });
}

function planOf(database: DatabaseSync, statement: string): string[] {
  const explain = DatabaseSync.prototype.prepare.call(database, `EXPLAIN QUERY PLAN ${statement}`);
  return explain.all().map(({ detail }) => String(detail));
}
