import assert from "node:assert/strict";
import fc from "fast-check";
import { parsePolicyFile, PolicyFile } from "../../../src/trading/policy/policy_file.ts";
import type { ConfirmWay } from "../../../src/trading/policy/policy.ts";
import { policyJsonSchema } from "../../../src/trading/policy/policy_schema.ts";

function fileOf(value: unknown): PolicyFile {
  const parsed = parsePolicyFile(typeof value === "string" ? value : JSON.stringify(value));
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return parsed.file;
}

function problemsOf(value: unknown): string[] {
  const parsed = parsePolicyFile(typeof value === "string" ? value : JSON.stringify(value));
  assert.ok(!parsed.ok);
  return parsed.problems;
}

const FULL = {
  default: {
    mode: "confirm",
    pairs: ["BTC/ZAR", "eth-zar", "ETHBTC", "BTCUSDT", "WBTC/ZAR", "XBTZAR"],
    sides: ["SELL", "BUY"],
    order_types: ["limit", "stop_limit"],
    max_per_order: { amount: "1000.00", currency: "zar" },
    max_per_day: { amount: "0.50", currency: "BTC" },
    max_open_orders: 5,
    max_orders_per_minute: 3,
    price_band_percent: "5.0",
    cool_off: { rejects: 3, within_seconds: 60, pause_seconds: 600 },
  },
};

Deno.test("PolicyFile without a file leaves the mode to the command line and keeps a band and a rate", () => {
  for (const [bound, mode] of [["off", "observe"], ["confirm", "confirm"], ["auto", "auto"]] as const) {
    const { digest, ...rules } = new PolicyFile().policyOf("local", bound);
    const confirmBy = mode === "confirm" ? { confirmBy: ["dialog", "page", "terminal"] } : {};
    assert.deepEqual(rules, { mode, ...confirmBy, maxOrdersPerMinute: 10, priceBandPercent: "10" });
    assert.match(digest, /^[0-9a-f]{64}$/);
  }
});

Deno.test("parsePolicyFile() reads every setting, pairs and currencies as Luno's codes", () => {
  const { digest: _digest, ...rules } = fileOf(FULL).policyOf("key:anybody", "auto");
  assert.deepEqual(rules, {
    mode: "confirm",
    confirmBy: ["page", "terminal"],
    pairs: ["ETHBTC", "ETHZAR", "WBTCZAR", "XBTUSDT", "XBTZAR"],
    sides: ["BUY", "SELL"],
    orderTypes: ["limit", "stop_limit"],
    maxPerOrder: { amount: "1000", currency: "ZAR" },
    maxPerDay: { amount: "0.5", currency: "XBT" },
    maxOpenOrders: 5,
    maxOrdersPerMinute: 3,
    priceBandPercent: "5",
    coolOff: { rejects: 3, withinSeconds: 60, pauseSeconds: 600 },
  });
});

Deno.test("PolicyFile.policyOf() takes members that an identity does not set from the default, one by one", () => {
  const file = fileOf({
    ...FULL,
    identities: {
      "key:alice": { mode: "auto", max_per_order: { amount: "5", currency: "ZAR" } },
      "local": { price_band_percent: null, max_orders_per_minute: null, pairs: null },
    },
  });
  const alice = file.policyOf("key:alice", "auto");
  assert.deepEqual([alice.mode, alice.maxPerOrder?.amount, alice.maxOpenOrders], ["auto", "5", 5]);
  const local = file.policyOf("local", "auto");
  assert.deepEqual([local.mode, local.priceBandPercent, local.maxOrdersPerMinute, local.pairs, local.maxOpenOrders], [
    "confirm",
    undefined,
    undefined,
    undefined,
    5,
  ]);
  assert.deepEqual(file.identities, ["key:alice", "local"]);
  assert.equal(file.policyOf("key:bob", "auto").digest, file.policyOf("key:eve", "auto").digest);
  assert.notEqual(alice.digest, local.digest);
});

