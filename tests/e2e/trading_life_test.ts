/** Trading over the life of a server: the kill switch, a sudden end and a new start, and paper money. */

import assert from "node:assert/strict";
import type { Json } from "../support/exchange.ts";
import { MIGRATIONS } from "../../src/state/record/sqlite/record_schema.ts";
import { SqliteRecord } from "../../src/state/record/sqlite/record.ts";
import { tamper } from "../trading/stores.ts";
import { runProgram, SHIPPED } from "./program.ts";
import type { Program } from "./program.ts";
import { callTool, TradingWorld } from "./trading_world.ts";

const POST_LIMIT = "/api/1/postorder";

/** Orders of an account that were open before anybody here traded are cancelled too; these are ours. */
function openOf(answer: Json, ids: readonly string[]): string[] {
  return answer.orders.map(({ order_id }: Json) => order_id).filter((id: string) => ids.includes(id));
}

for (const program of SHIPPED) {
  Deno.test(`a policy file with a typo exits with 2 and lists the known names (${program.name})`, async () => {
    await using world = await TradingWorld.start();
    const policy = await world.policy({ default: { max_per_ordr: { amount: "1", currency: "ZAR" }, mode: "yolo" } });
    const { code, stderr } = await runProgram(program, world.flags("auto", ...policy), { env: world.env });
    assert.equal(code, 2, stderr);
    assert.match(stderr, /--policy: default\.max_per_ordr: unknown: known are mode, /);
    assert.match(
      stderr,
      /--policy: default\.mode: expected one of observe, paper, confirm, auto: current value is "yolo"/,
    );
    assert.deepEqual(world.sent, []);
  });

  Deno.test(`a record of a newer version exits with 2 and says what to do (${program.name})`, async () => {
    await using world = await TradingWorld.start();
    SqliteRecord.open({ folder: world.state, mode: "write" }).close();
    tamper(world.state, `PRAGMA user_version = ${MIGRATIONS.length + 1}`);
    const { code, stderr } = await runProgram(program, world.flags("auto"), { env: world.env });
    assert.equal(code, 2, stderr);
    assert.match(stderr, /--state: .*newer version of this program: .*use that version, or another --state folder/);
    assert.deepEqual(world.sent, []);
  });

  Deno.test(`SIGHUP reads the policy again, and keeps the old one when the new one is invalid (${program.name})`, async () => {
    await using world = await TradingWorld.start();
    const policy = await world.policy({ default: { mode: "observe" } });
    await using server = await world.serve(program, "auto", { flags: [...policy, "--log-level", "info"] });
    const order = await world.resting();
    assert.equal((await callTool(server, "place_order", order)).code, "ERR_POLICY_MODE");
    await world.policy({ default: { mod: "auto" } });
    server.child.kill("SIGHUP");
    await server.said(/reload failed; keeping the previous access and policy files/);
    assert.equal((await callTool(server, "place_order", order)).code, "ERR_POLICY_MODE");
    assert.deepEqual(world.sent, []);
    await world.policy({ default: { mode: "auto" } });
    server.child.kill("SIGHUP");
    await server.said(/access and policy files reloaded/);
    assert.equal((await callTool(server, "place_order", order)).status, "placed");
  });

  Deno.test(`kill stops the next order, survives a restart, and kill --lift lifts it (${program.name})`, async () => {
    await using world = await TradingWorld.start();
    const order = await world.resting();
    {
      await using server = await world.serve(program, "auto");
      assert.equal((await callTool(server, "place_order", order)).status, "placed");
      await server.said(/order placed identity="[^"]+" client_order_id="[^"]+" order_id="[^"]+" kind="real"/);
      await world.command(program, "kill", "--reason", "odd fills");
      await server.said(/trading halted by="[^"]+" reason="odd fills" .*by_this_server=false/);
      const refused = await callTool(server, "place_order", order);
      assert.equal(refused.code, "ERR_TRADING_HALTED");
      assert.match(JSON.stringify(refused), /odd fills.*a person must resume trading first/);
    }
    await using server = await world.serve(program, "auto");
    assert.equal((await callTool(server, "place_order", order)).code, "ERR_TRADING_HALTED");
    assert.ok((await callTool(server, "get_open_orders", {})).orders.length > 0);
    assert.equal(world.sent.length, 1);
    await world.command(program, "kill", "--lift");
    await server.said(/trading resumed by="[^"]+" by_this_server=false/);
    assert.equal((await callTool(server, "place_order", order)).status, "placed");
  });

  Deno.test(`SIGUSR1, the file halt and halt_trading stop the next order (${program.name})`, async () => {
    await using world = await TradingWorld.start();
    await using server = await world.serve(program, "auto");
    const order = await world.resting();
    const codeOf = async () => (await callTool(server, "place_order", order)).code;

    server.child.kill("SIGUSR1");
    await server.said(/SIGUSR1 received; halting trading/);
    assert.equal(await codeOf(), "ERR_TRADING_HALTED");
    await world.command(program, "kill", "--lift");

    await Deno.writeTextFile(`${world.state}/halt`, "");
    await server.said(/trading halted by the halt file/);
    assert.equal(await codeOf(), "ERR_TRADING_HALTED");
    await Deno.remove(`${world.state}/halt`);
    await server.said(/halt file removed/);

    assert.equal((await callTool(server, "halt_trading", { reason: "test" })).halted, true);
    assert.equal(await codeOf(), "ERR_TRADING_HALTED");
    await world.command(program, "kill", "--lift");
    assert.deepEqual(world.sent, []);
    assert.equal(await codeOf(), undefined);
    assert.equal(world.sent.length, 1);
  });

  Deno.test(`kill --cancel-open cancels open orders through the running server (${program.name})`, async () => {
    await using world = await TradingWorld.start();
    await using server = await world.serve(program, "auto");
    const { order_id } = await callTool(server, "place_order", await world.resting());
    await world.command(program, "kill", "--cancel-open");
    await server.said(/all open orders cancelled after the halt/);
    assert.deepEqual(openOf(await callTool(server, "get_open_orders", {}), [order_id]), []);
    assert.deepEqual(world.orders.map(({ status }) => status), ["COMPLETE"]);
  });

  Deno.test(`after SIGKILL the same call with the same key returns the first result, and there is one order (${program.name})`, async () => {
    await using world = await TradingWorld.start();
    const call = { ...await world.resting(), idempotency_key: "order-1" };
    const first = await (async () => {
      await using server = await world.serve(program, "auto");
      const placed = await callTool(server, "place_order", call);
      server.child.kill("SIGKILL");
      await server.child.status;
      return placed;
    })();
    assert.equal(first.status, "placed", JSON.stringify(first));
    await using server = await world.serve(program, "auto");
    assert.deepEqual(await callTool(server, "place_order", call), { ...first, repeated: true });
    const other = await callTool(server, "place_order", { ...call, volume: "0.002" });
    assert.equal(other.code, "ERR_IDEMPOTENCY_MISMATCH");
    assert.deepEqual([world.sent, world.orders.map(({ id }) => id)], [[POST_LIMIT], [first.order_id]]);
    assert.match(await world.command(program, "audit", "verify", "--json"), /"ok":true/);
  });

  Deno.test(`--exchange paper trades on the real book with paper money, and nothing is sent (${program.name})`, async () => {
    await using world = await TradingWorld.start();
    await using server = await world.serve(program, "auto", { exchange: "paper" });
    const buy = { pair: "XBTZAR", side: "BUY", type: "market", counter_volume: "1000" };
    const preview = await callTool(server, "preview_order", buy);
    assert.deepEqual([preview.placeable, preview.paper], [true, true], JSON.stringify(preview));
    const placed = await callTool(server, "place_order", { preview_id: preview.preview_id });
    assert.deepEqual([placed.status, placed.paper], ["placed", true], JSON.stringify(placed));
    const order = await callTool(server, "get_order_status", { order_id: placed.order_id });
    assert.deepEqual([order.status, order.paper], ["filled", true], JSON.stringify(order));
    const resting = await callTool(server, "place_order", await world.resting());
    const open = await callTool(server, "get_open_orders", {});
    assert.deepEqual([open.orders.map(({ order_id }: Json) => order_id), open.paper], [[resting.order_id], true]);
    const cancelled = await callTool(server, "cancel_order", { order_id: resting.order_id });
    assert.deepEqual([cancelled.status, cancelled.paper], ["cancelled", true]);
    const after = await callTool(server, "get_account_balance", {});
    assert.equal(after.paper, true);
    assert.ok(Number(balanceOf(after, "XBT")) > 0);
    assert.equal("paper" in await callTool(server, "get_crypto_price", { pair: "XBTZAR" }), false);
    assert.deepEqual(world.sent, []);
  });

  Deno.test(`paper reset restores the account's initial balances (${program.name})`, async () => {
    await using world = await TradingWorld.start();
    const before = await (async () => {
      await using server = await world.serve(program, "auto", { exchange: "paper" });
      const balance = await callTool(server, "get_account_balance", {});
      const buy = { pair: "XBTZAR", side: "BUY", type: "market", counter_volume: "1000" };
      assert.equal((await callTool(server, "place_order", buy)).status, "placed");
      assert.notDeepEqual(await callTool(server, "get_account_balance", {}), balance);
      return balance;
    })();
    await world.command(program, "paper", "reset");
    await using server = await world.serve(program, "auto", { exchange: "paper" });
    const after = await callTool(server, "get_account_balance", {});
    for (const currency of ["XBT", "ZAR"]) assert.equal(balanceOf(after, currency), balanceOf(before, currency));
    assert.deepEqual((await callTool(server, "get_open_orders", {})).orders, []);
  });

  Deno.test(`one client trades on paper by its policy while another trades real money (${program.name})`, async () => {
    await using world = await TradingWorld.start();
    const [alice, bob] = [await keyOf(world, program, "alice"), await keyOf(world, program, "bob")];
    const policy = await world.policy({ identities: { "key:alice": { mode: "paper" } } });
    await using server = await world.serve(program, "auto", { flags: ["--auth", "required", ...policy] });
    const order = await world.resting();
    const onPaper = await callTool(server, "place_order", order, alice);
    assert.deepEqual([onPaper.status, onPaper.paper], ["placed", true], JSON.stringify(onPaper));
    assert.deepEqual(world.sent, []);
    const real = await callTool(server, "place_order", order, bob);
    assert.deepEqual([real.status, real.paper], ["placed", undefined], JSON.stringify(real));
    assert.deepEqual(world.orders.map(({ id }) => id), [real.order_id]);
    const paperOrders = await callTool(server, "get_open_orders", {}, alice);
    assert.deepEqual([paperOrders.orders.length, paperOrders.paper], [1, true]);
    const realOrders = await callTool(server, "get_open_orders", {}, bob);
    assert.equal(realOrders.paper, undefined);
    assert.deepEqual(openOf(realOrders, [real.order_id, onPaper.order_id]), [real.order_id]);
    const notHers = await callTool(server, "cancel_order", { order_id: real.order_id }, alice);
    assert.equal(notHers.status, "not_found", JSON.stringify(notHers));
    assert.equal((await callTool(server, "halt_trading", { reason: "x" }, bob)).code, "ERR_SCOPE_MISSING");
  });
}

async function keyOf(world: TradingWorld, program: Program, name: string): Promise<string> {
  const scopes = ["--scopes", "market:read,account:read,orders:write"];
  return (await world.command(program, "keys", "create", name, ...scopes)).trim();
}

function balanceOf({ balances }: Json, currency: string): string | undefined {
  return balances.find((row: Json) => row.currency === currency)?.balance;
}
