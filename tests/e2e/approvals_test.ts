/** Approvals between processes, and a client that answers its own dialogs. */

import assert from "node:assert/strict";
import type { Json } from "../support/exchange.ts";
import { readLines, SHIPPED, startProgram } from "./program.ts";
import type { Program } from "./program.ts";
import { callOverMcp } from "./dialog_call.ts";
import { callTool, TradingWorld } from "./trading_world.ts";

/** Runs `call place_order` until it waits for approval, then ends it as by Ctrl-C; returns its output. */
async function callUntilAsked(
  world: TradingWorld,
  program: Program,
  order: Record<string, unknown>,
): Promise<{ readonly approvalId: string; readonly answer: Json }> {
  const words = Object.entries(order).map(([name, value]) => `${name}=${value}`);
  const child = startProgram(program, ["call", "place_order", ...words, ...world.flags("confirm"), "--json"], {
    env: world.env,
  });
  await child.stdin.close();
  const answer = new Response(child.stdout).json();
  let approvalId = "";
  for await (const line of readLines(child.stderr)) {
    const [, id] = /luno-mcp-server approve (\w+)"$/.exec(line) ?? [];
    if (id === undefined) continue;
    approvalId = id;
    child.kill("SIGINT");
  }
  await child.status;
  return { approvalId, answer: await answer };
}

for (const program of SHIPPED) {
  Deno.test(`an order whose call has ended is approved in a terminal and placed once by the next call (${program.name})`, async () => {
    await using world = await TradingWorld.start();
    const order = await world.resting();
    const { approvalId, answer } = await callUntilAsked(world, program, order);
    assert.equal(answer.status, "awaiting_confirmation");
    const seconds = Number(/within (\d+) s/.exec(answer.message)?.[1]);
    assert.ok(seconds > 100, answer.message);
    const { preview_id } = answer;
    const approved = await world.command(program, "approve", approvalId);
    assert.match(approved, new RegExp(`by place_order with preview_id=${preview_id} until`));
    assert.deepEqual(world.sent, []);
    const again = await runCall(world, program, `preview_id=${preview_id}`);
    assert.equal(again.status, "placed", JSON.stringify(again));
    const third = await runCall(world, program, `preview_id=${preview_id}`);
    assert.equal(third.error.code, "ERR_CONFIRMATION_USED");
    assert.deepEqual([world.sent.length, world.orders.map(({ id }) => id)], [1, [again.order_id]]);
  });

  Deno.test(`a script that holds a key and answers its own dialogs places nothing; the owner's approval does (${program.name})`, async () => {
    await using world = await TradingWorld.start();
    const scopes = ["--scopes", "market:read,account:read,orders:write"];
    const key = (await world.command(program, "keys", "create", "bot", ...scopes)).trim();
    await using server = await world.serve(program, "confirm");
    const order = await world.resting();
    const call = { name: "place_order", arguments: order };
    const yes = { inputResponses: { confirm: { action: "accept", content: { place: true } } } };
    const leaving = new AbortController();
    const waiting = [call, { ...call, ...yes }].map((params) =>
      callOverMcp(server, params, { key, signal: leaving.signal })
    );
    const ended = Promise.allSettled(waiting);
    await server.said(/luno-mcp-server approve \w+"$/);
    const forged = await callOverMcp(server, { ...call, ...yes, requestState: "AAAA" }, { key });
    assert.notEqual(forged.structuredContent?.status, "placed", JSON.stringify(forged));
    const { approvals: [own] } = JSON.parse(await world.command(program, "approve", "--json"));
    assert.equal(own.identity, "key:bot");
    leaving.abort();
    for (const { status } of await ended) assert.equal(status, "rejected");
    assert.deepEqual(world.sent, []);
    const { preview_id } = own;
    await world.command(program, "approve", own.id);
    const placed = await callTool(server, "place_order", { preview_id }, key);
    assert.equal(placed.status, "placed", JSON.stringify(placed));
    assert.equal(world.sent.length, 1);
  });
}

async function runCall(world: TradingWorld, program: Program, ...words: readonly string[]): Promise<Json> {
  const child = startProgram(program, ["call", "place_order", ...words, ...world.flags("confirm"), "--json"], {
    env: world.env,
  });
  await child.stdin.close();
  const { stdout } = await child.output();
  return JSON.parse(new TextDecoder().decode(stdout));
}
