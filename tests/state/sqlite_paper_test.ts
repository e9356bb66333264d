import assert from "node:assert/strict";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import type { LedgerOrder } from "../../src/simulation/paper/ledger_values.ts";
import { newOrder } from "../../src/simulation/engine/order_draft.ts";
import { writeOrder } from "../../src/simulation/paper/ledger_values.ts";
import { MAX_ORDERS } from "../../src/simulation/paper/trading.ts";
import { PaperAccounts } from "../../src/state/record/sqlite/paper/accounts.ts";
import { SqlitePaperLedger } from "../../src/state/record/sqlite/paper/ledger.ts";
import { PaperOrders } from "../../src/state/record/sqlite/paper/orders.ts";
import { MIGRATIONS } from "../../src/state/record/sqlite/paper/schema.ts";
import { TakenLevels } from "../../src/state/record/sqlite/paper/taken.ts";
import { inTransaction, openDatabase } from "../../src/state/sqlite.ts";
import { MARKET } from "./paper_orders.ts";

const IDENTITY = "local";
const OF = { identity: IDENTITY, market: MARKET };
const NOW = 1_800_000_000_000;

const ORDER: LedgerOrder = writeOrder(newOrder({
  clientOrderId: "",
  market: MARKET,
  side: "SELL",
  type: "STOP_LIMIT",
  timeInForce: "GTC",
  postOnly: true,
  limitPrice: 1_400_000,
  limitVolume: 2_500,
  budget: null,
  stop: { price: 1_390_000, direction: "BELOW" },
  baseAccountId: "4000000000000000001",
  counterAccountId: "4000000000000000002",
}, { id: "BXPAPER1", nowMs: 1, dueAt: null, seen: 3 }));

function withDatabase(body: (database: DatabaseSync, path: string) => void, migrations = MIGRATIONS): void {
  const folder = Deno.makeTempDirSync();
  const path = join(folder, "paper.db");
  const database = openDatabase(path, { migrations, durable: true });
  try {
    body(database, path);
  } finally {
    database.close();
    Deno.removeSync(folder, { recursive: true });
  }
}

function withOrders(body: (orders: PaperOrders, database: DatabaseSync) => void): void {
  withDatabase((database) => {
    new PaperAccounts(database).addIdentity(IDENTITY, "paper");
    body(new PaperOrders(database), database);
  });
}

Deno.test("PaperOrders keeps every field of an order, and its changes", () =>
  withOrders((orders) => {
    const market: LedgerOrder = { ...ORDER, id: "BXPAPER2", type: "MARKET", stop: null, budget: "10.55", dueAt: 5 };
    const named: LedgerOrder = { ...ORDER, id: "BXPAPER3", clientOrderId: "mine" };
    for (const order of [ORDER, market, named]) orders.save(IDENTITY, order);
    for (const order of [ORDER, market, named]) assert.deepEqual(orders.find(IDENTITY, { id: order.id }), order);
    const changed: LedgerOrder = {
      ...named,
      status: "PENDING",
      filled: 7,
      base: "0.000007",
      updatedAt: 9,
      dueAt: 8,
      seen: 4,
    };
    orders.save(IDENTITY, changed);
    assert.deepEqual(orders.find(IDENTITY, { clientOrderId: "mine" }), changed);
    assert.deepEqual(orders.live(OF).at(-1), changed);
  }));

Deno.test("PaperOrders.prune() keeps 10,000 orders of an identity, and drops no open one", () =>
  withOrders((orders, database) => {
    inTransaction(database, MIGRATIONS, () => {
      for (let number = 0; number < MAX_ORDERS + 3; number++) {
        const isLive = number === 1;
        orders.save(IDENTITY, { ...ORDER, id: `BXPAPER${number}`, status: isLive ? "AWAITING" : "COMPLETE" });
      }
      orders.prune(IDENTITY);
    });
    const kept = orders.list(IDENTITY, { limit: MAX_ORDERS * 2, atMs: 0 }).map(({ id }) => id);
    assert.equal(kept.length, MAX_ORDERS);
    assert.deepEqual(kept.slice(-2), ["BXPAPER4", "BXPAPER1"]);
  }));

Deno.test("TakenLevels remembers at most 20,000 levels, also of an earlier version, and forgets the oldest first", () =>
  withDatabase((old, path) => {
    old.prepare(`
      INSERT INTO taken WITH RECURSIVE level (price) AS (SELECT 1 UNION ALL SELECT price + 1 FROM level WHERE price < 20000)
      SELECT 'local', 'XBTZAR', 0, 2, 'SELL', price, 1, ? + price FROM level
    `).run(NOW);
    const database = openDatabase(path, { migrations: MIGRATIONS, durable: true });
    const taken = new TakenLevels(database);
    taken.save(OF, [{ side: "SELL", price: 20_001, lots: 1, untilMs: NOW + 20_001 }], NOW);
    const prices = taken.of(OF).map(({ price }) => price);
    assert.deepEqual([prices.length, Math.min(...prices)], [20_000, 2]);
    taken.save(OF, [{ side: "SELL", price: 20_001, lots: 0, untilMs: NOW + 20_001 }], NOW + 19_999);
    assert.deepEqual(taken.of(OF).map(({ price }) => price), [20_000], "what is over is forgotten");
    taken.clear("key:other");
    assert.equal(taken.of(OF).length, 1);
    taken.clear(IDENTITY);
    assert.equal(taken.of(OF).length, 0);
    database.close();
  }, MIGRATIONS.slice(0, 3)));

Deno.test("SqlitePaperLedger.open() keeps accounts of a version without epochs", () =>
  withDatabase((old, path) => {
    old.exec("INSERT INTO identities (name) VALUES ('local')");
    const ledger = SqlitePaperLedger.open({ path });
    assert.equal(ledger.epochOf("local"), "paper");
    ledger.close();
  }, MIGRATIONS.slice(0, 1)));
