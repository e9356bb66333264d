import assert from "node:assert/strict";
import fc from "fast-check";
import {
  AccountId,
  fieldsOf,
  isoTime,
  Moment,
  pickFields,
  readMoment,
  readPastMoment,
  rowLimit,
} from "../../src/tools/inputs.ts";
import { ArgumentError } from "../../src/tools/tool.ts";

const DAY = Date.UTC(2024, 1, 29);

Deno.test("readMoment() reads back every time that isoTime() writes, and every number of milliseconds since 1973", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: Date.UTC(5138, 0, 1) }), (ms) => {
    assert.equal(readMoment("from", isoTime(ms) ?? ""), ms);
    if (ms >= 100_000_000_000) assert.equal(readMoment("from", ms), ms);
  }));
  assert.equal(readMoment("from", 0), 0);
});

Deno.test("readMoment() refuses seconds and microseconds in place of milliseconds, and says so", () => {
  const seconds = Math.floor(DAY / 1_000);
  for (const moment of [seconds, String(seconds)]) {
    assert.throws(
      () => readMoment("to", moment),
      /expected .* milliseconds since 1970: .* looks like seconds: multiply/,
    );
  }
  for (const moment of [DAY * 1_000, String(DAY * 1_000)]) {
    assert.throws(() => readMoment("to", moment), /looks like microseconds: divide it by 1000$/);
  }
});

Deno.test("readMoment() and Moment distinguish fractions of seconds and nanoseconds from milliseconds", () => {
  assert.throws(() => readMoment("to", `${DAY / 1_000}.25`), /looks like seconds: multiply it by 1000$/);
  assert.throws(() => readMoment("to", `${DAY}000000`), /looks like nanoseconds: divide it by 1000000$/);
  const hint = (moment: unknown) => Moment.safeParse(moment).error?.issues[0]?.message ?? "";
  assert.match(hint(DAY / 1_000 + 0.25), /^expected an ISO 8601 time .*: this looks like seconds: multiply/);
  assert.match(hint(DAY * 1_000_000), /^expected an ISO 8601 time .*: this looks like nanoseconds: divide/);
  assert.match(hint(true), /^expected an ISO 8601 time or milliseconds since 1970$/);
});

Deno.test("readPastMoment() refuses times further in the future than clocks can differ", () => {
  assert.equal(readPastMoment("since", DAY + 60_000, DAY), DAY + 60_000);
  assert.throws(() => readPastMoment("since", DAY + 7_200_000, DAY), /expected a time in the past/);
});

Deno.test("readMoment() reads days, times with and without a zone, and milliseconds in digits", () => {
  for (
    const [text, ms] of [
      ["2024-02-29", DAY],
      ["2024-02-29T10:30", DAY + 37_800_000],
      ["2024-02-29 10:30:00", DAY + 37_800_000],
      ["2024-02-29T10:30:00.250Z", DAY + 37_800_250],
      ["2024-02-29t12:30+02:00", DAY + 37_800_000],
      ["2024-02-29T08:30:00-0200", DAY + 37_800_000],
      ["1709164800000", DAY],
    ] as const
  ) assert.equal(readMoment("from", text), ms, text);
});

Deno.test("readMoment() refuses other forms of time, even those that Date.parse() accepts", () => {
  const refused = ["", "yesterday", "yesterday 1", "1", "2024", "12/31/2024", "Feb 29 2024", "20240229", "1709164800"];
  const impossible = ["2024-02-30", "2023-02-29", "2024-04-31", "2024-13-01", "2024-01-01T25:00Z", "1969-12-31", "-1"];
  for (const text of [...refused, ...impossible]) {
    assert.throws(
      () => readMoment("since", text),
      (error) =>
        error instanceof ArgumentError && error.field === "since" && error.message.includes(JSON.stringify(text)),
      text,
    );
  }
});

Deno.test("readMoment() and readPastMoment() show the invisible characters of what they refuse", () => {
  assert.throws(() => readMoment("to", "2024-02-29\u202e"), /current value is "2024-02-29\\u202e"$/);
});

Deno.test("Moment refuses times that a date cannot represent", () => {
  assert.ok(Moment.safeParse(8.64e15).success);
  for (const moment of [8.64e15 + 1, -1, 1.5, NaN, "x".repeat(41), null]) {
    assert.equal(Moment.safeParse(moment).success, false, String(moment));
  }
});

Deno.test("isoTime() returns nothing for an absent or impossible time", () => {
  assert.equal(isoTime(1), "1970-01-01T00:00:00.001Z");
  for (const ms of [0, -1, 8.64e15 + 1, Number.MAX_SAFE_INTEGER]) assert.equal(isoTime(ms), undefined, String(ms));
});

Deno.test("rowLimit() has a default and enforces its bounds", () => {
  const limit = rowLimit({ default: 25, max: 100 });
  assert.equal(limit.parse(undefined), 25);
  for (const rows of [0, 101, 2.5, "5"]) assert.equal(limit.safeParse(rows).success, false, String(rows));
});

Deno.test("AccountId accepts digits as text, never as a number that has lost some", () => {
  assert.equal(AccountId.parse("8557520073699984185"), "8557520073699984185");
  for (const id of [85575, "", "1e5", "-1", "1 ", "9".repeat(20)]) {
    assert.equal(AccountId.safeParse(id).success, false, String(id));
  }
});

Deno.test("pickFields() returns the requested columns in the requested order, and all of them by default", () => {
  const rows = [{ a: 1, b: 2, c: undefined }, { a: 3, b: 4, c: 5 }];
  assert.deepEqual(pickFields(rows, undefined), rows);
  assert.equal(JSON.stringify(pickFields(rows, ["c", "a"])), '[{"a":1},{"c":5,"a":3}]');
  assert.deepEqual(fieldsOf(["a", "b"]).safeParse(["d"]).success, false);
  assert.deepEqual(fieldsOf(["a", "b"]).safeParse([]).success, false);
});
