import assert from "node:assert/strict";
import { ExchangeError } from "../../src/exchange/errors.ts";

Deno.test("ExchangeError defaults to promising nothing", () => {
  const error = new ExchangeError("Cannot read", { code: "ERR_EXCHANGE" });
  assert.ok(error instanceof Error);
  assert.deepEqual([error.name, error.retryable, error.outcome, error.suggestions], [
    "ExchangeError",
    false,
    "none",
    [],
  ]);
  assert.ok(!("cause" in error));
});
