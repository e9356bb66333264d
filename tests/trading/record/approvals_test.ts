import assert from "node:assert/strict";
import { clientOrderIdOf } from "../../../src/trading/orders/order.ts";
import { CONFIRMATION_LIFETIME_MS } from "../../../src/trading/record/approval.ts";
import { orderDigest } from "../../../src/trading/orders/order.ts";
import { ask, orderRequest } from "../approval_requests.ts";
import { NOW, ORDER, withStore } from "../stores.ts";

const OVER = NOW + CONFIRMATION_LIFETIME_MS;

Deno.test("Approvals carry an exact order to another process, and its answer back", () =>
  withStore((store, { open }) => {
    const { approval, id } = ask(store, { idempotencyKey: "k-1" });
    assert.deepEqual([approval.state, approval.digest], ["pending", orderDigest(ORDER)]);
    const terminal = open().approvals;
    assert.deepEqual(terminal.pending(NOW), [approval]);
    assert.ok(terminal.decide(id, { approved: true, by: "terminal", now: NOW + 1 }).ok);
    const answered = store.approvals.findByPreview(approval.previewId, approval, NOW + 120_000);
    assert.deepEqual(answered, { ...approval, state: "approved", decidedBy: "terminal", decidedAt: NOW + 1 });
    assert.deepEqual(answered?.facts.order, ORDER);
    assert.deepEqual(store.approvals.pending(NOW + 1), []);
    const clientOrderId = clientOrderIdOf(approval.previewId, approval.digest);
    const events = store.audit.trail({ clientOrderId }).map(({ event }) => event);
    assert.deepEqual(events, ["confirmation_asked", "confirmation"]);
  }));

Deno.test("Approvals.decide() takes the first answer only, and only where the policy has it given", () =>
  withStore((store) => {
    const { approvals } = store;
    const { id } = ask(store, { ways: ["page"] });
    const yes = { approved: true, now: NOW };
    assert.deepEqual(approvals.decide(id, { ...yes, by: "terminal" }), { ok: false, reason: "elsewhere" });
    assert.ok(approvals.decide(id, { approved: false, by: "page", now: NOW }).ok);
    assert.deepEqual(approvals.decide(id, { ...yes, by: "page" }), { ok: false, reason: "decided" });
    assert.equal(approvals.find(id, NOW)?.state, "declined");
  }));

Deno.test("Approvals.decide() takes no answer when the time is over, nor to a question that nobody asked", () =>
  withStore((store) => {
    const { approvals } = store;
    const { id } = ask(store);
    const yes = { approved: true, by: "terminal" } as const;
    assert.deepEqual(approvals.decide(id, { ...yes, now: OVER }), { ok: false, reason: "expired" });
    assert.equal(approvals.find(id, OVER - 1)?.state, "pending");
    assert.equal(approvals.find(id, OVER)?.state, "expired");
    assert.deepEqual(approvals.decide("none", { ...yes, now: NOW }), { ok: false, reason: "unknown" });
  }));

Deno.test("Approvals end when the clock was set back: nobody knows any more how old they are", () =>
  withStore((store) => {
    const { id } = ask(store);
    assert.equal(store.approvals.find(id, NOW - 1_000)?.state, "pending");
    assert.equal(store.approvals.find(id, NOW - 60_000)?.state, "expired");
    assert.deepEqual(store.approvals.pending(NOW - 60_000), []);
  }));

Deno.test("Approvals.take() gives an answer to one call, in time, whichever process makes it", () =>
  withStore((store, { open }) => {
    const { id } = ask(store);
    assert.equal(store.approvals.take(id, NOW), undefined);
    store.approvals.decide(id, { approved: true, by: "page", now: NOW });
    assert.equal(store.approvals.take(id, OVER), undefined);
    assert.equal(open().approvals.take(id, OVER - 1)?.takenAt, OVER - 1);
    assert.equal(store.approvals.take(id, OVER - 1), undefined);
  }));

