import assert from "node:assert/strict";
import { statusOf } from "../../src/transport/problem.ts";

Deno.test("statusOf() tells what a confirmation came to from a fault of the server", () => {
  const statuses = Object.entries({
    ERR_CONFIRMATION_REQUIRED: 403,
    ERR_CONFIRMATION_DECLINED: 403,
    ERR_CONFIRMATION_IMPOSSIBLE: 403,
    ERR_CONFIRMATION_UNKNOWN: 409,
    ERR_CONFIRMATION_USED: 409,
    ERR_CONFIRMATION_EXPIRED: 409,
    ERR_CONFIRMATIONS_FULL: 429,
  });
  for (const [code, status] of statuses) {
    assert.equal(statusOf({ code, message: "", retryable: false }), status, code);
  }
});
