/** A start while another process keeps the paper ledger from being opened. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { lockNewDatabase } from "../state/state_process.ts";
import type { StateProcess } from "../state/state_process.ts";
import { SHIPPED } from "./program.ts";
import type { Program } from "./program.ts";
import { StdioServer } from "./stdio_server.ts";
import { callTool, TradingWorld } from "./trading_world.ts";

/** A ledger that another process is about to create. */
function lockNewLedger({ state }: TradingWorld): Promise<StateProcess> {
  return lockNewDatabase(join(state, "paper.db"));
}

function onPaper(program: Program, world: TradingWorld, ...flags: readonly string[]): StdioServer {
  return new StdioServer(program, world.flags("auto", "--exchange", "paper", ...flags), { env: world.env });
}

const PRICE = { pair: "XBTZAR" };

for (const program of SHIPPED) {
  Deno.test(`a start on stdio with a locked paper ledger reports that it waits, and answers what does not need it (${program.name})`, async () => {
    await using world = await TradingWorld.start();
    const order = await world.resting();
    await using server = await (async () => {
      await using _lock = await lockNewLedger(world);
      const server = onPaper(program, world);
      await server.untilLogged(/waiting for paper\.db, which another process keeps locked/);
      await server.initialize();
      assert.deepEqual(await server.ping(), {});
      assert.equal((await server.call("get_crypto_price", PRICE)).pair, "XBTZAR");
      const refused = await server.call("place_order", order);
      assert.deepEqual([refused.code, refused.retryable], ["ERR_RECORD_FAILED", true], JSON.stringify(refused));
      return server;
    })();
    await server.untilLogged(/paper accounts are open/);
    assert.equal((await server.call("place_order", order)).status, "placed");
    assert.equal((await server.call("get_open_orders")).orders.length, 1);
  });

  Deno.test(`a server ends with one sentence when the paper ledger stays locked for --state-timeout (${program.name})`, async () => {
    await using world = await TradingWorld.start();
    await using _lock = await lockNewLedger(world);
    await using server = onPaper(program, world, "--state-timeout", "2");
    await server.initialize();
    assert.deepEqual(await server.ping(), {});
    await server.untilLogged(/--state: Cannot use .*paper\.db as another process has kept it locked for 2 s: end that/);
    assert.equal((await server.child.status).code, 2);
  });

  Deno.test(`a server that waits for the paper ledger ends when its client closes (${program.name})`, async () => {
    await using world = await TradingWorld.start();
    await using _lock = await lockNewLedger(world);
    const server = onPaper(program, world, "--state-timeout", "3600");
    await server.untilLogged(/waiting for paper\.db/);
    await server.initialize();
    await server[Symbol.asyncDispose]();
    assert.equal((await server.child.status).code, 0);
  });

  Deno.test(`a network server cancels real orders while the paper ledger is locked (${program.name})`, async () => {
    await using world = await TradingWorld.start();
    await using _lock = await lockNewLedger(world);
    const policy = await world.policy({ identities: { "key:alice": { mode: "paper" } } });
    await using server = await world.serve(program, "auto", { flags: ["--state-timeout", "3600", ...policy] });
    await server.said(/waiting for paper\.db/);
    const { order_id } = await callTool(server, "place_order", await world.resting());
    assert.equal((await callTool(server, "cancel_order", { order_id })).status, "cancelled");
  });

  Deno.test(`a network server ends when the paper ledger stays locked for --state-timeout (${program.name})`, async () => {
    await using world = await TradingWorld.start();
    await using _lock = await lockNewLedger(world);
    const flags = ["--state-timeout", "2"];
    await using server = await world.serve(program, "auto", { exchange: "paper", flags });
    await server.said(/--state: Cannot use .*paper\.db as another process has kept it locked for 2 s: end that/);
    assert.equal((await server.child.status).code, 2);
  });
}
