import assert from "node:assert/strict";
import type { ApprovalRequest, Approvals } from "../../src/trading/approvals.ts";
import { NOW, withStore } from "./stores.ts";

const DIGEST = "d".repeat(64);

function request(approvals: Approvals, changes: Partial<ApprovalRequest> = {}): { id: string; token: string } {
  const text = "Buy 0.001 XBT at 1000000 ZAR\npair XBTZAR";
  const requested = approvals.request({
    identity: "key:alice",
    digest: DIGEST,
    clientOrderId: "lm-a",
    text,
    expiresAt: NOW + 60_000,
    now: NOW,
    ...changes,
  });
  assert.ok(requested.ok);
  return requested;
}

Deno.test("Approvals carry a question to another process and its answer back", () =>
  withStore((store, { open }) => {
    const { id } = request(store.approvals);
    assert.equal(store.approvals.decisionOf(id, NOW), "pending");
    const terminal = open().approvals;
    const [waiting] = terminal.pending(NOW);
    assert.deepEqual(
      [waiting?.id, waiting?.identity, waiting?.digest, waiting?.text],
      [id, "key:alice", DIGEST, "Buy 0.001 XBT at 1000000 ZAR\npair XBTZAR"],
    );
    assert.ok(terminal.decide(id, { approved: true, by: "terminal", now: NOW + 1 }).ok);
    assert.equal(store.approvals.decisionOf(id, NOW + 120_000), "approved");
    assert.deepEqual(store.approvals.pending(NOW + 1), []);
    const events = store.audit.trail({ clientOrderId: "lm-a" }).map(({ event }) => event);
    assert.deepEqual(events, ["confirmation_asked", "confirmation"]);
  }));

Deno.test("Approvals.decide() takes the first answer only", () =>
  withStore(({ approvals }) => {
    const { id } = request(approvals);
    assert.ok(approvals.decide(id, { approved: false, by: "terminal", now: NOW }).ok);
    const second = approvals.decide(id, { approved: true, by: "terminal", now: NOW });
    assert.deepEqual(second, { ok: false, reason: "decided" });
    assert.equal(approvals.decisionOf(id, NOW), "declined");
  }));

Deno.test("Approvals.decide() takes no answer when the time is over, nor to a question that nobody asked", () =>
  withStore(({ approvals }) => {
    const { id } = request(approvals);
    const yes = { approved: true, by: "terminal" };
    assert.deepEqual(approvals.decide(id, { ...yes, now: NOW + 60_000 }), { ok: false, reason: "expired" });
    assert.equal(approvals.decisionOf(id, NOW + 59_999), "pending");
    assert.equal(approvals.decisionOf(id, NOW + 60_000), "expired");
    assert.deepEqual(approvals.decide("none", { ...yes, now: NOW }), { ok: false, reason: "unknown" });
    assert.equal(approvals.decisionOf("none", NOW), "unknown");
  }));

Deno.test("Approvals.findByToken() knows a question by its secret, of which only a hash is kept", () =>
  withStore(async (store, { folder }) => {
    const { id, token } = request(store.approvals);
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
    const ask = (identity: string, now = NOW) =>
      approvals.request({ identity, digest: DIGEST, text: "", expiresAt: now + 60_000, now });
    store.transaction(() => {
      for (let i = 0; i < 100; i++) assert.ok(ask(`key:${Math.floor(i / 10)}`).ok);
    });
    assert.deepEqual(ask("key:new"), { ok: false, reason: "too_many" });
    assert.equal(approvals.pending(NOW).length, 100);
    const [first] = approvals.pending(NOW);
    approvals.decide(first?.id ?? "", { approved: false, by: "terminal", now: NOW });
    assert.deepEqual(ask("key:1"), { ok: false, reason: "too_many" });
    assert.ok(ask("key:new").ok);
    assert.ok(ask("key:1", NOW + 60_000).ok);
    assert.ok(ask("key:1", NOW + 2 * 86_400_000).ok);
    assert.equal(approvals.decisionOf(first?.id ?? "", NOW), "unknown");
  }));

Deno.test("Approvals keep what a terminal shows to printable lines", () =>
  withStore(({ approvals }) => {
    request(approvals, { text: `Buy\n\u001b[2Jnothing\u202e${"x".repeat(5_000)}` });
    const [waiting] = approvals.pending(NOW);
    assert.match(waiting?.text ?? "", /^Buy\n \[2Jnothing x+$/);
    assert.equal(waiting?.text.length, 4_000);
  }));
