import assert from "node:assert/strict";
import Big from "big.js";
import fc from "fast-check";
import type { Side } from "../../../src/exchange/stream/book_side.ts";
import type { Snapshot, TradeUpdate, Update } from "../../../src/exchange/stream/market_frames.ts";
import { writeSnapshot } from "../../../src/exchange/stream/book_snapshot.ts";
import { readMarketFrame } from "../../../src/exchange/stream/market_frames.ts";
import { buildBookAtOnce, type OrderBook } from "../../../src/exchange/stream/order_book.ts";
import { formatDecimal } from "../../../src/money/decimals.ts";

const EXAMPLES = new URL("../../../../shared/luno-api/examples/", import.meta.url);

interface Resting {
  readonly id: string;
  readonly side: Side;
  readonly price: string;
  readonly volume: string;
}

/** The slow and obvious book: a list of orders in order of arrival. */
class ListedBook {
  orders: Resting[] = [];
  sequence = 4_530_030_190n;

  of(side: Side): Resting[] {
    const sign = side === "bid" ? -1 : 1;
    return this.orders.filter((order) => order.side === side)
      .toSorted((a, b) => sign * new Big(a.price).cmp(new Big(b.price)));
  }

  get snapshot(): Snapshot {
    const wire = (side: Side) => this.of(side).map(({ id, price, volume }) => ({ id, price, volume }));
    return {
      kind: "snapshot",
      sequence: this.sequence,
      asks: wire("ask"),
      bids: wire("bid"),
      status: "ACTIVE",
      timestamp: 1_790_127_197_639,
    };
  }
}

const next = (book: { readonly sequence: bigint }, change: Partial<Update>): Update => ({
  kind: "update",
  sequence: book.sequence + 1n,
  trades: [],
  created: null,
  deleted: null,
  status: null,
  timestamp: 1_790_127_201_650,
  ...change,
});

function open(snapshot: Snapshot): OrderBook {
  const built = buildBookAtOnce(snapshot);
  assert.ok(built.ok, JSON.stringify(built, (_, value) => typeof value === "bigint" ? String(value) : value));
  return built.book;
}

function shown(book: OrderBook): unknown {
  const side = (name: Side) => ({ orders: book.orders(name), levels: book.top(name, 1_000), best: book.best(name) });
  return { sequence: book.sequence, size: book.size, bid: side("bid"), ask: side("ask") };
}

/** A step of a life: what is drawn is fitted to the book of the moment, so that every step is a possible one. */
const step = fc.record({
  kind: fc.constantFrom("create", "create", "create", "delete", "trade", "sweep", "empty", "delete_unknown"),
  side: fc.constantFrom<Side>("bid", "ask"),
  ticks: fc.integer({ min: 0, max: 12 }),
  lots: fc.integer({ min: 1, max: 50_000 }),
  pick: fc.nat(),
  places: fc.constantFrom(2, 8, 18),
});

/** Bids rest from 987 to 999 and asks from 1001 to 1013, written with as many places as the exchange may write. */
function draw(
  listed: ListedBook,
  { kind, side, ticks, lots, pick, places }: typeof step extends fc.Arbitrary<infer T> ? T : never,
): Partial<Update> {
  const of = listed.of(side);
  const chosen = of[pick % Math.max(1, of.length)];
  switch (kind) {
    case "create": {
      const price = new Big(side === "bid" ? 999 - ticks : 1001 + ticks).plus("0.05").toFixed(places);
      const order = { id: `BX${listed.sequence}`, side, price, volume: new Big(lots).div(10_000).toFixed(places + 2) };
      listed.orders.push(order);
      return { created: order };
    }
    case "delete":
      if (chosen === undefined) return {};
      listed.orders = listed.orders.filter((order) => order !== chosen);
      return { deleted: chosen.id };
    case "delete_unknown":
      return { deleted: "BXUNKNOWN" };
    case "trade":
    case "sweep": {
      const count = kind === "trade" ? 1 : Math.min(of.length, 1 + pick % 4);
      const trades = of.slice(0, count).map((maker, index): TradeUpdate => {
        const isWhole = index < count - 1;
        const base = isWhole ? new Big(maker.volume) : new Big(maker.volume).times(1 + lots % 4).div(4);
        const rest = new Big(maker.volume).minus(base);
        listed.orders = listed.orders.flatMap((order) =>
          order !== maker ? [order] : rest.eq(0) ? [] : [{ ...order, volume: rest.toFixed() }]
        );
        return { sequence: BigInt(index + 1), makerId: maker.id, base: base.toFixed() };
      });
      return { trades };
    }
    default:
      return {};
  }
}

Deno.test("OrderBook equals, after any updates, the snapshot of that moment", () => {
  fc.assert(fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
    const listed = new ListedBook();
    const book = open(listed.snapshot);
    for (const each of steps) {
      const applied = book.apply(next(listed, draw(listed, each)));
      assert.ok(applied.ok, applied.ok ? "" : applied.problem);
      listed.sequence += 1n;
      assert.deepEqual(shown(book), shown(open(listed.snapshot)));
    }
  }));
});

