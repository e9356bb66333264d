import assert from "node:assert/strict";
import { clauseOf, ERROR_CHAPTERS, errorCodeIn, ERRORS, isErrorCode } from "../../src/errors/error_table.ts";
import type { ErrorCode } from "../../src/errors/error_table.ts";
import { LUNO_ERRORS } from "../../src/exchange/luno_errors.ts";
import { toExchangeError } from "../../src/exchange/refusals.ts";

const CODES = Object.keys(ERRORS) as ErrorCode[];

/** What clients know: codes without their ERR_, by the wire's code. */
function codesBy(read: (code: ErrorCode) => number | null): Record<string, string> {
  const groups = Map.groupBy(CODES.filter((code) => read(code) !== null), (code) => String(read(code)));
  return Object.fromEntries(
    [...groups].map(([key, codes]) => [key, codes.map((code) => code.slice("ERR_".length)).sort().join(" ")]),
  );
}

Deno.test("ERRORS maps each code to the HTTP status that clients know", () => {
  assert.deepEqual(codesBy((code) => ERRORS[code].http), {
    400: "AMOUNT_FORM AMOUNT_NOT_POSITIVE AMOUNT_TOO_LARGE AMOUNT_TOO_PRECISE AMOUNT_TOO_SMALL ARGUMENT_REFUSED " +
      "BODY_INVALID BOOK_NEEDED CURRENCY_UNKNOWN FIELD_CONFLICT FIELD_MISSING INVALID_ARGUMENT MARKET_POST_ONLY " +
      "ORDER_INVALID PAIR_UNKNOWN REQUEST_REFUSED",
    401: "UNAUTHENTICATED",
    403: "CONFIRMATION_DECLINED CONFIRMATION_IMPOSSIBLE CONFIRMATION_REQUIRED POLICY_MODE POLICY_ORDER_SIZE " +
      "POLICY_ORDER_TYPE POLICY_PAIR POLICY_PRICE_BAND POLICY_SIDE POLICY_VALUATION POLICY_WARNING PROXY_UNTRUSTED " +
      "SCOPE_MISSING TRADING_OFF",
    404: "NOT_FOUND ROUTE_UNKNOWN TOOL_UNKNOWN",
    405: "METHOD",
    408: "BODY_TIMEOUT",
    409: "CONFIRMATION_EXPIRED CONFIRMATION_UNKNOWN CONFIRMATION_USED DUPLICATE IDEMPOTENCY_MISMATCH " +
      "INSUFFICIENT_FUNDS LIQUIDITY MARKET_CLOSED NOT_FINAL ORDER_NOT_REPLACEABLE ORDER_REFUSED POLICY_NOT_IN_FORCE " +
      "PREVIEW_EXPIRED PREVIEW_STALE PREVIEW_UNKNOWN PREVIEW_USED REPLACED_ALREADY SELF_CROSSING TRADING_HALTED UNDER_WAY VENUE_ENDED",
    413: "BODY_TOO_LARGE",
    415: "CONTENT_TYPE",
    424: "ACCOUNT_POLICY CREDENTIALS_MISSING CREDENTIALS_REFUSED FORBIDDEN PERMISSION_MISSING",
    429: "BUDGET_EXHAUSTED BUSY CONFIRMATIONS_FULL COOLING_OFF LIMIT_OPEN_ORDERS LIMIT_PER_DAY LIMIT_PREVIEWS " +
      "LIMIT_RATE RATE_LIMITED TOO_MANY_REQUESTS",
    500: "INTERNAL",
    502: "ANSWER_INVALID ANSWER_TOO_LARGE EXCHANGE NETWORK OUTCOME_UNKNOWN STATUS_UNKNOWN",
    503:
      "ACCOUNT_ELSEWHERE CANCELLED CLOCK_SKEW CLOCK_UNKNOWN INTERRUPTED NEVER_SENT PAPER_NOT_STARTED RECORD_FAILED " +
      "RECOVERING STOPPED TAKEN_OVER TOO_LATE UNAVAILABLE",
    504: "TIMEOUT",
  });
});

Deno.test("ERRORS maps invalid arguments, faults and refused requests to JSON-RPC codes of their own", () => {
  const { "-32010": ofTools, ...others } = codesBy((code) => ERRORS[code].rpc);
  assert.ok(ofTools?.includes("PAIR_UNKNOWN"));
  assert.deepEqual(others, {
    "-32602": "ARGUMENT_REFUSED INVALID_ARGUMENT",
    "-32603": "INTERNAL",
    "-32000": "BUSY CONNECTION_LOST NOT_CONNECTED QUEUE_FULL SESSION_ENDED SHUTTING_DOWN TOO_MANY_REQUESTS",
  });
});

Deno.test("ERRORS lets commands exit with 1, except for mistyped commands and uncertain outcomes", () => {
  const { 1: _failed, ...others } = codesBy((code) => ERRORS[code].exit);
  assert.deepEqual(others, { 2: "CONFIGURATION", 4: "INTERNAL SESSION_ENDED" });
});

Deno.test("ERRORS agrees with Luno's error codes on whether to repeat the call", () => {
  const read = { title: "Read it", permission: "none", isWrite: false } as const;
  for (const [lunoCode, { status }] of Object.entries(LUNO_ERRORS)) {
    const { code, retryable } = toExchangeError(read, { status, lunoCode });
    const { retry } = ERRORS[code];
    // What an idempotency key's conflict stands for is known once the earlier request was read.
    if (retry !== "depends" && code !== "ERR_DUPLICATE") assert.equal(retry, retryable ? "yes" : "no", lunoCode);
  }
});

Deno.test("ERRORS lists each code in one chapter, with a meaning and an action that are clauses", () => {
  assert.deepEqual(Object.values(ERROR_CHAPTERS).flatMap((chapter) => Object.keys(chapter)).sort(), [...CODES].sort());
  for (const code of CODES) {
    const { meaning, action } = ERRORS[code];
    assert.match(code, /^ERR_[A-Z]+(_[A-Z]+)*$/);
    assert.match(meaning, /^(?!The |A |An )[^|\n]*[^.|\n]$/, code);
    assert.match(action, /^[^A-Z|\n][^|\n]*[^.|\n]$/, code);
  }
});

Deno.test("ERRORS contains no code that the sources do not use", async () => {
  const text = (await Promise.all((await sourcesIn("src/")).map((path) => Deno.readTextFile(path)))).join("\n");
  assert.deepEqual(CODES.filter((code) => !text.includes(`"${code}"`)), []);
});

async function sourcesIn(folder: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory && folder + name !== "src/errors") paths.push(...await sourcesIn(`${folder}${name}/`));
    if (name.endsWith(".ts")) paths.push(folder + name);
  }
  return paths;
}

Deno.test("clauseOf() is plain text that says what is wrong and what to do", () => {
  assert.equal(clauseOf("ERR_NEVER_SENT"), "the program ended before it was sent: preview it again");
  for (const code of CODES) assert.doesNotMatch(clauseOf(code), /[`*[\]]/, code);
});

Deno.test("errorCodeIn() finds codes of the table only", () => {
  assert.equal(errorCodeIn({ code: "ERR_TIMEOUT" }), "ERR_TIMEOUT");
  for (const value of [undefined, null, "ERR_TIMEOUT", {}, { code: 1 }, { code: "ENOSPC" }, { code: "toString" }]) {
    assert.equal(errorCodeIn(value), undefined);
  }
  assert.ok(!isErrorCode("constructor"));
});
