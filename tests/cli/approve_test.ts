import assert from "node:assert/strict";
import { approve } from "../../src/cli/approve.ts";
import { clockTime } from "../../src/text/clock_time.ts";
import type { SqliteRecord } from "../../src/state/record/sqlite/record.ts";
import { CONFIRMATION_LIFETIME_MS } from "../../src/trading/record/approval.ts";
import { ask } from "../trading/approval_requests.ts";
import { NOW, withStore } from "../trading/stores.ts";
import { runnerOf } from "./trading_commands.ts";

const run = runnerOf(approve);

/** Requests a person's approval of an order with this headline. */
function askAbout(store: SqliteRecord, headline: string): string {
  return ask(store, { headline }).id;
}

function statesOf({ approvals }: SqliteRecord, ids: readonly string[]): unknown[] {
  return ids.map((id) => approvals.find(id, NOW)?.state);
}

Deno.test("approve shows each pending order and asks about it; only yes approves", () =>
  withStore(async (store, { folder: state }) => {
    const ids = ["Buy 1 XBT", "Buy 2 XBT", "Buy 3 XBT", "Buy 4 XBT"].map((headline) => askAbout(store, headline));
    const { code, stdout, stderr } = await run({ state }, { typed: ["y\n", "\n", "no\n", "YES\n"] });
    assert.deepEqual([code, stderr], [0, ""]);
    const until = clockTime(NOW + CONFIRMATION_LIFETIME_MS);
    const first = `${ids[0]}  asked by key:alice, until ${until}\n  LIVE: real money at api.luno.com\n  Buy 1 XBT\n`;
    assert.ok(stdout.includes(first), stdout);
    assert.equal(stdout.match(/Approve this order\? \[y\/N\]/g)?.length, 4);
    assert.deepEqual(statesOf(store, ids), ["approved", "declined", "declined", "approved"]);
  }));

Deno.test("approve leaves unanswered orders pending when the input ends", () =>
  withStore(async (store, { folder: state }) => {
    const ids = ["Buy 1 XBT", "Buy 2 XBT"].map((headline) => askAbout(store, headline));
    assert.equal((await run({ state }, { typed: ["y\n"] })).code, 0);
    assert.deepEqual(statesOf(store, ids), ["approved", "pending"]);
    assert.equal((await run({ state }, { typed: ["y"] })).code, 0);
    assert.deepEqual(statesOf(store, ids), ["approved", "pending"]);
  }));

Deno.test("approve does not ask when stdin is not a terminal: it lists, and decides the order that an operand names", () =>
  withStore(async (store, { folder: state }) => {
    const [first = "", second = ""] = ["Buy 1 XBT", "Buy 2 XBT"].map((headline) => askAbout(store, headline));
    assert.match(
      (await run({ state })).stdout,
      /^ {2}Buy 1 XBT\n[^]*^ {2}Buy 2 XBT\n[^]*\n\napprove ID, or approve ID --decline\n$/m,
    );
    const { approvals } = JSON.parse((await run({ state }, { json: true, typed: ["y\n"] })).stdout);
    assert.deepEqual(approvals.map(({ id }: { id: string }) => id), [first, second]);
    assert.equal(store.approvals.pending(NOW).length, 2);

    const yes = await run({ state }, { operands: [first] });
    assert.deepEqual([yes.code, yes.stderr], [0, ""]);
    assert.match(yes.stdout, /^Approved, asked by key:alice:\n {2}LIVE: real money at api\.luno\.com\n {2}Buy 1 XBT\n/);
    assert.match(
      yes.stdout,
      /\nIt is sent by the call that waits for it; where none does, by place_order with preview_id=pv-/,
    );
    const no = await run({ state, decline: "true" }, { operands: [second] });
    assert.match(no.stdout, /^Declined, /);
    assert.equal((await run({ state })).stdout, "No order waits for approval\n");
  }));

Deno.test("approve says why an order cannot be approved", () =>
  withStore(async (store, { folder: state }) => {
    const id = askAbout(store, "Buy 1 XBT");
    const decided = askAbout(store, "Buy 2 XBT");
    store.approvals.decide(decided, { approved: false, by: "page", now: NOW });
    const unknown = await run({ state }, { operands: ["none"] });
    assert.deepEqual([unknown.code, unknown.stdout], [1, ""]);
    assert.match(unknown.stderr, /^Cannot approve "none" as no order waits under this id/);
    assert.match((await run({ state }, { operands: [decided] })).stderr, /as it was decided already\n$/);
    assert.match(
      (await run({ state }, { operands: [id], now: NOW + CONFIRMATION_LIFETIME_MS })).stderr,
      /as its time is over: ask/,
    );
    assert.deepEqual(statesOf(store, [id]), ["pending"]);
  }));

Deno.test("approve reports every problem of its command line", async () => {
  const wrong = await run({ decline: "maybe" }, { operands: ["a"], problems: ["--typo: unknown flag"] });
  assert.equal(wrong.code, 2);
  for (const problem of [/^--typo/m, /^--decline: /m, /^--state: /m]) {
    assert.match(wrong.stderr, problem);
  }
  assert.match((await run({ state: "/tmp", decline: "true" })).stderr, /^--decline: expected the id of the order/);
  const none = { state: "/tmp/none" };
  // The id may be mistyped while another order is pending.
  const missing = /^--state: expected a folder that exists: there is no \/tmp\/none\n/;
  assert.match((await run(none, { operands: ["a"] })).stderr, missing);
  assert.match((await run(none)).stderr, missing);
  const unused = { env: { HOME: "/tmp/none" }, json: true };
  assert.deepEqual(await run({}, unused), { code: 0, stdout: '{"approvals":[]}\n', stderr: "" });
});

Deno.test("approve says that two identical orders are two, and shows but does not decide those reserved to the page", () =>
  withStore(async (store, { folder: state }) => {
    const [first, second] = [ask(store), ask(store)];
    const onPage = ask(store, { identity: "key:bob", ways: ["page"] });
    const { stdout } = await run({ state }, { typed: ["y\n", "n\n"] });
    for (const { id } of [first, second]) {
      assert.ok(
        stdout.includes(
          `WARNING: Another equal order of this client waits for approval too: a yes to both places both (${id})`,
        ),
        stdout,
      );
    }
    assert.match(stdout, /asked by key:bob[^]*WARNING: It is decided on its page only/);
    assert.deepEqual(statesOf(store, [first.id, second.id, onPage.id]), ["approved", "declined", "pending"]);
    const refused = await run({ state }, { operands: [onPage.id] });
    assert.match(refused.stderr, /^Cannot approve .* as confirm_by of the policy has it decided on its page only/);
    assert.deepEqual(statesOf(store, [onPage.id]), ["pending"]);
  }));
