import assert from "node:assert/strict";
import { z } from "zod";
import { expectationOf } from "../../src/validation/schema_problems.ts";
import { argumentProblems } from "../../src/tools/argument_problems.ts";
import { catalogue } from "../../src/tools/catalogue.ts";

function problemsOf(tool: string, args: unknown): string[] {
  const { input } = catalogue.find(({ name }) => name === tool) ?? assert.fail(`no tool ${tool}`);
  const { error } = input.safeParse(args);
  assert.ok(error, "the arguments were taken");
  return argumentProblems({ input, args, error }).map(({ field, problem }) => `${field}: ${problem}`);
}

/** What is wrong, and the one sentence about it. */
/** 1 February 2026 in milliseconds. */
const DAY = Date.UTC(2026, 1, 1);

const SENTENCES: readonly (readonly [tool: string, args: unknown, sentence: string])[] = [
  ["list_orders", { limit: -1 }, "limit: expected a whole number from 1 to 500: current value is -1"],
  ["list_orders", { limit: 5000 }, "limit: expected a whole number from 1 to 500: current value is 5000"],
  ["list_orders", { limit: 2.5 }, "limit: expected a whole number from 1 to 500: current value is 2.5"],
  ["list_orders", { limit: "many" }, 'limit: expected a whole number from 1 to 500: current value is "many"'],
  [
    "get_price_range",
    { pair: "XBTZAR", days: 366 },
    "days: expected a whole number from 1 to 365: current value is 366",
  ],
  [
    "get_orderbook",
    {},
    "pair: expected a string of 3 to 40 characters, such as XBTZAR or BTC/ZAR: it is missing",
  ],
  [
    "get_orderbook",
    { pair: 17 },
    "pair: expected a string of 3 to 40 characters, such as XBTZAR or BTC/ZAR: current value is the number 17",
  ],
  [
    "get_orderbook",
    { pair: 170 },
    'pair: expected a string such as "170": current value is the number 170',
  ],
  [
    "get_transaction",
    { account_id: -1, transaction_id: "1" },
    "account_id: expected a string: current value is the number -1",
  ],
  [
    "preview_order",
    { pair: "XBTZAR", side: "BUY", volume: 1e-7 },
    "volume: expected a string of at most 60 characters: current value is the number 1e-7",
  ],
  [
    "preview_order",
    { pair: "XBTZAR", side: 1 },
    "side: expected BUY, SELL, BID or ASK: current value is the number 1",
  ],
  [
    "get_historical_prices",
    { pair: "XBTZAR", fields: ["closed"] },
    'fields.0: expected time, open, high, low, close or volume: current value is "closed", did you mean close',
  ],
  [
    "get_historical_prices",
    { pair: "XBTZAR", fields: "close" },
    'fields: expected a list of time, open, high, low, close and volume: current value is "close"',
  ],
  [
    "get_historical_prices",
    { pair: "XBTZAR", from: -1 },
    "from: expected an ISO 8601 time or milliseconds since 1970: current value is -1",
  ],
  [
    "preview_order",
    { pair: "XBTZAR", side: "BYU", volume: "1" },
    'side: expected BUY, SELL, BID or ASK: current value is "BYU", did you mean BUY',
  ],
  [
    "get_historical_prices",
    { pair: "XBTZAR", from: DAY * 1_000_000 },
    `from: expected an ISO 8601 time or milliseconds since 1970: this looks like nanoseconds: divide it by 1000000: ` +
    `current value is ${DAY * 1_000_000}`,
  ],
  [
    "list_transfers",
    { account_id: Number("5132388645693398863") },
    "account_id: expected a string: a number of so many digits was rounded on its way here",
  ],
  ["get_accounts", "XBT", 'arguments: expected an object: current value is "XBT"'],
  [
    "get_account_balance",
    { include_empty: "perhaps" },
    'include_empty: expected true or false: current value is "perhaps"',
  ],
  ["get_orderbook", { pair: "XBTZAR", deph: 5 }, "deph: unknown argument, did you mean depth"],
  ["get_orderbook", { pair: "XBTZAR", colour: 5 }, "colour: unknown argument: known are pair, depth"],
  ["describe_capabilities", { colour: 5 }, "colour: unknown argument: it takes none"],
  [
    "get_transaction",
    { account_id: "x1", transaction_id: "1" },
    'account_id: expected an account id of 1 to 19 digits: current value is "x1"',
  ],
];

for (const [tool, args, sentence] of SENTENCES) {
  Deno.test(`argumentProblems() reports ${tool} ${JSON.stringify(args)} as "${sentence}"`, () => {
    assert.deepEqual(problemsOf(tool, args), [sentence]);
  });
}

Deno.test("argumentProblems() lists every problem, at most ten, and quotes at most a line of a value", () => {
  const wrong = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`unknown_${index}`, 1]));
  assert.equal(problemsOf("get_orderbook", { pair: "XBTZAR", ...wrong }).length, 10);
  assert.equal(problemsOf("get_orderbook", { pair: "X", depth: 0 }).length, 2);
  const [long = ""] = problemsOf("get_orderbook", { pair: "XBTZAR".repeat(1_000) });
  assert.ok(long.length < 300, long);
});

Deno.test("argumentProblems() passes no control characters of a value or name", () => {
  const told = problemsOf("get_orderbook", { pair: "\u009b2J", depth: 5, "\u001b[2J": 1 }).join();
  assert.doesNotMatch(told, /\p{Cc}/u);
});

for (const { name, input } of catalogue) {
  Deno.test(`${name} refuses each argument of a wrong type with the server's own sentence`, () => {
    for (const field of Object.keys(input.shape)) {
      for (const value of [{}, [[]], "\u0000", Number.MAX_VALUE]) {
        const { error } = input.safeParse({ [field]: value });
        if (error === undefined) continue;
        const args = { [field]: value };
        for (const { problem } of argumentProblems({ input, args, error })) {
          assert.match(problem, /^expected [a-zA-Z0-9]/, `${field}: ${problem}`);
          assert.doesNotMatch(problem, /received|Invalid|Too (small|big)/, `${field}: ${problem}`);
        }
      }
    }
  });
}

Deno.test("expectationOf() names the bounds that exist", () => {
  const words = (schema: z.ZodType) => expectationOf(z.toJSONSchema(schema));
  assert.equal(words(z.int()), "a whole number");
  assert.equal(words(z.number().min(2)), "a number of at least 2");
  assert.equal(words(z.number().max(2)), "a number of at most 2");
  assert.equal(words(z.string()), "a string");
  assert.equal(
    words(z.string().max(3).describe("a code, such as XBT")),
    "a string of at most 3 characters, such as XBT",
  );
  assert.equal(words(z.array(z.string()).min(1).max(9)), "a list of 1 to 9 strings");
  assert.equal(words(z.union([z.boolean(), z.literal("all")])), "true or false or a string");
});
