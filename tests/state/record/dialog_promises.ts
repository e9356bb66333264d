/** What every engine of the record promises of orders that wait for the answer of a client's dialog. */

import assert from "node:assert/strict";
import { clientOrderIdOf, orderDigest } from "../../../src/trading/orders/order.ts";
import { CONFIRMATION_LIFETIME_MS } from "../../../src/trading/record/approval.ts";
import type { DialogRequest } from "../../../src/trading/record/dialogs.ts";
import type { TradingRecord } from "../../../src/trading/record/trading_record.ts";
import { orderRequest } from "../../trading/approval_requests.ts";
import { NOW, ORDER } from "../../trading/stores.ts";
import { ask as askElsewhere, eventsOf, failsWith } from "./acts.ts";
import type { Promises } from "./acts.ts";

const OVER = NOW + CONFIRMATION_LIFETIME_MS;

const YES = { identity: "key:alice", call: "c", accepted: true, now: NOW };

function request(changes: Partial<DialogRequest> = {}): DialogRequest {
  const { ways: _, ...order } = orderRequest();
  return { ...order, call: "c", ...changes };
}

async function ask({ dialogs }: TradingRecord, changes: Partial<DialogRequest> = {}, now = NOW) {
  const asked = await dialogs.ask(request(changes), now);
  assert.ok(asked.ok);
  return asked;
}

/** By what is promised. */
export const DIALOG_PROMISES: Promises = {
  "Dialogs carry an exact order to whichever process receives the answer, once": async (installation) => {
    const record = await installation.open();
    const asking = request({ idempotencyKey: "k-1" });
    const { id, token } = await ask(record, asking);
    await record.close();
    const other = await installation.open();
    const answered = await other.dialogs.answer(token, { ...YES, now: OVER - 1 });
    const digest = orderDigest(ORDER);
    const { call, previewId } = asking;
    const times = { createdAt: NOW, expiresAt: OVER };
    assert.deepEqual(answered, { dialog: { ...asking, id, call, digest, ...times }, isApproved: true });
    assert.equal(await (await installation.open()).dialogs.answer(token, YES), undefined);
    const clientOrderId = clientOrderIdOf({ previewId, digest });
    assert.deepEqual(await eventsOf(other, clientOrderId), ["confirmation_asked", "confirmation"]);
  },

  "Dialogs.answer() accepts nothing from others, nothing late, and no invalid secret": async (installation) => {
    const record = await installation.open();
    const { dialogs, audit } = record;
    const [first, second, third] = [await ask(record), await ask(record), await ask(record)];
    const rows = await audit.lastSeq();
    assert.equal(await dialogs.answer(first.token, { ...YES, identity: "key:mallory" }), undefined);
    assert.equal(await dialogs.answer(first.id, YES), undefined);
    assert.equal(await dialogs.answer(second.token, { ...YES, now: OVER }), undefined);
    assert.equal(await dialogs.answer(third.token, { ...YES, now: NOW - 60_000 }), undefined);
    assert.equal(await audit.lastSeq(), rows);
    assert.equal((await dialogs.answer(first.token, YES))?.isApproved, true);
    assert.equal(await dialogs.answer(second.token, YES), undefined);
  },

  "Dialogs.answer() treats a no, and a yes to another call or to a changed order, as a no": async (
    installation,
  ) => {
    const record = await installation.open();
    const [no, elsewhere, changed] = [await ask(record), await ask(record), await ask(record)];
    assert.equal((await record.dialogs.answer(no.token, { ...YES, accepted: false }))?.isApproved, false);
    assert.equal((await record.dialogs.answer(elsewhere.token, { ...YES, call: "another" }))?.isApproved, false);
    await installation.tamper(`UPDATE dialogs SET facts_json = replace(facts_json, '"0.001"', '"0.01"')`);
    assert.equal((await record.dialogs.answer(changed.token, YES))?.isApproved, false);
    for (const { token } of [no, elsewhere, changed]) assert.equal(await record.dialogs.answer(token, YES), undefined);
  },

  "Dialogs.answer() gives one of two processes the answer": async (installation) => {
    const [one, other] = [await installation.open(), await installation.open()];
    for (let round = 0; round < 10; round++) {
      const { token } = await ask(one, {}, NOW);
      const answers = await Promise.all([one, other, one].map(({ dialogs }) => dialogs.answer(token, YES)));
      assert.equal(answers.filter((answer) => answer !== undefined).length, 1);
    }
  },

  "Dialogs.equalTo() names equal orders of the same caller that can still be answered": async (installation) => {
    const record = await installation.open();
    const { dialogs } = record;
    const own = request();
    const [first, second, third] = [await ask(record, own), await ask(record), await ask(record)];
    await ask(record, orderFacts({ ...ORDER, volume: "0.002" }));
    await ask(record, { identity: "key:bob" });
    const equal = () => dialogs.equalTo({ ...own, digest: orderDigest(ORDER) }, NOW);
    assert.deepEqual(await equal(), [second.id, third.id]);
    await dialogs.answer(second.token, { ...YES, accepted: false });
    assert.deepEqual(await equal(), [third.id]);
    assert.deepEqual(await dialogs.equalTo({ ...own, digest: orderDigest(ORDER) }, OVER), []);
    assert.ok(first.ok);
  },

  "Dialogs.ask() allows 200 pending dialogs, and 10 of one identity, until they are answered or their time is over":
    async (
      installation,
    ) => {
      const record = await installation.open();
      const { dialogs } = record;
      const asked = (identity: string, now = NOW) => dialogs.ask(request({ identity }), now);
      const [first] = [await ask(record, { identity: "key:0" })];
      for (let i = 1; i < 200; i++) assert.ok((await asked(`key:${Math.floor(i / 10)}`)).ok);
      assert.deepEqual(await asked("key:new"), { ok: false, reason: "too_many" });
      await dialogs.answer(first.token, { ...YES, identity: "key:0" });
      assert.deepEqual(await asked("key:1"), { ok: false, reason: "too_many" });
      assert.ok((await asked("key:new")).ok);
      assert.ok((await asked("key:1", OVER)).ok);
    },

  "Dialogs are not approvals: no page and no terminal shows or decides them": async (installation) => {
    const record = await installation.open();
    const { id, token } = await ask(record);
    assert.deepEqual(await record.approvals.pending(NOW), []);
    assert.equal(await record.approvals.findByToken(token, NOW), undefined);
    const decision = { approved: true, by: "page", now: NOW } as const;
    assert.deepEqual(await record.approvals.decide(id, decision), { ok: false, reason: "unknown" });
    const { token: other } = await askElsewhere(record);
    assert.equal(await record.dialogs.answer(other, YES), undefined);
  },

  "while another process writes, no dialog is opened and no answer is accepted": async (installation) => {
    const record = await installation.open();
    const { token } = await ask(record);
    {
      await using _lock = await installation.lock();
      await assert.rejects(record.dialogs.answer(token, YES), failsWith("busy"));
      await assert.rejects(record.dialogs.ask(request(), NOW), failsWith("busy"));
    }
    assert.equal((await record.dialogs.answer(token, YES))?.isApproved, true);
  },
};

function orderFacts(order: typeof ORDER): Pick<DialogRequest, "facts"> {
  return { facts: orderRequest({ order }).facts };
}
