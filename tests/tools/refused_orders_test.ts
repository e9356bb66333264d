/** Orders that are not placed: what is wrong with them is said, and nothing is sent. */

import assert from "node:assert/strict";
import { BrokerWorld, REST } from "../trading/broker_world.ts";
import type { BrokerWorldOptions } from "../trading/broker_world.ts";

const POST_LIMIT = "/api/1/postorder";

/** A request that is refused: by which code, in which words. */
interface BadOrder {
  readonly order: Record<string, unknown>;
  readonly code: string;
  readonly says: RegExp;
}

function withOrder(order: Record<string, unknown>): Record<string, unknown> {
  return { ...REST, ...order };
}

const BAD_ORDERS: Readonly<Record<string, BadOrder>> = {
  "a negative volume": {
    order: withOrder({ volume: "-0.001" }),
    code: "ERR_ORDER_INVALID",
    says: /volume: expected a decimal > 0: current value is "-0.001"/,
  },
  "a negative price": {
    order: withOrder({ price: "-1" }),
    code: "ERR_ORDER_INVALID",
    says: /price: expected a decimal > 0: current value is "-1"/,
  },
  "a volume of zero": {
    order: withOrder({ volume: "0" }),
    code: "ERR_ORDER_INVALID",
    says: /volume: expected a decimal > 0: current value is "0"/,
  },
  "a price of zero": {
    order: withOrder({ price: "0.0" }),
    code: "ERR_ORDER_INVALID",
    says: /price: expected a decimal > 0: current value is "0.0"/,
  },
  "a volume that is too small": {
    order: withOrder({ volume: "0.00009" }),
    code: "ERR_ORDER_INVALID",
    says: /volume: expected .*least 0.0001 XBT: current value is 0.00009/,
  },
  "a volume that is too large": {
    order: withOrder({ volume: "101" }),
    code: "ERR_ORDER_INVALID",
    says: /volume: expected .*most 100 XBT: current value is 101/,
  },
  "a price that is too small": {
    order: withOrder({ price: "9" }),
    code: "ERR_ORDER_INVALID",
    says: /price: expected .*least 10 .*: current value is 9/,
  },
  "a price that is too large": {
    order: withOrder({ price: "100000001" }),
    code: "ERR_ORDER_INVALID",
    says: /price: expected .*most 100000000 .*: current value is 100000001/,
  },
  "a volume that is too precise": {
    order: withOrder({ volume: "0.0010001" }),
    code: "ERR_ORDER_INVALID",
    says: /volume: expected at most 6 decimals: current value is "0.0010001"/,
  },
  "a price that is too precise": {
    order: withOrder({ price: "1050000.5" }),
    code: "ERR_ORDER_INVALID",
    says: /price: expected no decimals: current value is "1050000.5"/,
  },
  "a volume in exponent form": {
    order: withOrder({ volume: "1e-3" }),
    code: "ERR_ORDER_INVALID",
    says: /volume: expected .*such as 0.0005: current value is "1e-3"/,
  },
  "a price in exponent form": {
    order: withOrder({ price: "1.05E6" }),
    code: "ERR_ORDER_INVALID",
    says: /price: expected .*: current value is "1.05E6"/,
  },
  "a volume that is no decimal": {
    order: withOrder({ volume: "a bit" }),
    code: "ERR_ORDER_INVALID",
    says: /volume: expected .*such as 0.0005: current value is "a bit"/,
  },
  "a price that is no decimal": {
    order: withOrder({ price: "1,050,000" }),
    code: "ERR_ORDER_INVALID",
    says: /price: expected .*: current value is "1,050,000"/,
  },
  "a volume that is a number": {
    order: withOrder({ volume: 0.001 }),
    code: "ERR_INVALID_ARGUMENT",
    says: /volume: expected a string such as "0.001": current value is the number 0.001/,
  },
  "a misspelt argument": {
    order: withOrder({ post_onyl: true }),
    code: "ERR_INVALID_ARGUMENT",
    says: /post_onyl: unknown argument/,
  },
  "an unknown market": { order: withOrder({ pair: "XBTZRA" }), code: "ERR_PAIR_UNKNOWN", says: /XBTZRA/ },
  "a suspended market": {
    order: withOrder({ pair: "ETHAUD", price: "3000", volume: "0.01" }),
    code: "ERR_ORDER_INVALID",
    says: /pair: expected a market that is open: ETHAUD is suspended/,
  },
  "a post-only market without post_only": {
    order: withOrder({ pair: "INJUSDT", price: "5", volume: "1" }),
    code: "ERR_ORDER_INVALID",
    says: /post_only: expected true, with type limit: INJUSDT takes post-only orders alone for now/,
  },
  "a price far from the market": {
    order: withOrder({ price: "900000" }),
    code: "ERR_POLICY_PRICE_BAND",
    says: /within 10 % of the market at \d+: the limit price 900000 is 1\d\.\d+ % away/,
  },
  "an insufficient balance": {
    order: withOrder({ volume: "1" }),
    code: "ERR_INSUFFICIENT_FUNDS",
    says: /as [\d.]+ ZAR is missing from what is available: make it smaller, add funds or cancel/,
  },
  "a market order beyond the book": {
    order: { pair: "XBTZAR", side: "SELL", type: "market", volume: "99" },
    code: "ERR_INSUFFICIENT_FUNDS",
    says: /is missing.*; .*the book has/,
  },
  "both volumes": {
    order: withOrder({ counter_volume: "1000" }),
    code: "ERR_ORDER_INVALID",
    says: /volume/,
  },
  "a limit order without a price": {
    order: { pair: "XBTZAR", side: "BUY", type: "limit", volume: "0.001" },
    code: "ERR_ORDER_INVALID",
    says: /price: expected a price for a limit order/,
  },
};

