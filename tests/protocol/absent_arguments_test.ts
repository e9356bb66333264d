import assert from "node:assert/strict";
import { z } from "zod";
import { withoutAbsent } from "../../src/protocol/absent_arguments.ts";
import { catalogue } from "../../src/tools/catalogue.ts";
import { TestExchange } from "../support/exchange.ts";

const input = z.strictObject({
  pair: z.string(),
  cursor: z.string().optional(),
  fields: z.array(z.string()).min(1).optional(),
  limit: z.int().default(5),
  post_only: z.boolean().optional(),
});

Deno.test("withoutAbsent() treats null, an empty text and an empty list as an optional argument that is not given", () => {
  const args = { pair: "XBTZAR", cursor: "", fields: [], limit: null, post_only: null };
  assert.deepEqual(withoutAbsent(input, args), { pair: "XBTZAR" });
});

Deno.test("withoutAbsent() keeps required arguments, unknown ones and those with a value", () => {
  const args = { pair: null, cursor: "x", fields: ["pair"], limit: 0, post_only: false, pear: null };
  assert.deepEqual(withoutAbsent(input, args), args);
  for (const other of [null, undefined, [], "text", 5]) assert.equal(withoutAbsent(input, other), other);
  const proto = JSON.parse('{"__proto__":null,"constructor":null}');
  assert.equal(withoutAbsent(input, proto), proto);
});

for (const { name, input } of catalogue) {
  Deno.test(`${name} accepts null for all its optional arguments`, () => {
    const nulls = Object.fromEntries(Object.keys(input.shape).map((field) => [field, null]));
    const { error } = input.safeParse(withoutAbsent(input, nulls));
    for (const { path } of error?.issues ?? []) {
      assert.ok(!(input.shape[String(path[0])] as z.ZodType).safeParse(undefined).success, `${path} is optional`);
    }
  });
}

Deno.test("a tool called with every optional argument empty answers as with none of them", async () => {
  await using exchange = await TestExchange.start();
  const strict = { pairs: [], currency: "", limit: null, cursor: "", fields: null };
  assert.deepEqual(await exchange.answer("get_all_tickers", strict), await exchange.answer("get_all_tickers"));
});
