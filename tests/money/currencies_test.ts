import assert from "node:assert/strict";
import { codeOf, decimalsOf, kindOf, labelOf, otherNamesOf } from "../../src/money/currencies.ts";
import { MARKETS } from "../../src/simulation/model/markets.ts";

Deno.test("decimalsOf() is two for every fiat currency and eight for everything else", () => {
  const states = "AUD EUR GBP IDR KES MYR NAD NGN SGD UGX USD ZAR ZMW".split(" ");
  assert.deepEqual(states.map(decimalsOf), states.map(() => 2));
  assert.deepEqual(["XBT", "USDT", "ZARU", "NEWCOIN"].map(decimalsOf), [8, 8, 8, 8]);
});

Deno.test("kindOf() distinguishes fiat currencies, stablecoins and the rest", () => {
  assert.deepEqual(["ZAR", "USDC", "XBT", "NEWCOIN"].map(kindOf), ["fiat", "stablecoin", "crypto", "crypto"]);
});

Deno.test("codeOf() accepts every other name of a currency, and a label is one of them", () => {
  for (const code of new Set(MARKETS.flatMap(({ base, counter }) => [base, counter]))) {
    for (const name of otherNamesOf(code)) assert.equal(codeOf(name), code);
    assert.equal(codeOf(labelOf(code)), code);
  }
  assert.deepEqual(["BITCOIN", "RAND", "WBTC"].map(codeOf), ["XBT", "ZAR", "WBTC"]);
});
