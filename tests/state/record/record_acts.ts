/**
 * Random acts on a record, for two engines that are to answer the same. Ids that a record makes up are named by the order
 * in which they came, so that answers can be compared; times and names repeat often, so that acts meet.
 */

import fc from "fast-check";
import type { NewPlacement } from "../../../src/trading/record/recorded_placement.ts";
import type { TradingRecord } from "../../../src/trading/record/trading_record.ts";
import type { Policy } from "../../../src/trading/policy/policy.ts";
import { DAY_MS } from "../../../src/trading/policy/limits.ts";
import { orderRequest } from "../../trading/approval_requests.ts";
import { shownOrder } from "../../trading/shown_orders.ts";
import { entry, FREE, INSTANCE, NOW, ORDER } from "../../trading/stores.ts";

/** What a record has made up so far. */
export interface MadeUp {
  readonly approvals: string[];
  /** Secrets of their pages. */
  readonly links: string[];
  readonly dialogs: string[];
  /** Secrets of dialogs. */
  readonly secrets: string[];
}

/** One act; what it answers is compared. */
export interface Act {
  /** For whoever looks at a failure. */
  readonly name: string;
  readonly args: unknown;
  /** Does it. */
  readonly run: (record: TradingRecord, made: MadeUp) => Promise<unknown>;
}

/** The first of all is chosen as often as all others together, so that acts meet. */
function mostly<Value>(first: Value, ...others: Value[]): fc.Arbitrary<Value> {
  return fc.oneof(fc.constant(first), fc.constantFrom(...others));
}

const identities = mostly("key:alice", "key:alice", "key:Bob", "key:bob", "token:ümit", "local");
const places = mostly(
  { account: "main", venue: "" },
  { account: "main", venue: "" },
  { account: "second", venue: "" },
  { account: "paper", venue: "paper-1" },
  { account: "paper", venue: "paper-2" },
);
const few = fc.nat(3);
const names = fc.nat(11).map((n) => `n${n}`);
const previews = fc.nat(7).map((n) => `pv-${n}`);
const orderIds = few.map((n) => `BXn${n}`);
const keys = mostly<string | null>(null, "k1", "K1", "k2");
const asked = mostly("[]", '["other"]');
/** Some minutes around a moment, a day away at times, and exactly at the ends of lives. */
const times = fc.oneof(
  { arbitrary: fc.integer({ min: 0, max: 50_000 }).map((ms) => NOW + ms), weight: 6 },
  fc.constantFrom(-5_001, -5_000, 0, 1, 59_999, 60_000, 179_999, 180_000, 240_001, 660_001).map((ms) => NOW + ms),
  fc.integer({ min: -200_000, max: 900_000 }).map((ms) => NOW + ms),
  fc.constantFrom(-DAY_MS, DAY_MS, 2 * DAY_MS).map((ms) => NOW + ms),
);
const orders = fc.record({
  side: fc.constantFrom("BUY", "SELL"),
  price: fc.constantFrom("900000", "1000000", "1100000"),
})
  .map((terms) => ({ ...ORDER, ...terms, postOnly: false } as typeof ORDER));
const policies: fc.Arbitrary<Policy> = fc.record({
  maxPerDay: fc.constantFrom({ amount: "3000", currency: "ZAR" }, { amount: "0.1", currency: "XBT" }),
  maxOpenOrders: fc.constantFrom(1, 3),
  maxOrdersPerMinute: fc.constantFrom(0, 1, 3),
  coolOff: fc.constantFrom({ rejects: 2, withinSeconds: 60, pauseSeconds: 120 }),
}, { requiredKeys: [] }).map((limits) => ({ ...FREE, ...limits }));
const attempts = fc.constantFrom("one", "two");
const instances = fc.constantFrom(INSTANCE.id, "ffffffffffffffff");

