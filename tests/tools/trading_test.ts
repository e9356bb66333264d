import assert from "node:assert/strict";
import { ALL_SCOPES } from "../../src/access/scopes.ts";
import type { Json } from "../support/exchange.ts";
import type { WireFault } from "../trading/faulty_exchange.ts";
import { BrokerWorld, FILL, policyFileOf, REST } from "../trading/broker_world.ts";

const POST_LIMIT = "/api/1/postorder";
const POST_MARKET = "/api/1/marketorder";
const STOP = "/api/1/stoporder";

Deno.test("preview_order reports what place_order would refuse, and returns no preview_id", async () => {
  await using world = await BrokerWorld.start();
  const preview = await world.answer("preview_order", { ...REST, volume: "1", price: "900000" });
  assert.deepEqual([preview.placeable, preview.preview_id], [false, undefined]);
  assert.deepEqual(preview.problems.map(({ code }: Json) => code), ["ERR_INSUFFICIENT_FUNDS"]);
  assert.deepEqual(preview.policy.problems.map(({ code }: Json) => code), ["ERR_POLICY_PRICE_BAND"]);
});

Deno.test("preview_order shows the exact order, its fills from the live book, fees, balances and the policy", async () => {
  await using world = await BrokerWorld.start();
  const { order, estimate, policy, placeable } = await world.answer("preview_order", { ...FILL, pair: "btc/zar" });
  assert.equal(placeable, true);
  assert.deepEqual(order, { ...FILL, time_in_force: "GTC" });
  assert.equal(estimate.filled_volume, "0.001");
  const sum = estimate.fills.reduce((total: number, { volume }: Json) => total + Math.round(Number(volume) * 1e6), 0);
  assert.equal(sum, 1_000);
  assert.equal(estimate.worst_price, estimate.fills.at(-1).price);
  assert.equal(estimate.fees.currency, "XBT");
  assert.ok(Number(estimate.slippage_percent) > 0);
  assert.ok(Number(estimate.available.counter.after) < Number(estimate.available.counter.before));
  assert.deepEqual(policy, { mode: "auto", problems: [] });
  assert.deepEqual(world.sent, []);
});

Deno.test("place_order refuses an order that would trade with an own one, until that one is cancelled", async () => {
  await using world = await BrokerWorld.start();
  const { order_id } = await world.answer("place_order", { ...REST, side: "SELL", price: "1096800" });
  const crossing = { ...REST, price: "1096800" };
  const refused = await world.refusal("place_order", crossing);
  assert.equal(refused.code, "ERR_SELF_CROSSING");
  assert.match(refused.message, new RegExp(`own open order SELL ${order_id} at 1096800: cancel it first`));
  assert.equal(world.sent.length, 1);
  await world.answer("cancel_order", { order_id });
  assert.equal((await world.answer("place_order", crossing)).status, "placed");
});

Deno.test("place_order places a post-only order in a post-only market", async () => {
  await using world = await BrokerWorld.start();
  const preview = await world.answer("preview_order", {
    pair: "INJUSDT",
    side: "BUY",
    volume: "1",
    price: "5",
    post_only: true,
  });
  assert.ok(!preview.problems.some(({ code }: Json) => code === "ERR_ORDER_INVALID"), JSON.stringify(preview));
});

Deno.test("place_order refuses a preview that is older than a minute, and nothing is sent", async () => {
  await using world = await BrokerWorld.start();
  const { preview_id } = await world.answer("preview_order", REST);
  await world.exchange.advance(60_000);
  const refused = await world.refusal("place_order", { preview_id });
  assert.equal(refused.code, "ERR_PREVIEW_EXPIRED");
  assert.match(refused.message, /older than a minute: preview it again$/);
  assert.deepEqual(world.sent, []);
});

Deno.test("place_order refuses another caller's preview as if it did not exist, and nothing is sent", async () => {
  await using world = await BrokerWorld.start();
  const { preview_id } = await world.answer("preview_order", REST, world.context("key:alice"));
  const refused = await world.refusal("place_order", { preview_id }, world.context("key:mallory"));
  assert.equal(refused.code, "ERR_PREVIEW_UNKNOWN");
  assert.deepEqual(world.sent, []);
  assert.equal((await world.answer("place_order", { preview_id }, world.context("key:alice"))).status, "placed");
});

