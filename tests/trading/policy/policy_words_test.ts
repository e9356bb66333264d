import assert from "node:assert/strict";
import { parsePolicyFile, PolicyFile } from "../../../src/trading/policy/policy_file.ts";
import { explainPolicy } from "../../../src/trading/policy/policy_words.ts";

Deno.test("explainPolicy() explains every rule in a sentence", () => {
  const parsed = parsePolicyFile(JSON.stringify({
    identities: {
      "key:alice": {
        mode: "confirm",
        pairs: ["BTC/ZAR", "ETHZAR", "SOLZAR"],
        sides: ["BUY"],
        order_types: ["limit", "stop_limit"],
        max_per_order: { amount: "1000", currency: "ZAR" },
        max_per_day: { amount: "5000", currency: "ZAR" },
        max_open_orders: 1,
        max_orders_per_minute: 3,
        price_band_percent: "2.5",
        allow_warnings: ["BOOK_THIN", "BOOK_STALE"],
        cool_off: { rejects: 3, within_seconds: 60, pause_seconds: 600 },
      },
    },
  }));
  assert.ok(parsed.ok);
  assert.deepEqual(explainPolicy("key:alice", parsed.file.policyOf("key:alice", "auto")), [
    "key:alice may place orders that a person approves",
    "A person approves on the server's page or with approve in a terminal",
    "Its client's own dialogs do not count, as whoever holds the client's credential can answer them without a person; " +
    '"dialog" in confirm_by, or --confirm-by, would allow them',
    "It may only buy, in ETHZAR, SOLZAR and XBTZAR, with limit and stop-limit orders",
    "The value of one order may be at most 1000 ZAR",
    "The value of all orders of a day (UTC) may be at most 5000 ZAR",
    "It may have at most 1 order open at a time",
    "It may place at most 3 orders per minute",
    "Its prices may be at most 2.5 % away from the mid price",
    "It may place orders despite the warnings BOOK_STALE and BOOK_THIN",
    "After 3 refused orders within 60 seconds it must pause for 600 seconds",
    "It may always cancel orders of the account, its own and others'",
  ]);
});

Deno.test("explainPolicy() also says what is not limited", () => {
  assert.deepEqual(explainPolicy("local", new PolicyFile().policyOf("local", "auto")), [
    "local may place orders without approval",
    "It may buy and sell, in every pair, with orders of every kind",
    "The value of one order is not limited",
    "The value of all orders of a day is not limited",
    "The number of open orders is not limited",
    "It may place at most 10 orders per minute",
    "Its prices may be at most 10 % away from the mid price",
    "It may place no order while the market looks wrong: a stale, crossed or thin book, say, or a fee that cannot be",
    "Refused orders do not pause it",
    "It may always cancel orders of the account, its own and others'",
  ]);
});

Deno.test("explainPolicy() says that an identity that only observes may still cancel", () => {
  assert.deepEqual(explainPolicy("local", new PolicyFile().policyOf("local", "off")), [
    "local may look at the market and at its account, and place no orders",
    "It may always cancel orders of the account, its own and others'",
  ]);
});

Deno.test("explainPolicy() explains dialogs, and says that nobody can confirm when no way is left", () => {
  const file = new PolicyFile({ confirm_by: ["dialog"] });
  const sentences = (bounds = {}) => explainPolicy("key:a", file.policyOf("key:a", "confirm", bounds)).slice(1, 3);
  assert.deepEqual(sentences(), [
    "A person approves in the client's dialog",
    "A dialog is answered by the client: whoever holds the client's credential can answer it without a person",
  ]);
  assert.match(
    sentences({ confirmBy: ["page"] })[0] ?? "",
    /^Nobody can approve its orders, as confirm_by and --confirm-by/,
  );
});
