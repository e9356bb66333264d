/** What every engine of the paper ledger promises, each promise as a function that fails where it is broken. */

import assert from "node:assert/strict";
import Big from "big.js";
import type { PaperLedger } from "../../src/simulation/paper/ledger.ts";
import { Refusal } from "../../src/simulation/engine/refusal.ts";
import { StateError } from "../../src/state/state_error.ts";
import type { StateFailure } from "../../src/state/state_error.ts";
import type { PaperInstallation } from "./paper_engines.ts";
import { EMPTY, MARKET, OPENINGS, PaperTrader } from "./paper_orders.ts";
import { turnsUntil } from "./turns_until.ts";

const ALL = { limit: 1_000, atMs: 1_000 };
const ASKS = { bids: [], asks: [{ price: 90, volume: 30 }, { price: 95, volume: 200 }] };
const FIVE_MINUTES_MS = 300_000;

function refusedAs(code: string): (error: unknown) => boolean {
  return (error) => error instanceof Refusal && error.code === code;
}

function failsWith(failure: StateFailure): (error: unknown) => boolean {
  return (error) => error instanceof StateError && error.failure === failure;
}

/** Everything that the ledger says of an identity. */
async function contentsOf(ledger: PaperLedger, { identity }: { identity: string }) {
  const accounts = await ledger.openAccounts({ identity, currencies: [], nowMs: 0 });
  return {
    accounts,
    rows: await Promise.all(accounts.map(({ id, rows: to }) => ledger.rows({ identity, id, from: 1, to: to + 1 }))),
    orders: await ledger.orders(identity, ALL),
    trades: await ledger.trades(identity, { pair: MARKET.id }),
    taken: await ledger.taken({ identity, market: MARKET }),
  };
}

/** Compares accounts with their rows, and what is reserved with the orders that wait. */
async function assertBalanced(ledger: PaperLedger, of: { identity: string }): Promise<void> {
  const { accounts, rows, orders } = await contentsOf(ledger, of);
  for (const [place, { currency, balance, available }] of accounts.entries()) {
    const sum = (name: "balanceDelta" | "availableDelta") =>
      (rows[place] ?? []).reduce((total, row) => total.plus(row[name]), new Big(0)).toFixed();
    assert.deepEqual([sum("balanceDelta"), sum("availableDelta")], [balance, available]);
    const reserved = orders
      .filter(({ side, status }) => status !== "COMPLETE" && (side === "BUY" ? "ZAR" : "XBT") === currency)
      .reduce((total, order) => total.plus(order.reserved), new Big(0));
    assert.equal(new Big(balance).minus(available).toFixed(), reserved.toFixed());
  }
}