Deno.test("place_order places a preview once", async () => {
  await using world = await BrokerWorld.start();
  const { preview_id } = await world.answer("preview_order", REST);
  assert.equal((await world.answer("place_order", { preview_id })).status, "placed");
  const refused = await world.refusal("place_order", { preview_id });
  assert.equal(refused.code, "ERR_PREVIEW_USED");
  assert.match(refused.message, /was used already: preview it again/);
  assert.deepEqual(world.sent, [POST_LIMIT]);
});

Deno.test("place_order refuses an invalid preview_id, and one with an order beside it", async () => {
  await using world = await BrokerWorld.start();
  const malformed = await world.refusal("place_order", { preview_id: "pv-1" });
  assert.match(malformed.message, /preview_id: expected the preview_id of preview_order/);
  const unknown = await world.refusal("place_order", { preview_id: `pv-${"0".repeat(32)}` });
  assert.equal(unknown.code, "ERR_PREVIEW_UNKNOWN");
  const { preview_id } = await world.answer("preview_order", REST);
  const both = await world.refusal("place_order", { preview_id, volume: "5" });
  assert.match(both.message, /volume: expected nothing beside preview_id/);
  const neither = await world.refusal("place_order", { pair: "XBTZAR" });
  assert.match(neither.message, /give preview_id, or the order in full/);
  assert.deepEqual(world.sent, []);
});

for (const [skewMs, direction] of [[-4_000, "behind"], [4_000, "ahead of"]] as const) {
  Deno.test(`place_order sends nothing while the clock is ${direction} the exchange's by more than 2 s`, async () => {
    await using world = await BrokerWorld.start();
    world.skewMs = skewMs;
    const refused = await world.refusal("place_order", REST);
    assert.equal(refused.code, "ERR_CLOCK_SKEW");
    assert.match(
      refused.message,
      new RegExp(`clock is about \\d\\.\\d s ${direction} the exchange's: set it to within 2 s`),
    );
    assert.deepEqual(world.sent, []);
    world.skewMs = 0;
    assert.equal((await world.answer("place_order", REST)).status, "placed");
  });
}

Deno.test("place_order sends nothing while the record's disk is full; reading continues, and trading after it", async () => {
  await using world = await BrokerWorld.start();
  world.database.exec("PRAGMA max_page_count = 1"); // SQLite takes the present size for a smaller one.
  assert.throws(() => {
    for (let row = 0; row < 1_000; row++) world.record.audit.record({ event: "policy", identity: "local" }, world.now);
  }, /disk is full/);
  for (const call of [REST, { ...REST, idempotency_key: "k-1" }]) {
    const refused = await world.refusal("place_order", call);
    assert.equal(refused.code, "ERR_RECORD_FAILED");
    assert.match(refused.message, /the disk is full: free some space/);
  }
  assert.equal((await world.answer("get_crypto_price", { pair: "XBTZAR" })).pair, "XBTZAR");
  assert.ok((await world.answer("get_account_balance", {})).balances.length > 0);
  const halt = await world.refusal("halt_trading", { reason: "full" });
  assert.equal(halt.code, "ERR_RECORD_FAILED");
  assert.match(halt.message, /^This server places no more orders, but the halt cannot be recorded yet /);
  assert.deepEqual(world.sent, []);
  world.database.exec("PRAGMA max_page_count = 10000");
  assert.equal((await world.refusal("place_order", REST)).code, "ERR_TRADING_HALTED");
  await world.killSwitch.retry();
  world.record.halts.lift({ by: "test", now: world.now });
  assert.equal((await world.answer("place_order", REST)).status, "placed");
  assert.equal(world.record.audit.verify().ok, true);
});

