import assert from "node:assert/strict";
import { z } from "zod";
import { inDeclaredCase } from "../../src/tools/argument_case.ts";
import { catalogue } from "../../src/tools/catalogue.ts";

const Input = z.strictObject({
  side: z.enum(["BUY", "SELL"]),
  type: z.enum(["limit", "market"]).default("limit"),
  fields: z.array(z.enum(["time", "open"])).optional(),
  interval: z.enum(["1m", "1M"]).optional(),
  note: z.string().optional(),
});

Deno.test("inDeclaredCase() spells words of choices as declared, also in lists and behind defaults", () => {
  assert.deepEqual(
    inDeclaredCase(Input, { side: "buy", type: "MARKET", fields: ["Time", "OPEN"], note: "Buy" }),
    { side: "BUY", type: "market", fields: ["time", "open"], note: "Buy" },
  );
});

Deno.test("inDeclaredCase() leaves values unchanged that already match, match nothing, or could be two words", () => {
  for (const args of [{ side: "BUY", interval: "1M" }, { side: "bye", fields: "time", other: 1 }, { side: 1 }]) {
    assert.equal(inDeclaredCase(Input, args), args);
  }
  assert.deepEqual([null, "x", [1]].map((args) => inDeclaredCase(Input, args)), [null, "x", [1]]);
});

for (const { name, input } of catalogue) {
  Deno.test(`${name} accepts the words of each choice in any case`, () => {
    for (const [field, schema] of Object.entries(input.shape)) {
      const inner = schema instanceof z.ZodOptional || schema instanceof z.ZodDefault ? schema.unwrap() : schema;
      if (!(inner instanceof z.ZodEnum)) continue;
      for (const word of inner.options.map(String)) {
        for (const written of [word.toLowerCase(), word.toUpperCase()]) {
          assert.deepEqual(inDeclaredCase(input, { [field]: written }), { [field]: word });
        }
      }
    }
  });
}