Deno.test("PolicyFile.policyOf() understands currencies by all their common names", () => {
  const names = ["ZAR", "rand", "BTC", "Bitcoin", "USDT"];
  const currencies = names.map((currency) =>
    fileOf({ default: { max_per_day: { amount: "5", currency } } }).policyOf("local", "auto").maxPerDay?.currency
  );
  assert.deepEqual(currencies, ["ZAR", "ZAR", "XBT", "XBT", "USDT"]);
});

Deno.test("PolicyFile.policyOf() never exceeds the command line", () => {
  const modes = ["observe", "paper", "confirm", "auto"] as const;
  const identities = Object.fromEntries(modes.map((mode) => [`key:${mode}`, { mode }]));
  const file = fileOf({ identities });
  const bounded = (bound: "off" | "confirm" | "auto") => modes.map((mode) => file.policyOf(`key:${mode}`, bound).mode);
  assert.deepEqual(bounded("off"), ["observe", "observe", "observe", "observe"]);
  assert.deepEqual(bounded("confirm"), ["observe", "paper", "confirm", "confirm"]);
  assert.deepEqual(bounded("auto"), ["observe", "paper", "confirm", "auto"]);
});

Deno.test("PolicyFile.policyOf() finds no identity under names that every object inherits", () => {
  const file = fileOf({ default: { mode: "paper" } });
  for (const identity of ["constructor", "__proto__", "toString"]) {
    assert.equal(file.policyOf(identity, "auto").mode, "paper");
  }
});

Deno.test("parsePolicyFile() lists every problem at once, with its place and what was expected", () => {
  assert.deepEqual(
    problemsOf({
      defaults: {},
      default: {
        mode: "automatic",
        pairs: [],
        sides: ["BUY", "ASK"],
        max_per_ordr: { amount: "1", currency: "ZAR" },
        max_per_day: { amount: 1000, curency: "ZAR" },
        max_open_orders: 0,
        price_band_percent: "-1",
        cool_off: { rejects: 1.5, within_seconds: 60 },
      },
      identities: { alice: {}, "key:bob": { max_per_order: { amount: "1e3", currency: "ZAR" } } },
    }).toSorted(),
    [
      "default.cool_off.pause_seconds: expected a whole number from 1 to 86400",
      "default.cool_off.rejects: expected a whole number from 1 to 1000: current value is 1.5",
      "default.max_open_orders: expected a whole number from 1 to 10000: current value is 0",
      'default.max_per_day.amount: expected a decimal > 0 in quotes, such as "1000": current value is 1000',
      "default.max_per_day.curency: unknown: known are amount, currency",
      "default.max_per_day.currency: expected a currency code such as ZAR",
      "default.max_per_ordr: unknown: known are mode, confirm_by, pairs, sides, order_types, max_per_order, max_per_day, " +
      "max_open_orders, max_orders_per_minute, price_band_percent, allow_warnings, cool_off",
      'default.mode: expected one of observe, paper, confirm, auto: current value is "automatic"',
      "default.pairs: expected a list of 1 to 500",
      'default.price_band_percent: expected a percentage > 0 in quotes, such as "5": current value is "-1"',
      'default.sides.1: expected one of BUY, SELL: current value is "ASK"',
      "defaults: unknown: known are default, identities",
      "identities.alice: expected local, key:NAME, token:SUBJECT, cert:SAN or address:IP",
      'identities.key:bob.max_per_order.amount: expected a decimal > 0 in quotes, such as "1000": ' +
      'current value is "1e3"',
    ],
  );
});

Deno.test("parsePolicyFile() refuses a duplicate key, of which JSON would silently keep the last", () => {
  const text = '{"default":{"mode":"observe","mo\\u0064e":"auto"},"identities":{"local":{},"local":{"mode":"auto"}}}';
  assert.deepEqual(problemsOf(text), [
    "default.mode: expected once: it is repeated",
    "identities.local: expected once: it is repeated",
  ]);
});

