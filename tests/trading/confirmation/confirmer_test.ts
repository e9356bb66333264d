import assert from "node:assert/strict";
import { outcomeOf } from "../../../src/trading/confirmation/approval_outcome.ts";
import { Confirmer } from "../../../src/trading/confirmation/confirmer.ts";
import { orderRequest } from "../approval_requests.ts";
import { BrokerWorld, policyFileOf, REST } from "../broker_world.ts";
import { STOP } from "../executor_world.ts";
import { answeringLate } from "../late_record.ts";
import { NOW, withStore } from "../stores.ts";

/** The last order that the operator was notified of. */
function lastAsked(world: BrokerWorld): string {
  return world.announced.at(-1)?.approvalId ?? assert.fail("nobody was asked");
}

function decide(world: BrokerWorld, approved: boolean): void {
  world.record.approvals.decide(lastAsked(world), { approved, by: "terminal", now: world.now });
}

Deno.test("an order that a person approves elsewhere is placed by the call that waits for it", async () => {
  await using world = await BrokerWorld.start({ bound: "confirm" });
  let looks = 0;
  world.meanwhile = () => {
    assert.deepEqual(world.sent, []);
    if (++looks === 5) decide(world, true);
  };
  const placed = await world.answer("place_order", REST);
  assert.equal(placed.status, "placed");
  assert.equal(world.sent.length, 1);
  const [{ summary } = assert.fail("nobody was asked")] = world.announced;
  assert.equal(summary.headline, "Buy 0.001\u00a0BTC for about 1\u00a0050\u00a0ZAR");
  const exact = summary.details.find(({ label }) => label === "Exact order");
  assert.equal(exact?.value, "BUY 0.001 XBT in XBTZAR at 1050000 ZAR each (limit, GTC)");
});

Deno.test("an order that is approved after its caller has lost the right to trade is not sent", async () => {
  await using world = await BrokerWorld.start({ bound: "confirm" });
  let isRevoked = false;
  world.meanwhile = () => {
    isRevoked = true;
    decide(world, true);
  };
  const context = world.context();
  const caller = { identity: context.caller.identity, allows: () => !isRevoked };
  const refused = await world.refusal("place_order", REST, { ...context, caller });
  assert.equal(refused.code, "ERR_SCOPE_MISSING");
  assert.deepEqual(world.sent, []);
});

Deno.test("an order that a person declines elsewhere is not sent", async () => {
  await using world = await BrokerWorld.start({ bound: "confirm" });
  world.meanwhile = () => decide(world, false);
  assert.equal((await world.refusal("place_order", REST)).code, "ERR_CONFIRMATION_DECLINED");
  assert.deepEqual(world.sent, []);
});

Deno.test("an order that nobody decides is not sent: the call returns, and the request expires", async () => {
  await using world = await BrokerWorld.start({ bound: "confirm" });
  const began = world.now;
  const waiting = await world.answer("place_order", REST);
  assert.equal(waiting.status, "awaiting_confirmation");
  assert.equal(world.now - began, 45_000);
  await world.exchange.advance(135_000);
  decide(world, true);
  const { code } = await world.refusal("place_order", { preview_id: waiting.preview_id });
  assert.equal(code, "ERR_CONFIRMATION_EXPIRED");
  assert.deepEqual(world.sent, []);
});

Deno.test("a repetition of the same call waits for the same approval, by its preview or by its key", async () => {
  await using world = await BrokerWorld.start({ bound: "confirm" });
  const call = { ...REST, idempotency_key: "k-1" };
  const { preview_id } = await world.answer("place_order", call);
  assert.equal((await world.answer("place_order", call)).preview_id, preview_id);
  assert.equal((await world.answer("place_order", { preview_id })).preview_id, preview_id);
  assert.equal(world.announced.length, 1);
  decide(world, true);
  assert.equal((await world.answer("place_order", call)).status, "placed");
  assert.equal((await world.answer("place_order", call)).repeated, true);
  assert.deepEqual([world.announced.length, world.sent.length], [1, 1]);
});

