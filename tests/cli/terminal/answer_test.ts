import assert from "node:assert/strict";
import { formatAnswer, formatError } from "../../../src/cli/terminal/answer.ts";
import { displayWidth } from "../../../src/cli/terminal/width.ts";
import { testScreen } from "./screen.ts";

Deno.test("formatAnswer() lists single values first and tables below them", () => {
  const answer = formatAnswer(
    { rows: [{ id: "1" }], pair: "XBTZAR", price: "1.5", tags: ["a", "b"], none: [] },
    testScreen(),
  );
  assert.equal(answer, "pair   XBTZAR\nprice  1.5\ntags   a, b\nnone   none\n\nrows\nid\n 1");
});

Deno.test("formatAnswer() shows objects as nested lists, at any depth", () => {
  const answer = formatAnswer(
    { status: "ok", fees: { taker: "0.1", tiers: [{ from: "0" }], deep: { x: 1 } } },
    testScreen(),
  );
  assert.equal(answer, "status  ok\n\nfees\n  taker  0.1\n  tiers\n  from\n     0\n  deep\n    x  1");
});

Deno.test("formatAnswer() shows an order book as a ladder", () => {
  const book = { pair: "XBTZAR", bids: [["10", "0.5"], ["9", "1"]], asks: [["11", "0.25"]] };
  assert.equal(
    formatAnswer(book, testScreen({ columns: 40 })),
    [
      "pair  XBTZAR",
      "",
      "       volume  bid │ ask  volume",
      "   ███    0.5   10 │  11    0.25 ██",
      "██████      1    9 │",
    ].join("\n"),
  );
});

Deno.test("formatAnswer() shows moments relative to now for the reader's own data, and to the second elsewhere", () => {
  const created = "2026-11-22T10:04:31.123Z";
  const answer = formatAnswer({ time: created, orders: [{ created, time: created }] }, testScreen());
  assert.equal(
    answer,
    "time  2026-11-22 10:04:31Z (2 min ago)\n\norders\ncreated    time\n2 min ago  2026-11-22 10:04:31Z",
  );
});

Deno.test("formatAnswer() ends with how to get more rows", () => {
  assert.match(
    formatAnswer({ next_cursor: "abc", rows: [{ id: 1 }] }, testScreen()),
    /1\n\nMore rows: .*\n {2}cursor=abc$/,
  );
});

Deno.test("formatAnswer() shows an empty answer as nothing, and passes no control characters to the terminal", () => {
  assert.equal(formatAnswer({}, testScreen()), "");
  assert.equal(formatAnswer({ "a\u001b": "\u009b2J" }, testScreen()), "a\u{fffd}  \u{fffd}2J");
});

Deno.test("formatError() shows code, sentence, suggestion, time to retry and the exchange's message", () => {
  const error = {
    code: "ERR_RATE_LIMITED",
    message: "Cannot call the exchange as its limit is reached",
    retryable: true,
    retry_after_ms: 6_100,
    suggestions: ["XBTZAR"],
    exchange: { code: "ErrTooManyRequests", status: 429, text: "slow\u001b[2J" },
  };
  const lines = formatError(error, testScreen()).split("\n");
  assert.deepEqual(lines, [
    "ERR_RATE_LIMITED: Cannot call the exchange as its limit is reached",
    "  did you mean: XBTZAR",
    "  try again in 7 s",
    '  the exchange answered: "slow\\u001b[2J" (ErrTooManyRequests, status 429)',
  ]);
  assert.ok(
    formatError(error, testScreen({ colour: true })).startsWith("\u001b[31mERR_RATE_LIMITED\u001b[39m: Cannot"),
  );
  const long = formatError({ code: "ERR_X", message: "many words ".repeat(40) }, testScreen());
  for (const line of long.split("\n")) assert.ok(displayWidth(line) <= 80, line);
});
