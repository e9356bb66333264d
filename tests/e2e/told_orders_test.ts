/** Orders whose fate the exchange tells servers by itself, while no look-up of an order is answered. */

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { TRADING_DATABASE } from "../../src/state/record/sqlite/trading_database.ts";
import { lookUntil } from "../support/look_until.ts";
import type { Json } from "../support/exchange.ts";
import type { FaultyExchange } from "../trading/faulty_exchange.ts";
import { AccountOwner, breakLookUps, lookUpsAt } from "./account_owner.ts";
import { Cluster } from "./cluster.ts";
import { SHIPPED } from "./program.ts";
import type { RunningServer } from "./servers.ts";
import { Subscriber } from "./subscriber.ts";
import { callTool, TradingWorld } from "./trading_world.ts";

const OPEN_ORDERS = "luno://orders/open";

const USER_STREAM = "/api/1/userstream";

const JOURNALLED = "SELECT state, order_id, is_alive FROM placements";

/** The rows of the journal. */
type Look = () => Promise<readonly unknown[]>;

function journalOf({ state }: TradingWorld): Look {
  return async () => {
    await new Promise((resolve) => setTimeout(resolve));
    using record = new DatabaseSync(`${state}/${TRADING_DATABASE}`, { readOnly: true });
    return record.prepare(JOURNALLED).all();
  };
}

async function untilJournalled(look: Look, wanted: { order_id: string; is_alive: 0 | 1 }): Promise<void> {
  const isWanted = (rows: readonly unknown[]) => {
    const [row] = rows.map((row) => Object(row));
    return row?.state === "placed" && row.order_id === wanted.order_id && Number(row.is_alive) === wanted.is_alive;
  };
  await lookUntil(isWanted, look, `the journal never said ${JSON.stringify(wanted)}`);
}

async function hasOpen(server: RunningServer, id: string): Promise<boolean> {
  const { orders } = await callTool(server, "get_open_orders", {});
  return orders.some(({ order_id }: Json) => order_id === id);
}

/** The account's owner, from when on the server hears of the account. */
async function toldOwner(
  { world, server, subscriber }: {
    readonly world: TradingWorld;
    readonly server: RunningServer;
    readonly subscriber: Subscriber;
  },
): Promise<AccountOwner> {
  const owner = new AccountOwner(world.exchange);
  await subscriber.subscribe("luno://balances");
  await owner.untilTold(server);
  return owner;
}

/** An order that rests, and the price down to which its owner has to sell for it to be filled. */
async function placeResting(
  { world, server, owner }: {
    readonly world: TradingWorld;
    readonly server: RunningServer;
    readonly owner: AccountOwner;
  },
): Promise<{ readonly id: string; readonly price: string }> {
  const price = await owner.lowPrice();
  const { order_id: id } = await callTool(server, "place_order", await world.resting({ price }));
  return { id, price };
}

/** The exchange takes the next order and never answers; nor does it answer look-ups. */
function loseNextAnswer(exchange: FaultyExchange): void {
  let isNext = true;
  breakLookUps(exchange, ({ path }) => {
    if (!isNext || path !== "/api/1/postorder") return undefined;
    isNext = false;
    return { kind: "silent" };
  });
}

/** The id of the one order that the exchange took of servers. */
async function takenOrder(world: TradingWorld): Promise<string> {
  const look = async () => {
    await new Promise((resolve) => setTimeout(resolve));
    return world.orders.map(({ id }) => id);
  };
  const [id = ""] = await lookUntil(({ length }) => length === 1, look, "the exchange never took the order");
  return id;
}