Deno.test("equal pending orders are separate requests, which say so, and each places its own", async () => {
  await using world = await BrokerWorld.start({ bound: "confirm" });
  const previews = [await world.answer("preview_order", REST), await world.answer("preview_order", REST)];
  const waiting = [];
  for (const { preview_id } of previews) waiting.push(await world.answer("place_order", { preview_id }));
  assert.deepEqual(waiting.map(({ preview_id }) => preview_id), previews.map(({ preview_id }) => preview_id));
  const [first = "", second = ""] = world.announced.map(({ approvalId }) => approvalId);
  assert.notEqual(first, second);
  assert.match(waiting[1].message, new RegExp(`\\(an equal order of yours waits apart from this one, as ${first}\\)$`));
  world.record.approvals.decide(first, { approved: true, by: "terminal", now: world.now });
  const placed = await world.answer("place_order", { preview_id: previews[0].preview_id });
  assert.equal(placed.status, "placed");
  const again = await world.answer("place_order", { preview_id: previews[1].preview_id });
  assert.deepEqual([again.status, again.preview_id], ["awaiting_confirmation", previews[1].preview_id]);
  assert.doesNotMatch(again.message, /equal order/);
  assert.equal(world.sent.length, 1);
  world.record.approvals.decide(second, { approved: true, by: "terminal", now: world.now });
  assert.equal((await world.answer("place_order", { preview_id: previews[1].preview_id })).status, "placed");
  assert.equal(new Set(world.orders.map(({ id }) => id)).size, 2);
});

Deno.test("equal full orders without a key are two orders, also in dialogs", async () => {
  await using world = await BrokerWorld.start({ bound: "confirm" });
  await world.answer("place_order", REST);
  await world.answer("place_order", REST);
  assert.equal(new Set(world.announced.map(({ approvalId }) => approvalId)).size, 2);
  const call = world.call("local", { canElicit: true });
  const asked = await world.broker.place({ request: REST }, call);
  assert.ok(asked.status === "ask");
  assert.match(asked.text, /^WARNING: Another equal order of this client waits for approval too/m);
});

Deno.test("Confirmer.ask() tells concurrent dialogs about equal orders of each other", () =>
  withStore(async ({ approvals, dialogs }) => {
    const confirmer = new Confirmer({
      approvals: answeringLate(approvals),
      dialogs: answeringLate(dialogs),
      announce: () => assert.fail("nobody is asked elsewhere"),
      now: () => NOW,
      monotonic: () => 0,
      sleep: () => Promise.resolve(),
    }, { waysOf: () => ["dialog"], send: () => assert.fail("nobody has answered"), describe: () => "" });
    const { signal } = new AbortController();
    const call = { identity: "local", signal, mayTrade: () => true, asking: { canElicit: true } };
    const ask = () => confirmer.ask(orderRequest({ identity: "local" }), call);
    for (const asked of await Promise.all([ask(), ask()])) {
      assert.ok("status" in asked);
      assert.match(asked.text, /^WARNING: Another equal order of this client waits for approval too/m);
    }
  }));

Deno.test("another order, another key and another caller are separate requests", async () => {
  await using world = await BrokerWorld.start({ bound: "confirm" });
  await world.answer("place_order", REST);
  await world.answer("place_order", { ...REST, price: "1040000" });
  await world.answer("place_order", { ...REST, idempotency_key: "k-1" });
  await world.answer("place_order", REST, world.context("key:alice"));
  assert.equal(new Set(world.announced.map(({ approvalId }) => approvalId)).size, 4);
});

Deno.test("of several calls that wait for one answer one places the order", async () => {
  await using world = await BrokerWorld.start({ bound: "confirm" });
  const { preview_id } = await world.answer("place_order", REST);
  decide(world, true);
  const calls = [1, 2, 3].map(() => world.answer("place_order", { preview_id }).catch(() => undefined));
  const placed = (await Promise.all(calls)).filter((result) => result?.status === "placed");
  assert.deepEqual([placed.length, world.sent.length], [1, 1]);
});