Deno.test("Approvals.findAsked() finds the question of the same call until its answer is taken or its time is over", () =>
  withStore((store) => {
    const { approvals } = store;
    const { approval, id } = ask(store, { asked: "a" });
    ask(store, { asked: "b" });
    assert.equal(approvals.findAsked(approval, NOW)?.id, id);
    assert.equal(approvals.findAsked({ ...approval, identity: "key:bob" }, NOW), undefined);
    assert.equal(approvals.findAsked({ ...approval, action: "replace" }, NOW), undefined);
    assert.equal(approvals.findAsked(approval, OVER), undefined);
    approvals.decide(id, { approved: false, by: "page", now: NOW });
    assert.equal(approvals.findAsked(approval, NOW)?.state, "declined");
    approvals.take(id, NOW);
    assert.equal(approvals.findAsked(approval, NOW), undefined);
  }));

Deno.test("Approvals.equalTo() names equal orders of the same caller that can still be placed", () =>
  withStore((store) => {
    const { approvals } = store;
    const [first, second, third] = [ask(store), ask(store), ask(store)];
    ask(store, { order: { ...ORDER, volume: "0.002" } });
    ask(store, { identity: "key:bob" });
    const equal = () => approvals.equalTo(first.approval, NOW).map(({ id }) => id);
    assert.deepEqual(equal(), [second.id, third.id]);
    approvals.decide(second.id, { approved: true, by: "page", now: NOW });
    assert.deepEqual(equal(), [second.id, third.id]);
    approvals.decide(third.id, { approved: false, by: "page", now: NOW });
    approvals.take(second.id, NOW);
    assert.deepEqual(equal(), []);
    assert.deepEqual(approvals.equalTo(second.approval, OVER), []);
  }));

Deno.test("Approvals.findByToken() knows a question by its secret, of which only a hash is kept", () =>
  withStore(async (store, { folder }) => {
    const { id, token } = ask(store);
    assert.equal(store.approvals.findByToken(token, NOW)?.id, id);
    assert.equal(store.approvals.findByToken(`${token}x`, NOW), undefined);
    assert.equal(store.approvals.findByToken(id, NOW), undefined);
    store.close();
    for (const name of ["trading.db", "trading.db-wal"]) {
      const bytes = await Deno.readFile(`${folder}/${name}`).catch(() => new Uint8Array());
      assert.ok(!new TextDecoder("latin1").decode(bytes).includes(token), name);
    }
  }));

Deno.test("Approvals.request() lets 100 wait, and 10 of one identity, until their time is over", () =>
  withStore((store) => {
    const { approvals } = store;
    const request = (identity: string, now = NOW) => approvals.request(orderRequest({ identity }), now);
    store.transaction(() => {
      for (let i = 0; i < 100; i++) assert.ok(request(`key:${Math.floor(i / 10)}`).ok);
    });
    assert.deepEqual(request("key:new"), { ok: false, reason: "too_many" });
    assert.equal(approvals.pending(NOW).length, 100);
    const [first] = approvals.pending(NOW);
    approvals.decide(first?.id ?? "", { approved: false, by: "terminal", now: NOW });
    assert.deepEqual(request("key:1"), { ok: false, reason: "too_many" });
    assert.ok(request("key:new").ok);
    assert.ok(request("key:1", OVER).ok);
    assert.ok(request("key:1", NOW + 2 * 86_400_000).ok);
    assert.equal(approvals.find(first?.id ?? "", NOW), undefined);
  }));

Deno.test("Approvals keep what a terminal shows to printable characters", () =>
  withStore((store) => {
    const { approval } = ask(store, { headline: `Buy\n\u001b[2Jnothing\u202e${"x".repeat(5_000)}` });
    assert.match(approval.summary.headline, /^Buy \[2Jnothing x+$/);
    assert.ok(approval.summary.headline.length < 1_000);
  }));
