/**
 * The connection to a shared database is lost at each statement of an order: what is reported of the order stays true.
 */

import assert from "node:assert/strict";
import { PostgresRelay } from "../support/postgres_relay.ts";
import { PostgresServer } from "../state/postgres_server.ts";
import { place, settled } from "./cluster.ts";
import { SHIPPED } from "./program.ts";
import { startServer } from "./servers.ts";
import { TradingWorld } from "./trading_world.ts";

for (const program of SHIPPED) {
  Deno.test(`a server that loses its database at any statement of an order reports its outcome, once (${program.name})`, async () => {
    await using postgres = await PostgresServer.start();
    await using world = await TradingWorld.start();
    const url = new URL(postgres.url(await postgres.createDatabase()));
    await using relay = new PostgresRelay(postgres.port);
    url.port = `${relay.port}`;
    const env = { ...world.env, LUNO_MCP_STATE_URL: url.href };
    // Nothing but the database should prevent so many orders.
    const policy = await world.policy({ default: { mode: "auto", max_orders_per_minute: null } });
    const flags = world.flags("auto", "--api-rate-limit", "100000", ...policy);
    await using server = await startServer(program, flags, {
      exchange: "live",
      env,
    });
    const order = await world.resting();
    const first = await place(server, { ...order, idempotency_key: "whole" });
    assert.equal(first.status, "placed", JSON.stringify(first));
    relay.statements.splice(0);
    assert.equal((await place(server, { ...order, idempotency_key: "counted" })).status, "placed");
    const statements = relay.statements.length;
    assert.ok(statements > 10, relay.statements.join("\n"));
    for (let number = 1; number <= statements; number++) {
      for (const when of ["before", "after"] as const) {
        const key = `${when}-${number}`;
        relay.cutAt(number, when);
        const told = await place(server, { ...order, idempotency_key: key });
        const last = await settled(server, { ...order, idempotency_key: key });
        if (["placed", "not_placed"].includes(told.status)) {
          assert.deepEqual([told.status, told.order_id], [last.status, last.order_id], key);
        }
        const there = world.exchange.ordersOf(last.client_order_id);
        assert.deepEqual(there.map(({ id }) => id), last.status === "placed" ? [last.order_id] : [], key);
      }
    }
  });
}
