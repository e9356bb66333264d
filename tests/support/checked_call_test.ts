import assert from "node:assert/strict";
import { z } from "zod";
import { ExchangeText, exchangeText } from "../../src/tools/exchange_text.ts";
import { defineTool, READS_SERVER } from "../../src/tools/tool.ts";
import type { Tool } from "../../src/tools/tool.ts";
import { callChecked } from "./checked_call.ts";
import { TestExchange } from "./exchange.ts";

const ROW = { note: exchangeText("from the exchange"), volume: "0.5", filled: "0" };

/** A tool that returns any value, as types do not bind other programs. */
function toolOf(answer: unknown): Tool {
  return defineTool({
    name: "list_rows",
    title: "Rows",
    description: "Answers rows",
    group: "server",
    scope: "account:read",
    annotations: READS_SERVER,
    input: z.strictObject({}),
    output: z.object({
      rows: z.array(z.object({ note: ExchangeText, volume: z.string(), filled: z.string().optional() })),
    }),
    run: () => Promise.resolve(JSON.parse(JSON.stringify(answer))),
  });
}

Deno.test("callChecked() accepts an answer that matches its schema, with or without optional members", async () => {
  await using exchange = await TestExchange.start();
  const answer = { rows: [ROW, { ...ROW, filled: undefined }] };
  const outcome = await callChecked(toolOf(answer), {}, exchange.context);
  assert.deepEqual(outcome, { ok: true, value: { rows: [ROW, { note: ROW.note, volume: "0.5" }] } });
});

Deno.test("callChecked() requires answers about paper funds to say so, and no others", async () => {
  await using exchange = await TestExchange.start();
  const paper = { ...exchange.context, isPaper: true };
  const outcome = await callChecked(toolOf({ rows: [] }), {}, paper);
  assert.deepEqual(outcome, { ok: true, value: { rows: [], paper: true } });
  await assert.rejects(callChecked(toolOf({ rows: [], paper: true }), {}, exchange.context), /more than its schema/);
});

const WRONG = {
  "a member that is missing": { rows: [{ ...ROW, volume: undefined }] },
  "a number for a decimal": { rows: [{ ...ROW, volume: 0.5 }] },
  "a member of a row that is unknown": { rows: [{ ...ROW, detail: "x" }] },
  "a member that is unknown": { rows: [], detail: "x" },
  "a text with control characters": { rows: [{ ...ROW, note: "from\u0000the exchange" }] },
  "a text without end": { rows: [{ ...ROW, note: "x".repeat(301) }] },
};

for (const [name, answer] of Object.entries(WRONG)) {
  Deno.test(`callChecked() fails for ${name}`, async () => {
    await using exchange = await TestExchange.start();
    await assert.rejects(callChecked(toolOf(answer), {}, exchange.context), /schema/);
  });
}
