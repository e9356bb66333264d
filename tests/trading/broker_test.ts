import assert from "node:assert/strict";
import { BrokerWorld, policyFileOf, REST } from "./broker_world.ts";

const POST_LIMIT = "/api/1/postorder";
const LOOK = "/api/exchange/3/order";

Deno.test("Broker.place() sends nothing when the policy has changed since the preview", async () => {
  await using world = await BrokerWorld.start();
  const { preview_id } = await world.answer("preview_order", REST);
  world.policies.replace(policyFileOf({ default: { max_open_orders: 5 } }));
  const refused = await world.refusal("place_order", { preview_id });
  assert.equal(refused.code, "ERR_PREVIEW_STALE");
  assert.match(refused.message, /the policy has changed since its preview: preview it again$/);
  assert.deepEqual(world.sent, []);
});

Deno.test("Broker.place() releases a preview when its order's destination cannot be determined", async () => {
  await using world = await BrokerWorld.start();
  const { preview_id } = await world.answer("preview_order", REST);
  world.unreachable = new Error("unreachable");
  await assert.rejects(world.broker.place({ previewId: preview_id }, world.call()), /unreachable/);
  world.unreachable = undefined;
  assert.equal((await world.answer("place_order", { preview_id })).status, "placed");
  assert.equal(world.sent.length, 1);
});

Deno.test("Broker.place() sends nothing to the real exchange for a caller that has since moved to paper", async () => {
  await using world = await BrokerWorld.start({ bound: "confirm" });
  world.meanwhile = () => {
    world.policies.replace(policyFileOf({ default: { mode: "paper" } }));
    const [{ approvalId = "" } = {}] = world.announced;
    world.record.approvals.decide(approvalId, { approved: true, by: "terminal", now: world.now });
  };
  assert.equal((await world.refusal("place_order", REST)).code, "ERR_PREVIEW_STALE");
  assert.deepEqual(world.sent, []);
});

Deno.test("Broker.place() reports an order whose answer was lost, and never sends it again", async () => {
  await using world = await BrokerWorld.start();
  world.exchange.fault = ({ path }) => path === POST_LIMIT ? { kind: "cut", when: "after" } : undefined;
  const placed = await world.answer("place_order", REST);
  assert.equal(placed.status, "placed");
  assert.deepEqual([world.sent.length, world.orders.map(({ id }) => id)], [1, [placed.order_id]]);
});

Deno.test("Broker.place() returns unknown for an order that cannot be looked up, and its outcome to a repetition", async () => {
  await using world = await BrokerWorld.start();
  world.exchange.fault = ({ path }) =>
    path === POST_LIMIT ? { kind: "cut", when: "after" } : path === LOOK ? { kind: "cut", when: "before" } : undefined;
  const call = { ...REST, idempotency_key: "k-1" };
  const unknown = await world.answer("place_order", call);
  assert.equal(unknown.status, "unknown");
  assert.match(unknown.client_order_id, /^lm-[0-9a-f]{40}$/);
  world.exchange.fault = () => undefined;
  const repeated = await world.answer("place_order", call);
  assert.deepEqual([repeated.status, repeated.repeated], ["placed", true]);
  assert.deepEqual([world.sent.length, world.orders.map(({ id }) => id)], [1, [repeated.order_id]]);
});

Deno.test("Broker.place() places one order for equal concurrent calls with one key", async () => {
  await using world = await BrokerWorld.start();
  const call = { ...REST, idempotency_key: "k-1" };
  const results = await Promise.all([1, 2, 3, 4].map(() => world.answer("place_order", call)));
  assert.equal(new Set(results.map(({ order_id }) => order_id)).size, 1);
  assert.deepEqual(results.map(({ status }) => status), ["placed", "placed", "placed", "placed"]);
  assert.equal(world.sent.length, 1);
});

Deno.test("Broker.place() returns a refusal by the exchange as not placed", async () => {
  await using world = await BrokerWorld.start();
  world.exchange.fault = ({ path }) =>
    path === POST_LIMIT
      ? { kind: "rules", rules: [{ kind: "luno_error", code: "ErrInsufficientBalance" }] }
      : undefined;
  const result = await world.answer("place_order", REST);
  assert.deepEqual([result.status, result.reason], ["not_placed", "ERR_INSUFFICIENT_FUNDS"]);
  assert.deepEqual(world.orders, []);
});

Deno.test("Broker.preview() records each preview, with the request and the problems found", async () => {
  await using world = await BrokerWorld.start();
  await world.answer("preview_order", { ...REST, price: "900000" });
  const { rows } = await world.answer("get_audit_trail", {});
  assert.deepEqual(
    rows.map(({ event, data }: { event: string; data: Record<string, unknown> }) => [
      event,
      data.problems,
      data.asked,
    ]),
    [["preview", ["ERR_POLICY_PRICE_BAND"], { ...REST, price: "900000" }]],
  );
});

