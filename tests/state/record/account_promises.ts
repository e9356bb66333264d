/** What every engine of the record promises of accounts: two of them on one record, with the same ids, do not mix. */

import assert from "node:assert/strict";
import { entry, FREE, INSTANCE, NOW, ORDER, outcomeOf } from "../../trading/stores.ts";
import { idsOf, place, reasonOf } from "./acts.ts";
import type { Promises } from "./acts.ts";

const MAIN = { account: "main", venue: "" };
const SECOND = { account: "second", venue: "" };

/** By what is promised. */
export const ACCOUNT_PROMISES: Promises = {
  "Accounts.bind() accepts only one exchange for an account, and names it in the refusal": async (installation) => {
    const [one, other] = [await installation.open(), await installation.open()];
    assert.equal(await one.accounts.exchangeOf("main"), undefined);
    assert.deepEqual(await one.accounts.bind("main", "api.luno.com"), { ok: true });
    assert.deepEqual(await other.accounts.bind("main", "api.luno.com"), { ok: true });
    const elsewhere = await other.accounts.bind("main", "the simulated exchange");
    assert.deepEqual(elsewhere, { ok: false, exchange: "api.luno.com" });
    assert.equal(await other.accounts.exchangeOf("main"), "api.luno.com");
  },

  "Accounts.bind() takes a second account as a row of its own, and no exchange for two": async (installation) => {
    const [{ accounts }, other] = [await installation.open(), await installation.open()];
    assert.deepEqual(await accounts.bind("main", "api.luno.com with key one"), { ok: true });
    assert.deepEqual(await other.accounts.bind("second", "api.luno.com with key two"), { ok: true });
    assert.deepEqual(await other.accounts.bind("second", "api.luno.com with key two"), { ok: true });
    const third = await accounts.bind("third", "api.luno.com with key two");
    assert.deepEqual(third, { ok: false, account: "second" });
    const names = await Promise.all(["main", "second", "third"].map((account) => other.accounts.exchangeOf(account)));
    assert.deepEqual(names, ["api.luno.com with key one", "api.luno.com with key two", undefined]);
  },

  "Journal.begin() counts the limits of an identity on each account separately": async (installation) => {
    const record = await installation.open();
    const begin = async (name: string, changes: Parameters<typeof entry>[1], policy: Partial<typeof FREE>) =>
      outcomeOf(await record.journal.begin(entry(name, changes), { ...FREE, ...policy }, NOW));
    await place(record, "main");
    await record.journal.begin(entry("gone"), FREE, NOW);
    await record.journal.settle("lm-gone", { state: "not_placed", reason: "ERR_INSUFFICIENT_FUNDS" }, NOW);
    const limits = {
      ERR_LIMIT_RATE: { maxOrdersPerMinute: 2 },
      ERR_LIMIT_PER_DAY: { maxPerDay: { amount: "1000", currency: "ZAR" } },
      ERR_LIMIT_OPEN_ORDERS: { maxOpenOrders: 1 },
      ERR_COOLING_OFF: { coolOff: { rejects: 1, withinSeconds: 10, pauseSeconds: 30 } },
    };
    for (const [code, policy] of Object.entries(limits)) {
      assert.equal(await begin(`${code}-main`, MAIN, policy), code);
      assert.equal(await begin(`${code}-second`, SECOND, policy), "begun");
      await record.journal.withdraw(`lm-${code}-second`, "ERR_CANCELLED", NOW);
    }
    const used = (await record.journal.limitsUsed(NOW)).map(({ account, openOrders, today }) => ({
      ...{ account, openOrders, today },
    }));
    const thousand = [{ currency: "ZAR", amount: "1000" }];
    assert.deepEqual(used[0], { account: "main", openOrders: 1, today: thousand });
    assert.deepEqual(used.slice(1).map(({ account, openOrders, today }) => [account, openOrders, today]), [
      ["second", 0, []],
    ]);
    assert.equal(await reasonOf(record), "nothing");
  },

  "Journal.begin() checks an order only against own orders of its account": async (installation) => {
    const { journal } = await installation.open();
    const sell = { ...ORDER, side: "SELL", price: "900000", postOnly: false } as const;
    assert.equal(outcomeOf(await journal.begin(entry("buy"), FREE, NOW)), "begun");
    assert.equal(outcomeOf(await journal.begin(entry("other", { ...SECOND, order: sell }), FREE, NOW)), "begun");
    // On one real account the orders of all identities are one's own, on paper each identity's.
    const bob = { identity: "key:bob", order: sell };
    assert.equal(outcomeOf(await journal.begin(entry("own", bob), FREE, NOW)), "ERR_SELF_CROSSING");
    const paper = { account: "paper", venue: "paper-1" };
    assert.equal(outcomeOf(await journal.begin(entry("paper", paper), FREE, NOW)), "begun");
    assert.equal(outcomeOf(await journal.begin(entry("bobs", { ...paper, ...bob }), FREE, NOW)), "begun");
    const crossing = await journal.begin(entry("crossing", { ...paper, order: sell }), FREE, NOW);
    assert.equal(outcomeOf(crossing), "ERR_SELF_CROSSING");
  },

  "Journal separates the orders of one account from those of another with the same ids": async (installation) => {
    const record = await installation.open();
    const { journal, audit } = record;
    for (const where of [MAIN, SECOND]) {
      const name = where.account;
      const begun = await journal.begin(entry(name, { ...where, idempotencyKey: "k" }), FREE, NOW);
      assert.equal(outcomeOf(begun), "begun");
      await journal.settle(`lm-${name}`, { state: "placed", orderId: "BX1" }, NOW);
      await journal.begin(entry(`${name}-sent`, where), FREE, NOW);
      assert.equal((await journal.findByKey("key:alice", "k", where))?.account, name);
      assert.equal((await journal.findByOrderId("BX1", where))?.account, name);
      assert.deepEqual(idsOf(await journal.open(where)), [`lm-${name}`]);
      assert.deepEqual(idsOf(await journal.unsettled({ account: name })), [`lm-${name}-sent`]);
      const repeated = await journal.repeat(entry("again", { ...where, idempotencyKey: "k" }), NOW);
      assert.ok(repeated?.kind === "repeated" && repeated.placement.account === name);
    }
    assert.equal((await journal.findByOrderId("BX1"))?.account, "second");
    const trail = await audit.trail({ orderId: "BX1" });
    assert.deepEqual(new Set(trail.map(({ account }) => account)), new Set(["second"]));
    assert.deepEqual((await audit.trail({ clientOrderId: "lm-main" })).map(({ event }) => event), [
      ...["intent", "sent", "outcome"],
    ]);
    assert.equal(await reasonOf(record), "nothing");
  },

  "Journal.endOthers() ends nothing of another account": async (installation) => {
    const record = await installation.open();
    await place(record, "main", { venue: "simulated-1" });
    await place(record, "second", { account: "second", venue: "simulated-1" });
    const which = { account: "second", venue: "simulated-2", lastWithProcess: false, now: NOW };
    assert.equal(await record.journal.endOthers(which), 1);
    assert.deepEqual(idsOf(await record.journal.open()), ["lm-main"]);
  },

  "claims of keys and of replaced orders belong to one account": async (installation) => {
    const { calls, replacements, journal } = await installation.open();
    const named = { identity: "key:alice", idempotencyKey: "k", asked: "this", instance: INSTANCE.id };
    for (const where of [MAIN, SECOND]) {
      const call = { ...named, ...where, attempt: where.account };
      assert.equal(await calls.claim(call, { isHere: true }), "claimed");
      assert.equal(await calls.claim({ ...call, attempt: "again" }, { isHere: true }), "running");
      const claim = { ...call, orderId: "BX1", terms: where.account };
      assert.equal((await replacements.claim(claim, { isFinal: false, now: NOW })).kind, "claimed");
      const others = { ...claim, identity: "key:bob", attempt: "other" };
      assert.equal((await replacements.claim(others, { isFinal: false, now: NOW })).kind, "taken");
      assert.equal((await replacements.unfinished({ ...where, ...named }))?.terms, where.account);
    }
    const stolen = { ...SECOND, orderId: "BX1", attempt: "main" };
    const replacing = entry("a", { ...SECOND, replaces: stolen });
    assert.equal(outcomeOf(await journal.begin(replacing, FREE, NOW)), "ERR_REPLACED_ALREADY");
    await replacements.release({ ...SECOND, orderId: "BX1", attempt: "second" }, { isUntouched: true });
    assert.equal((await replacements.unfinished({ ...MAIN, ...named }))?.terms, "main");
    assert.equal(await replacements.unfinished({ ...SECOND, ...named }), undefined);
  },

  "Halts.pull() has open orders of the named accounts cancelled, each by a separate request": async (
    installation,
  ) => {
    const { halts, cancelRequests, audit } = await installation.open();
    await halts.pull({ by: "test", reason: "", cancelOpen: ["main", "second"], now: NOW });
    const [second = assert.fail()] = await cancelRequests.open(["second"]);
    assert.ok(await cancelRequests.claim(second, INSTANCE.id, { now: NOW }));
    await cancelRequests.note(second, { remaining: [], unlisted: null, isDone: true }, NOW);
    assert.deepEqual((await cancelRequests.all()).map(({ account, doneAt }) => [account, doneAt]), [
      ...[["main", null], ["second", NOW]],
    ]);
    assert.deepEqual((await halts.lift({ by: "test", now: NOW })).withdrawn.map(({ account }) => account), ["main"]);
    const [halted, done, lifted] = await audit.trail({});
    assert.deepEqual(JSON.parse(halted?.data ?? ""), {
      ...{ reason: "", cancel_open: ["real"], accounts: ["main", "second"] },
    });
    assert.deepEqual([done?.event, done?.account], ["cancel_open", "second"]);
    assert.deepEqual(JSON.parse(lifted?.data ?? ""), { withdrawn: ["real"], accounts: ["main"] });
  },

  "Instances.takeOver() takes over the orders of accounts that the new owner can look up": async (installation) => {
    const record = await installation.open();
    const [dead, heir] = [await installation.enter(record), await installation.enter(record)];
    // What its requests say to be accepted until has passed by any clock.
    const left = { instance: dead.id, validUntil: 0 };
    await record.journal.begin(entry("main", { ...MAIN, ...left }), FREE, NOW);
    await record.journal.begin(entry("second", { ...SECOND, ...left }), FREE, NOW);
    await dead.die();
    assert.equal(await record.instances.takeOver(heir.id, ["second", "paper"]), 1);
    assert.equal((await record.journal.find("lm-second"))?.instance, heir.id);
    assert.equal((await record.journal.find("lm-main"))?.instance, dead.id);
    assert.equal(await record.instances.takeOver(heir.id, ["main"]), 1);
  },
};
