/** A record of any earlier version with a row in each of its tables, all of them on paper, and what becomes of it. */

import assert from "node:assert/strict";
import { recordedIdentity } from "../../../src/trading/record/audit_row.ts";
import { hashOfToken } from "../../../src/trading/record/approvals.ts";
import { textDigest } from "../../../src/trading/record/published_files.ts";
import type { TradingRecord } from "../../../src/trading/record/trading_record.ts";
import { orderRequest } from "../../trading/approval_requests.ts";
import { entry, NOW } from "../../trading/stores.ts";

const TOKEN = "a secret of a link";
const POLICY = "{}";
const { order, digest } = entry("a");
const { facts, summary } = orderRequest();

/** What stands in a column of this name, in whichever table. */
const CELLS: Readonly<Record<string, string | number | null>> = {
  account: "paper",
  action: "place",
  amount: "1000",
  asked: "[]",
  at: NOW,
  attempt: "one",
  begun_at: null,
  by: "key:alice",
  call: "c",
  cancels: 3,
  accounts: "main,paper",
  claimed_at: NOW,
  client_order_id: "lm-a",
  command: "serve",
  created_at: NOW,
  currency: "ZAR",
  data: "{}",
  day: Date.UTC(2026, 10, 22),
  digest,
  event: "preview",
  exchange: "api.luno.com",
  expires_at: NOW + 60_000,
  facts_json: JSON.stringify(facts),
  hash: "h",
  id: "0011223344556677",
  idempotency_key: "k",
  identity: recordedIdentity("key:alice"),
  instance: "0011223344556677",
  is_alive: 1,
  kind: "paper",
  name: "api.luno.com",
  notional_amount: "1000",
  notional_currency: "ZAR",
  number: 1,
  order_id: "BXa",
  order_json: JSON.stringify(order),
  paper: 1,
  pid: 1,
  place: "a folder",
  policy_digest: "f",
  preview_id: "pv-a",
  previous: "p",
  remaining: "[]",
  rounds: 0,
  sent_at: NOW,
  seq: 1,
  settled_at: NOW,
  started_at: NOW,
  state: "placed",
  summary_json: JSON.stringify(summary),
  terms: "{}",
  text: POLICY,
  token_hash: hashOfToken(TOKEN),
  valid_until: NOW,
  venue: "paper-1",
  version: 1,
  ways: "page",
  wished_at: NOW,
};

/** Where a column of this name says something else in one table. */
const OWN_CELLS: Readonly<Record<string, Readonly<Record<string, string | number>>>> = {
  accounts: { id: "main" },
  instances: { lease_until: "infinity", renewed_at: "now" },
  published_files: { kind: "policy", digest: textDigest(POLICY) },
  venue: { id: 1 },
};

/** Tables that have their one row already. */
const WITH_ROW = ["audit_head", "audit_start", "kill_switch", "key_store", "schema_version"];

/** Statements that put a row into each table; `columns` are by table, without those that fill themselves. */
export function fillings(columns: ReadonlyMap<string, readonly string[]>): string[] {
  const rows = [...columns].filter(([table]) => !WITH_ROW.includes(table)).map(([table, names]) => {
    const cells = names.map((name) => OWN_CELLS[table]?.[name] ?? CELLS[name] ?? null);
    return `INSERT INTO ${table} (${names.join(", ")}) VALUES (${cells.map(literal).join(", ")})`;
  });
  const asked = columns.get("kill_switch")?.includes("cancel_open") && !columns.has("cancel_wishes");
  const halt = `UPDATE kill_switch SET is_halted = 1, by = 'key:alice'${asked ? ", cancel_open = 2" : ""}`;
  return [...rows, halt, "UPDATE audit_head SET seq = 1, hash = 'h'"];
}

function literal(cell: string | number | null): string {
  return typeof cell === "string" ? `'${cell}'` : String(cell);
}

/** Checks that what was in the tables of that version is told as it was, on paper where it was on paper. */
export async function checkFilled(
  record: TradingRecord,
  columns: ReadonlyMap<string, readonly string[]>,
): Promise<void> {
  const { journal, accounts, approvals, previews, dialogs, cancelRequests, halts, published, audit } = record;
  const venue = columns.get("placements")?.includes("venue") ? "paper-1" : "paper";
  const paper = { account: "paper", venue };
  const placement = await journal.findByKey("key:alice", "k", paper);
  assert.deepEqual([placement?.orderId, placement?.isOpen, placement?.order], ["BXa", true, order]);
  assert.equal((await journal.findByOrderId("BXa"))?.account, "paper");
  assert.deepEqual((await journal.open(paper)).length, 1);
  assert.deepEqual(await journal.limitsUsed(NOW), [
    {
      ...{ identity: "key:alice", account: "paper", openOrders: 1, ordersLastMinute: 1 },
      today: [{ currency: "ZAR", amount: "1000" }],
    },
  ]);
  assert.equal(await accounts.exchangeOf("main"), "api.luno.com");
  assert.equal((await halts.state()).halted, true);
  assert.deepEqual((await cancelRequests.open(["main", "paper"])).map(({ account, by }) => [account, by]), [
    ["paper", "key:alice"],
  ]);
  assert.deepEqual((await audit.trail({ orderId: "BXa" })).map(({ seq, account }) => [seq, account]), [
    [1, columns.get("audit")?.includes("account") ? "paper" : null],
  ]);
  // What waited for a person in the first versions is asked anew.
  const waits = columns.get("approvals")?.includes("facts_json") ? ["paper"] : [];
  assert.deepEqual((await approvals.pending(NOW)).map(({ account }) => account), waits);
  if (columns.has("published_files")) assert.equal((await published.find("policy"))?.text, POLICY);
  const unfinished = await record.replacements.unfinished({ ...paper, identity: "key:alice", idempotencyKey: "k" });
  assert.equal(unfinished?.orderId, columns.has("replacements") ? "BXa" : undefined);
  if (!columns.has("previews")) return;
  assert.equal((await previews.find("pv-a", "key:alice"))?.account, "paper");
  const answer = { identity: "key:alice", call: "c", accepted: true, now: NOW };
  const answered = await dialogs.answer(TOKEN, answer);
  assert.deepEqual([answered?.isApproved, answered?.dialog.account], [true, "paper"]);
}