Deno.test("writeSnapshot() writes a book that reads back as the same one, and stays equal under later updates", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.array(step, { maxLength: 20 }), async (before, after) => {
      const listed = new ListedBook();
      const book = open(listed.snapshot);
      const move = (each: (typeof before)[number]): Update => {
        const update = next(listed, draw(listed, each));
        listed.sequence += 1n;
        return update;
      };
      for (const each of before) assert.ok(book.apply(move(each)).ok);
      const frame = readMarketFrame(await writeSnapshot(book.copy()));
      const other = open(frame.kind === "snapshot" ? frame : assert.fail(frame.kind));
      assert.deepEqual([other.timestamp, other.status], [book.timestamp, book.status]);
      for (const update of after.map(move)) {
        assert.deepEqual(other.apply(update), book.apply(update));
        assert.deepEqual(shown(other), shown(book));
      }
      assert.deepEqual(shown(other), shown(open(listed.snapshot)));
    }),
  );
});

Deno.test("writeSnapshot() writes the book of the moment at which it was copied, whatever happens to it meanwhile", async () => {
  const asks = Array.from(
    { length: 5_000 },
    (_each, place) => ({ ...ASK, id: `BX${place}`, price: `${3_000 + place}` }),
  );
  const book = open({ ...SNAPSHOT, asks });
  const before = shown(book);
  const writing = writeSnapshot(book.copy());
  assert.ok(book.apply(next(SNAPSHOT, { deleted: "BX4000", trades: [trade("BX0", "0.2")] })).ok);
  const frame = readMarketFrame(await writing);
  assert.deepEqual(shown(open(frame.kind === "snapshot" ? frame : assert.fail())), before);
});

Deno.test("OrderBook sums each level from its orders, exactly", () => {
  fc.assert(fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
    const listed = new ListedBook();
    const book = open(listed.snapshot);
    for (const each of steps) {
      assert.ok(book.apply(next(listed, draw(listed, each))).ok);
      listed.sequence += 1n;
    }
    for (const side of ["bid", "ask"] as const) {
      const sums = Map.groupBy(listed.of(side), ({ price }) => formatDecimal(new Big(price)));
      const levels = [...sums].map(([price, orders]) => ({
        price,
        volume: formatDecimal(orders.reduce((sum, { volume }) => sum.plus(volume), new Big(0))),
      }));
      assert.deepEqual(book.top(side, 1_000), levels);
      assert.equal(book.levels(side), levels.length);
    }
  }));
});

const ASK = { id: "BXASK", price: "2765.00", volume: "0.5" };
const BID = { id: "BXBID", price: "2762.00", volume: "0.026792" };
const SNAPSHOT: Snapshot = {
  kind: "snapshot",
  sequence: 7n,
  asks: [ASK],
  bids: [BID],
  status: "ACTIVE",
  timestamp: 1,
};

const trade = (makerId: string, base: string): TradeUpdate => ({ sequence: 1n, makerId, base });

for (
  const [name, change, problem] of [
    ["a sequence is missing", { sequence: 9n }, "gap"],
    ["a sequence comes again", { sequence: 7n }, "sequence_back"],
    ["a sequence goes back", { sequence: 3n }, "sequence_back"],
    ["a trade has an unknown maker", { trades: [trade("BXNOBODY", "0.1")] }, "unknown_maker"],
    ["a trade leaves a level below zero", { trades: [trade("BXBID", "0.026793")] }, "negative_volume"],
    ["two trades leave a level below zero", {
      trades: [trade("BXBID", "0.02"), trade("BXBID", "0.01")],
    }, "negative_volume"],
    ["a trade's volume is no decimal", { trades: [trade("BXBID", "1e-3")] }, "unreadable_order"],
    ["a new order has a known id", { created: { ...BID, side: "bid" as const } }, "duplicate_order"],
    [
      "a new order crosses the book",
      { created: { ...BID, id: "BX2", price: "2765", side: "bid" as const } },
      "crossed",
    ],
    [
      "a new order has no volume",
      { created: { ...BID, id: "BX2", volume: "0.00", side: "bid" as const } },
      "unreadable_order",
    ],
    ["a new order has a negative price", {
      created: { ...BID, id: "BX2", price: "-1", side: "bid" as const },
    }, "unreadable_order"],
  ] as const
) {
  Deno.test(`OrderBook.apply() refuses an update when ${name}`, () => {
    assert.deepEqual(open(SNAPSHOT).apply(next(SNAPSHOT, change)), { ok: false, problem });
  });
}

