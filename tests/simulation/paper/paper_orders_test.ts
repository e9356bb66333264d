import assert from "node:assert/strict";
import Big from "big.js";
import { marketOfTerms } from "../../../src/simulation/paper/paper_market.ts";
import { MAX_ORDERS } from "../../../src/simulation/paper/paper_orders.ts";
import { PaperStore } from "../../../src/simulation/paper/paper_store.ts";
import { newOrder } from "../../../src/simulation/engine/order_draft.ts";
import type { Order } from "../../../src/simulation/engine/orders.ts";

const IDENTITY = "local";
const DAY_MS = 86_400_000;

const ORDER: Order = newOrder({
  clientOrderId: "",
  market: marketOfTerms({
    id: "XBTZAR",
    base: "XBT",
    counter: "ZAR",
    priceScale: 0,
    volumeScale: 6,
    feeScale: 8,
    makerFee: "0.004",
    takerFee: "-0.0001",
  }),
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
}, { id: "BXPAPER1", nowMs: 1, dueAt: null, seen: 3 });

function withStore(body: (store: PaperStore) => void): void {
  const folder = Deno.makeTempDirSync();
  const store = PaperStore.open(folder);
  try {
    store.setOpenings({ ZAR: "1" });
    store.transact(() => store.accounts.open(IDENTITY, { currencies: [], nowMs: 0 }));
    body(store);
  } finally {
    store.close();
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("PaperOrders keeps every field of an order, and its changes", () =>
  withStore(({ orders }) => {
    const market: Order = { ...ORDER, id: "BXPAPER2", type: "MARKET", stop: null, budget: new Big("10.55"), dueAt: 5 };
    const named: Order = { ...ORDER, id: "BXPAPER3", clientOrderId: "mine" };
    for (const order of [ORDER, market, named]) orders.save(IDENTITY, order);
    for (const order of [ORDER, market, named]) assert.deepEqual(orders.find(IDENTITY, { id: order.id }), order);
    const changed: Order = {
      ...named,
      status: "PENDING",
      filled: 7,
      base: new Big("0.000007"),
      updatedAt: 9,
      dueAt: 8,
      seen: 4,
    };
    orders.save(IDENTITY, changed);
    assert.deepEqual(orders.find(IDENTITY, { clientOrderId: "mine" }), changed);
    assert.deepEqual(orders.live({ identity: IDENTITY, market: ORDER.market }).at(-1), changed);
  }));

Deno.test("PaperOrders.list() filters, answers the newest first and leaves out what is archived", () =>
  withStore(({ orders }) => {
    const done = { status: "COMPLETE", completedAt: 10 } as const;
    const all: Order[] = [
      { ...ORDER, id: "BXPAPER1", ...done, createdAt: 1 },
      { ...ORDER, id: "BXPAPER2", createdAt: 2 },
      { ...ORDER, id: "BXPAPER3", createdAt: 3, market: { ...ORDER.market, id: "ETHZAR" } },
    ];
    for (const order of all) orders.save(IDENTITY, order);
    const ids = (filter: Partial<Parameters<typeof orders.list>[1]>) =>
      orders.list(IDENTITY, { limit: 10, atMs: 20, ...filter }).map(({ id }) => id.slice(-1)).join("");
    assert.equal(ids({}), "321");
    assert.equal(ids({ limit: 2 }), "32");
    assert.equal(ids({ closed: false }), "32");
    assert.equal(ids({ closed: true }), "1");
    assert.equal(ids({ pair: "XBTZAR" }), "21");
    assert.equal(ids({ createdBefore: 3 }), "21");
    assert.equal(ids({ atMs: 100 * DAY_MS + 11 }), "32");
    assert.deepEqual(orders.list("key:other", { limit: 10, atMs: 20 }), []);
  }));

Deno.test("PaperOrders.prune() keeps 10,000 orders of an identity, and drops none that waits", () =>
  withStore((store) => {
    const { orders } = store;
    store.transact(() => {
      for (let number = 0; number < MAX_ORDERS + 3; number++) {
        const isLive = number === 1;
        const order: Order = { ...ORDER, id: `BXPAPER${number}`, status: isLive ? "AWAITING" : "COMPLETE" };
        orders.save(IDENTITY, order);
      }
      orders.prune(IDENTITY);
    });
    const kept = orders.list(IDENTITY, { limit: MAX_ORDERS * 2, atMs: 0 }).map(({ id }) => id);
    assert.equal(kept.length, MAX_ORDERS);
    assert.deepEqual(kept.slice(-2), ["BXPAPER4", "BXPAPER1"]);
  }));
