import assert from "node:assert/strict";
import type { Client } from "@modelcontextprotocol/client";
import { TestExchange } from "../support/exchange.ts";
import { connectClient } from "./connections.ts";

async function completed(client: Client, argument: string, value: string, name = "pre_trade_check"): Promise<string[]> {
  const ref = { type: "ref/prompt", name } as const;
  return (await client.complete({ ref, argument: { name: argument, value } })).completion.values;
}

Deno.test("pairs are completed from the spellings that people use", async () => {
  await using exchange = await TestExchange.start();
  await using client = await connectClient(exchange.context);
  const bitcoin = ["XBTEUR", "XBTMYR", "XBTNGN", "XBTUSDC", "XBTUSDT", "XBTZAR"];
  assert.deepEqual(await completed(client, "pair", "XBT"), bitcoin);
  assert.deepEqual(await completed(client, "pair", "btc/"), bitcoin);
  assert.deepEqual(await completed(client, "pair", "btc-usd"), ["XBTUSDC", "XBTUSDT"]);
  assert.deepEqual(await completed(client, "pair", "nothing"), []);
});

Deno.test("currencies and sides are completed, other arguments are not", async () => {
  await using exchange = await TestExchange.start();
  await using client = await connectClient(exchange.context);
  assert.deepEqual(await completed(client, "value_in", "za", "portfolio_review"), ["ZAR", "ZARU"]);
  assert.deepEqual(await completed(client, "side", ""), ["BUY", "SELL"]);
  assert.deepEqual(await completed(client, "volume", "0"), []);
});

Deno.test("account ids are completed with a key; without a key or an exchange nothing is suggested", async () => {
  await using exchange = await TestExchange.start();
  const { accounts: [account] } = await exchange.answer("get_accounts");
  const request = {
    ref: { type: "ref/resource", uri: "luno://accounts/{id}" },
    argument: { name: "id", value: account.account_id.slice(0, 8) },
  } as const;
  await using client = await connectClient(exchange.context);
  assert.deepEqual((await client.complete(request)).completion.values, [account.account_id]);
  await using stranger = await connectClient(exchange.connect({ key: null }));
  assert.deepEqual((await stranger.complete(request)).completion.values, []);
  await using lost = await connectClient(exchange.connect({ url: "http://127.0.0.1:1" }));
  assert.deepEqual((await lost.complete(request)).completion.values, []);
  assert.deepEqual(await completed(lost, "pair", "XBT"), []);
});

Deno.test("pairs are completed in the addresses of markets", async () => {
  await using exchange = await TestExchange.start();
  await using client = await connectClient(exchange.context);
  for (const kind of ["ticker", "orderbook", "trades", "candles"]) {
    const ref = { type: "ref/resource", uri: `luno://market/{pair}/${kind}` } as const;
    const { completion } = await client.complete({ ref, argument: { name: "pair", value: "btczar" } });
    assert.deepEqual(completion.values, ["XBTZAR"]);
  }
});

Deno.test("completion refuses an unknown prompt or template, and suggests nothing for a resource", async () => {
  await using exchange = await TestExchange.start();
  await using client = await connectClient(exchange.context);
  const argument = { name: "pair", value: "" };
  for (const name of ["no_such", "__proto__", "constructor", ""]) {
    const complete = client.complete({ ref: { type: "ref/prompt", name }, argument });
    await assert.rejects(complete, { code: -32602, message: `Unknown prompt: ${JSON.stringify(name)}` });
  }
  for (const uri of ["luno://market/{pair}", "__proto__", "constructor", "luno://no/such"]) {
    const complete = client.complete({ ref: { type: "ref/resource", uri }, argument });
    await assert.rejects(complete, { code: -32602, message: `Unknown resource template: ${JSON.stringify(uri)}` });
  }
  for (const uri of ["luno://config", "luno://market/XBTZAR/ticker"]) {
    assert.deepEqual((await client.complete({ ref: { type: "ref/resource", uri }, argument })).completion.values, []);
  }
});
