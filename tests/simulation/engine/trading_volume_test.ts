import assert from "node:assert/strict";
import Big from "big.js";
import { findMarket } from "../../../src/simulation/model/markets.ts";
import type { UserTrade } from "../../../src/simulation/engine/orders.ts";
import { thirtyDayVolume } from "../../../src/simulation/engine/trading_volume.ts";

const market = findMarket("XBTZAR") ?? assert.fail("XBTZAR is not listed");
const other = findMarket("ETHZAR") ?? assert.fail("ETHZAR is not listed");
const NOON = Date.UTC(2026, 10, 22, 12);
const MIDNIGHT = Date.UTC(2026, 10, 22);

function fill(timestamp: number, counter: string, where = market): UserTrade {
  return {
    market: where,
    sequence: 1,
    orderId: "BX1",
    clientOrderId: "",
    side: "BUY",
    isBuy: true,
    timestamp,
    price: 1,
    volume: 1,
    counter: new Big(counter),
    feeBase: new Big(0),
    feeCounter: new Big(0),
  };
}

Deno.test("thirtyDayVolume() sums the counter amounts of one market in the thirty days before midnight", () => {
  const firstMs = Date.UTC(2026, 9, 23);
  const trades = [
    fill(firstMs - 1, "1"),
    fill(firstMs, "20.5"),
    fill(MIDNIGHT - 1, "300"),
    fill(MIDNIGHT, "4000"),
    fill(MIDNIGHT - 1, "50000", other),
  ];
  assert.equal(thirtyDayVolume(trades, { market, nowMs: NOON }).toFixed(), "320.5");
  assert.equal(thirtyDayVolume(trades, { market, nowMs: MIDNIGHT + 86_400_000 }).toFixed(), "4300");
  assert.equal(thirtyDayVolume([], { market, nowMs: NOON }).toFixed(), "0");
});