Deno.test("Broker.replace() that repeats a key returns the first result, also while trading is halted", async () => {
  await using world = await BrokerWorld.start();
  const { order_id } = await world.answer("place_order", REST);
  const call = { order_id, price: "1060000", idempotency_key: "k-1" };
  const { placement } = await world.answer("replace_order", call);
  world.record.halts.pull({ by: "terminal", reason: "test", now: world.now });
  const again = await world.answer("replace_order", call);
  assert.deepEqual(again, { status: "repeated", placement: { ...placement, repeated: true } });
});

Deno.test("Broker.replace() refuses a key that was used to replace another order, or in another way", async () => {
  await using world = await BrokerWorld.start();
  const first = await world.answer("place_order", REST);
  const second = await world.answer("place_order", { ...REST, price: "1050000" });
  const call = { order_id: first.order_id, price: "1060000", idempotency_key: "k-1" };
  await world.answer("replace_order", call);
  const sent = world.sent.length;
  for (
    const other of [{ ...call, order_id: second.order_id }, { ...call, price: "1055000" }, { ...call, volume: "0.01" }]
  ) {
    assert.equal((await world.refusal("replace_order", other)).code, "ERR_IDEMPOTENCY_MISMATCH", JSON.stringify(other));
  }
  assert.equal(world.sent.length, sent);
});

Deno.test("Broker.preview() limits the rows that one caller can cause, across restarts, and delays nobody else", async () => {
  await using world = await BrokerWorld.start();
  for (let i = 0; i < 60; i++) await world.answer("preview_order", REST);
  const refused = await world.refusal("preview_order", REST);
  assert.equal(refused.code, "ERR_LIMIT_PREVIEWS");
  assert.match(refused.message, /^Cannot preview the order as a client may preview 60 orders per minute: wait \d+ s$/);
  await world.restart();
  const { retry_after_ms: waitMs = 0 } = await world.refusal("preview_order", REST);
  await world.answer("preview_order", REST, world.context("key:other"));
  assert.equal((await world.answer("place_order", REST)).status, "placed");
  assert.equal(world.record.audit.trail({ identity: "local" }).filter(({ event }) => event === "preview").length, 61);
  await world.exchange.advance(waitMs);
  await world.answer("preview_order", REST);
});

Deno.test("Broker.preview() counts concurrent calls", async () => {
  await using world = await BrokerWorld.start();
  for (let i = 0; i < 50; i++) await world.answer("preview_order", REST);
  const calls = Array.from({ length: 20 }, () => world.broker.preview(REST, world.call()).then(() => "", codeOf));
  assert.deepEqual((await Promise.all(calls)).filter((code) => code !== ""), Array(10).fill("ERR_LIMIT_PREVIEWS"));
});

Deno.test("Broker.place() refuses the second of two orders that were previewed before they could match", async () => {
  await using world = await BrokerWorld.start();
  const ask = await world.answer("preview_order", { ...REST, side: "SELL", price: "1200000" });
  const bid = await world.answer("preview_order", { ...REST, price: "1200000", time_in_force: "IOC" });
  const market = await world.answer("preview_order", { pair: "XBTZAR", side: "BUY", type: "market", volume: "0.001" });
  assert.equal((await world.answer("place_order", { preview_id: ask.preview_id })).status, "placed");
  assert.equal((await world.answer("place_order", { preview_id: market.preview_id })).status, "placed");
  assert.equal((await world.refusal("place_order", { preview_id: bid.preview_id })).code, "ERR_SELF_CROSSING");
});

/** What ends while an order waits for the exchange's clock, the last wait before it is sent. */
const ENDING: Readonly<
  Record<string, (world: BrokerWorld, ended: { caller: AbortController; mayTrade: boolean }) => void>
> = {
  ERR_CANCELLED: (_world, ended) => ended.caller.abort(),
  ERR_SCOPE_MISSING: (_world, ended) => ended.mayTrade = false,
  ERR_POLICY_MODE: (world) => world.policies.replace(policyFileOf({ default: { mode: "observe" } })),
  // From now on approval is required, and missing.
  ERR_PREVIEW_STALE: (world) => world.policies.replace(policyFileOf({ default: { mode: "confirm" } })),
};

for (const [reason, end] of Object.entries(ENDING)) {
  Deno.test(`Broker.place() sends nothing and returns ${reason} when that arises while an order waits`, async () => {
    await using world = await BrokerWorld.start();
    const ended = { caller: new AbortController(), mayTrade: true };
    const call = { ...world.call(), signal: ended.caller.signal, mayTrade: () => ended.mayTrade };
    const { previewId } = await world.broker.preview(REST, call);
    world.skewMs = 300; // A clock that jumps is compared again.
    world.exchange.fault = ({ path }) => {
      if (path === "/api/1/ticker") end(world, ended);
      return undefined;
    };
    const result = await world.broker.place({ previewId }, call);
    assert.ok(result.status === "refused", JSON.stringify(result));
    assert.equal(result.reason, reason);
    assert.deepEqual(world.sent, []);
  });
}