Deno.test("with trading off every tool that trades says how to switch it on, and is not listed", async () => {
  await using world = await BrokerWorld.start();
  const { broker: _broker, ...context } = world.context();
  const { tools } = await world.answer("describe_capabilities", {}, {
    ...context,
    server: { ...context.server, tools: [] },
  });
  assert.ok(!JSON.stringify(tools ?? []).includes("place_order"));
  const calls: [string, Record<string, unknown>][] = [
    ["place_order", REST],
    ["preview_order", REST],
    ["create_order", { pair: "XBTZAR", type: "BID", volume: "0.001", price: "1050000" }],
    ["cancel_order", { order_id: "BX1" }],
    ["cancel_all_orders", {}],
    ["replace_order", { order_id: "BX1", price: "1" }],
    ["get_audit_trail", {}],
    ["halt_trading", { reason: "x" }],
  ];
  for (const [name, args] of calls) {
    const refused = await world.refusal(name, args, context);
    assert.equal(refused.code, "ERR_TRADING_OFF", name);
    assert.match(refused.message, /--trading confirm .*--trading auto/);
  }
  assert.deepEqual(world.sent, []);
});

for (const [word, side] of [["BUY", "BUY"], ["BID", "BUY"], ["SELL", "SELL"], ["ASK", "SELL"]] as const) {
  Deno.test(`place_order accepts ${word} for the side`, async () => {
    await using world = await BrokerWorld.start();
    const price = side === "BUY" ? "1050000" : "1150000";
    assert.equal((await world.answer("place_order", { ...REST, side: word, price })).status, "placed");
    assert.deepEqual(world.orders.map((order) => order.side), [side]);
  });
}

Deno.test("create_order accepts the parameters of Luno's Go server and places a limit order", async () => {
  await using world = await BrokerWorld.start();
  const go = { pair: "XBTZAR", type: "BID", volume: "0.001", price: "1050000" };
  const placed = await world.answer("create_order", go);
  assert.equal(placed.status, "placed");
  const [order] = world.orders;
  assert.deepEqual([order?.id, order?.side], [placed.order_id, "BUY"]);
  const refused = await world.refusal("create_order", { ...go, volume: "-1" });
  assert.match(refused.message, /volume: expected a decimal > 0/);
  assert.equal(world.sent.length, 1);
});

Deno.test("place_order accepts a volume in counter currency and never spends more than that", async () => {
  await using world = await BrokerWorld.start();
  const limit = { pair: "XBTZAR", side: "BUY", price: "1050000", counter_volume: "1000" } as const;
  const { order, notes } = await world.answer("preview_order", limit);
  assert.equal(order.volume, "0.000952");
  assert.match(notes.join(), /rounded down: .* of counter_volume is left over/);
  assert.equal((await world.answer("place_order", limit)).status, "placed");
  const market = { pair: "XBTZAR", side: "BUY", type: "market", counter_volume: "1000" } as const;
  assert.equal((await world.answer("place_order", market)).status, "placed");
  assert.deepEqual(world.sent, [POST_LIMIT, POST_MARKET]);
});

Deno.test("place_order places a stop-limit order", async () => {
  await using world = await BrokerWorld.start();
  const stop = { pair: "XBTZAR", side: "SELL", type: "stop_limit", volume: "0.001", price: "1030000" } as const;
  const refused = await world.refusal("place_order", stop);
  assert.match(refused.message, /stop_price: /);
  const placed = await world.answer("place_order", { ...stop, stop_price: "1040000", stop_direction: "BELOW" });
  assert.equal(placed.status, "placed");
});

Deno.test("place_order returns the first result for the same call with the same idempotency key, and one order exists", async () => {
  await using world = await BrokerWorld.start();
  const call = { ...REST, idempotency_key: "k-1" };
  const first = await world.answer("place_order", call);
  assert.equal(first.status, "placed");
  assert.deepEqual(await world.answer("place_order", call), { ...first, repeated: true });
  assert.deepEqual(await world.answer("place_order", { ...call, volume: "0.0010", side: "BID" }), {
    ...first,
    repeated: true,
  });
  const { preview_id } = await world.answer("preview_order", REST);
  const again = await world.answer("place_order", { preview_id, idempotency_key: "k-1" });
  assert.deepEqual(again, { ...first, repeated: true });
  assert.deepEqual(world.sent, [POST_LIMIT]);
});

