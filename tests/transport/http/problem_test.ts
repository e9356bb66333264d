import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { statusOf } from "../../../src/transport/http/problem.ts";

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
    assert.equal(statusOf({ code }), status, code);
  }
});

/** Codes of our own faults, and of the record's library, which never reach a caller by these names. */
const NOT_TOLD = ["ERR_INTERNAL", "ERR_SQLITE_ERROR", "ERR_TRADING_STORE"];

Deno.test("statusOf() has a status for every code of trading, of tools and of the exchange: none is 500 by default", async () => {
  const codes = new Set<string>();
  for (const folder of ["trading", "tools", "exchange", "protocol", "market", "simulation/paper"]) {
    for (const path of readdirSync(`src/${folder}`, { recursive: true, encoding: "utf8" })) {
      if (!path.endsWith(".ts")) continue;
      const text = await Deno.readTextFile(`src/${folder}/${path}`);
      for (const [, code = ""] of text.matchAll(/\b(ERR_[A-Z_]*[A-Z])\b(?!_)/g)) codes.add(code);
    }
  }
  assert.ok(codes.size > 60, `${codes.size} codes were found`);
  const told = [...codes].filter((code) => !NOT_TOLD.includes(code));
  assert.deepEqual(told.filter((code) => statusOf({ code }) === 500), []);
});
