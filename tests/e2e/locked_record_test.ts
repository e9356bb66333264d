/** A start while another process keeps the trading database locked. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { lockDatabase, lockNewDatabase } from "../state/state_process.ts";
import { SHIPPED } from "./program.ts";
import { StdioServer } from "./stdio_server.ts";
import { callTool, TradingWorld } from "./trading_world.ts";

for (const program of SHIPPED) {
  Deno.test(`a start on stdio with a locked record answers pings, prices and cancels, and then trades (${program.name})`, async () => {
    await using world = await TradingWorld.start();
    const client = world.exchange.connect({ withoutSockets: true });
    const price = String((await world.resting())["price"]);
    const bid = { pair: "XBTZAR", type: "BID", volume: "0.001", price } as const;
    const { order_id } = await client.call("postLimitOrder", bid);
    await using server = await (async () => {
      await using _lock = await lockNewDatabase(join(world.state, "trading.db"));
      const server = new StdioServer(program, world.flags("auto"), { env: world.env });
      await server.untilLogged(/waiting for the trading database, which another process keeps locked/);
      await server.initialize();
      assert.deepEqual(await server.ping(), {});
      assert.equal((await server.call("get_crypto_price", { pair: "XBTZAR" })).pair, "XBTZAR");
      const refused = await server.call("place_order", await world.resting());
      assert.deepEqual([refused.code, refused.retryable], ["ERR_RECORD_FAILED", true], JSON.stringify(refused));
      const cancelled = await server.call("cancel_order", { order_id });
      assert.equal(cancelled.status, "cancelled", JSON.stringify(cancelled));
      return server;
    })();
    await server.untilLogged(/trading database is open/);
    const placed = await server.call("place_order", await world.resting());
    assert.equal(placed.status, "placed", JSON.stringify(placed));
  });

  Deno.test(`a server ends with one sentence when the record stays locked for --state-timeout (${program.name})`, async () => {
    await using world = await TradingWorld.start();
    await using _lock = await lockNewDatabase(join(world.state, "trading.db"));
    const flags = world.flags("auto", "--state-timeout", "2");
    await using server = new StdioServer(program, flags, { env: world.env });
    await server.initialize();
    assert.deepEqual(await server.ping(), {});
    await server.untilLogged(
      /--state: Cannot use .*trading\.db as another process has kept it locked for 2 s: end that/,
    );
    assert.equal((await server.child.status).code, 2);
  });

  Deno.test(`a server that waits for the record ends when its client closes (${program.name})`, async () => {
    await using world = await TradingWorld.start();
    await using _lock = await lockNewDatabase(join(world.state, "trading.db"));
    const flags = world.flags("auto", "--state-timeout", "3600");
    const server = new StdioServer(program, flags, { env: world.env });
    await server.untilLogged(/waiting for the trading database/);
    await server.initialize();
    await server[Symbol.asyncDispose]();
    assert.equal((await server.child.status).code, 0);
  });

  Deno.test(`while another process keeps the record locked, a server reads and cancels, and after a while refuses new orders (${program.name})`, async () => {
    await using world = await TradingWorld.start();
    await using server = await world.serve(program, "auto");
    const order = await world.resting();
    const { order_id } = await callTool(server, "place_order", order);
    {
      await using _lock = await lockDatabase(join(world.state, "trading.db"));
      const placing = [1, 2, 3].map(() => callTool(server, "place_order", order));
      assert.equal((await callTool(server, "get_crypto_price", { pair: "XBTZAR" })).pair, "XBTZAR");
      const { orders } = await callTool(server, "get_open_orders", {});
      assert.ok(orders.some((open: { order_id: string }) => open.order_id === order_id));
      assert.equal((await callTool(server, "cancel_order", { order_id })).status, "cancelled");
      for (const refused of await Promise.all(placing)) {
        assert.match(JSON.stringify(refused), /another process holds it.*"code":"ERR_RECORD_FAILED","retryable":true/);
      }
    }
    assert.equal((await callTool(server, "place_order", order)).status, "placed");
  });
}