Deno.test("place_order refuses another order with a used idempotency key", async () => {
  await using world = await BrokerWorld.start();
  await world.answer("place_order", { ...REST, idempotency_key: "k-1" });
  const refused = await world.refusal("place_order", { ...REST, volume: "0.002", idempotency_key: "k-1" });
  assert.equal(refused.code, "ERR_IDEMPOTENCY_MISMATCH");
  assert.match(refused.message, /a new key for another order/);
  const { preview_id } = await world.answer("preview_order", { ...REST, price: "1060000" });
  const other = await world.refusal("place_order", { preview_id, idempotency_key: "k-1" });
  assert.equal(other.code, "ERR_IDEMPOTENCY_MISMATCH");
  assert.equal(world.sent.length, 1);
});

Deno.test("a used idempotency key returns the first result even if the money is spent, the policy changed and trading is halted", async () => {
  await using world = await BrokerWorld.start();
  const call = { pair: "XBTZAR", side: "SELL", type: "market", counter_volume: "500000", idempotency_key: "k-1" };
  const first = await world.answer("place_order", call);
  assert.equal(first.status, "placed");
  const repeated = { ...first, repeated: true };
  assert.equal(
    (await world.refusal("place_order", { ...call, idempotency_key: "k-2" })).code,
    "ERR_INSUFFICIENT_FUNDS",
  );
  assert.deepEqual(await world.answer("place_order", call), repeated);
  world.policies.replace(policyFileOf({ default: { pairs: ["ETHZAR"] } }));
  assert.deepEqual(await world.answer("place_order", call), repeated);
  await world.answer("halt_trading", { reason: "\u001b[2Jtest\n" });
  assert.match((await world.refusal("place_order", REST)).message, /trading is halted \(\[2Jtest\):/);
  assert.deepEqual(await world.answer("place_order", call), repeated);
  await world.restart();
  assert.deepEqual(await world.answer("place_order", call), repeated);
  assert.deepEqual(world.sent, [POST_MARKET]);
});

Deno.test("idempotency keys belong to their callers", async () => {
  await using world = await BrokerWorld.start();
  const call = { ...REST, idempotency_key: "k-1" };
  const alice = await world.answer("place_order", call, world.context("key:alice"));
  const bob = await world.answer("place_order", { ...call, price: "1040000" }, world.context("key:bob"));
  assert.notEqual(alice.order_id, bob.order_id);
});

Deno.test("replace_order never has two orders alive, places the remainder, and returns the first result when repeated", async () => {
  await using world = await BrokerWorld.start();
  const { order_id } = await world.answer("place_order", REST);
  const call = { order_id, price: "1060000", idempotency_key: "k-1" };
  const replaced = await world.answer("replace_order", call);
  assert.deepEqual([replaced.status, replaced.old.status, replaced.placement.status], [
    "replaced",
    "cancelled",
    "placed",
  ]);
  assert.deepEqual(world.sent, [POST_LIMIT, STOP, POST_LIMIT]);
  const repeated = await world.answer("replace_order", call);
  assert.deepEqual(repeated, { status: "repeated", placement: { ...replaced.placement, repeated: true } });
  const other = await world.refusal("replace_order", { ...call, price: "1070000" });
  assert.equal(other.code, "ERR_IDEMPOTENCY_MISMATCH");
  assert.equal(world.sent.length, 3);
  const { orders } = await world.answer("get_open_orders", { pair: "XBTZAR" });
  const alive = orders.filter((order: Json) => world.orders.some(({ id }) => id === order.order_id));
  assert.deepEqual(alive.map((order: Json) => order.order_id), [replaced.placement.order_id]);
});

Deno.test("replace_order keeps an order post-only by default", async () => {
  await using world = await BrokerWorld.start();
  const { order_id } = await world.answer("place_order", { ...REST, post_only: true });
  const { placement } = await world.answer("replace_order", { order_id, price: "1060000" });
  assert.equal(world.record.journal.findByOrderId(placement.order_id)?.order.postOnly, true);
});

Deno.test("replace_order refuses an order that is final or unknown, and a new price far from the market", async () => {
  await using world = await BrokerWorld.start();
  const { order_id } = await world.answer("place_order", REST);
  const far = await world.refusal("replace_order", { order_id, price: "500000" });
  assert.equal(far.code, "ERR_POLICY_PRICE_BAND");
  await world.answer("cancel_order", { order_id });
  const final = await world.refusal("replace_order", { order_id, price: "1060000" });
  assert.deepEqual([final.code, /it is final: place a new one/.test(final.message)], [
    "ERR_ORDER_NOT_REPLACEABLE",
    true,
  ]);
  assert.equal(
    (await world.refusal("replace_order", { order_id: "BXNONESUCH1", price: "1060000" })).code,
    "ERR_NOT_FOUND",
  );
  const neither = await world.refusal("replace_order", { price: "1060000" });
  assert.match(neither.message, /expected exactly one of order_id and client_order_id/);
  assert.deepEqual(world.sent, [POST_LIMIT, STOP]);
});

Deno.test("replace_order refuses a call that changes nothing, and sends nothing", async () => {
  await using world = await BrokerWorld.start();
  const { order_id } = await world.answer("place_order", REST);
  for (const nothing of [{}, { price: "" }, { price: null, volume: null, post_only: null }]) {
    const refused = await world.refusal("replace_order", { order_id, ...nothing });
    assert.equal(refused.code, "ERR_INVALID_ARGUMENT");
    assert.match(refused.message, /expected at least one of price, volume and post_only/);
  }
  assert.deepEqual(world.sent, [POST_LIMIT]);
});

Deno.test("cancel_order and replace_order refuse ids that no order can have, as get_order_status does", async () => {
  await using world = await BrokerWorld.start();
  for (const ids of [{ order_id: "../x" }, { order_id: "BX 1" }, { client_order_id: "\u00fc" }]) {
    const looked = await world.refusal("get_order_status", ids);
    for (const [name, more] of [["cancel_order", {}], ["replace_order", { price: "1060000" }]] as const) {
      const refused = await world.refusal(name, { ...ids, ...more });
      assert.deepEqual([refused.code, refused.fields], [looked.code, looked.fields], `${name} ${JSON.stringify(ids)}`);
    }
  }
  assert.deepEqual(world.sent, []);
});

Deno.test("place_order with the key of an order that was not placed says how to place it after all", async () => {
  await using world = await BrokerWorld.start();
  world.exchange.fault = ({ path }) => path === POST_LIMIT ? { kind: "cut", when: "before" } : undefined;
  const call = { ...REST, idempotency_key: "k1" };
  const first = await world.answer("place_order", call);
  world.exchange.fault = () => undefined;
  const again = await world.answer("place_order", call);
  assert.deepEqual([first.status, again.status, again.repeated], ["not_placed", "not_placed", true]);
  assert.match(again.message, /: preview it again; use a new idempotency key$/);
  assert.equal((await world.answer("place_order", { ...call, idempotency_key: "k2" })).status, "placed");
});

Deno.test("cancel_order cancels by order id and by client order id, also while trading is halted", async () => {
  await using world = await BrokerWorld.start();
  const first = await world.answer("place_order", REST);
  const second = await world.answer("place_order", { ...REST, price: "1040000" });
  await world.answer("halt_trading", { reason: "test" });
  const byId = await world.answer("cancel_order", { order_id: first.order_id });
  const byOwnId = await world.answer("cancel_order", { client_order_id: second.client_order_id });
  assert.deepEqual([byId.status, byOwnId.status], ["cancelled", "cancelled"]);
  assert.deepEqual([byOwnId.order_id, byOwnId.unfilled_volume], [second.order_id, "0.001"]);
  const neither = await world.refusal("cancel_order", {});
  assert.match(neither.message, /expected exactly one of order_id and client_order_id/);
  assert.equal((await world.answer("cancel_order", { order_id: "BXNONESUCH1" })).status, "not_found");
});

Deno.test("cancel_all_orders cancels one pair's orders and lists what remained", async () => {
  await using world = await BrokerWorld.start();
  const kept = await world.answer("place_order", { ...REST, pair: "ETHZAR", volume: "0.01", price: "33000" });
  const own = await world.answer("place_order", REST);
  const { cancelled, remaining, is_complete } = await world.answer("cancel_all_orders", { pair: "btc-zar" });
  assert.ok(cancelled.some(({ order_id }: Json) => order_id === own.order_id));
  assert.ok(cancelled.every(({ pair }: Json) => pair === "XBTZAR"));
  assert.deepEqual([remaining, is_complete], [[], true]);
  const { orders } = await world.answer("get_open_orders", {});
  assert.ok(orders.some(({ order_id }: Json) => order_id === kept.order_id));
  assert.ok(!orders.some(({ pair }: Json) => pair === "XBTZAR"));
});

Deno.test("cancel_all_orders works without the list of markets, however that fails", async () => {
  const failures: readonly WireFault[] = [
    { kind: "rules", rules: [{ kind: "html", status: 200 }] },
    { kind: "rules", rules: [{ kind: "html", status: 401 }] },
    { kind: "rules", rules: [{ kind: "server_error", status: 503 }] },
    { kind: "silent" },
  ];
  for (const failure of failures) {
    await using world = await BrokerWorld.start();
    const { order_id } = await world.answer("place_order", REST);
    await world.restart();
    world.exchange.fault = ({ path }) => path.endsWith("/markets") ? failure : undefined;
    const { cancelled, is_complete } = await world.answer("cancel_all_orders", { pair: "BTC/ZAR" });
    assert.ok(cancelled.some((order: Json) => order.order_id === order_id), JSON.stringify(failure));
    assert.equal(is_complete, true);
  }
});

Deno.test("cancel_all_orders refuses an unknown pair, when the list of markets is known", async () => {
  await using world = await BrokerWorld.start();
  assert.equal((await world.refusal("cancel_all_orders", { pair: "XBTZRA" })).code, "ERR_PAIR_UNKNOWN");
});

Deno.test("get_audit_trail shows only the caller's own rows, of one order from preview to cancellation", async () => {
  await using world = await BrokerWorld.start();
  const [alice, bob] = [world.context("key:alice"), world.context("key:bob")];
  const own = await world.answer("place_order", REST, alice);
  const other = await world.answer("place_order", { ...REST, price: "1040000" }, bob);
  await world.answer("cancel_order", { order_id: own.order_id }, alice);
  const { client_order_id } = own;
  const { rows } = await world.answer("get_audit_trail", { client_order_id }, alice);
  assert.deepEqual(rows.map(({ event }: Json) => event).slice(0, 4), ["preview", "intent", "sent", "outcome"]);
  const all = JSON.stringify((await world.answer("get_audit_trail", {}, alice)).rows);
  assert.ok(all.includes(own.order_id) && !all.includes(other.order_id), all);
  assert.deepEqual((await world.answer("get_audit_trail", { order_id: other.order_id }, alice)).rows, []);
});

Deno.test("halt_trading requires server:admin, stops everybody's next order and can cancel open orders", async () => {
  await using world = await BrokerWorld.start();
  const { order_id } = await world.answer("place_order", REST);
  const scopes = [...ALL_SCOPES].filter((scope) => scope !== "server:admin");
  const refused = await world.refusal("halt_trading", { reason: "x" }, world.context("key:bob", { scopes }));
  assert.deepEqual([refused.code, /server:admin/.test(refused.message)], ["ERR_SCOPE_MISSING", true]);
  assert.equal((await world.answer("place_order", { ...REST, price: "1040000" })).status, "placed");
  const halted = await world.answer("halt_trading", { reason: "odd fills", cancel_open: true });
  const rest = { on_their_way: [], remaining: [], lift: "luno-mcp-server kill --lift" };
  assert.deepEqual(halted, { halted: true, ...rest });
  const after = await world.refusal("place_order", REST, world.context("key:alice"));
  assert.equal(after.code, "ERR_TRADING_HALTED");
  assert.match(after.message, /odd fills.*a person must resume trading first/);
  assert.equal((await world.refusal("replace_order", { order_id, price: "1060000" })).code, "ERR_TRADING_HALTED");
  assert.deepEqual((await world.answer("get_open_orders", {})).orders, []);
  assert.equal(world.sent.filter((path) => path === POST_LIMIT).length, 2);
});

Deno.test("a tool that trades marks its answers as paper for a caller on paper", async () => {
  await using world = await BrokerWorld.start({ policy: { identities: { "key:alice": { mode: "paper" } } } });
  const preview = await world.answer("preview_order", REST, world.context("key:alice"));
  assert.equal(preview.paper, true);
  assert.equal("paper" in await world.answer("preview_order", REST), false);
});
