/** Previews and dialogs between processes on one record: requested at one of them, placed at another, once. */

import assert from "node:assert/strict";
import { Cluster } from "./cluster.ts";
import { callOverMcp } from "./dialog_call.ts";
import { SHIPPED } from "./program.ts";
import type { RunningServer } from "./servers.ts";
import { callTool, TradingWorld } from "./trading_world.ts";

const YES = { inputResponses: { confirm: { action: "accept", content: { place: true } } } };

async function kill({ child }: RunningServer): Promise<void> {
  child.kill("SIGKILL");
  await child.status;
}

for (const program of SHIPPED) {
  Deno.test(`a preview of a server that was killed is placed once by the next one on its folder (${program.name})`, async () => {
    await using world = await TradingWorld.start();
    await using first = await world.serve(program, "auto");
    const { preview_id } = await callTool(first, "preview_order", await world.resting());
    await kill(first);
    await using next = await world.serve(program, "auto");
    const placed = await callTool(next, "place_order", { preview_id });
    assert.equal(placed.status, "placed", JSON.stringify(placed));
    assert.equal((await callTool(next, "place_order", { preview_id })).code, "ERR_PREVIEW_USED");
    assert.deepEqual(world.orders.map(({ id }) => id), [placed.order_id]);
  });

  Deno.test(`a paper preview of a server that was killed is placed by the next one on its folder (${program.name})`, async () => {
    await using world = await TradingWorld.start();
    await using first = await world.serve(program, "auto", { exchange: "paper" });
    const { preview_id, paper } = await callTool(first, "preview_order", await world.resting());
    assert.equal(paper, true);
    await kill(first);
    await using next = await world.serve(program, "auto", { exchange: "paper" });
    const placed = await callTool(next, "place_order", { preview_id });
    assert.deepEqual([placed.status, placed.paper], ["placed", true], JSON.stringify(placed));
    assert.equal((await callTool(next, "place_order", { preview_id })).code, "ERR_PREVIEW_USED");
    assert.deepEqual(world.sent, []);
  });

  Deno.test(`servers on one database: a preview of one can be placed at any of them, and only once (${program.name})`, async () => {
    await using cluster = await Cluster.start(program);
    const servers = [await cluster.serve(), await cluster.serve(), await cluster.serve()] as const;
    const [first, ...others] = servers;
    const previews = [];
    for (let i = 0; i < 3; i++) {
      previews.push(await callTool(first, "preview_order", await cluster.world.resting()));
    }
    const calls = previews.flatMap(({ preview_id }) =>
      servers.map((server) => callTool(server, "place_order", { preview_id }))
    );
    const answers = await Promise.all(calls);
    assert.equal(answers.filter(({ status }) => status === "placed").length, previews.length, JSON.stringify(answers));
    for (const server of servers) {
      for (const { preview_id } of previews) {
        assert.equal((await callTool(server, "place_order", { preview_id })).code, "ERR_PREVIEW_USED");
      }
    }
    assert.equal(cluster.world.orders.length, previews.length);
    const { preview_id } = await callTool(first, "preview_order", await cluster.world.resting());
    await kill(first);
    const [next] = others;
    assert.ok(next !== undefined);
    const placed = await callTool(next, "place_order", { preview_id });
    assert.equal(placed.status, "placed", JSON.stringify(placed));
    const verified = JSON.parse(await cluster.command("audit", "verify", "--json"));
    assert.equal(verified.ok, true, JSON.stringify(verified));
  });

  Deno.test(`servers on one database: a preview of one is confirmed in a dialog of another and placed by a third (${program.name})`, async () => {
    await using cluster = await Cluster.start(program);
    const policy = await cluster.world.policy({ default: { mode: "confirm" } });
    const [first, second, third] = [
      await cluster.serve(...policy),
      await cluster.serve(...policy),
      await cluster.serve(...policy),
    ];
    const { preview_id } = await callTool(first, "preview_order", await cluster.world.resting());
    await kill(first);
    const call = { name: "place_order", arguments: { preview_id } };
    const { resultType, inputRequests, requestState } = await callOverMcp(second, call);
    assert.equal(resultType, "input_required");
    assert.match(inputRequests.confirm.params.message, /^Place this order\?\n\n/);
    await kill(second);
    const changed = { ...call, arguments: { preview_id: preview_id.replace(/.$/, "0") } };
    assert.equal((await callTool(third, "place_order", { preview_id })).code, "ERR_PREVIEW_USED");
    assert.deepEqual(cluster.world.sent, []);
    const placed = await callOverMcp(third, { ...call, ...YES, requestState });
    assert.equal(placed.structuredContent?.status, "placed", JSON.stringify(placed));
    for (const again of [call, changed]) {
      const late = await callOverMcp(third, { ...again, ...YES, requestState });
      assert.match(JSON.stringify(late), /ERR_CONFIRMATION_UNKNOWN/);
    }
    assert.equal(cluster.world.orders.length, 1);
  });

  Deno.test(`servers on one database: an order that is approved in a terminal is placed by its preview at any server (${program.name})`, async () => {
    await using cluster = await Cluster.start(program);
    const policy = await cluster.world.policy({ default: { mode: "confirm", confirm_by: ["terminal"] } });
    const [first, second] = [await cluster.serve(...policy), await cluster.serve(...policy)];
    const { preview_id } = await callTool(first, "preview_order", await cluster.world.resting());
    await kill(first);
    const placing = callTool(second, "place_order", { preview_id });
    await second.said(/luno-mcp-server approve \w+"$/);
    const { approvals: [waiting] } = JSON.parse(await cluster.command("approve", "--json"));
    assert.equal(waiting.preview_id, preview_id);
    await cluster.command("approve", waiting.id);
    const placed = await placing;
    assert.equal(placed.status, "placed", JSON.stringify(placed));
    assert.equal(cluster.world.orders.length, 1);
  });
}
