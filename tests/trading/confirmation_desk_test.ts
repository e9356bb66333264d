import assert from "node:assert/strict";
import { BrokerWorld, policyFileOf, REST } from "./broker_world.ts";

/** The last order that the operator was told of. */
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
  assert.match(world.announced[0]?.text ?? "", /^BUY 0\.001 XBT in XBTZAR at 1050000 ZAR each \(limit, GTC\)\n/);
});

Deno.test("an order that is approved after its caller's right to trade has ended is not sent", async () => {
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

Deno.test("an order that nobody decides is not sent: the call answers, and the order's time ends", async () => {
  await using world = await BrokerWorld.start({ bound: "confirm" });
  const began = world.now;
  const waiting = await world.answer("place_order", REST);
  assert.equal(waiting.status, "awaiting_confirmation");
  assert.equal(world.now - began, 45_000);
  await world.exchange.advance(135_000);
  decide(world, true);
  const { code } = await world.refusal("place_order", { preview_id: waiting.preview_id });
  assert.equal(code, "ERR_PREVIEW_USED");
  assert.deepEqual(world.sent, []);
});

Deno.test("the same call made again waits for the same question, by its preview or in full", async () => {
  await using world = await BrokerWorld.start({ bound: "confirm" });
  const { preview_id } = await world.answer("place_order", REST);
  assert.equal((await world.answer("place_order", REST)).preview_id, preview_id);
  assert.equal((await world.answer("place_order", { preview_id })).preview_id, preview_id);
  assert.equal(world.announced.length, 1);
  decide(world, true);
  assert.equal((await world.answer("place_order", REST)).status, "placed");
  assert.equal(world.sent.length, 1);
  assert.equal((await world.answer("place_order", REST)).status, "awaiting_confirmation");
  assert.deepEqual([world.announced.length, world.sent.length], [2, 1]);
});

Deno.test("another order, another key and another caller are questions of their own", async () => {
  await using world = await BrokerWorld.start({ bound: "confirm" });
  await world.answer("place_order", REST);
  await world.answer("place_order", { ...REST, price: "1040000" });
  await world.answer("place_order", { ...REST, idempotency_key: "k-1" });
  await world.answer("place_order", REST, world.context("key:alice"));
  assert.equal(new Set(world.announced.map(({ approvalId }) => approvalId)).size, 4);
});

Deno.test("of calls that wait for one answer one places the order", async () => {
  await using world = await BrokerWorld.start({ bound: "confirm" });
  const { preview_id } = await world.answer("place_order", REST);
  decide(world, true);
  const calls = [1, 2, 3].map(() => world.answer("place_order", { preview_id }).catch(() => undefined));
  const placed = (await Promise.all(calls)).filter((result) => result?.status === "placed");
  assert.deepEqual([placed.length, world.sent.length], [1, 1]);
});

Deno.test("an approval of one caller's order places nobody else's", async () => {
  await using world = await BrokerWorld.start({ bound: "confirm" });
  const { preview_id } = await world.answer("place_order", REST, world.context("key:alice"));
  decide(world, true);
  const foreign = await world.refusal("place_order", { preview_id }, world.context("key:mallory"));
  assert.equal(foreign.code, "ERR_PREVIEW_UNKNOWN");
  assert.equal((await world.answer("place_order", REST, world.context("key:mallory"))).status, "awaiting_confirmation");
  assert.deepEqual(world.sent, []);
});

Deno.test("a replacement that is approved after its call has answered is made by the same call again", async () => {
  await using world = await BrokerWorld.start({ bound: "confirm" });
  world.meanwhile = () => decide(world, true);
  const { order_id } = await world.answer("place_order", REST);
  world.meanwhile = () => {};
  const call = { order_id, price: "1060000" };
  const waiting = await world.answer("replace_order", call);
  assert.equal(waiting.status, "awaiting_confirmation");
  assert.match(waiting.message, /then make this call again$/);
  assert.equal(world.sent.length, 1);
  decide(world, true);
  assert.equal((await world.answer("replace_order", call)).status, "replaced");
  assert.deepEqual([world.announced.length, world.sent.length], [2, 3]);
});

Deno.test("nothing that waited for a person is sent after a restart", async () => {
  await using world = await BrokerWorld.start({ bound: "confirm" });
  const { preview_id } = await world.answer("place_order", REST);
  decide(world, true);
  await world.restart();
  assert.equal((await world.refusal("place_order", { preview_id })).code, "ERR_PREVIEW_UNKNOWN");
  assert.deepEqual(world.sent, []);
});

Deno.test("an order that is repeated with its key is told of without asking again", async () => {
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

Deno.test("at most ten orders of a caller wait; a further one is refused and nothing is sent", async () => {
  await using world = await BrokerWorld.start({ bound: "confirm" });
  const prices = Array.from({ length: 11 }, (_, i) => String(1_050_000 - i));
  const signal = AbortSignal.abort();
  const outcomes = await Promise.allSettled(prices.map(async (price) => {
    const preview = await world.answer("preview_order", { ...REST, price });
    return await world.broker.place({ previewId: preview.preview_id }, { ...world.call(), signal });
  }));
  const refused = outcomes.flatMap((outcome) => outcome.status === "rejected" ? outcome.reason.code : []);
  assert.deepEqual(refused, ["ERR_CONFIRMATIONS_FULL"]);
  assert.deepEqual(world.sent, []);
});

Deno.test("an answer counts only where the policy takes it, at the time when the order would be sent", async () => {
  await using world = await BrokerWorld.start({ bound: "confirm", policy: { default: { confirm_by: ["terminal"] } } });
  world.meanwhile = () => {
    world.policies.replace(policyFileOf({ default: { confirm_by: ["page"] } }));
    decide(world, true);
  };
  assert.equal((await world.refusal("place_order", REST)).code, "ERR_CONFIRMATION_IMPOSSIBLE");
  assert.deepEqual(world.announced.map(({ ways }) => ways), [["terminal"]]);
  assert.deepEqual(world.sent, []);
});