for (
  const [name, change, problem] of [
    ["crossed", { bids: [{ ...BID, price: "2765.00" }] }, "crossed"],
    ["one with an id twice", { bids: [BID, BID] }, "duplicate_order"],
    ["one with something that is no order", { asks: [null] }, "unreadable_order"],
    ["one with a volume below zero", { asks: [{ ...ASK, volume: "-0.5" }] }, "unreadable_order"],
  ] as const
) {
  Deno.test(`buildBook() refuses a snapshot that is ${name}`, () => {
    assert.deepEqual(buildBookAtOnce({ ...SNAPSHOT, ...change }), { ok: false, problem });
  });
}

Deno.test("buildBook() sorts a snapshot that arrives unsorted", () => {
  const prices = ["2", "10", "1", "10.0", "3.50"];
  const bids = prices.map((price, place) => ({ id: `BX${place}`, price, volume: "1" }));
  const book = open({ ...SNAPSHOT, asks: [], bids });
  assert.deepEqual(book.top("bid", 3), [
    { price: "10", volume: "2" },
    { price: "3.5", volume: "1" },
    { price: "2", volume: "1" },
  ]);
});

Deno.test("OrderBook keeps 18 decimals, and sequences beyond 2^53", () => {
  const volume = "123456789012.000000000000000001";
  const book = open({ ...SNAPSHOT, sequence: 9_007_199_254_740_993n, asks: [{ ...ASK, volume }] });
  const update = next(book, {
    trades: [{ sequence: 9_007_199_254_740_995n, makerId: "BXASK", base: "0.000000000000000001" }],
  });
  const applied = book.apply(update);
  assert.ok(applied.ok);
  assert.deepEqual(applied.trades, [{
    sequence: 9_007_199_254_740_995n,
    timestamp: 1_790_127_201_650,
    isBuy: true,
    price: "2765",
    volume: "0.000000000000000001",
  }]);
  assert.deepEqual(book.top("ask", 1), [{ price: "2765", volume: "123456789012" }]);
  assert.equal(book.sequence, 9_007_199_254_740_994n);
});

Deno.test("readMarketFrame() keeps an unquoted trade sequence beyond 2^53 exact", () => {
  const frame = readMarketFrame(
    `{"sequence":"9007199254740993","trade_updates":[{"sequence":9007199254740993,"base":"1","maker_order_id":"BX"}],` +
      `"create_update":null,"delete_update":null,"status_update":null,"timestamp":1}`,
  );
  assert.ok(frame.kind === "update");
  assert.equal(frame.trades[0]?.sequence, 9_007_199_254_740_993n);
  assert.equal(frame.sequence, 9_007_199_254_740_993n);
});

/** Reads an example of a whole session, and applies its updates to the book of its snapshot. */
function replay(name: string) {
  const { frames, ...session } = JSON.parse(Deno.readTextFileSync(new URL(`${name}.json`, EXAMPLES)));
  const [first, ...rest] = frames.map((frame: unknown) => readMarketFrame(JSON.stringify(frame)));
  const book = open(first);
  const updates: Update[] = rest.filter(({ kind }: { kind: string }) => kind === "update");
  return { book, session, applied: updates.map((update) => book.apply(update)) };
}

Deno.test("OrderBook replays the reference session to its final book", () => {
  const { book, session: { book_after_last_frame: expected, trades_seen }, applied } = replay("stream-market-session");
  const plain = (orders: { price: string; volume: string }[]) =>
    orders.map(({ price, volume }) => ({
      price: formatDecimal(new Big(price)),
      volume: formatDecimal(new Big(volume)),
    }));
  assert.deepEqual(book.orders("ask"), plain(expected.asks));
  assert.deepEqual(book.orders("bid"), plain(expected.bids));
  assert.equal(String(book.sequence), expected.sequence);
  assert.equal(book.status, expected.status);
  assert.ok(applied.every(({ ok }) => ok));
  const trades = applied.flatMap((each) => each.ok ? each.trades : []);
  assert.deepEqual(trades.map(({ sequence }) => Number(sequence)), trades_seen);
});

Deno.test("OrderBook replays the reference session to its gap", () => {
  const { applied } = replay("stream-market-session.gap");
  assert.deepEqual(applied.filter(({ ok }) => !ok), [{ ok: false, problem: "gap" }]);
});

Deno.test("OrderBook counts updates without content, and those with null trades", () => {
  const book = open({ ...SNAPSHOT, sequence: 24_352n });
  const text = Deno.readTextFileSync(new URL("stream-market-update-null-trades.json", EXAMPLES));
  const update = readMarketFrame(text);
  assert.ok(update.kind === "update" && book.apply(update).ok);
  assert.equal(book.sequence, 24_353n);
});

Deno.test("OrderBook applies a change of status", () => {
  const book = open({ ...SNAPSHOT, sequence: 74_538_172n });
  const update = readMarketFrame(Deno.readTextFileSync(new URL("stream-market-update-status.json", EXAMPLES)));
  assert.ok(update.kind === "update" && book.apply(update).ok);
  assert.equal(book.status, "POSTONLY");
});