/** By what is promised. */
export const PAPER_PROMISES: Readonly<Record<string, (installation: PaperInstallation) => Promise<void>>> = {
  "openAccounts() opens each account once, with the initial balances": async (installation) => {
    const [ledger, elsewhere] = [await installation.open(), await installation.open()];
    const request = { identity: "local", currencies: ["SOL", "XBT"], nowMs: 5 };
    const [first, second] = await Promise.all([ledger.openAccounts(request), elsewhere.openAccounts(request)]);
    assert.deepEqual(second, first);
    assert.deepEqual(first.map(({ currency, balance, available, rows }) => [currency, balance, available, rows]), [
      ["SOL", "0", "0", 0],
      ["XBT", OPENINGS.XBT, OPENINGS.XBT, 1],
      ["ZAR", OPENINGS.ZAR, OPENINGS.ZAR, 1],
    ]);
    const [, { id = "" } = {}] = first;
    assert.deepEqual(await ledger.account({ identity: "local", id }), first[1]);
    assert.equal(await ledger.account({ identity: "key:other", id }), undefined);
    const [row] = await ledger.rows({ identity: "local", id, from: 1, to: 2 });
    assert.deepEqual([row?.timestamp, row?.kind, row?.balanceDelta], [5, "TRANSFER", OPENINGS.XBT]);
    assert.deepEqual(await ledger.rows({ identity: "key:other", id, from: 1, to: 2 }), []);
  },

  "place() stores order, fills, rows and taken lots, for every process and after all have closed": async (
    installation,
  ) => {
    const [ledger, elsewhere] = [await installation.open(), await installation.open()];
    const trader = await PaperTrader.open(ledger);
    const stop = { price: 120, direction: "ABOVE" } as const;
    const stopped = await trader.place({ type: "STOP_LIMIT", limitPrice: 130, limitVolume: 1, stop, postOnly: true });
    const order = await trader.place({ limitPrice: 95, limitVolume: 130, clientOrderId: "mine" }, ASKS);
    assert.deepEqual([order.status, order.filled, order.base, order.counter], ["COMPLETE", 130, "1.3", "122"]);
    const kept = await contentsOf(ledger, trader);
    assert.deepEqual(kept.orders, [order, stopped]);
    assert.deepEqual(kept.trades.map(({ orderId, volume, price }) => [orderId, volume, price]), [
      [order.id, 30, 90],
      [order.id, 100, 95],
    ]);
    assert.deepEqual(kept.taken.map(({ side, price, lots }) => [side, price, lots]), [["SELL", 90, 30], [
      "SELL",
      95,
      100,
    ]]);
    assert.deepEqual(await contentsOf(elsewhere, trader), kept);
    await assertBalanced(elsewhere, trader);
    assert.deepEqual(await elsewhere.order("local", { id: order.id }), order);
    assert.deepEqual(await elsewhere.order("local", { clientOrderId: "mine" }), order);
    assert.equal(await elsewhere.order("key:other", { id: order.id }), undefined);
    await Promise.all([ledger.close(), elsewhere.close()]);
    assert.deepEqual(await contentsOf(await installation.open(), trader), kept);
  },

  "a refused order leaves no trace": async (installation) => {
    const ledger = await installation.open();
    const trader = await PaperTrader.open(ledger);
    const before = await contentsOf(ledger, trader);
    await assert.rejects(trader.place({ limitVolume: 1_001 }), refusedAs("ErrInsufficientBalance"));
    await assert.rejects(trader.place({ baseAccountId: "1", side: "SELL" }), refusedAs("ErrAccountNotFound"));
    await assert.rejects(trader.place({}, null, { expiresMs: 0 }), refusedAs("ErrDeadlineExceeded"));
    assert.deepEqual(await contentsOf(ledger, trader), before);
  },

  "place() lets one of two processes spend an amount, and use a client order id": async (installation) => {
    const ledgers = await Promise.all([installation.open(), installation.open()]);
    const [first] = ledgers;
    await PaperTrader.open(first);
    const traders = await Promise.all(ledgers.map((ledger) => PaperTrader.open(ledger)));
    for (
      const [order, code] of [
        [{ limitVolume: 600 }, "ErrInsufficientBalance"],
        [{ limitVolume: 1, clientOrderId: "once" }, "ErrDuplicateClientOrderID"],
      ] as const
    ) {
      const outcomes = await Promise.allSettled(traders.map((trader) => trader.place(order)));
      const refused = outcomes.filter(({ status }) => status === "rejected");
      assert.equal(refused.length, 1, "one of two passes");
      assert.ok(
        refused.every(({ status, ...rest }) => status === "rejected" && refusedAs(code)(Reflect.get(rest, "reason"))),
      );
    }
    for (const trader of traders) await assertBalanced(first, trader);
  },

  "cancel() releases what was reserved, once, and no other identity's order": async (installation) => {
    const [ledger, elsewhere] = [await installation.open(), await installation.open()];
    const trader = await PaperTrader.open(ledger);
    const { id } = await trader.place();
    assert.deepEqual((await trader.totals()).ZAR, [OPENINGS.ZAR, "900"]);
    assert.equal(await elsewhere.cancel({ identity: "key:other", id, nowMs: 9 }), false);
    assert.equal(await elsewhere.cancel({ identity: "local", id, nowMs: 9 }), true);
    assert.equal(await ledger.cancel({ identity: "local", id, nowMs: 10 }), false);
    assert.deepEqual((await trader.totals()).ZAR, [OPENINGS.ZAR, OPENINGS.ZAR]);
    assert.equal((await ledger.order("local", { id }))?.cancelledAt, 9);
  },

  "meet() fills open orders by each trade once, and not twice by the same lots of the book, in any process": async (
    installation,
  ) => {
    const ledgers = [await installation.open(), await installation.open()];
    const [ledger] = ledgers;
    assert.ok(ledger);
    const trader = await PaperTrader.open(ledger);
    const { id } = await trader.place({ limitVolume: 300 });
    const trade = { sequence: 1, price: "99", volume: "0.5", timestamp: 0, is_buy: false };
    const book = { bids: [], asks: [{ price: 99, volume: 40 }] };
    const [at] = await ledger.liveMarkets(MARKET.id);
    assert.deepEqual(at, { identity: "local", market: MARKET });
    for (const each of ledgers) await each.meet({ ...at, trades: [trade], book, nowMs: 9 });
    assert.equal((await ledger.order("local", { id }))?.filled, 90);
    const { trades } = await contentsOf(ledger, trader);
    assert.deepEqual(trades.map(({ sequence, volume }) => [sequence, volume]), [[1, 50], [2, 40]]);
    await assertBalanced(ledger, trader);
  },

  "taken lots are separate by identity, market and scale, and shrink with their level": async (installation) => {
    const ledger = await installation.open();
    const [trader, other] = [await PaperTrader.open(ledger), await PaperTrader.open(ledger, "key:other")];
    await trader.place({ limitVolume: 30 }, ASKS);
    await other.place({ limitVolume: 10 }, ASKS);
    const level = { side: "SELL", price: 90, untilMs: 1 + FIVE_MINUTES_MS } as const;
    assert.deepEqual(await ledger.taken({ identity: "local", market: MARKET }), [{ ...level, lots: 30 }]);
    assert.deepEqual(await ledger.taken({ identity: "key:other", market: MARKET }), [{ ...level, lots: 10 }]);
    for (const market of [{ ...MARKET, id: "XBTEUR" }, { ...MARKET, priceScale: 1 }, { ...MARKET, volumeScale: 3 }]) {
      assert.deepEqual(await ledger.taken({ identity: "local", market }), []);
    }
    await trader.place({ limitPrice: 1 }, { bids: [], asks: [{ price: 90, volume: 5 }] });
    assert.deepEqual((await ledger.taken({ identity: "local", market: MARKET })).map(({ lots }) => lots), [5]);
    await trader.place({ limitPrice: 1 }, EMPTY);
    assert.deepEqual(await ledger.taken({ identity: "local", market: MARKET }), []);
  },

  "orders() and trades() select by filter": async (installation) => {
    const ledger = await installation.open();
    const trader = await PaperTrader.open(ledger);
    const filled = await trader.place({ limitVolume: 30 }, ASKS);
    const waiting = await trader.place({ limitPrice: 1 });
    const elsewhere = await trader.place({ market: { ...MARKET, id: "ETHZAR" }, limitPrice: 1, limitVolume: 20 }, {
      bids: [],
      asks: [{ price: 1, volume: 20 }],
    });
    const orders = async (filter: object) => (await ledger.orders("local", { ...ALL, ...filter })).map(({ id }) => id);
    assert.deepEqual(await orders({}), [elsewhere.id, waiting.id, filled.id]);
    assert.deepEqual(await orders({ limit: 2 }), [elsewhere.id, waiting.id]);
    assert.deepEqual(await orders({ closed: false }), [waiting.id]);
    assert.deepEqual(await orders({ closed: true }), [elsewhere.id, filled.id]);
    assert.deepEqual(await orders({ pair: MARKET.id }), [waiting.id, filled.id]);
    assert.deepEqual(await orders({ createdBefore: waiting.createdAt }), [filled.id]);
    assert.deepEqual(await orders({ atMs: 100 * 86_400_000 + filled.completedAt + 1 }), [elsewhere.id, waiting.id]);
    assert.deepEqual(await ledger.livePairs(), [MARKET.id]);
    await trader.place({ limitVolume: 100 }, ASKS);
    const trades = async (filter: object) =>
      (await ledger.trades("local", { pair: MARKET.id, ...filter })).map(({ sequence }) => sequence);
    assert.deepEqual(await trades({}), [1, 3]);
    assert.deepEqual(await trades({ newestFirst: true, limit: 1 }), [3]);
    assert.deepEqual(await trades({ afterSequence: 2 }), [3]);
    assert.deepEqual(await trades({ afterSequence: 1, beforeSequence: 3 }), [1]);
    assert.deepEqual([await trades({ since: 2 }), await trades({ before: 2 })], [[3], [1]]);
    assert.deepEqual(await ledger.trades("key:other", { pair: MARKET.id }), []);
  },

  "reset() drops what an identity has, and gives its accounts another epoch": async (installation) => {
    const [ledger, elsewhere] = [await installation.open(), await installation.open()];
    const [trader, other] = [await PaperTrader.open(ledger), await PaperTrader.open(ledger, "key:other")];
    for (const each of [trader, other]) await each.place({}, ASKS);
    const epochOf = () => Promise.all([ledger.epochOf("local"), ledger.epochOf("key:other")]);
    const [before, untouched] = [await epochOf(), await contentsOf(ledger, other)];
    assert.notEqual(before[0], before[1]);
    assert.equal(await elsewhere.reset({ identity: "nobody", nowMs: 9 }), false);
    assert.deepEqual(await epochOf(), before);
    assert.equal(await elsewhere.reset({ identity: "local", nowMs: 9 }), true);
    const { accounts, orders, trades, taken } = await contentsOf(ledger, trader);
    assert.deepEqual([orders, trades, taken], [[], [], []]);
    assert.deepEqual(accounts.map(({ id, balance, rows }) => [id, balance, rows]), [
      [trader.idOf("XBT"), OPENINGS.XBT, 1],
      [trader.idOf("ZAR"), OPENINGS.ZAR, 1],
    ]);
    assert.deepEqual(await contentsOf(ledger, other), untouched);
    const after = await epochOf();
    assert.deepEqual([after[0] === before[0], after[1]], [false, before[1]]);
    assert.equal(await ledger.reset({ nowMs: 10 }), true);
    assert.deepEqual((await contentsOf(ledger, other)).orders, []);
  },

  "operations of one caller take effect in the order of the calls": async (installation) => {
    const ledger = await installation.open();
    const trader = await PaperTrader.open(ledger);
    const [order, , orders] = await Promise.all([
      trader.place(),
      ledger.reset({ identity: "local", nowMs: 9 }),
      ledger.orders("local", ALL),
    ]);
    assert.deepEqual([order.status, orders], ["PENDING", []]);
  },

  "while another process writes, reading continues, a change is refused, and the event loop is not blocked": async (
    installation,
  ) => {
    const ledger = await installation.open();
    const trader = await PaperTrader.open(ledger);
    const epoch = await ledger.epochOf("local");
    const { id } = await trader.place();
    {
      await using _lock = await installation.lock();
      const change = ledger.cancel({ identity: "local", id, nowMs: 9 });
      const turns = await turnsUntil(change);
      await assert.rejects(change, failsWith("busy"));
      assert.ok(turns > 1, `the event loop turned ${turns} times`);
      await assert.rejects(trader.place(), failsWith("busy"));
      assert.deepEqual((await ledger.orders("local", ALL)).map((order) => order.id), [id]);
      assert.deepEqual(await trader.totals(), { XBT: ["10", "10"], ZAR: ["1000", "900"] });
      assert.equal(await ledger.epochOf("local"), epoch);
      assert.deepEqual(await trader.totals(await installation.open()), await trader.totals());
    }
    assert.equal(await ledger.cancel({ identity: "local", id, nowMs: 9 }), true);
  },

  "on a full disk a change is refused, nothing of it remains, and reading continues": async (installation) => {
    await PaperTrader.open(await installation.open());
    const ledger = await installation.openFull();
    const trader = await PaperTrader.open(ledger);
    let count = 0;
    await assert.rejects(async () => {
      for (; count < 1_000; count++) await trader.place({ limitPrice: 1, limitVolume: 1 });
    }, failsWith("full"));
    assert.equal((await ledger.orders("local", ALL)).length, count);
    await assertBalanced(ledger, trader);
  },

  "what was answered is kept when the process is killed during a change, and no change is partial": async (
    installation,
  ) => {
    const before = await installation.open();
    const trader = await PaperTrader.open(before);
    await before.close();
    const answered: string[] = [];
    for (let kills = 0; kills < 3; kills++) {
      await using writer = installation.write();
      for (let count = 0; count < 5 + kills; count++) answered.push(await writer.next());
      answered.push(...await writer.kill());
    }
    const ledger = await installation.open();
    const kept = await ledger.orders("local", ALL);
    const ids = new Set(kept.map(({ id }) => id));
    assert.deepEqual(answered.filter((id) => !ids.has(id)), []);
    assert.ok(kept.length <= answered.length + 3, "more orders than were asked for");
    await assertBalanced(ledger, trader);
  },

  "once a newer version has changed the tables a change is refused, and reading continues as far as possible": async (
    installation,
  ) => {
    const ledger = await installation.open();
    const trader = await PaperTrader.open(ledger);
    const { id } = await trader.place({ limitPrice: 80, limitVolume: 1 });
    const before = await contentsOf(ledger, trader);
    await installation.upgrade();
    await assert.rejects(trader.place({ limitPrice: 81, limitVolume: 1 }), failsWith("outdated"));
    await assert.rejects(ledger.cancel({ identity: trader.identity, id, nowMs: 9 }), failsWith("outdated"));
    await assert.rejects(ledger.reset({ nowMs: 9 }), failsWith("outdated"));
    assert.deepEqual(await contentsOf(ledger, trader), before);
    await installation.upgrade({ isForeign: true });
    await assert.rejects(ledger.orders(trader.identity, ALL), failsWith("outdated"));
  },

  "a damaged ledger is an error, never an empty one": async (installation) => {
    const ledger = await installation.open();
    const trader = await PaperTrader.open(ledger);
    for (let count = 0; count < 50; count++) await trader.place({ limitPrice: 1, limitVolume: 1 });
    await ledger.close();
    await installation.corrupt();
    await assert.rejects(async () => await (await installation.open()).orders("local", ALL), failsWith("damaged"));
  },
};
