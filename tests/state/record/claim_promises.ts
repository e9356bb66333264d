/** What every engine of the record promises of claims: of idempotency keys, and of orders that are replaced. */

import assert from "node:assert/strict";
import type { ReplacementClaim } from "../../../src/trading/record/replacement_claims.ts";
import { entry, FREE, INSTANCE, MAIN, NOW, outcomeOf } from "../../trading/stores.ts";
import { place } from "./acts.ts";
import type { Promises } from "./acts.ts";

const CALL = { ...MAIN, identity: "key:alice", idempotencyKey: "k", asked: "this", instance: INSTANCE.id };

const REPLACEMENT: ReplacementClaim = {
  ...MAIN,
  orderId: "BXold",
  identity: "key:alice",
  idempotencyKey: "k",
  asked: "this",
  terms: "terms",
  instance: INSTANCE.id,
  attempt: "1",
};

const OPEN = { isFinal: false, now: NOW };

/** By what is promised. */
export const CLAIM_PROMISES: Promises = {
  "CallClaims.claim() gives a key to one call at a time, and distinguishes equal calls from others": async (
    installation,
  ) => {
    const [one, other] = [await installation.open(), await installation.open()];
    const { id } = await installation.enter(one);
    const elsewhere = { ...CALL, instance: id, attempt: "2" };
    assert.equal(await one.calls.claim({ ...CALL, attempt: "1" }, { isHere: false }), "claimed");
    assert.equal(await other.calls.claim(elsewhere, { isHere: false }), "running");
    assert.equal(await other.calls.claim({ ...elsewhere, asked: null }, { isHere: false }), "running");
    assert.equal(await other.calls.claim({ ...elsewhere, asked: "that" }, { isHere: false }), "other");
    assert.equal(await other.calls.claim({ ...elsewhere, venue: "simulated-1" }, { isHere: false }), "claimed");
    assert.equal(await one.calls.claim({ ...CALL, attempt: "3" }, { isHere: true }), "running");
    // What this process holds and runs no more is free.
    assert.equal(await one.calls.claim({ ...CALL, attempt: "3" }, { isHere: false }), "claimed");
    await one.calls.release("1");
    assert.equal(await other.calls.claim(elsewhere, { isHere: false }), "running");
    await one.calls.release("3");
    assert.equal(await other.calls.claim(elsewhere, { isHere: false }), "claimed");
  },

  "CallClaims.claim() takes a key from a process that has died, and clear() releases all of those": async (
    installation,
  ) => {
    const record = await installation.open();
    const dead = await installation.enter(record);
    for (const idempotencyKey of ["k", "k2"]) {
      const claim = { ...CALL, idempotencyKey, instance: dead.id, attempt: idempotencyKey };
      assert.equal(await record.calls.claim(claim, { isHere: false }), "claimed");
    }
    await dead.die();
    assert.equal(await record.calls.claim({ ...CALL, attempt: "1" }, { isHere: false }), "claimed");
    await record.calls.clear();
    assert.equal(await record.calls.claim({ ...CALL, attempt: "2" }, { isHere: true }), "running");
    const next = { ...CALL, idempotencyKey: "k2", asked: "that", attempt: "3" };
    assert.equal(await record.calls.claim(next, { isHere: false }), "claimed");
  },

  "ReplacementClaims.claim() gives an order to one replacement, in all processes": async (installation) => {
    const record = await installation.open();
    const { id } = await installation.enter(record);
    const old = await place(record, "old");
    assert.deepEqual(await record.replacements.claim(REPLACEMENT, OPEN), {
      kind: "claimed",
      isOver: false,
      placement: old,
    });
    const other = { ...REPLACEMENT, idempotencyKey: "k2", instance: id, attempt: "2" };
    assert.equal((await (await installation.open()).replacements.claim(other, OPEN)).kind, "taken");
    const elsewhere = await record.replacements.claim({ ...other, venue: "simulated-1" }, OPEN);
    assert.deepEqual([elsewhere.kind, elsewhere.placement], ["claimed", undefined]);
    await record.replacements.release(REPLACEMENT, { isUntouched: true });
    assert.equal((await record.replacements.claim(other, OPEN)).kind, "claimed");
  },

  "ReplacementClaims.claim() lets the same call continue after its process died or it gave up, whatever became of the order":
    async (
      installation,
    ) => {
      const record = await installation.open();
      const { replacements } = record;
      const dead = await installation.enter(record);
      await place(record, "old");
      await replacements.claim({ ...REPLACEMENT, instance: dead.id }, OPEN);
      await dead.die();
      await record.journal.close("lm-old", { base: "0", counter: "0" }, NOW);
      assert.deepEqual(await replacements.unfinished({ ...MAIN, identity: "key:alice", idempotencyKey: "k" }), {
        orderId: "BXold",
        asked: "this",
        terms: "terms",
        claimedAt: NOW,
      });
      const again = await replacements.claim({ ...REPLACEMENT, attempt: "2" }, { isFinal: true, now: NOW + 1 });
      assert.deepEqual([again.kind, again.isOver], ["resumed", true]);
      const left = { ...MAIN, identity: "key:alice", idempotencyKey: "k" };
      assert.equal((await replacements.unfinished(left))?.claimedAt, NOW);
      await replacements.release({ ...REPLACEMENT, attempt: "2" }, { isUntouched: false });
      const others = { ...REPLACEMENT, idempotencyKey: "k2", attempt: "3" };
      assert.equal((await replacements.claim(others, { isFinal: true, now: NOW })).kind, "over");
      const third = { ...REPLACEMENT, attempt: "4", terms: "new terms" };
      assert.equal((await replacements.claim(third, { isFinal: true, now: NOW + 5 })).kind, "resumed");
      assert.equal((await replacements.unfinished(left))?.claimedAt, NOW + 5);
    },

  "Journal.begin() records which order replaced a claimed one, once and permanently": async (installation) => {
    const record = await installation.open();
    const { journal, replacements } = record;
    await place(record, "old");
    await replacements.claim(REPLACEMENT, OPEN);
    const order = { ...entry("new").order, price: "1" };
    const lost = entry("lost", { replaces: { ...REPLACEMENT, attempt: "0" }, order });
    assert.equal(outcomeOf(await journal.begin(lost, FREE, NOW)), "ERR_REPLACED_ALREADY");
    const { account, venue, orderId, attempt } = REPLACEMENT;
    const next = entry("new", { replaces: { account, venue, orderId, attempt }, order });
    assert.equal(outcomeOf(await journal.begin(next, FREE, NOW)), "begun");
    await replacements.release(REPLACEMENT, { isUntouched: true });
    const other = { ...REPLACEMENT, idempotencyKey: "k2", attempt: "2" };
    assert.equal((await replacements.claim(other, OPEN)).kind, "taken");
    assert.equal((await replacements.claim({ ...REPLACEMENT, attempt: "3" }, OPEN)).kind, "taken");
  },
};