Deno.test("parsePolicyFile() refuses what is not JSON, not an object or too long", () => {
  assert.match(problemsOf("{").join(), /^the file: expected JSON/);
  assert.match(problemsOf("[]").join(), /^the file: expected an object with default and identities/);
  assert.match(problemsOf('"x"').join(), /^the file: expected an object/);
  assert.match(problemsOf(" ".repeat(1_048_577)).join(), /expected at most 1048576 characters/);
});

Deno.test("parsePolicyFile() treats an empty object as no file at all", () => {
  assert.equal(fileOf({}).policyOf("local", "auto").digest, new PolicyFile().policyOf("local", "auto").digest);
});

Deno.test("parsePolicyFile() returns problems and never throws, for any text or value", () => {
  const texts = fc.oneof(fc.string(), fc.json(), fc.json().map((json) => `{"default":${json},"identities":${json}}`));
  fc.assert(fc.property(texts, (text) => {
    const parsed = parsePolicyFile(text);
    if (!parsed.ok) assert.ok(parsed.problems.length > 0 && parsed.problems.every((problem) => problem !== ""));
  }));
});

Deno.test("policyJsonSchema() describes the file as it is written, with every setting", () => {
  const text = JSON.stringify(policyJsonSchema());
  for (const name of Object.keys(FULL.default)) assert.ok(text.includes(`"${name}"`), name);
  assert.match(text, /"additionalProperties":false/);
  assert.match(text, /json-schema\.org\/draft\/2020-12/);
});

const ALL = ["dialog", "page", "terminal"];
const OWNER = ["page", "terminal"];

/** Which confirmations count for an identity. */
function waysOf(policy: unknown, identity: string, confirmBy?: readonly ConfirmWay[]): unknown {
  return fileOf(policy).policyOf(identity, "confirm", { confirmBy }).confirmBy;
}

Deno.test("PolicyFile.policyOf() accepts dialogs only from the local user, unless the file or the command line says otherwise", () => {
  assert.deepEqual(waysOf({}, "local"), ALL);
  for (const identity of ["key:a", "token:a", "cert:a", "address:10.0.0.1", "localhost"]) {
    assert.deepEqual(waysOf({}, identity), OWNER, identity);
    assert.deepEqual(waysOf({ default: { confirm_by: ["terminal", "dialog"] } }, identity), ["dialog", "terminal"]);
    assert.deepEqual(waysOf({}, identity, ["dialog", "page"]), ["dialog", "page"]);
  }
  const own = { default: { confirm_by: ["page"] }, identities: { "key:a": { confirm_by: ["dialog"] } } };
  assert.deepEqual([waysOf(own, "key:a"), waysOf(own, "key:b"), waysOf(own, "local")], [["dialog"], ["page"], [
    "page",
  ]]);
});

Deno.test("PolicyFile.policyOf() accepts no confirmation that the command line does not name", () => {
  const policy = { identities: { "key:a": { confirm_by: ["dialog", "terminal"] } } };
  assert.deepEqual(waysOf(policy, "key:a", ["page", "terminal"]), ["terminal"]);
  assert.deepEqual(waysOf(policy, "key:a", ["page"]), []);
  assert.deepEqual(waysOf(policy, "local", ["terminal"]), ["terminal"]);
});

Deno.test("PolicyFile.policyOf() gives other ways to confirm another digest, since a preview under it is void", () => {
  const digest = (ways: readonly string[]) =>
    fileOf({ default: { confirm_by: ways } }).policyOf("local", "confirm").digest;
  assert.notEqual(digest(ALL), digest(OWNER));
  assert.equal(digest(OWNER), digest(OWNER.toReversed()));
});

Deno.test("parsePolicyFile() refuses an empty confirm_by, null and an unknown way", () => {
  for (const ways of [[], null, ["email"], "page"]) {
    const [problem = ""] = problemsOf({ default: { confirm_by: ways } });
    assert.match(problem, /^default\.confirm_by(\.0)?: expected (a list of 1 to 3|one of dialog, page, terminal)/);
  }
});
