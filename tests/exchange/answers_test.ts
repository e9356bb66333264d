import assert from "node:assert/strict";
import { z } from "zod";
import { readAnswer } from "../../src/exchange/answers.ts";
import { ExchangeError } from "../../src/exchange/errors.ts";
import { counted, rows } from "../../src/exchange/wire_types.ts";
import type { WireAnswer } from "../../src/exchange/wire.ts";
import { mostBetweenTurns } from "../support/turns.ts";

const OPERATION = { title: "List things", permission: "none", isWrite: false } as const;

/** A list of numbers that counts the rows that were read. */
function countingReading() {
  let count = 0;
  const row = z.number().transform((number) => {
    count++;
    return number;
  });
  const reading = { schema: counted(z.object({ things: rows(row) })), check: <Answer>(answer: Answer) => answer };
  return { reading, count: () => count };
}

function answerOf(things: readonly unknown[]): WireAnswer {
  return { status: 200, headers: new Headers(), body: JSON.stringify({ things }) };
}

Deno.test("readAnswer() reads a thousand rows in slices, with a turn of the event loop for others between them", async () => {
  const { reading, count } = countingReading();
  const answer = answerOf(Array.from({ length: 1_000 }, (_, number) => number));
  assert.equal(await mostBetweenTurns(() => readAnswer(OPERATION, reading, answer), count), 100);
  assert.equal(count(), 1_000);
});

Deno.test("readAnswer() counts the unreadable rows of a long list, and keeps the order of the others", async () => {
  const { reading } = countingReading();
  const things = Array.from({ length: 250 }, (_, number) => number % 5 === 0 ? "wrong" : number);
  assert.deepEqual(await readAnswer(OPERATION, reading, answerOf(things)), {
    things: things.filter((thing) => thing !== "wrong"),
    left_out: 50,
    was_unsorted: false,
  });
});

Deno.test("readAnswer() refuses a long answer of another shape, and names the field", async () => {
  const schema = counted(z.object({ id: z.string(), things: rows(z.number()) }));
  const { reading: { check } } = countingReading();
  const answer = answerOf(Array.from({ length: 250 }, (_, number) => number));
  await assert.rejects(readAnswer(OPERATION, { schema, check }, answer), (error) => {
    assert.ok(error instanceof ExchangeError);
    assert.match(error.message, /in a shape that is not known here: id is wrong/);
    return error.code === "ERR_ANSWER_INVALID";
  });
});
