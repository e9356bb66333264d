import assert from "node:assert/strict";
import { ExchangeClient } from "../../../src/exchange/client.ts";
import type { Exchange } from "../../../src/market/exchange_port.ts";
import type { Json } from "../../support/exchange.ts";
import { FaultyExchange } from "../../trading/faulty_exchange.ts";
import { PaperWorld } from "./paper_world.ts";

/** Currencies of a paper account beside the real account behind `upstream`, in the order in which they are listed. */
async function currenciesBeside(upstream: Pick<Exchange, "call">): Promise<string[]> {
  await using world = await PaperWorld.start({ upstream });
  const { balance } = await world.connect().call("getBalances", {});
  return balance.map(({ asset }) => asset);
}

Deno.test("paper accounts are listed in the real account's order, so that they are valued in its currency", async () => {
  await using real = new FaultyExchange();
  const before = (first: string) => {
    real.fault = ({ path }) => {
      if (path !== "/api/1/balance") return undefined;
      const change = ({ balance }: Json) => ({ balance: balance.filter(({ asset }: Json) => asset === first) });
      return { kind: "changed", change };
    };
  };
  before("MYR");
  const [malaysian] = await currenciesBeside(real.connect());
  before("ZAR");
  const [southAfrican, ...others] = await currenciesBeside(real.connect());
  assert.deepEqual([malaysian, southAfrican], ["MYR", "ZAR"]);
  assert.ok(others.includes("AUD") && others.includes("MYR"));
});

Deno.test("paper accounts are listed with rand first when there is no real account", async () => {
  await using real = new FaultyExchange();
  const client = new ExchangeClient({ url: real.url, credentials: undefined, wallClock: () => real.clock.now });
  const listed = await currenciesBeside(client);
  client.close();
  assert.equal(listed[0], "ZAR");
  assert.equal(new Set(listed).size, listed.length);
});