const entries = fc.record({
  name: names,
  where: places,
  identity: identities,
  order: orders,
  previewId: fc.option(previews, { nil: undefined }),
  idempotencyKey: keys,
  asked: fc.option(asked),
  takesPreview: mostly(false, false, true),
  replaces: fc.oneof(
    { arbitrary: fc.constant(undefined), weight: 6 },
    fc.record({ orderId: orderIds, attempt: attempts }),
  ),
  instance: fc.oneof({ arbitrary: fc.constant(INSTANCE.id), weight: 9 }, instances),
  isWorth: fc.boolean(),
}).map(({ name, where, previewId = `preview-${name}`, replaces, isWorth, ...rest }): NewPlacement =>
  entry(name, {
    ...where,
    ...rest,
    previewId,
    notional: isWorth ? { currency: "ZAR", amount: "1000.5" } : null,
    replaces: replaces && { ...where, ...replaces },
  })
);

const settlements = fc.oneof(
  orderIds.map((orderId) => ({ state: "placed", orderId } as const)),
  fc.constantFrom({ state: "not_placed", reason: "ERR_TIMEOUT" } as const),
  fc.constantFrom({ state: "unknown", reason: "ERR_NETWORK" } as const),
);
const finals = fc.constantFrom(
  { base: "0", counter: "0", status: "cancelled" },
  { base: "0.001", counter: "1000", feeBase: "0", feeCounter: "1" },
);
const scopes = fc.record({ account: places.map(({ account }) => account), identity: identities }, { requiredKeys: [] });
const questions = fc.record({
  identity: identities,
  where: places,
  order: orders,
  previewId: previews,
  asked,
  takesPreview: mostly(false, false, true),
  idempotencyKey: keys.map((key) => key ?? undefined),
}).map(({ where: { account, venue }, order, ...rest }) => {
  const { facts, ...request } = orderRequest({ ...rest, account, order });
  return { ...request, facts: { ...facts, venue } };
});

/** How often an act is chosen, where not as often as most. */
const WEIGHTS: Readonly<Record<string, number>> = {
  "journal.begin": 10,
  "journal.settle": 8,
  "journal.close": 4,
  "previews.add": 5,
  "approvals.request": 5,
  "approvals.decide": 4,
  "dialogs.ask": 4,
  "halts.pull": 1,
  "halts.lift": 4,
  "approvals.take": 4,
  "dialogs.answer": 4,
};

