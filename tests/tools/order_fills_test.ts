import assert from "node:assert/strict";
import Big from "big.js";
import fc from "fast-check";
import type { UserTrade } from "../../src/exchange/order_schemas.ts";
import { readFills } from "../../src/tools/order_fills.ts";
import { TestExchange } from "../support/exchange.ts";

const ORDER = { orderId: "BXOWN00001", pair: "XBTZAR", createdMs: 1_000 };

function tradeOf(sequence: number, order_id: string): UserTrade {
  return {
    pair: "XBTZAR",
    sequence,
    order_id,
    client_order_id: "",
    type: "BID",
    is_buy: true,
    timestamp: 1_000 + sequence,
    price: "1000000",
    volume: "0.001",
    base: "0.001",
    counter: "1000",
    fee_base: "0",
    fee_counter: "0",
  };
}

/** The exchange's end of listtrades over rows that a test adds. */
async function wireOf(rows: readonly UserTrade[]) {
  const exchange = await TestExchange.start();
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
    const { searchParams } = new URL(request.url);
    const number = (name: string, absent: number) => Number(searchParams.get(name) ?? absent);
    const trades = rows.filter(({ sequence, timestamp }) =>
      timestamp >= number("since", 0) && sequence >= number("after_seq", 0)
    );
    return Response.json({ trades: trades.slice(0, number("limit", 100)) });
  });
  const context = exchange.connect({ url: `http://127.0.0.1:${server.addr.port}` });
  return {
    context,
    [Symbol.asyncDispose]: async () => {
      await server.shutdown();
      await exchange[Symbol.asyncDispose]();
    },
  };
}

/** Reads on until there is no more, and answers every trade. */
async function readAll(context: TestExchange["context"], filled: string, from?: string) {
  const sequences: number[] = [];
  let cursor = from;
  for (;;) {
    const { trades, next, hasMore } = await readFills(context, { ...ORDER, filled }, cursor);
    assert.ok(trades.length <= 200, `${trades.length}`);
    sequences.push(...trades.map(({ sequence }) => sequence));
    cursor = next;
    if (!hasMore) return { sequences, cursor };
  }
}

Deno.test("readFills() misses no trade and shows none twice, whatever else was traded and whenever it is read", async () => {
  const steps = fc.array(
    fc.record({ others: fc.integer({ min: 0, max: 2_500 }), own: fc.integer({ min: 1, max: 450 }) }),
    { minLength: 1, maxLength: 4 },
  );
  const rows: UserTrade[] = [];
  await using wire = await wireOf(rows);
  await fc.assert(
    fc.asyncProperty(steps, async (steps) => {
      rows.length = 0;
      let own = 0;
      let cursor: string | undefined;
      const seen: number[] = [];
      for (const step of steps) {
        for (let each = 0; each < step.others; each++) rows.push(tradeOf(rows.length + 1, "BXOTHER001"));
        for (let each = 0; each < step.own; each++) rows.push(tradeOf(rows.length + 1, ORDER.orderId));
        own += step.own;
        const read = await readAll(wire.context, new Big(own).times("0.001").toFixed(), cursor);
        cursor = read.cursor;
        seen.push(...read.sequences);
      }
      assert.deepEqual(
        seen,
        rows.filter(({ order_id }) => order_id === ORDER.orderId).map(({ sequence }) => sequence),
      );
    }),
    { numRuns: 15 },
  );
});
