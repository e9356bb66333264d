import assert from "node:assert/strict";
import { isLunoErrorCode, LUNO_ERRORS } from "../../src/exchange/luno_errors.ts";
import { type Operation, toExchangeError } from "../../src/exchange/refusals.ts";

const read: Operation = { title: "Read an order", permission: "Perm_R_Orders", isWrite: false };
const write: Operation = { title: "Place a limit order", permission: "Perm_W_Orders", isWrite: true };

const MEANING = {
  ERR_ACCOUNT_POLICY: [
    "ErrAccountIsMigrating",
    "ErrAccountLimit",
    "ErrAddressLimitReached",
    "ErrBlockedSendsCurrency",
    "ErrERC20AddressAlreadyAssigned",
    "ErrERC20AssignNonDefault",
    "ErrMarketNotAllowed",
    "ErrMaxActiveFiatRequestsExists",
    "ErrRejectedBeneficiary",
    "ErrTravelRule",
    "ErrUpdateRequired",
    "ErrUserBlockedForCancelWithdrawal",
    "ErrUserNotVerifiedForCurrency",
    "ErrVerificationLevelTooLow",
    "ErrWithdrawalBlocked",
  ],
  ERR_CREDENTIALS_REFUSED: ["ErrAPIKeyNotFound", "ErrApiKeyRevoked", "ErrIncorrectPin", "ErrUnauthorised"],
  ERR_PERMISSION_MISSING: ["ErrInsufficientPerms"],
  ERR_CURRENCY_UNKNOWN: ["ErrInvalidCurrency"],
  ERR_DUPLICATE: [
    "ErrDuplicateClientMoveID",
    "ErrDuplicateClientOrderID",
    "ErrDuplicateExternalID",
    "ErrIdempotencyKeyConflict",
    "ErrIdempotencyKeyRequestMismatch",
  ],
  ERR_INSUFFICIENT_FUNDS: ["ErrInsufficientBalance", "ErrInsufficientFunds"],
  ERR_MARKET_CLOSED: ["ErrMarketUnavailable", "ErrPostOnlyMode", "ErrUnderMaintenance"],
  ERR_NOT_FOUND: [
    "ErrAccountNotFound",
    "ErrBeneficiaryNotFound",
    "ErrFundsMoveNotFound",
    "ErrNoAddressesAssigned",
    "ErrNotFound",
    "ErrOrderNotFound",
    "ErrWithdrawalNotFound",
  ],
  ERR_ORDER_REFUSED: [
    "ErrActiveCryptoRequestExists",
    "ErrCannotStopUnknownOrNonPendingOrder",
    "ErrCannotTradeWhileQuoteActive",
    "ErrNoTradesToInferStopDirection",
    "ErrNotEnoughLiquidity",
    "ErrOrderCanceled",
    "ErrPostOnly",
  ],
  ERR_PAIR_UNKNOWN: ["ErrInvalidMarketPair", "ErrInvalidPair"],
  ERR_RATE_LIMITED: ["ErrAddressCreateRateLimitReached", "ErrConvertRateLimited", "ErrTooManyRequests"],
  ERR_UNAVAILABLE: ["ErrDeadlineExceeded", "ErrInternal"],
} as const;

const meant = new Map<string, string>(
  Object.entries(MEANING).flatMap(([code, lunoCodes]) => lunoCodes.map((each): [string, string] => [each, code])),
);

Deno.test("LUNO_ERRORS contains the 98 known codes", () => {
  assert.equal(Object.keys(LUNO_ERRORS).length, 98);
  assert.ok(isLunoErrorCode("ErrOrderNotFound"));
  assert.ok(!isLunoErrorCode("toString"));
});