Deno.test("an approval of one caller's order places no other caller's", async () => {
  await using world = await BrokerWorld.start({ bound: "confirm" });
  const { preview_id } = await world.answer("place_order", REST, world.context("key:alice"));
  decide(world, true);
  const foreign = await world.refusal("place_order", { preview_id }, world.context("key:mallory"));
  assert.equal(foreign.code, "ERR_PREVIEW_UNKNOWN");
  assert.equal((await world.answer("place_order", REST, world.context("key:mallory"))).status, "awaiting_confirmation");
  assert.deepEqual(world.sent, []);
});

Deno.test("a replacement that is approved after its call has returned is made by a repetition of the call", async () => {
  await using world = await BrokerWorld.start({ bound: "confirm" });
  world.meanwhile = () => decide(world, true);
  const { order_id } = await world.answer("place_order", REST);
  world.meanwhile = () => {};
  const call = { order_id, price: "1060000" };
  const waiting = await world.answer("replace_order", call);
  assert.equal(waiting.status, "awaiting_confirmation");
  assert.match(waiting.message, /and this call has to be made again$/);
  assert.equal(world.sent.length, 1);
  decide(world, true);
  assert.equal((await world.answer("replace_order", call)).status, "replaced");
  assert.deepEqual([world.announced.length, world.sent.length], [2, 3]);
});

Deno.test("an approved replacement that the exchange does not let this key make is reported on its page", async () => {
  await using world = await BrokerWorld.start({ bound: "confirm" });
  world.meanwhile = () => decide(world, true);
  const { order_id } = await world.answer("place_order", REST);
  const refused = { kind: "rules", rules: [{ kind: "luno_error", code: "ErrInsufficientPerms" }] } as const;
  world.exchange.fault = ({ path }) => path === STOP ? refused : undefined;
  const { code } = await world.refusal("replace_order", { order_id, price: "1060000" });
  assert.equal(code, "ERR_PERMISSION_MISSING");
  const approval = world.record.approvals.find(lastAsked(world), world.now) ?? assert.fail("nobody was asked");
  const { kind, sentence } = outcomeOf(approval, undefined, world.now);
  assert.equal(kind, "not_placed");
  assert.match(sentence, /permission/i);
});

Deno.test("a restart sends nothing by itself, and a repetition of the call places what was approved, once", async () => {
  await using world = await BrokerWorld.start({ bound: "confirm" });
  const { preview_id } = await world.answer("place_order", { ...REST, idempotency_key: "k-1" });
  await world.restart();
  decide(world, true);
  await world.exchange.advance(60_000);
  await world.restart();
  assert.deepEqual(world.sent, []);
  assert.equal(
    (await world.refusal("place_order", { preview_id }, world.context("key:mallory"))).code,
    "ERR_PREVIEW_UNKNOWN",
  );
  const placed = await world.answer("place_order", { preview_id });
  assert.equal(placed.status, "placed");
  const repeated = await world.answer("place_order", { ...REST, idempotency_key: "k-1" });
  assert.deepEqual([repeated.order_id, repeated.repeated], [placed.order_id, true]);
  await world.restart();
  const { code, message } = await world.refusal("place_order", { preview_id });
  assert.equal(code, "ERR_CONFIRMATION_USED");
  assert.ok(message.includes(placed.client_order_id), message);
  assert.equal(world.sent.length, 1);
});

Deno.test("an order that is approved too late is placed neither by this process nor by the next", async () => {
  await using world = await BrokerWorld.start({ bound: "confirm" });
  const { preview_id } = await world.answer("place_order", REST);
  decide(world, true);
  await world.exchange.advance(180_000);
  await world.restart();
  assert.equal((await world.refusal("place_order", { preview_id })).code, "ERR_CONFIRMATION_EXPIRED");
  assert.deepEqual(world.sent, []);
});

