import assert from "node:assert/strict";
import { Markets } from "../../src/market/pairs.ts";
import { connect, failureOf } from "../exchange/clients.ts";
import { FakeClock } from "../exchange/fake_clock.ts";
import { http, type RawConnection } from "../exchange/raw_server.ts";

function listOf(...bases: string[]): string {
  const markets = bases.map((base) => ({
    market_id: `${base}ZAR`,
    trading_status: "ACTIVE",
    base_currency: base,
    counter_currency: "ZAR",
    min_volume: "0.0005",
    max_volume: "100.00",
    volume_scale: 4,
    min_price: "1.00",
    max_price: "1000000.00",
    price_scale: 0,
    fee_scale: 8,
  }));
  return http(200, JSON.stringify({ markets }));
}

function setup(answer: (connection: RawConnection) => unknown) {
  const clock = new FakeClock();
  const connected = connect((_, connection) => answer(connection));
  return { clock, connected, markets: new Markets(connected.client, { ...clock, ttlMs: 600_000 }) };
}

Deno.test("Markets.resolve() returns the market of a pair in any spelling", async () => {
  const { connected, markets } = setup((connection) => connection.write(listOf("XBT", "ETH")));
  await using _ = connected;
  assert.equal((await markets.resolve("btc/zar")).market_id, "XBTZAR");
  assert.equal(await markets.resolveCurrency("bitcoin"), "XBT");
});

Deno.test("Markets.peek() returns the market of a pair only while a list is in memory and valid, and reads none", async () => {
  const { clock, connected, markets } = setup((connection) => connection.write(listOf("XBT")));
  await using _ = connected;
  assert.equal(markets.peek("btc/zar"), undefined);
  assert.equal(connected.server.requests.length, 0);
  await markets.list();
  assert.equal(markets.peek("btc/zar"), await markets.resolve("XBTZAR"));
  assert.equal(markets.peek("nothing"), undefined);
  clock.jump(600_000);
  assert.equal(markets.peek("btc/zar"), undefined);
});

Deno.test("Markets.resolve() throws ERR_PAIR_UNKNOWN with the nearest pairs", async () => {
  const { connected, markets } = setup((connection) => connection.write(listOf("XBT", "ETH")));
  await using _ = connected;
  const pair = await failureOf(markets.resolve("ZAR\u001b/BTC"));
  assert.deepEqual([pair.code, pair.suggestions[0]], ["ERR_PAIR_UNKNOWN", "XBTZAR"]);
  assert.match(pair.message, /^Cannot find pair "ZAR\\u001b\/BTC" as no market has it: nearest are XBTZAR/);
  const currency = await failureOf(markets.resolveCurrency("QQQQQQQ"));
  assert.deepEqual([currency.code, currency.suggestions], ["ERR_CURRENCY_UNKNOWN", []]);
});

Deno.test("Markets.list() reads once for many callers, and again only when the list is old", async () => {
  const { clock, connected, markets } = setup((connection) => connection.write(listOf("XBT")));
  await using _ = connected;
  await Promise.all([markets.list(), markets.list(), markets.resolve("XBTZAR")]);
  await clock.advance(599_999);
  await markets.list();
  assert.equal(connected.server.requests.length, 1);
  await clock.advance(1);
  await markets.list();
  assert.equal(connected.server.requests.length, 2);
});

Deno.test("Markets.list() lets one caller abort without affecting the others", async () => {
  const caller = new AbortController();
  const { connected, markets } = setup(async (connection) => {
    caller.abort();
    await connection.write(listOf("XBT"));
  });
  await using _ = connected;
  const [gaveUp, stayed] = await Promise.all([failureOf(markets.list({ signal: caller.signal })), markets.list()]);
  assert.equal(gaveUp.code, "ERR_CANCELLED");
  assert.equal(stayed.length, 1);
  assert.equal((await failureOf(markets.list({ signal: caller.signal }))).code, "ERR_CANCELLED");
  assert.equal(connected.server.requests.length, 1);
});

Deno.test("Markets.list() returns the old list while the exchange fails, and retries a little later", async () => {
  let answer = listOf("XBT");
  const { clock, connected, markets } = setup((connection) => connection.write(answer));
  await using _ = connected;
  await markets.list();
  answer = http(400, "");
  await clock.advance(600_000);
  assert.equal((await markets.list()).length, 1);
  await markets.list();
  assert.equal(connected.server.requests.length, 2);
  answer = listOf("XBT", "ETH");
  await clock.advance(15_000);
  assert.equal((await markets.list()).length, 2);
});

Deno.test("Markets.list() throws while it has never had a list, and retries at the next call", async () => {
  let answer = http(400, "");
  const { connected, markets } = setup((connection) => connection.write(answer));
  await using _ = connected;
  assert.equal((await failureOf(markets.list())).code, "ERR_EXCHANGE");
  answer = listOf();
  assert.deepEqual(await markets.list(), []);
  answer = listOf("XBT");
  assert.equal((await markets.list()).length, 1);
});

Deno.test("Markets.list() returns the old list after a second while the exchange is silent, and the new one once it is there", async () => {
  const silent = Promise.withResolvers<RawConnection>();
  const { clock, connected, markets } = setup((connection) => {
    if (connected.server.requests.length > 1) return silent.resolve(connection);
    return connection.write(listOf("XBT"));
  });
  await using _ = connected;
  await markets.list();
  await clock.advance(600_000);
  const waiting = markets.list();
  await clock.advance(1_000);
  assert.equal((await waiting).length, 1);
  assert.equal(markets.isLapsed, true);
  // Nobody waits for it a second time.
  assert.equal((await markets.list()).length, 1);
  await (await silent.promise).write(listOf("XBT", "ETH"));
  await clock.advance(15_000);
  assert.equal((await markets.list()).length, 2);
  assert.equal(markets.isLapsed, false);
  assert.equal(connected.server.requests.length, 2);
});