for (const [lunoCode, row] of Object.entries(LUNO_ERRORS)) {
  const expected = meant.get(lunoCode) ?? "ERR_ARGUMENT_REFUSED";
  Deno.test(`toExchangeError() reads ${lunoCode} as ${expected}`, () => {
    const refusal = { status: row.status, lunoCode, detail: "words of the exchange", traceId: "40911b58cc00a99c" };
    const [ofRead, ofWrite] = [toExchangeError(read, refusal), toExchangeError(write, refusal)];
    const isOpen = row.retry === "check-first" || row.status >= 500;
    assert.equal(ofRead.code, expected);
    assert.deepEqual([ofRead.lunoCode, ofRead.status, ofRead.traceId], [lunoCode, row.status, "40911b58cc00a99c"]);
    assert.equal(ofRead.detail, "words of the exchange");
    assert.equal(ofRead.outcome, "none");
    assert.equal(ofRead.retryable, !["no", "treat-as-done"].includes(row.retry));
    assert.equal(ofWrite.outcome, isOpen ? "unknown" : "none");
    assert.equal(ofWrite.retryable, ["after-backoff", "after-long-delay"].includes(row.retry));
    assert.match(ofRead.message, /^Cannot read an order as the exchange .*[^.]$/);
    assert.ok(ofRead.message.includes(lunoCode), "our sentence names the code");
    assert.ok(!ofRead.message.includes("words of"), "the exchange's own words are no part of our sentence");
    assert.equal(ofWrite.message.includes("look it up"), isOpen);
  });
}

Deno.test("toExchangeError() uses the status when there is no code", () => {
  const code = (status: number) => toExchangeError(read, { status }).code;
  assert.deepEqual([400, 401, 403, 404, 409, 418, 429, 500, 502, 503, 504, 599].map(code), [
    "ERR_EXCHANGE",
    "ERR_CREDENTIALS_REFUSED",
    "ERR_FORBIDDEN",
    "ERR_NOT_FOUND",
    "ERR_DUPLICATE",
    "ERR_EXCHANGE",
    "ERR_RATE_LIMITED",
    "ERR_UNAVAILABLE",
    "ERR_UNAVAILABLE",
    "ERR_UNAVAILABLE",
    "ERR_UNAVAILABLE",
    "ERR_UNAVAILABLE",
  ]);
});

Deno.test("toExchangeError() considers a write undone only when the answer leaves no doubt", () => {
  const outcome = (status: number, lunoCode?: string) => toExchangeError(write, { status, lunoCode }).outcome;
  assert.deepEqual([401, 403, 404, 429].map((status) => outcome(status)), ["none", "none", "none", "none"]);
  assert.deepEqual([200, 302, 400, 408, 409, 500].map((status) => outcome(status)), Array(6).fill("unknown"));
  assert.equal(outcome(400, "ErrOfTomorrow"), "none");
  assert.equal(outcome(200, "ErrOfTomorrow"), "unknown");
  assert.equal(outcome(500, "ErrInsufficientBalance"), "unknown");
});

Deno.test("toExchangeError() says when to retry after a 429", () => {
  assert.equal(toExchangeError(read, { status: 429 }).retryAfterMs, 2_000);
  assert.equal(toExchangeError(write, { status: 429, retryAfterMs: 7_000 }).retryAfterMs, 7_000);
  assert.ok(toExchangeError(write, { status: 429 }).retryable);
});

Deno.test("toExchangeError() names the permission that a key lacks", () => {
  const error = toExchangeError(write, { status: 403, lunoCode: "ErrInsufficientPerms" });
  assert.match(error.message, /give the key Perm_W_Orders$/);
});

Deno.test("toExchangeError() recognizes a refused key under any status, with the code in any case", () => {
  for (const status of [200, 400, 401, 403, 404, 429, 500]) {
    for (const lunoCode of ["ErrAPIKeyNotFound", "ErrApiKeyNotFound", "ErrAPIKeyRevoked"]) {
      const error = toExchangeError(read, { status, lunoCode });
      assert.deepEqual([error.code, error.retryable], ["ERR_CREDENTIALS_REFUSED", false], `${status} ${lunoCode}`);
    }
  }
});