/** Moves the market, so that a converted amount changes. */
async function move(world: BrokerWorld): Promise<void> {
  await world.answer("place_order", { pair: "XBTZAR", side: "BUY", type: "market", volume: "0.1" });
}

const MARKET = { pair: "XBTZAR", side: "BUY", type: "market", volume: "0.01" } as const;

Deno.test("Broker.place() recognizes a repetition by its request, though its amount is converted again", async () => {
  await using world = await BrokerWorld.start();
  const keyed = { ...MARKET, idempotency_key: "k" };
  const first = await world.answer("place_order", keyed);
  await move(world);
  const preview = await world.answer("preview_order", { ...MARKET, pair: "btc/zar", volume: "0.010" });
  const again = [keyed, { preview_id: preview.preview_id, idempotency_key: "k" }];
  for (const args of again) {
    const { order_id, repeated } = await world.answer("place_order", args);
    assert.deepEqual([order_id, repeated], [first.order_id, true]);
  }
  await world.restart();
  assert.equal((await world.answer("place_order", keyed)).order_id, first.order_id);
  assert.equal((await world.refusal("place_order", { ...keyed, volume: "0.011" })).code, "ERR_IDEMPOTENCY_MISMATCH");
  assert.equal(world.orders.length, 2);
});

Deno.test("Broker.place() places one order for concurrent calls with one key, though amounts are converted again", async () => {
  await using world = await BrokerWorld.start();
  const keyed = { ...MARKET, idempotency_key: "k" };
  const answers = await Promise.all([
    world.answer("place_order", keyed),
    world.answer("place_order", keyed),
    world.answer("place_order", { ...keyed, volume: "0.0100" }),
  ]);
  assert.equal(new Set(answers.map(({ order_id }) => order_id)).size, 1);
  assert.deepEqual(answers.map(({ repeated }) => repeated).toSorted(), [true, true, undefined]);
  assert.equal(world.orders.length, 1);
});

Deno.test("Broker.place() stops waiting for the first call with its key when its caller aborts", async () => {
  await using world = await BrokerWorld.start();
  const givenUp = new AbortController();
  const request = { ...MARKET };
  const first = world.broker.place({ request, idempotencyKey: "k" }, world.call());
  const second = world.broker.place({ request, idempotencyKey: "k" }, { ...world.call(), signal: givenUp.signal });
  givenUp.abort();
  await assert.rejects(second, /ERR_CANCELLED|was cancelled while it waited/);
  assert.equal((await first).status, "placed");
  assert.equal(world.orders.length, 1);
});

/** The record accepts nothing more: what this process does from then on is lost with the process. */
function freeze(world: BrokerWorld): void {
  world.database.exec("PRAGMA query_only = ON");
}

const STOP = "/api/1/stoporder";

/** A resting order, whose replacement was interrupted by a crash. */
async function cutShort(when: "before the cancel" | "after the cancel"): Promise<{ world: BrokerWorld; id: string }> {
  const world = await BrokerWorld.start();
  const { order_id: id } = await world.answer("place_order", REST);
  world.exchange.fault = ({ path }) => {
    if (path !== STOP) return undefined;
    freeze(world);
    return when === "before the cancel" ? { kind: "cut", when: "before" } : undefined;
  };
  await world.answer("replace_order", { order_id: id, price: "1051000", idempotency_key: "k" }).catch(() => {});
  world.exchange.fault = () => undefined;
  await world.restart();
  return { world, id };
}

for (const when of ["before the cancel", "after the cancel"] as const) {
  Deno.test(`Broker.replace() continues with its key after a crash ${when}`, async () => {
    const { world, id } = await cutShort(when);
    await using _world = world;
    const keyed = { order_id: id, price: "1051000", idempotency_key: "k" };
    const other = await world.refusal("replace_order", { ...keyed, price: "1052000" });
    assert.equal(other.code, "ERR_IDEMPOTENCY_MISMATCH");
    const answer = await world.answer("replace_order", keyed);
    assert.equal(answer.status, "replaced", JSON.stringify(answer));
    assert.equal((await world.answer("replace_order", keyed)).status, "repeated");
    assert.deepEqual(world.orders.map(({ status }) => status), ["COMPLETE", "PENDING"]);
    assert.ok(world.record.audit.verify().ok);
  });
}