/** Acts with their arguments, by the operations that they call. */
export const ACTS: fc.Arbitrary<Act> = fc.oneof(
  act("journal.begin", fc.tuple(entries, policies, times), ({ journal }, args) => journal.begin(...args)),
  act("journal.begin", fc.tuple(entries, fc.constant(FREE), times), ({ journal }, args) => journal.begin(...args)),
  act(
    "journal.wouldRefuse",
    fc.tuple(entries, policies, times, names),
    ({ journal }, [order, policy, now, name]) => journal.wouldRefuse(order, { policy, now, without: `lm-${name}` }),
  ),
  act("journal.repeat", fc.tuple(entries, times), ({ journal }, args) => journal.repeat(...args)),
  act(
    "journal.settle",
    fc.tuple(names, settlements, times),
    ({ journal }, [name, outcome, now]) => journal.settle(`lm-${name}`, outcome, now),
  ),
  act(
    "journal.withdraw",
    fc.tuple(names, times),
    ({ journal }, [name, now]) => journal.withdraw(`lm-${name}`, "ERR_CANCELLED", now),
  ),
  act(
    "journal.close",
    fc.tuple(names, finals, times),
    ({ journal }, [name, facts, now]) => journal.close(`lm-${name}`, facts, now),
  ),
  act("journal.endOthers", fc.tuple(places, fc.option(identities, { nil: undefined }), fc.boolean(), times), (
    { journal },
    [where, identity, lastWithProcess, now],
  ) => journal.endOthers({ ...where, identity, lastWithProcess, now })),
  act("journal.find…", fc.tuple(names, orderIds, places, identities, keys, previews), async (
    { journal },
    [name, orderId, where, identity, key, previewId],
  ) => [
    await journal.find(`lm-${name}`),
    await journal.findByOrderId(orderId),
    await journal.findByOrderId(orderId, where),
    await journal.findByKey(identity, key ?? "", where),
    await journal.findByPreview(previewId),
  ]),
  act("journal.unsettled, open", fc.tuple(scopes, times), async ({ journal }, [scope, now]) => [
    await journal.unsettled(scope),
    await journal.open(scope),
    await journal.onTheirWay(),
    await journal.limitsUsed(now),
  ]),
  act("accounts.bind", fc.tuple(places, fc.constantFrom("one", "two")), async ({ accounts }, [{ account }, name]) => [
    await accounts.bind(account, name),
    await accounts.exchangeOf(account),
  ]),
  act("previews.add", fc.tuple(identities, places, previews, orders, times), (
    record,
    [identity, { account }, previewId, order, now],
  ) => {
    const shown = shownOrder({ identity, account, previewId });
    return record.previews.add(
      { row: { identity, account }, shown: { ...shown, facts: { ...shown.facts, order } } },
      now,
    );
  }),
  act("previews.find", fc.tuple(previews, identities), ({ previews }, args) => previews.find(...args)),
  act(
    "approvals.request",
    fc.tuple(questions, times),
    async ({ approvals }, [question, now], { approvals: ids, links }) => {
      const requested = await approvals.request(question, now);
      if (requested.ok) ids.push(requested.approval.id), links.push(requested.token);
      return requested;
    },
  ),
  act(
    "approvals.decide",
    fc.tuple(few, fc.boolean(), times),
    ({ approvals }, [n, approved, now], made) =>
      approvals.decide(made.approvals.at(-1 - n) ?? "", { approved, by: approved ? "page" : "terminal", now }),
  ),
  act(
    "approvals.take",
    fc.tuple(few, times),
    ({ approvals }, [n, now], made) => approvals.take(made.approvals.at(-1 - n) ?? "", now),
  ),
  act("approvals.giveBack, conclude", fc.tuple(few, fc.boolean()), ({ approvals }, [n, isBack], made) => {
    const id = made.approvals.at(-1 - n) ?? "";
    return isBack ? approvals.giveBack(id) : approvals.conclude(id, "told");
  }),
  act("approvals.find…", fc.tuple(few, previews, questions, times), async (
    { approvals },
    [n, previewId, { identity, action, asked }, now],
    made,
  ) => [
    await approvals.pending(now),
    await approvals.find(made.approvals.at(-1 - n) ?? "", now),
    await approvals.findByToken(made.links.at(-1 - n) ?? "", now),
    await approvals.findByPreview(previewId, { identity, action }, now),
    await approvals.findAsked({ identity, action, asked }, now),
  ]),
  act("approvals.equalTo", fc.tuple(few, identities, previews, times), async (
    { approvals, dialogs },
    [n, identity, previewId, now],
    made,
  ) => {
    const digest = (await approvals.find(made.approvals.at(-1 - n) ?? "", now))?.digest ?? "";
    const order = { digest, identity, previewId };
    return [await approvals.equalTo(order, now), await dialogs.equalTo(order, now)];
  }),
  act(
    "dialogs.ask",
    fc.tuple(questions, asked, times),
    async ({ dialogs }, [{ ways: _, ...question }, call, now], made) => {
      const asked = await dialogs.ask({ ...question, call }, now);
      if (asked.ok) made.dialogs.push(asked.id), made.secrets.push(asked.token);
      return asked;
    },
  ),
  act("dialogs.answer", fc.tuple(few, identities, asked, fc.boolean(), times), (
    { dialogs },
    [n, identity, call, accepted, now],
    made,
  ) => dialogs.answer(made.secrets.at(-1 - n) ?? "", { identity, call, accepted, now })),
  act("replacements.claim", fc.tuple(places, orderIds, identities, keys, attempts, instances, fc.boolean(), times), (
    { replacements },
    [where, orderId, identity, idempotencyKey, attempt, instance, isFinal, now],
  ) => {
    const claim = { ...where, orderId, identity, idempotencyKey, attempt, instance, asked: "[]", terms: attempt };
    return replacements.claim(claim, { isFinal, now });
  }),
  act("replacements.release", fc.tuple(places, orderIds, attempts, fc.boolean()), (
    { replacements },
    [where, orderId, attempt, isUntouched],
  ) => replacements.release({ ...where, orderId, attempt }, { isUntouched })),
  act(
    "replacements.unfinished",
    fc.tuple(places, identities, keys),
    ({ replacements }, [where, identity, key]) =>
      replacements.unfinished({ ...where, identity, idempotencyKey: key ?? "" }),
  ),
  act("calls.claim", fc.tuple(places, identities, keys, fc.option(asked), instances, attempts, fc.boolean()), (
    { calls },
    [where, identity, key, asked, instance, attempt, isHere],
  ) => calls.claim({ ...where, identity, idempotencyKey: key ?? "", asked, instance, attempt }, { isHere })),
  act(
    "calls.release",
    fc.tuple(attempts, fc.boolean()),
    ({ calls }, [attempt, all]) => all ? calls.clear() : calls.release(attempt),
  ),
  act(
    "halts.pull",
    fc.tuple(fc.subarray(["main", "second", "paper"]), times),
    ({ halts }, [cancelOpen, now]) => halts.pull({ by: "test", reason: `at ${now}`, cancelOpen, now }),
  ),
  act("halts.lift", times, ({ halts }, now) => halts.lift({ by: "test", now })),
  act("cancelRequests.claim", fc.tuple(places, few, instances, fc.boolean(), times), async (
    { cancelRequests },
    [{ account }, number, instance, fromLiving, now],
  ) => [
    await cancelRequests.claim({ account, number }, instance, { fromLiving, now }),
    await cancelRequests.all(),
    await cancelRequests.open([account]),
  ]),
  act("cancelRequests.note", fc.tuple(places, few, fc.boolean(), times), (
    { cancelRequests },
    [{ account }, number, isDone, now],
  ) => {
    const remaining = isDone ? [] : [{ order_id: "BX1", reason: "ERR_NOT_FINAL" }];
    return cancelRequests.note(
      { account, number },
      { remaining, unlisted: isDone ? null : "ERR_TIMEOUT", isDone },
      now,
    );
  }),
  act("published.publish", fc.tuple(fc.constantFrom("policy", "access"), few, few, times), async (
    { published },
    [kind, n, version, now],
  ) => {
    // A policy that counts would stand in the way of all orders; what it changes of them is compared elsewhere.
    const file = { kind: "access", text: `${kind} ${n}`, by: "test", expectVersion: version, now } as const;
    return [await published.publish(file), await published.find("access", version), await published.versions("access")];
  }),
  act("audit.trail", fc.tuple(names, orderIds, identities, fc.nat(7), times), async (
    { audit, previews },
    [name, orderId, identity, which, now],
  ) => {
    const query = {
      ...(which & 1 ? { orderId } : {}),
      ...(which & 2 ? { clientOrderId: `lm-${name}` } : {}),
      ...(which & 4 ? { identity } : {}),
    };
    return [await audit.trail(query), await previews.waitMs(identity, now), await audit.lastSeq()];
  }),
);

function act<Args>(
  name: string,
  args: fc.Arbitrary<Args>,
  run: (record: TradingRecord, args: Args, made: MadeUp) => Promise<unknown>,
): fc.WeightedArbitrary<Act> {
  const arbitrary = args.map((args) => ({
    name,
    args,
    run: (record: TradingRecord, made: MadeUp) => run(record, args, made),
  }));
  return { arbitrary, weight: WEIGHTS[name] ?? 2 };
}