for (const program of SHIPPED) {
  Deno.test(`a filled order is closed and its subscribers are notified, without a look-up (${program.name})`, async () => {
    await using world = await TradingWorld.start();
    await using server = await world.serve(program, "auto");
    await using subscriber = await Subscriber.connect(server);
    const owner = await toldOwner({ world, server, subscriber });
    const { id, price } = await placeResting({ world, server, owner });
    await subscriber.subscribe(`luno://orders/${id}`);
    await untilJournalled(journalOf(world), { order_id: id, is_alive: 1 });
    assert.equal(await hasOpen(server, id), true);

    breakLookUps(world.exchange);
    const heard = subscriber.changeOf(`luno://orders/${id}`);
    await owner.sellDownTo(price);
    await heard;
    await untilJournalled(journalOf(world), { order_id: id, is_alive: 0 });
    assert.equal(await hasOpen(server, id), false);
    assert.equal(world.orders.length, 1);
  });

  Deno.test(`no order is looked up while the stream reports one being placed, filled and closed (${program.name})`, async () => {
    await using world = await TradingWorld.start();
    await using server = await world.serve(program, "auto");
    await using subscriber = await Subscriber.connect(server);
    const owner = await toldOwner({ world, server, subscriber });
    const { id, price } = await placeResting({ world, server, owner });
    await untilJournalled(journalOf(world), { order_id: id, is_alive: 1 });
    await owner.sellDownTo(price);
    await untilJournalled(journalOf(world), { order_id: id, is_alive: 0 });
    assert.equal(await hasOpen(server, id), false);
    assert.equal(lookUpsAt(world.exchange), 0);
  });

  Deno.test(`an order is looked up while the stream reports none (${program.name})`, async () => {
    await using world = await TradingWorld.start();
    world.exchange.fault = ({ path }) => path === USER_STREAM ? { kind: "cut", when: "before" } : undefined;
    await using server = await world.serve(program, "auto");
    const owner = new AccountOwner(world.exchange);
    const { id, price } = await placeResting({ world, server, owner });
    await owner.sellDownTo(price);
    await untilJournalled(journalOf(world), { order_id: id, is_alive: 0 });
    assert.ok(lookUpsAt(world.exchange) > 0);
  });

  Deno.test(`an order whose answer is lost is settled and closed without a look-up, also for the next server (${program.name})`, async () => {
    await using world = await TradingWorld.start();
    const owner = new AccountOwner(world.exchange);
    const { id, order } = await (async () => {
      await using server = await world.serve(program, "auto");
      await using subscriber = await Subscriber.connect(server);
      await subscriber.subscribe(OPEN_ORDERS);
      await owner.untilTold(server);
      const price = await owner.lowPrice();
      const order = { ...await world.resting({ price }), idempotency_key: "order-1" };
      loseNextAnswer(world.exchange);
      void callTool(server, "place_order", order);
      const id = await takenOrder(world);
      await untilJournalled(journalOf(world), { order_id: id, is_alive: 1 });
      assert.equal(await hasOpen(server, id), true);
      const heard = subscriber.changeOf(OPEN_ORDERS);
      await owner.sellDownTo(price);
      await heard;
      await untilJournalled(journalOf(world), { order_id: id, is_alive: 0 });
      assert.equal(await hasOpen(server, id), false);
      server.child.kill("SIGKILL");
      return { id, order };
    })();
    await using server = await world.serve(program, "auto");
    const repeated = await callTool(server, "place_order", order);
    assert.deepEqual([repeated.status, repeated.order_id, repeated.repeated], ["placed", id, true]);
    assert.equal(await hasOpen(server, id), false);
    assert.equal(world.orders.length, 1);
  });

  Deno.test(`servers on one database: what one learns of its order all of them know, without a look-up (${program.name})`, async () => {
    await using cluster = await Cluster.start(program);
    const { world } = cluster;
    const owner = new AccountOwner(world.exchange);
    const [one, other] = [await cluster.serve(), await cluster.serve()];
    await using subscriber = await Subscriber.connect(one);
    await subscriber.subscribe(OPEN_ORDERS);
    await owner.untilTold(one);
    const price = await owner.lowPrice();
    const order = { ...await world.resting({ price }), idempotency_key: "order-1" };
    loseNextAnswer(world.exchange);
    void callTool(one, "place_order", order);
    const id = await takenOrder(world);
    const journal = () => cluster.query(JOURNALLED.replace("placements", "luno_mcp.placements"));
    await untilJournalled(journal, { order_id: id, is_alive: 1 });
    const repeated = await callTool(other, "place_order", order);
    assert.deepEqual([repeated.status, repeated.order_id, repeated.repeated], ["placed", id, true]);
    assert.equal(await hasOpen(other, id), true);
    await owner.sellDownTo(price);
    await untilJournalled(journal, { order_id: id, is_alive: 0 });
    assert.deepEqual([await hasOpen(one, id), await hasOpen(other, id)], [false, false]);
    assert.equal(world.orders.length, 1);
    one.child.kill("SIGKILL");
  });
}
