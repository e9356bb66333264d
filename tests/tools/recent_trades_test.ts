import assert from "node:assert/strict";
import { Markets } from "../../src/market/pairs.ts";
import { type Json, TestExchange } from "../support/exchange.ts";
import { answering, listedMarket } from "../support/scripted.ts";

const pair = "XBTZAR";
const HOUR_MS = 3_600_000;

/** Follows the cursors to the end; the sequences in the order in which they came, and the last answer. */
async function follow(exchange: TestExchange, args: Record<string, unknown>): Promise<{ rows: Json[]; last: Json }> {
  const rows: Json[] = [];
  for (let cursor: string | undefined, page = 0;; page++) {
    assert.ok(page < 100, "the cursors lead nowhere");
    const last = await exchange.answer("get_recent_trades", { pair, ...args, ...(cursor && { cursor }) });
    rows.push(...last.trades);
    cursor = last.next_cursor;
    if (cursor === undefined) return { rows, last };
  }
}

/** Every trade since a moment as the simulated exchange has them, newest first. */
async function allSince(exchange: TestExchange, sinceMs: number): Promise<number[]> {
  const found = new Map<number, number>();
  for (let since = sinceMs;;) {
    const { trades } = await exchange.client.call("listTrades", { pair, since }, { fresh: true });
    const known = found.size;
    for (const trade of trades) found.set(trade.sequence, trade.timestamp);
    if (found.size === known) return [...found.keys()].toSorted((one, other) => other - one);
    since = Math.max(...found.values());
  }
}

for (const limit of [37, 100]) {
  Deno.test(`get_recent_trades reaches every trade by cursor, ${limit} at a time, when the exchange returns the oldest`, async () => {
    await using exchange = await TestExchange.start({ tradesSince: "oldest" });
    const since = exchange.clock.now - 3 * HOUR_MS;
    const { rows, last } = await follow(exchange, { since, limit });
    const expected = await allSince(exchange, since);
    assert.ok(expected.length > 400, String(expected.length));
    assert.deepEqual(rows.map(({ sequence }) => sequence), expected);
    assert.deepEqual([last.next_cursor, last.complete_since], [undefined, undefined]);
  });
}

Deno.test("get_recent_trades without a moment reaches the trades of 24 hours when the exchange returns the oldest", async () => {
  await using exchange = await TestExchange.start({ tradesSince: "oldest" });
  const { rows, last } = await follow(exchange, { limit: 100 });
  const expected = await allSince(exchange, exchange.clock.now - 24 * HOUR_MS + 10_000);
  assert.ok(expected.length > 4_000, String(expected.length));
  assert.deepEqual(rows.map(({ sequence }) => sequence), expected);
  assert.equal(last.complete_since, undefined);
});

Deno.test("get_recent_trades says since when it is complete when the exchange returns only the newest", async () => {
  await using exchange = await TestExchange.start({ tradesSince: "newest" });
  const { rows, last } = await follow(exchange, { since: exchange.clock.now - 3 * HOUR_MS, limit: 40 });
  const { trades } = await exchange.client.call("listTrades", { pair });
  assert.deepEqual(rows.map(({ sequence }) => sequence), trades.map(({ sequence }) => sequence));
  assert.equal(Date.parse(last.complete_since), trades.at(-1)?.timestamp);
});

for (const tradesSince of ["oldest", "newest"] as const) {
  Deno.test(`get_recent_trades costs one request, and has no cursor, when all trades are among the newest (${tradesSince})`, async () => {
    await using exchange = await TestExchange.start({ tradesSince });
    const { trades } = await exchange.client.call("listTrades", { pair });
    const since = trades[30]?.timestamp ?? assert.fail();
    const before = exchange.client.status().budget.remaining;
    const answer = await exchange.answer("get_recent_trades", { pair, since, limit: 100 });
    assert.deepEqual([answer.trades.length, answer.next_cursor, answer.complete_since], [31, undefined, undefined]);
    assert.equal(before - exchange.client.status().budget.remaining, 2); // One for the list of markets.
  });

  Deno.test(`get_recent_trades ends in a market with few trades (${tradesSince})`, async () => {
    await using exchange = await TestExchange.start({ tradesSince });
    const quiet = await follow(exchange, { pair: "XBTUSDC", limit: 100 });
    assert.ok(quiet.rows.length > 0);
    if (tradesSince === "oldest") assert.equal(quiet.last.complete_since, undefined);
  });
}

Deno.test("get_recent_trades stops, and says where, at more trades of one millisecond than one answer can hold", async () => {
  const timestamp = Date.UTC(2026, 10, 22, 10);
  const all = Array.from({ length: 500 }, (_, index) => ({
    sequence: index + 1,
    timestamp: index < 400 ? timestamp : timestamp + index,
    price: "1",
    volume: "1",
    is_buy: true,
  }));
  await using server = answering({
    markets: { markets: [listedMarket("XBT", "ZAR")] },
    trades: (query) => {
      const since = Number(query.get("since") ?? 0);
      const from = all.filter((trade) => trade.timestamp >= since);
      return { trades: (since === 0 ? from.slice(-100) : from.slice(0, 100)).toReversed() };
    },
  });
  await using exchange = await TestExchange.start();
  exchange.clock.now = timestamp + 60_000;
  const context = exchange.connect({ url: server.url });
  const answer = await exchange.answer("get_recent_trades", { pair, limit: 100 }, {
    ...context,
    markets: new Markets(context.exchange),
  });
  const next = await exchange.answer("get_recent_trades", { pair, limit: 100, cursor: answer.next_cursor }, context);
  assert.deepEqual([answer.trades.length, next.trades.length, next.next_cursor], [100, 0, undefined]);
  assert.equal(Date.parse(next.complete_since), timestamp + 400);
});

Deno.test("get_recent_trades says in its own words that the exchange refuses a moment of more than a day ago", async () => {
  await using exchange = await TestExchange.start();
  const { code, message } = await exchange.refusal("get_recent_trades", {
    pair,
    since: exchange.clock.now - 25 * HOUR_MS,
  });
  assert.equal(code, "ERR_INVALID_ARGUMENT");
  assert.match(message, /since: expected a time of the last 24 hours: the exchange refuses an earlier one$/);
});