Deno.test("an approved order is checked against policy, kill switch and limits of the process that sends it", async () => {
  await using world = await BrokerWorld.start({ bound: "confirm" });
  const refusedWith = async (change: () => void | Promise<void>) => {
    const { preview_id } = await world.answer("place_order", REST);
    decide(world, true);
    await world.restart();
    await change();
    const { code } = await world.refusal("place_order", { preview_id });
    world.policies.replace(policyFileOf({}));
    return code;
  };
  const policy = (entry: Record<string, unknown>) => () => world.policies.replace(policyFileOf({ default: entry }));
  assert.equal(await refusedWith(policy({ sides: ["SELL"] })), "ERR_POLICY_SIDE");
  assert.equal(
    await refusedWith(policy({ max_per_order: { amount: "1000", currency: "ZAR" } })),
    "ERR_POLICY_ORDER_SIZE",
  );
  assert.equal(await refusedWith(policy({ mode: "paper" })), "ERR_PREVIEW_STALE");
  assert.equal(await refusedWith(policy({ confirm_by: ["page"] })), "ERR_CONFIRMATION_IMPOSSIBLE");
  const rate = async () => {
    const { preview_id } = await world.answer("place_order", REST);
    decide(world, true);
    assert.equal((await world.answer("place_order", { preview_id })).status, "placed");
    policy({ max_orders_per_minute: 1 })();
  };
  assert.equal(await refusedWith(rate), "ERR_LIMIT_RATE");
  const halt = () => void world.record.halts.pull({ by: "terminal", reason: "test", now: world.now });
  assert.equal(await refusedWith(halt), "ERR_TRADING_HALTED");
  assert.equal(world.sent.length, 1);
});

Deno.test("an order that was confirmed for one exchange is not sent to another", async () => {
  await using world = await BrokerWorld.start({ bound: "confirm" });
  const { preview_id } = await world.answer("place_order", REST);
  decide(world, true);
  world.name = { kind: "paper", host: "127.0.0.1:9000" };
  const { preview_id: onPaper } = await world.answer("place_order", { ...REST, price: "1040000" });
  decide(world, true);
  world.name = { kind: "live", host: "127.0.0.1:9000" };
  assert.equal((await world.refusal("place_order", { preview_id: onPaper })).code, "ERR_PREVIEW_STALE");
  world.name = { kind: "live", host: "api.luno.com" };
  await world.restart();
  const { code, message } = await world.refusal("place_order", { preview_id });
  assert.equal(code, "ERR_PREVIEW_STALE");
  assert.match(
    message,
    /confirmed for SIMULATED: .*127\.0\.0\.1:9000, and this server now trades on LIVE: .*api\.luno\.com/,
  );
  assert.deepEqual(world.sent, []);
});

Deno.test("an order that was changed in the record after it was approved is not sent", async () => {
  await using world = await BrokerWorld.start({ bound: "confirm" });
  const { preview_id } = await world.answer("place_order", REST);
  decide(world, true);
  world.database.exec(`UPDATE approvals SET facts_json = replace(facts_json, '"0.001"', '"0.01"')`);
  assert.equal((await world.refusal("place_order", { preview_id })).code, "ERR_CONFIRMATION_DECLINED");
  assert.deepEqual(world.sent, []);
});

Deno.test("a replacement that is approved after a restart is made by a repetition of the call", async () => {
  await using world = await BrokerWorld.start({ bound: "confirm" });
  world.meanwhile = () => decide(world, true);
  const { order_id } = await world.answer("place_order", REST);
  world.meanwhile = () => {};
  const call = { order_id, price: "1060000", idempotency_key: "k-2" };
  assert.equal((await world.answer("replace_order", call)).status, "awaiting_confirmation");
  await world.restart();
  decide(world, true);
  const replaced = await world.answer("replace_order", call);
  assert.equal(replaced.status, "replaced", JSON.stringify(replaced));
  assert.deepEqual(world.orders.map(({ id }) => id), [order_id, replaced.placement.order_id]);
  assert.equal((await world.answer("replace_order", call)).status, "repeated");
});

