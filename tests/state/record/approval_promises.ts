/** What every engine of the record promises of orders that wait for a person. */

import assert from "node:assert/strict";
import { clientOrderIdOf, orderDigest } from "../../../src/trading/orders/order.ts";
import { CONFIRMATION_LIFETIME_MS } from "../../../src/trading/record/approval.ts";
import type { Approval } from "../../../src/trading/record/approval.ts";
import { orderRequest } from "../../trading/approval_requests.ts";
import { NOW, ORDER } from "../../trading/stores.ts";
import { ask } from "./acts.ts";
import type { Promises } from "./acts.ts";

const OVER = NOW + CONFIRMATION_LIFETIME_MS;

/** By what is promised. */
export const APPROVAL_PROMISES: Promises = {
  "Approvals carry an exact order to another process, and its answer back": async (installation) => {
    const record = await installation.open();
    const { approval, id } = await ask(record, { idempotencyKey: "k-1" });
    assert.deepEqual([approval.state, approval.digest], ["pending", orderDigest(ORDER)]);
    const terminal = (await installation.open()).approvals;
    assert.deepEqual(await terminal.pending(NOW), [approval]);
    assert.ok((await terminal.decide(id, { approved: true, by: "terminal", now: NOW + 1 })).ok);
    const answered = await record.approvals.findByPreview(approval.previewId, approval, NOW + 120_000);
    assert.deepEqual(answered, { ...approval, state: "approved", decidedBy: "terminal", decidedAt: NOW + 1 });
    assert.deepEqual(answered?.facts.order, ORDER);
    assert.deepEqual(await record.approvals.pending(NOW + 1), []);
    const clientOrderId = clientOrderIdOf(approval);
    const events = (await record.audit.trail({ clientOrderId })).map(({ event }) => event);
    assert.deepEqual(events, ["confirmation_asked", "confirmation"]);
  },

  "Approvals.decide() accepts only the first answer, and only in a way that the policy accepts": async (
    installation,
  ) => {
    const record = await installation.open();
    const { approvals } = record;
    const { id } = await ask(record, { ways: ["page"] });
    const yes = { approved: true, now: NOW };
    assert.deepEqual(await approvals.decide(id, { ...yes, by: "terminal" }), { ok: false, reason: "elsewhere" });
    assert.ok((await approvals.decide(id, { approved: false, by: "page", now: NOW })).ok);
    assert.deepEqual(await approvals.decide(id, { ...yes, by: "page" }), { ok: false, reason: "decided" });
    assert.equal((await approvals.find(id, NOW))?.state, "declined");
  },

  "Approvals.decide() accepts no answer after the time is over, nor to an unknown request": async (
    installation,
  ) => {
    const record = await installation.open();
    const { approvals } = record;
    const { id } = await ask(record);
    const yes = { approved: true, by: "terminal" } as const;
    assert.deepEqual(await approvals.decide(id, { ...yes, now: OVER }), { ok: false, reason: "expired" });
    assert.equal((await approvals.find(id, OVER - 1))?.state, "pending");
    assert.equal((await approvals.find(id, OVER))?.state, "expired");
    assert.deepEqual(await approvals.decide("none", { ...yes, now: NOW }), { ok: false, reason: "unknown" });
  },

  "Approvals expire when the clock was set back, since their age is then unknown": async (installation) => {
    const record = await installation.open();
    const { id } = await ask(record);
    assert.equal((await record.approvals.find(id, NOW - 1_000))?.state, "pending");
    assert.equal((await record.approvals.find(id, NOW - 60_000))?.state, "expired");
    assert.deepEqual(await record.approvals.pending(NOW - 60_000), []);
  },

  "Approvals.take() gives an answer to one call, in time, in any process": async (installation) => {
    const record = await installation.open();
    const { id } = await ask(record);
    assert.equal(await record.approvals.take(id, NOW), undefined);
    await record.approvals.decide(id, { approved: true, by: "page", now: NOW });
    assert.equal(await record.approvals.take(id, OVER), undefined);
    assert.equal((await (await installation.open()).approvals.take(id, OVER - 1))?.takenAt, OVER - 1);
    assert.equal(await record.approvals.take(id, OVER - 1), undefined);
  },

  "Approvals are read with warnings that only a later version of the program knows": async (installation) => {
    const { approvals } = await installation.open();
    const [known, later] = [orderRequest(), orderRequest()];
    assert.ok((await approvals.request(later, NOW)).ok);
    const facts = { ...later.facts, warnings: [{ code: "OF_A_LATER_VERSION", message: "It is odd" }] };
    await installation.tamper(
      `UPDATE approvals SET facts_json = '${JSON.stringify(facts)}' WHERE preview_id = '${later.previewId}'`,
    );
    // One of them keeps nobody from asking about others.
    assert.ok((await approvals.request(known, NOW)).ok);
    const waiting = await approvals.pending(NOW);
    assert.deepEqual(waiting.map(({ facts: { warnings } }) => warnings), [facts.warnings, []]);
  },

  "Approvals.findAsked() and equalTo() use the order of the requests, even if the clock was set back": async (
    installation,
  ) => {
    const { approvals } = await installation.open();
    const ask = async (now: number): Promise<Approval> => {
      const asked = await approvals.request(orderRequest(), now);
      return asked.ok ? asked.approval : assert.fail(asked.reason);
    };
    const [first, second] = [await ask(NOW + 2_000), await ask(NOW)];
    assert.equal((await approvals.findAsked(first, NOW + 1))?.id, second.id);
    const equal = await approvals.equalTo({ ...first, previewId: "another" }, NOW + 1);
    assert.deepEqual(equal.map(({ id }) => id), [first.id, second.id]);
  },

  "Approvals.findAsked() finds the request of the same call until its answer is taken or its time is over": async (
    installation,
  ) => {
    const record = await installation.open();
    const { approvals } = record;
    const { approval, id } = await ask(record, { asked: "a" });
    await ask(record, { asked: "b" });
    assert.equal((await approvals.findAsked(approval, NOW))?.id, id);
    assert.equal(await approvals.findAsked({ ...approval, identity: "key:bob" }, NOW), undefined);
    assert.equal(await approvals.findAsked({ ...approval, action: "replace" }, NOW), undefined);
    assert.equal(await approvals.findAsked(approval, OVER), undefined);
    await approvals.decide(id, { approved: false, by: "page", now: NOW });
    assert.equal((await approvals.findAsked(approval, NOW))?.state, "declined");
    await approvals.take(id, NOW);
    assert.equal(await approvals.findAsked(approval, NOW), undefined);
  },

  "Approvals.equalTo() names equal orders of the same caller that can still be placed": async (installation) => {
    const record = await installation.open();
    const { approvals } = record;
    const [first, second, third] = [await ask(record), await ask(record), await ask(record)];
    await ask(record, { order: { ...ORDER, volume: "0.002" } });
    await ask(record, { identity: "key:bob" });
    const equal = async () => (await approvals.equalTo(first.approval, NOW)).map(({ id }) => id);
    assert.deepEqual(await equal(), [second.id, third.id]);
    await approvals.decide(second.id, { approved: true, by: "page", now: NOW });
    assert.deepEqual(await equal(), [second.id, third.id]);
    await approvals.decide(third.id, { approved: false, by: "page", now: NOW });
    await approvals.take(second.id, NOW);
    assert.deepEqual(await equal(), []);
    assert.deepEqual(await approvals.equalTo(second.approval, OVER), []);
  },

  "Approvals.findByToken() finds a request by its secret, of which only a hash is stored": async (installation) => {
    const record = await installation.open();
    const { id, token } = await ask(record);
    assert.equal((await record.approvals.findByToken(token, NOW))?.id, id);
    assert.equal(await record.approvals.findByToken(`${token}x`, NOW), undefined);
    assert.equal(await record.approvals.findByToken(id, NOW), undefined);
  },

  "Approvals.request() allows 100 pending requests, and 10 of one identity, until their time is over": async (
    installation,
  ) => {
    const { approvals } = await installation.open();
    const request = (identity: string, now = NOW) => approvals.request(orderRequest({ identity }), now);
    for (let i = 0; i < 100; i++) assert.ok((await request(`key:${Math.floor(i / 10)}`)).ok);
    assert.deepEqual(await request("key:new"), { ok: false, reason: "too_many" });
    assert.equal((await approvals.pending(NOW)).length, 100);
    const [first] = await approvals.pending(NOW);
    await approvals.decide(first?.id ?? "", { approved: false, by: "terminal", now: NOW });
    assert.deepEqual(await request("key:1"), { ok: false, reason: "too_many" });
    assert.ok((await request("key:new")).ok);
    assert.ok((await request("key:1", OVER)).ok);
    assert.ok((await request("key:1", NOW + 2 * 86_400_000)).ok);
    assert.equal(await approvals.find(first?.id ?? "", NOW), undefined);
  },

  "Approvals.giveBack() lets the answer be taken again, conclude() records the outcome": async (installation) => {
    const [{ approvals }, other] = [await installation.open(), await installation.open()];
    const { id } = await ask(await installation.open());
    await approvals.decide(id, { approved: true, by: "page", now: NOW });
    assert.ok(await approvals.take(id, NOW));
    await approvals.giveBack(id);
    assert.equal((await other.approvals.take(id, NOW))?.state, "approved");
    await approvals.conclude(id, "Order\u0007BX1");
    assert.match((await other.approvals.find(id, NOW))?.outcome ?? "", /^Order ?BX1$/);
  },

  "Approvals limit what a terminal shows to printable characters": async (installation) => {
    const record = await installation.open();
    const { approval } = await ask(record, { headline: `Buy\n\u001b[2Jnothing\u202e${"x".repeat(5_000)}` });
    assert.match(approval.summary.headline, /^Buy \[2Jnothing x+$/);
    assert.ok(approval.summary.headline.length < 1_000);
  },
};
