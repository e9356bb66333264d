import assert from "node:assert/strict";
import Big from "big.js";
import { findMarket, MARKETS } from "../../../src/simulation/model/markets.ts";

const EXPECTED =
  "XBTZAR ETHZAR XRPZAR SOLZAR LTCZAR BCHZAR USDTZAR USDCZAR USDTZARU XBTUSDT ETHUSDT SOLUSDT XRPUSDT XBTUSDC " +
  "ETHXBT LTCXBT BCHXBT XBTMYR ETHMYR XBTNGN ETHNGN XBTEUR ETHAUD";

Deno.test("MARKETS lists every market once, under the joined codes of its currencies", () => {
  const ids = MARKETS.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  assert.deepEqual(EXPECTED.split(" ").filter((id) => !ids.includes(id)), []);
  for (const { id, base, counter } of MARKETS) assert.equal(id, base + counter);
});

Deno.test("MARKETS has a suspended and a post-only market beside the active ones", () => {
  assert.equal(findMarket("ETHAUD")?.status, "SUSPENDED");
  assert.equal(MARKETS.filter(({ status }) => status === "POST_ONLY").length, 1);
  assert.ok(MARKETS.filter(({ status }) => status === "ACTIVE").length >= 16);
});

for (const market of MARKETS) {
  Deno.test(`${market.id} has limits that fit its scales and include its typical price`, () => {
    const { minPrice, typicalPrice, maxPrice, minVolume, maxVolume, priceScale, volumeScale } = market;
    for (const price of [minPrice, typicalPrice, maxPrice]) assertFits(price, priceScale);
    for (const volume of [minVolume, maxVolume]) assertFits(volume, volumeScale);
    assert.ok(new Big(minPrice).lt(typicalPrice) && new Big(typicalPrice).lt(maxPrice));
    assert.ok(new Big(minVolume).gt(0) && new Big(minVolume).lt(maxVolume));
    const largestOrder = new Big(maxVolume).times(`1e${volumeScale}`).toNumber();
    assert.ok(Number.isSafeInteger(largestOrder));
  });
}

Deno.test("MARKETS charges the published first tier of each country", () => {
  const fees = (id: string) => [findMarket(id)?.makerFee, findMarket(id)?.takerFee];
  assert.deepEqual(fees("XBTZAR"), ["0.004", "0.006"]);
  assert.deepEqual(fees("USDTZAR"), ["-0.0001", "0.002"]);
  assert.deepEqual(fees("XBTUSDT"), ["0.0008", "0.001"]);
  assert.deepEqual(fees("XBTMYR"), ["0.0035", "0.006"]);
  assert.deepEqual(fees("XBTNGN"), ["0.001", "0.001"]);
});

Deno.test("MARKETS has the scales and typical prices seen on the exchange", () => {
  const { priceScale, volumeScale, feeScale, minVolume } = findMarket("XBTUSDT") ?? assert.fail("not listed");
  assert.deepEqual({ priceScale, volumeScale, feeScale, minVolume }, {
    priceScale: 4,
    volumeScale: 4,
    feeScale: 8,
    minVolume: "0.0005",
  });
  assert.equal(findMarket("XBTUSDT")?.typicalPrice, "86620.0000");
  assert.equal(findMarket("XBTZAR")?.typicalPrice, "1405028");
});

Deno.test("findMarket() accepts no other spelling of a market", () => {
  assert.equal(findMarket("XBTZAR")?.id, "XBTZAR");
  for (const id of ["xbtzar", "BTCZAR", "XBT/ZAR", "", "__proto__"]) assert.equal(findMarket(id), undefined);
});

function assertFits(decimal: string, scale: number): void {
  const steps = new Big(decimal).times(`1e${scale}`);
  assert.ok(steps.eq(steps.round(0)), `${decimal} has more than ${scale} decimals`);
}