Deno.test("Broker.replace() lets another call replace an order whose replacement crashed before the cancel", async () => {
  const { world, id } = await cutShort("before the cancel");
  await using _world = world;
  assert.equal((await world.answer("replace_order", { order_id: id, price: "1052000" })).status, "replaced");
  const late = await world.refusal("replace_order", { order_id: id, price: "1051000", idempotency_key: "k" });
  assert.equal(late.code, "ERR_ORDER_NOT_REPLACEABLE");
  assert.deepEqual(world.orders.map(({ status }) => status), ["COMPLETE", "PENDING"]);
});

Deno.test("Broker.replace() lets an order be replaced again whose cancellation was not confirmed", async () => {
  await using world = await BrokerWorld.start();
  const { order_id: id } = await world.answer("place_order", REST);
  world.exchange.fault = ({ path }) => path === STOP ? { kind: "cut", when: "before" } : undefined;
  assert.equal((await world.answer("replace_order", { order_id: id, price: "1051000" })).status, "not_replaced");
  world.exchange.fault = () => undefined;
  assert.equal((await world.answer("replace_order", { order_id: id, price: "1052000" })).status, "replaced");
});

Deno.test("Broker.replace() returns after a crash the outcome of an order that was sent", async () => {
  await using world = await BrokerWorld.start();
  const { order_id: id } = await world.answer("place_order", REST);
  world.exchange.fault = ({ path }) => {
    if (path !== "/api/1/postorder") return undefined;
    freeze(world);
    return { kind: "cut", when: "after" };
  };
  const keyed = { order_id: id, price: "1051000", idempotency_key: "k" };
  await world.answer("replace_order", keyed).catch(() => {});
  world.exchange.fault = () => undefined;
  await world.restart();
  const { status, placement } = await world.answer("replace_order", keyed);
  assert.deepEqual([status, placement.status], ["repeated", "placed"]);
  assert.equal(world.orders.length, 2);
});

Deno.test("get_order_status and replace_order wait until reads show an order that was just placed", async () => {
  await using world = await BrokerWorld.start();
  const placed = await world.answer("place_order", REST);
  world.exchange.fault = ({ method }) =>
    method === "GET" ? { kind: "rules", rules: [{ kind: "stale", ms: 2_500 }] } : undefined;
  const { order_id, client_order_id } = placed;
  const byOwnId = await world.answer("get_order_status", { client_order_id });
  assert.deepEqual([placed.status, byOwnId.order_id, byOwnId.status], ["placed", order_id, "open"]);
  const next = await world.answer("place_order", { ...REST, price: "1040000" });
  const replaced = await world.answer("replace_order", { order_id: next.order_id, price: "1030000" });
  assert.equal(replaced.status, "replaced");
});

Deno.test("get_order_status never reports an order that was sent as absent while it may exist", async () => {
  await using world = await BrokerWorld.start();
  const absent = { error: "Order not found", error_code: "ErrOrderNotFound" };
  const told = async (args: Record<string, unknown>) => {
    const { code, retryable, message } = await world.refusal("get_order_status", args);
    return { code, retryable, message };
  };
  const placed = await world.answer("place_order", REST);
  world.exchange.fault = ({ path }) => path === LOOK ? { kind: "instead", status: 404, answer: absent } : undefined;
  for (const target of [{ order_id: placed.order_id }, { client_order_id: placed.client_order_id }]) {
    const { message, ...error } = await told(target);
    assert.deepEqual(error, { code: "ERR_OUTCOME_UNKNOWN", retryable: true });
    assert.match(message, /as the exchange, which took it, says now that it does not know it: ask again/);
  }
  await world.exchange.advance(600_000);
  assert.equal((await told({ order_id: placed.order_id })).code, "ERR_NOT_FOUND");

  // An order that nobody has seen yet, and that may still arrive.
  world.exchange.fault = ({ path }) =>
    path === "/api/1/postorder"
      ? { kind: "cut", when: "before" }
      : path === LOOK
      ? { kind: "cut", when: "before" }
      : undefined;
  const lost = await world.answer("place_order", REST);
  assert.equal(lost.status, "unknown");
  world.exchange.fault = ({ path }) => path === LOOK ? { kind: "instead", status: 404, answer: absent } : undefined;
  await world.exchange.advance(60_000);
  const { message, ...error } = await told({ client_order_id: lost.client_order_id });
  assert.deepEqual(error, { code: "ERR_OUTCOME_UNKNOWN", retryable: true });
  assert.match(message, /^Whether order lm-\w+ was placed is not known yet, and it may exist: ask again/);
});

Deno.test("get_order_status reports at once that an order does not exist which was not just placed here", async () => {
  await using world = await BrokerWorld.start();
  const looks = () => world.exchange.count("/api/exchange/3/order");
  const before = looks();
  const { code } = await world.refusal("get_order_status", { order_id: "BXNOBODY1" });
  assert.deepEqual([code, looks() - before], ["ERR_NOT_FOUND", 1]);
});

function codeOf({ code }: { readonly code?: unknown }): unknown {
  return code;
}