Deno.test("an order that is repeated with its key is reported without asking again", async () => {
  await using world = await BrokerWorld.start({ bound: "confirm" });
  world.meanwhile = () => decide(world, true);
  const call = { ...REST, idempotency_key: "k-1" };
  const placed = await world.answer("place_order", call);
  assert.deepEqual(await world.answer("place_order", call), { ...placed, repeated: true });
  const { preview_id } = await world.answer("preview_order", REST);
  const again = await world.answer("place_order", { preview_id, idempotency_key: "k-1" });
  assert.deepEqual(again, { ...placed, repeated: true });
  const other = await world.answer("preview_order", { ...REST, volume: "0.002" });
  const refused = await world.refusal("place_order", { preview_id: other.preview_id, idempotency_key: "k-1" });
  assert.equal(refused.code, "ERR_IDEMPOTENCY_MISMATCH");
  assert.deepEqual([world.announced.length, world.sent.length], [1, 1]);
});

Deno.test("an order whose call aborts after it was approved is placed by a repetition of the call, once", async () => {
  await using world = await BrokerWorld.start({ bound: "confirm" });
  const { preview_id: previewId } = await world.answer("preview_order", REST);
  const caller = new AbortController();
  world.meanwhile = () => decide(world, true);
  world.skewMs = 300; // A clock that jumps is compared again.
  world.exchange.fault = ({ path }) => {
    if (path === "/api/1/ticker") caller.abort();
    return undefined;
  };
  const given = await world.broker.place({ previewId }, { ...world.call(), signal: caller.signal });
  assert.equal("reason" in given && given.reason, "ERR_CANCELLED");
  assert.deepEqual(world.sent, []);
  const again = [1, 2].map(() => world.broker.place({ previewId }, world.call()).catch(({ code }) => code));
  const [first, second] = await Promise.all(again);
  assert.deepEqual([first.status, second], ["placed", "ERR_CONFIRMATION_USED"]);
  assert.deepEqual([world.orders.length, world.announced.length], [1, 1]);
});

Deno.test("at most ten orders of a caller are pending; a further one is refused and nothing is sent", async () => {
  await using world = await BrokerWorld.start({ bound: "confirm" });
  const prices = Array.from({ length: 11 }, (_, i) => String(1_050_000 - i));
  const signal = AbortSignal.abort();
  const outcomes = await Promise.allSettled(prices.map(async (price) => {
    const preview = await world.answer("preview_order", { ...REST, price });
    return await world.broker.place({ previewId: preview.preview_id }, { ...world.call(), signal });
  }));
  const refused = outcomes.flatMap((outcome) => outcome.status === "rejected" ? outcome.reason.code : []);
  assert.deepEqual(refused, ["ERR_CONFIRMATIONS_FULL"]);
  decide(world, false);
  const { preview_id } = await world.answer("preview_order", { ...REST, price: "1040000" });
  assert.equal((await world.answer("place_order", { preview_id })).status, "awaiting_confirmation");
  const { preview_id: full } = await world.answer("preview_order", { ...REST, price: "1040001" });
  assert.equal((await world.refusal("place_order", { preview_id: full })).code, "ERR_CONFIRMATIONS_FULL");
  decide(world, false);
  assert.equal((await world.answer("place_order", { preview_id: full })).status, "awaiting_confirmation");
  assert.deepEqual(world.sent, []);
});

Deno.test("an answer is valid only if the policy accepts it at the time of sending", async () => {
  await using world = await BrokerWorld.start({ bound: "confirm", policy: { default: { confirm_by: ["terminal"] } } });
  world.meanwhile = () => {
    world.policies.replace(policyFileOf({ default: { confirm_by: ["page"] } }));
    decide(world, true);
  };
  assert.equal((await world.refusal("place_order", REST)).code, "ERR_CONFIRMATION_IMPOSSIBLE");
  assert.deepEqual(world.announced.map(({ ways }) => ways), [["terminal"]]);
  assert.deepEqual(world.sent, []);
});
