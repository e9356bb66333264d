/** What every engine of the record promises of the journal: how placements begin, go on and end. */

import assert from "node:assert/strict";
import { allPlacements, PLACEMENTS_A_PAGE } from "../../../src/trading/record/placement_pages.ts";
import type { NewPlacement } from "../../../src/trading/record/recorded_placement.ts";
import type { Policy } from "../../../src/trading/policy/policy.ts";
import { entry, FREE, INSTANCE, MAIN, NOW, ORDER, outcomeOf } from "../../trading/stores.ts";
import { asIntent, eventsOf, idsOf, place } from "./acts.ts";
import type { Promises } from "./acts.ts";

function policy(rules: Partial<Policy>): Policy {
  return { ...FREE, ...rules };
}

/** By what is promised. */
export const JOURNAL_PROMISES: Promises = {
  "Journal takes a placement from sent to placed to closed, each with its audit row": async (installation) => {
    const record = await installation.open();
    const { journal } = record;
    const begun = await journal.begin(entry("a"), FREE, NOW);
    assert.ok(begun.kind === "begun");
    assert.deepEqual(begun.placement, {
      ...entry("a"),
      worstPrice: null,
      asked: null,
      venue: "",
      state: "sent",
      orderId: null,
      isOpen: false,
      createdAt: NOW,
      sentAt: NOW,
      settledAt: null,
      reason: null,
    });
    const placed = await journal.settle("lm-a", { state: "placed", orderId: "BXA" }, NOW + 2);
    assert.deepEqual(
      [placed.state, placed.orderId, placed.isOpen, placed.sentAt, placed.validUntil, placed.settledAt],
      ["placed", "BXA", true, NOW, NOW + 5_000, NOW + 2],
    );
    assert.deepEqual(await journal.findByOrderId("BXA"), placed);
    await journal.close("lm-a", { base: "0.001", counter: "1000", feeCounter: "1" }, NOW + 3);
    await journal.close("lm-a", { base: "0.001", counter: "1000" }, NOW + 4);
    assert.equal((await journal.find("lm-a"))?.isOpen, false);
    assert.deepEqual(await eventsOf(record, "lm-a"), ["intent", "sent", "outcome", "fill"]);
    assert.ok((await record.audit.verify()).ok);
  },

  "Journal.begin() returns the first placement for a repeated key, whatever has become of it": async (
    installation,
  ) => {
    const record = await installation.open();
    await place(record, "a", { idempotencyKey: "key-1" });
    await record.halts.pull({ by: "test", reason: "stop", now: NOW });
    const again = await record.journal.begin(entry("b", { idempotencyKey: "key-1" }), FREE, NOW);
    assert.ok(again.kind === "repeated");
    assert.deepEqual([again.placement.clientOrderId, again.placement.orderId], ["lm-a", "BXa"]);
    assert.equal(await record.journal.find("lm-b"), undefined);
  },

  "Journal.begin() refuses a key that was used for another order": async (installation) => {
    const record = await installation.open();
    await place(record, "a", { idempotencyKey: "key-1" });
    const order = { ...ORDER, volume: "0.002" };
    const other = await record.journal.begin(entry("b", { order, idempotencyKey: "key-1" }), FREE, NOW);
    assert.equal(outcomeOf(other), "ERR_IDEMPOTENCY_MISMATCH");
    assert.equal(
      outcomeOf(await record.journal.begin(entry("c", { identity: "key:bob", idempotencyKey: "key-1" }), FREE, NOW)),
      "begun",
    );
  },

  "Journal.begin() uses a preview once, and reveals its use to no other caller": async (installation) => {
    const record = await installation.open();
    assert.equal(outcomeOf(await record.journal.begin(entry("a"), FREE, NOW)), "begun");
    const second = await (await installation.open()).journal.begin(entry("b", { previewId: "preview-a" }), FREE, NOW);
    assert.ok(second.kind === "refused" && second.code === "ERR_PREVIEW_USED");
    assert.match(second.message, /lm-a/);
    const foreign = await record.journal.begin(entry("c", { previewId: "preview-a", identity: "key:eve" }), FREE, NOW);
    assert.ok(foreign.kind === "refused" && foreign.code === "ERR_PREVIEW_USED");
    assert.doesNotMatch(foreign.message, /lm-a/);
  },

  "Journal.begin() writes a refusal to the audit and nothing to the journal": async (installation) => {
    const record = await installation.open();
    await record.journal.begin(entry("a"), policy({ maxOpenOrders: 0 }), NOW);
    assert.equal(await record.journal.find("lm-a"), undefined);
    const [row, ...more] = await record.audit.trail({ clientOrderId: "lm-a" });
    assert.equal(row?.event, "decision");
    assert.equal(JSON.parse(row?.data ?? "").code, "ERR_LIMIT_OPEN_ORDERS");
    assert.equal(more.length, 0);
  },

  "Journal.begin() accepts no entry with the digest of another order": async (installation) => {
    const record = await installation.open();
    const { journal } = record;
    await assert.rejects(journal.begin(entry("a", { digest: "0".repeat(64) }), FREE, NOW), TypeError);
  },

  "Journal.begin() sends nothing for an instance that another process has taken over from": async (installation) => {
    const record = await installation.open();
    await (await installation.open()).instances.remove(INSTANCE.id);
    assert.equal(outcomeOf(await record.journal.begin(entry("a"), FREE, NOW)), "ERR_TAKEN_OVER");
    assert.deepEqual(await record.journal.unsettled(), []);
  },

  "Journal.withdraw() settles what was never sent, and no longer counts it as sent": async (
    installation,
  ) => {
    const record = await installation.open();
    const limited = policy({ coolOff: { rejects: 1, withinSeconds: 60, pauseSeconds: 60 } });
    await record.journal.begin(entry("a"), limited, NOW);
    const { state, reason, sentAt } = await record.journal.withdraw("lm-a", "ERR_CANCELLED", NOW + 1) ?? assert.fail();
    assert.deepEqual([state, reason, sentAt], ["not_placed", "ERR_CANCELLED", null]);
    assert.deepEqual(await eventsOf(record, "lm-a"), ["intent", "sent", "outcome"]);
    assert.equal(outcomeOf(await record.journal.begin(entry("b"), limited, NOW + 2)), "begun");
    assert.equal(await record.journal.withdraw("lm-none", "ERR_CANCELLED", NOW), undefined);
  },

  "Journal.forgetIntent() leaves what was sent meanwhile": async (installation) => {
    const record = await installation.open();
    await record.journal.begin(entry("intent"), FREE, NOW);
    await asIntent(installation, "intent");
    await record.journal.begin(entry("sent"), FREE, NOW);
    for (const name of ["intent", "sent"]) await record.journal.forgetIntent(`lm-${name}`, NOW);
    assert.equal((await record.journal.find("lm-intent"))?.state, "not_placed");
    assert.equal((await record.journal.find("lm-sent"))?.state, "sent");
  },

  "Journal.settle() never loses knowledge: unknown gives way, placed stays, a late find corrects not_placed": async (
    installation,
  ) => {
    const record = await installation.open();
    const { journal } = record;
    await journal.begin(entry("a"), FREE, NOW);
    assert.equal((await journal.settle("lm-a", { state: "unknown", reason: "ERR_TIMEOUT" }, NOW)).state, "unknown");
    assert.equal(
      (await journal.settle("lm-a", { state: "not_placed", reason: "ERR_TIMEOUT" }, NOW)).state,
      "not_placed",
    );
    assert.equal((await journal.settle("lm-a", { state: "unknown", reason: "ERR_TIMEOUT" }, NOW)).state, "not_placed");
    const found = await journal.settle("lm-a", { state: "placed", orderId: "BXA" }, NOW);
    assert.deepEqual([found.state, found.orderId, found.reason, found.isOpen], ["placed", "BXA", null, true]);
    const late = await journal.settle("lm-a", { state: "not_placed", reason: "ERR_TIMEOUT" }, NOW);
    assert.deepEqual(late, found);
  },

  "Journal.unsettled() and open() list what is to be reconciled and what is open, oldest first": async (
    installation,
  ) => {
    const record = await installation.open();
    const { journal } = record;
    await journal.begin(entry("second"), FREE, NOW + 2);
    await journal.begin(entry("first"), FREE, NOW + 1);
    await place(record, "open", { at: NOW + 3 });
    await place(record, "paper", { at: NOW, account: "paper" });
    await place(record, "elsewhere", { at: NOW + 4, venue: "simulated-1" });
    await place(record, "final");
    await journal.close("lm-final", { base: "0", counter: "0" }, NOW);
    const other = (await installation.open()).journal;
    assert.deepEqual(idsOf(await other.unsettled()), ["lm-first", "lm-second"]);
    assert.deepEqual(idsOf(await other.unsettled({ identity: "key:bob" })), []);
    assert.deepEqual(idsOf(await other.onTheirWay()), ["lm-first", "lm-second"]);
    assert.deepEqual(idsOf(await other.open()), ["lm-paper", "lm-open", "lm-elsewhere"]);
    assert.deepEqual(idsOf(await other.open({ identity: "key:alice", account: "main", venue: "" })), ["lm-open"]);
    assert.deepEqual(idsOf(await other.open({ venue: "simulated-1" })), ["lm-elsewhere"]);
    assert.deepEqual(idsOf(await other.open({ identity: "key:bob" })), []);
  },

  "Journal.unsettled(), onTheirWay() and open() answer a long list in pages, also while it changes": async (
    installation,
  ) => {
    const { journal } = await installation.open();
    await journal.begin(entry("0"), FREE, NOW);
    const names = Array.from({ length: PLACEMENTS_A_PAGE + 50 }, (_, number) => `lm-${number}`);
    await installation.tamper(copies("lm-0", names.length - 1));
    const first = await journal.unsettled();
    assert.deepEqual(idsOf(first), names.slice(0, PLACEMENTS_A_PAGE));
    assert.deepEqual(idsOf(await allPlacements((after) => journal.onTheirWay(after))), names);
    const last = first.at(-1)?.clientOrderId ?? "";
    for (const id of ["lm-1", last]) await journal.settle(id, { state: "not_placed", reason: "ERR_TIMEOUT" }, NOW);
    assert.deepEqual(idsOf(await journal.unsettled({}, last)), names.slice(PLACEMENTS_A_PAGE));
    await installation.tamper("UPDATE placements SET state = 'placed', order_id = 'BX' WHERE state = 'sent'");
    assert.equal((await journal.open()).length, PLACEMENTS_A_PAGE);
    const open = idsOf(await allPlacements((after) => journal.open(MAIN, after)));
    assert.deepEqual(open, names.filter((id) => id !== "lm-1" && id !== last));
  },

  "Journal.begin() recognizes a repetition by its request, or by the order when the request is unknown": async (
    installation,
  ) => {
    const { journal } = await installation.open();
    const begin = async (name: string, changes: Partial<NewPlacement>) =>
      outcomeOf(await journal.begin(entry(name, { idempotencyKey: "k", ...changes }), FREE, NOW));
    assert.equal(await begin("a", { asked: "this" }), "begun");
    assert.equal(await begin("b", { asked: "this", order: { ...ORDER, volume: "0.002" } }), "repeated");
    assert.equal(await begin("c", { asked: "that" }), "ERR_IDEMPOTENCY_MISMATCH");
    assert.equal(await begin("d", {}), "repeated");
    assert.equal(await begin("e", { order: { ...ORDER, volume: "0.002" } }), "ERR_IDEMPOTENCY_MISMATCH");
  },

  "Journal.endOthers() leaves what a live process has on an exchange that lasts as long as the process": async (
    installation,
  ) => {
    const record = await installation.open();
    const { journal } = record;
    const [dead, living] = [await installation.enter(record), await installation.enter(record)];
    await journal.begin(entry("dead", { venue: "simulated-1", instance: dead.id }), FREE, NOW);
    await journal.begin(entry("living", { venue: "simulated-1", instance: living.id }), FREE, NOW);
    await dead.die();
    const which = { venue: "simulated-2", account: "main", lastWithProcess: true, now: NOW };
    assert.deepEqual([await journal.endOthers(which), await journal.endOthers(which)], [1, 0]);
    assert.deepEqual(idsOf(await journal.unsettled()), ["lm-living"]);
    await living.die();
    assert.equal(await journal.endOthers(which), 1);
    assert.equal((await journal.find("lm-living"))?.reason, "ERR_VENUE_ENDED");
  },

  "Journal separates the orders of one exchange from those of another that assigns the same ids": async (
    installation,
  ) => {
    const { journal } = await installation.open();
    for (const venue of ["simulated-1", "simulated-2"]) {
      const keyed = entry(venue, { venue, idempotencyKey: "k" });
      assert.equal(outcomeOf(await journal.begin(keyed, FREE, NOW)), "begun");
      await journal.settle(keyed.clientOrderId, { state: "placed", orderId: "BX1" }, NOW);
      assert.equal((await journal.findByKey("key:alice", "k", { ...MAIN, venue }))?.venue, venue);
      assert.equal((await journal.findByOrderId("BX1", { ...MAIN, venue }))?.venue, venue);
    }
    assert.equal(await journal.findByKey("key:alice", "k", MAIN), undefined);
    assert.equal((await journal.findByOrderId("BX1"))?.orderId, "BX1");
  },
};

/** A statement that copies a placement, with the numbers from 1 on. */
function copies(clientOrderId: string, count: number): string {
  const same = "identity, account, venue, order_json, digest, policy_digest, state, is_alive, created_at, sent_at, " +
    "valid_until, instance";
  return `WITH RECURSIVE copies (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM copies WHERE number < ${count})
    INSERT INTO placements (client_order_id, preview_id, ${same})
    SELECT 'lm-' || copies.number, 'preview-' || copies.number, ${same} FROM copies, placements
    WHERE client_order_id = '${clientOrderId}' ORDER BY copies.number`;
}
