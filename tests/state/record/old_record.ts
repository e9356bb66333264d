/** What a record of the version before accounts is worth afterwards, whatever the engine. */

import assert from "node:assert/strict";
import type { TradingRecord } from "../../../src/trading/record/trading_record.ts";
import { entry, FREE, INSTANCE, MAIN, NOW, ORDER, outcomeOf } from "../../trading/stores.ts";
import { idsOf, reasonOf } from "./acts.ts";

/** Rows of such a record, by the engine that wrote them. */
export async function readOldRows(engine: "sqlite" | "postgres"): Promise<string> {
  return await Deno.readTextFile(new URL(`./before_accounts.${engine}.sql`, import.meta.url));
}

const PAPER = { account: "paper", venue: "paper-00112233445566aa" };
const FIRST_PAPER = { account: "paper", venue: "paper" };

/** The head of its audit, as `audit verify` of that version tells it. */
const HEAD = /^[0-9a-f]{64}$/;

/** Checks that all of it is there, goes on, and is told as it was. */
export async function checkOldRecord(record: TradingRecord): Promise<void> {
  const { journal, audit, halts, instances } = record;
  const verified = await audit.verify();
  assert.ok(verified.ok, JSON.stringify(verified));
  assert.equal(verified.rows, 28);
  assert.match(verified.head, HEAD);
  await checkWhatIsThere(record);
  await instances.enter({ ...INSTANCE, id: "ffeeddccbbaa9988" });
  await halts.lift({ by: "key:alice", now: NOW + 20 });
  await checkLimits(record);
  // What was open is settled, and told of with the rows that were there before.
  await journal.close("lm-open", { base: "0.001", counter: "1000" }, NOW + 30);
  await journal.settle("lm-sent", { state: "placed", orderId: "BXSENT" }, NOW + 31);
  await journal.settle("lm-unknown", { state: "not_placed", reason: "ERR_TIMEOUT" }, NOW + 32);
  await journal.close("lm-paper-open", { base: "0", counter: "0", status: "cancelled" }, NOW + 33);
  await journal.settle("lm-paper-sent", { state: "placed", orderId: "BXPAPER2" }, NOW + 34);
  const trail = await audit.trail({ orderId: "BXOPEN" });
  assert.deepEqual(trail.map(({ event, account }) => [event, account]), [
    ...[["preview", null], ["intent", null], ["sent", null], ["outcome", null], ["fill", "main"]],
  ]);
  const paperTrail = (await audit.trail({ clientOrderId: "lm-paper-open" })).map((
    { event, account },
  ) => [event, account]);
  assert.deepEqual(paperTrail.slice(-2), [["cancel", null], ["closed", "paper"]]);
  const ended = { ...PAPER, identity: "key:bob", lastWithProcess: false, now: NOW + 35 };
  assert.equal(await journal.endOthers(ended), 1);
  assert.deepEqual(idsOf(await journal.open()), ["lm-sent", "lm-paper-sent"]);
  assert.equal(await reasonOf(record), "nothing");
}

async function checkWhatIsThere(
  { journal, accounts, cancelRequests, approvals, replacements }: TradingRecord,
): Promise<void> {
  assert.equal(await accounts.exchangeOf("main"), "api.luno.com");
  assert.deepEqual(await accounts.bind("main", "api.luno.com"), { ok: true });
  assert.deepEqual(idsOf(await journal.open(MAIN)), ["lm-open"]);
  assert.deepEqual(idsOf(await journal.unsettled({ account: "main" })), ["lm-sent", "lm-unknown"]);
  assert.deepEqual(idsOf(await journal.open({ account: "paper" })), ["lm-paper-open", "lm-paper-first"]);
  assert.deepEqual(idsOf(await journal.unsettled(PAPER)), ["lm-paper-sent"]);
  const keys = [MAIN, PAPER, FIRST_PAPER].map((where) => journal.findByKey("key:alice", "key-open", where));
  assert.deepEqual((await Promise.all(keys)).map((found) => found?.clientOrderId), [
    ...["lm-open", "lm-paper-open", undefined],
  ]);
  assert.deepEqual((await cancelRequests.open(["main", "paper"])).map(({ account }) => account), ["main", "paper"]);
  assert.deepEqual((await approvals.pending(NOW + 10)).map(({ account }) => account), ["main", "paper"]);
  const left = [[MAIN, "BXOPEN"], [PAPER, "BXPAPER"], [FIRST_PAPER, "BXFIRST"]] as const;
  for (const [where, orderId] of left) {
    const call = { ...where, identity: "key:alice", idempotencyKey: `key-${orderId}` };
    assert.equal((await replacements.unfinished(call))?.orderId, orderId);
  }
}

/** What was used of a day, an order's place and a key before counts on, on the account that it was used on. */
async function checkLimits({ journal }: TradingRecord): Promise<void> {
  const begin = async (changes: Parameters<typeof entry>[1], policy: Partial<typeof FREE>) => {
    const order = entry("next", { idempotencyKey: null, instance: "ffeeddccbbaa9988", ...changes });
    const refused = await journal.wouldRefuse(order, { policy: { ...FREE, ...policy }, now: NOW + 21 });
    return refused?.code;
  };
  const perDay = (amount: string) => ({ maxPerDay: { amount, currency: "ZAR" } });
  // Of the main account: open, unknown and filled; on paper one of 1,000 and one of 250.
  assert.equal(await begin({}, perDay("3999")), "ERR_LIMIT_PER_DAY");
  assert.equal(await begin({}, perDay("4000")), undefined);
  assert.equal(await begin(PAPER, perDay("2249")), "ERR_LIMIT_PER_DAY");
  assert.equal(await begin(PAPER, perDay("2250")), undefined);
  assert.equal(await begin({}, { maxOpenOrders: 2 }), "ERR_LIMIT_OPEN_ORDERS");
  assert.equal(await begin({}, { maxOpenOrders: 3 }), undefined);
  const sell = { ...ORDER, side: "SELL", price: "900000", postOnly: false } as const;
  assert.equal(await begin({ order: sell, identity: "key:carl" }, {}), "ERR_SELF_CROSSING");
  assert.equal(await begin({ ...PAPER, order: sell, identity: "key:carl" }, {}), undefined);
  const used = await journal.limitsUsed(NOW + 21);
  assert.deepEqual(used.map(({ identity, account, openOrders }) => [identity, account, openOrders]), [
    ["key:alice", "main", 2],
    ["key:alice", "paper", 2],
    ["key:bob", "main", 1],
    ["key:bob", "paper", 1],
  ]);
  const repeated = await journal.repeat(entry("again", { idempotencyKey: "key-open", asked: "asked" }), NOW + 22);
  assert.equal(repeated && outcomeOf(repeated), "repeated");
}
