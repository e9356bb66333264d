import assert from "node:assert/strict";
import { approve } from "../../src/cli/approve.ts";
import type { TradingStore } from "../../src/trading/store.ts";
import { NOW, withStore } from "../trading/stores.ts";
import { runnerOf } from "./trading_commands.ts";

const run = runnerOf(approve);

function ask(store: TradingStore, text: string): string {
  const asked = store.approvals.request({
    identity: "key:alice",
    digest: "d".repeat(64),
    text,
    expiresAt: NOW + 60_000,
    now: NOW,
  });
  assert.ok(asked.ok);
  return asked.id;
}

Deno.test("approve shows each order that waits and asks for it; only yes approves", () =>
  withStore(async (store, { folder: state }) => {
    const ids = ["Buy 1 XBT", "Buy 2 XBT", "Buy 3 XBT", "Buy 4 XBT"].map((text) => ask(store, text));
    const { code, stdout, stderr } = await run({ state }, { typed: ["y\n", "\n", "no\n", "YES\n"] });
    assert.deepEqual([code, stderr], [0, ""]);
    assert.ok(stdout.includes(`${ids[0]}  asked by key:alice, until 2026-11-22T10:01:00.000Z\n  Buy 1 XBT\n`));
    assert.equal(stdout.match(/Approve this order\? \[y\/N\]/g)?.length, 4);
    const decisions = ids.map((id) => store.approvals.decisionOf(id, NOW));
    assert.deepEqual(decisions, ["approved", "declined", "declined", "approved"]);
  }));

Deno.test("approve leaves what was not answered waiting when the input ends", () =>
  withStore(async (store, { folder: state }) => {
    const ids = ["Buy 1 XBT", "Buy 2 XBT"].map((text) => ask(store, text));
    assert.equal((await run({ state }, { typed: ["y\n"] })).code, 0);
    assert.deepEqual(ids.map((id) => store.approvals.decisionOf(id, NOW)), ["approved", "pending"]);
    assert.equal((await run({ state }, { typed: ["y"] })).code, 0);
    assert.equal(store.approvals.decisionOf(ids[1] ?? "", NOW), "pending");
  }));

Deno.test("approve asks nobody where stdin is no terminal: it lists, and decides what an operand names", () =>
  withStore(async (store, { folder: state }) => {
    const [first = "", second = ""] = ["Buy 1 XBT", "Buy 2 XBT"].map((text) => ask(store, text));
    assert.match(
      (await run({ state })).stdout,
      /Buy 1 XBT\n\n.*\n {2}Buy 2 XBT\n\napprove ID, or approve ID --decline\n$/,
    );
    const { approvals } = JSON.parse((await run({ state }, { json: true, typed: ["y\n"] })).stdout);
    assert.deepEqual(approvals.map(({ id }: { id: string }) => id), [first, second]);
    assert.equal(store.approvals.pending(NOW).length, 2);

    const yes = await run({ state }, { operands: [first] });
    assert.deepEqual(yes, { code: 0, stdout: "Approved, asked by key:alice:\n  Buy 1 XBT\n", stderr: "" });
    const no = await run({ state, decline: "true" }, { operands: [second] });
    assert.match(no.stdout, /^Declined, /);
    assert.equal((await run({ state })).stdout, "No order waits for approval\n");
  }));

Deno.test("approve says why an order cannot be approved", () =>
  withStore(async (store, { folder: state }) => {
    const id = ask(store, "Buy 1 XBT");
    const decided = ask(store, "Buy 2 XBT");
    store.approvals.decide(decided, { approved: false, by: "page", now: NOW });
    const unknown = await run({ state }, { operands: ["none"] });
    assert.deepEqual([unknown.code, unknown.stdout], [1, ""]);
    assert.match(unknown.stderr, /^Cannot approve "none" as no order waits under this id/);
    assert.match((await run({ state }, { operands: [decided] })).stderr, /as it was decided already\n$/);
    assert.match((await run({ state }, { operands: [id], now: NOW + 60_000 })).stderr, /as its time is over: ask/);
    assert.equal(store.approvals.decisionOf(id, NOW), "pending");
  }));

Deno.test("approve tells every problem of its command line", async () => {
  const wrong = await run({ decline: "maybe" }, { operands: ["a", "b"], problems: ["--typo: unknown flag"] });
  assert.equal(wrong.code, 2);
  for (const problem of [/^--typo/m, /^"b": unexpected/m, /^--decline: /m, /^--state: /m]) {
    assert.match(wrong.stderr, problem);
  }
  assert.match((await run({ state: "/tmp", decline: "true" })).stderr, /^--decline: expected the id of the order/);
  assert.match((await run({ state: "/tmp/none" })).stderr, /^--state: expected a folder with a trading record/);
});
