import assert from "node:assert/strict";
import { join } from "node:path";
import { MIGRATIONS } from "../../../src/simulation/paper/paper_schema.ts";
import { PAPER_FILE, PaperStore } from "../../../src/simulation/paper/paper_store.ts";
import { openDatabase } from "../../../src/state/sqlite.ts";
import type { BookSide } from "../../../src/simulation/paper/taken_liquidity.ts";

const MARKET = { id: "XBTZAR", priceScale: 0, volumeScale: 4 };
const ASKS: BookSide = { identity: "local", market: MARKET, side: "SELL" };
const NOW = 1_800_000_000_000;
const FIVE_MINUTES_MS = 300_000;

function withStore(body: (store: PaperStore, reopen: () => PaperStore) => void): void {
  const folder = Deno.makeTempDirSync();
  let store = PaperStore.open(folder);
  try {
    body(store, () => {
      store.close();
      return store = PaperStore.open(folder);
    });
  } finally {
    store.close();
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("TakenLiquidity keeps what was taken from a level until the level is gone", () =>
  withStore(({ taken }) => {
    taken.take(ASKS, { price: 100, volume: 30 }, NOW);
    taken.take(ASKS, { price: 100, volume: 20 }, NOW);
    const left = (volume: number) => {
      const levels = [{ price: 100, volume }, { price: 101, volume: 5 }];
      taken.see(ASKS, levels, NOW);
      return taken.remaining(ASKS, levels, NOW)[0];
    };
    assert.deepEqual(left(80), { price: 100, volume: 30 });
    assert.deepEqual(left(50), { price: 101, volume: 5 });
    assert.deepEqual(left(10), { price: 101, volume: 5 });
    assert.deepEqual(left(25), { price: 100, volume: 15 }, "what came after the level shrank is new");
    taken.see(ASKS, [], NOW);
    assert.deepEqual(left(25), { price: 100, volume: 25 });
  }));

Deno.test("TakenLiquidity remembers what lies behind the last level that is shown", () =>
  withStore(({ taken }) => {
    const at200 = [{ price: 200, volume: 30 }];
    taken.take(ASKS, { price: 200, volume: 30 }, NOW);
    taken.see(ASKS, [{ price: 100, volume: 5 }], NOW);
    assert.deepEqual(taken.remaining(ASKS, at200, NOW), []);
    taken.see(ASKS, [{ price: 300, volume: 5 }], NOW);
    assert.deepEqual(taken.remaining(ASKS, at200, NOW), at200);
  }));

Deno.test("TakenLiquidity forgets after five minutes, and what a clock that was set back has left behind", () =>
  withStore(({ taken }) => {
    const level = { price: 100, volume: 30 };
    taken.take(ASKS, level, NOW);
    assert.deepEqual(taken.remaining(ASKS, [level], NOW + FIVE_MINUTES_MS - 1), []);
    assert.deepEqual(taken.remaining(ASKS, [level], NOW + FIVE_MINUTES_MS), [level]);
    assert.deepEqual(taken.remaining(ASKS, [level], NOW - 1), [level]);
  }));

Deno.test("TakenLiquidity outlives the program", () =>
  withStore((store, reopen) => {
    const level = { price: 100, volume: 30 };
    store.taken.take(ASKS, level, NOW);
    assert.deepEqual(reopen().taken.remaining(ASKS, [level], NOW + 1), []);
  }));

Deno.test("TakenLiquidity.clear() forgets what one identity took, and keeps sides and identities apart", () =>
  withStore(({ taken }) => {
    const levels = [{ price: 100, volume: 30 }];
    const other = { ...ASKS, identity: "local 2" };
    for (const side of [ASKS, other]) taken.take(side, { price: 100, volume: 30 }, NOW);
    assert.deepEqual(taken.remaining({ ...ASKS, side: "BUY" }, levels, NOW), levels);
    assert.deepEqual(taken.remaining({ ...ASKS, market: { ...MARKET, volumeScale: 5 } }, levels, NOW), levels);
    taken.clear("local");
    assert.deepEqual([taken.remaining(ASKS, levels, NOW), taken.remaining(other, levels, NOW)], [levels, []]);
    taken.clear();
    assert.deepEqual(taken.remaining(other, levels, NOW), levels);
  }));

Deno.test("TakenLiquidity remembers at most 20,000 levels, and forgets the oldest first", () =>
  withStore((store) => {
    const level = (price: number) => ({ price, volume: 1 });
    store.transact(() => {
      for (let price = 1; price <= 20_001; price++) store.taken.take(ASKS, level(price), NOW + price);
    });
    const left = store.taken.remaining(ASKS, [level(1), level(2), level(20_001)], NOW + 20_001);
    assert.deepEqual(left, [level(1)]);
  }));

Deno.test("TakenLiquidity counts what an earlier version remembered", () => {
  const folder = Deno.makeTempDirSync();
  const database = openDatabase(join(folder, PAPER_FILE), { migrations: MIGRATIONS.slice(0, 3) });
  database.prepare(`
    INSERT INTO taken WITH RECURSIVE level (price) AS (SELECT 1 UNION ALL SELECT price + 1 FROM level WHERE price < 20000)
    SELECT 'local', 'XBTZAR', 0, 4, 'SELL', price, 1, ? FROM level
  `).run(NOW + FIVE_MINUTES_MS);
  database.close();
  const store = PaperStore.open(folder);
  try {
    store.taken.take(ASKS, { price: 20_001, volume: 1 }, NOW);
    const levels = Array.from({ length: 20_001 }, (_, place) => ({ price: place + 1, volume: 1 }));
    assert.equal(store.taken.remaining(ASKS, levels, NOW).length, 1);
  } finally {
    store.close();
    Deno.removeSync(folder, { recursive: true });
  }
});