for (const [what, { order, code, says }] of Object.entries(BAD_ORDERS)) {
  Deno.test(`place_order refuses ${what}, says what to change and sends nothing`, async () => {
    await using world = await BrokerWorld.start();
    const refused = await world.refusal("place_order", order);
    assert.equal(refused.code, code, refused.message);
    assert.match(refused.message, says);
    assert.deepEqual(world.sent, []);
  });
}

const RULES: readonly [what: string, options: BrokerWorldOptions, order: Record<string, unknown>, code: string][] = [
  ["observe", { policy: { default: { mode: "observe" } } }, REST, "ERR_POLICY_MODE"],
  ["other pairs", { policy: { default: { pairs: ["ETHZAR"] } } }, REST, "ERR_POLICY_PAIR"],
  ["the other side", { policy: { default: { sides: ["SELL"] } } }, REST, "ERR_POLICY_SIDE"],
  ["other kinds", { policy: { default: { order_types: ["market"] } } }, REST, "ERR_POLICY_ORDER_TYPE"],
  [
    "smaller orders",
    { policy: { default: { max_per_order: { amount: "1000", currency: "ZAR" } } } },
    REST,
    "ERR_POLICY_ORDER_SIZE",
  ],
  [
    "smaller orders in a currency that the pair has not",
    { policy: { default: { max_per_order: { amount: "60", currency: "USDT" } } } },
    REST,
    "ERR_POLICY_ORDER_SIZE",
  ],
];

for (const [what, options, order, code] of RULES) {
  Deno.test(`place_order is refused when the policy allows ${what}, and nothing is sent`, async () => {
    await using world = await BrokerWorld.start(options);
    const refused = await world.refusal("place_order", order);
    assert.equal(refused.code, code, refused.message);
    assert.deepEqual(world.sent, []);
  });
}

const COUNTS: readonly [what: string, rule: Record<string, unknown>, code: string][] = [
  ["one order a minute", { max_orders_per_minute: 1 }, "ERR_LIMIT_RATE"],
  ["one open order", { max_open_orders: 1 }, "ERR_LIMIT_OPEN_ORDERS"],
  ["2000 ZAR a day", { max_per_day: { amount: "2000", currency: "ZAR" } }, "ERR_LIMIT_PER_DAY"],
];

for (const [what, rule, code] of COUNTS) {
  Deno.test(`the policy's ${what} apply to concurrent callers`, async () => {
    await using world = await BrokerWorld.start({ policy: { default: rule } });
    const outcomes = await Promise.allSettled(
      ["1050000", "1040000", "1030000"].map((price) => world.answer("place_order", { ...REST, price })),
    );
    assert.deepEqual(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
    assert.equal((await world.refusal("place_order", REST)).code, code);
    assert.deepEqual(world.sent, [POST_LIMIT]);
  });
}
