/** A person's confirmation with stock MCP clients: in their dialogs, on the approval page, and in a terminal. */

import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import type { ElicitResult, Transport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as StdioClientTransportV1 } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport as HttpV1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { WebSocketClientTransport } from "@modelcontextprotocol/sdk/client/websocket.js";
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import assert from "node:assert/strict";
import type { Json } from "../support/exchange.ts";
import { inherited, SHIPPED } from "./program.ts";
import type { Program } from "./program.ts";
import { startServer } from "./servers.ts";
import type { RunningServer } from "./servers.ts";
import { callTool, TradingWorld } from "./trading_world.ts";

/** The person in front of a client. */
type Dialog = (message: string) => ElicitResult;

/** What the libraries have in common. */
interface AnyClient {
  call(name: string, args: Record<string, unknown>): Promise<Json>;
  close(): Promise<void>;
}

/** Where a client connects to: a server that runs, or one that it starts. */
interface Place {
  readonly world: TradingWorld;
  readonly program: Program;
  readonly server: RunningServer;
}

function stdio({ world, program }: Place) {
  const args = [...program.args, ...world.flags("confirm", "--exchange", "live", "--policy", world.policyPath)];
  return { command: program.command, args, env: { ...inherited(), ...world.env }, stderr: "ignore" as const };
}

async function v2(transport: Transport, mode: "legacy" | "auto", dialog: Dialog): Promise<AnyClient> {
  const client = new Client({ name: "v2", version: "1" }, {
    versionNegotiation: { mode },
    capabilities: { elicitation: {} },
  });
  client.setRequestHandler("elicitation/create", ({ params }) => Promise.resolve(dialog(params.message)));
  await client.connect(transport);
  assert.equal(client.getNegotiatedProtocolVersion(), mode === "auto" ? "2026-07-28" : "2025-11-25");
  return {
    call: async (name, args) => textOf(await client.callTool({ name, arguments: args })),
    close: () => client.close(),
  };
}

async function v1(transport: Parameters<ClientV1["connect"]>[0], dialog: Dialog): Promise<AnyClient> {
  const client = new ClientV1({ name: "v1", version: "1" }, { capabilities: { elicitation: {} } });
  client.setRequestHandler(ElicitRequestSchema, ({ params }: { params: { message: string } }) => ({
    ...dialog(params.message),
  }));
  await client.connect(transport);
  return {
    call: async (name, args) => textOf(await client.callTool({ name, arguments: args })),
    close: () => client.close(),
  };
}

function textOf({ content }: { content?: unknown }): Json {
  const [text] = Array.isArray(content) ? content : [];
  return JSON.parse(text.text);
}

const CLIENTS: Readonly<Record<string, (place: Place, dialog: Dialog) => Promise<AnyClient>>> = {
  "the v2 client on stdio, 2025 era": (place, dialog) => v2(new StdioClientTransport(stdio(place)), "legacy", dialog),
  "the v2 client on stdio, 2026 era": (place, dialog) => v2(new StdioClientTransport(stdio(place)), "auto", dialog),
  "the v1 client on stdio": (place, dialog) => v1(new StdioClientTransportV1(stdio(place)), dialog),
  "the v1 client on WebSocket": ({ server }, dialog) => v1(new WebSocketClientTransport(new URL(server.ws)), dialog),
  "the v2 client on WebSocket, 2026 era": ({ server }, dialog) =>
    v2(new WebSocketClientTransport(new URL(server.ws)), "auto", dialog),
  "the v2 client on HTTP with a session": ({ server }, dialog) =>
    v2(new StreamableHTTPClientTransport(new URL(`${server.http}/mcp`)), "legacy", dialog),
  "the v2 client on HTTP without one": ({ server }, dialog) =>
    v2(new StreamableHTTPClientTransport(new URL(`${server.http}/mcp`)), "auto", dialog),
  "the v1 client on HTTP": ({ server }, dialog) => v1(new HttpV1(new URL(`${server.http}/mcp`)), dialog),
};

/** The log record of an order that waits, with its id. */
const WAITING = /order waiting for approval .*luno-mcp-server approve (\w+)"$/;

const YES: ElicitResult = { action: "accept", content: { place: true } };

/** Many orders in a minute. */
const UNHURRIED = { default: { max_orders_per_minute: null } };

const REFUSALS: readonly ElicitResult[] = [
  { action: "accept", content: { place: false } },
  { action: "decline" },
  { action: "cancel" },
];

for (const program of SHIPPED) {
  Deno.test(`every client shows the exact order in its dialog; a yes places it once, anything else sends nothing (${program.name})`, async (t) => {
    await using world = await TradingWorld.start();
    await using server = await world.serve(program, "confirm", { flags: await world.policy(UNHURRIED) });
    for (const [name, connect] of Object.entries(CLIENTS)) {
      await t.step(name, async () => {
        const shown: string[] = [];
        let answer = YES;
        const client = await connect({ world, program, server }, (message) => (shown.push(message), answer));
        try {
          const order = await world.resting();
          const before = world.sent.length;
          for (answer of REFUSALS) {
            const { error } = await client.call("place_order", order);
            assert.equal(error?.code, "ERR_CONFIRMATION_DECLINED");
          }
          assert.equal(world.sent.length, before);
          answer = YES;
          const { preview_id } = await client.call("preview_order", order);
          const placed = await client.call("place_order", { preview_id });
          assert.equal(placed.status, "placed", JSON.stringify(placed));
          const { pair, price, volume } = order;
          const second = await client.call("create_order", { pair, price, volume, type: "BID" });
          assert.equal(second.status, "placed", JSON.stringify(second));
          assert.equal(world.sent.length, before + 2);
          assert.equal(world.orders.at(-2)?.id, placed.order_id);
          assert.equal(shown.length, REFUSALS.length + 2);
          const exact = `\nExact order: BUY 0.001 XBT in XBTZAR at ${price} ZAR each (limit, GTC)`;
          for (const text of shown) assert.ok(text.startsWith("Place this order") && text.includes(exact), text);
          assert.equal((await client.call("cancel_order", { order_id: placed.order_id })).status, "cancelled");
          await client.call("cancel_order", { order_id: second.order_id });
        } finally {
          await client.close();
        }
      });
    }
  });

  Deno.test(`a caller without dialogs uses the approval page, which shows the exact order and places it once (${program.name})`, async () => {
    await using world = await TradingWorld.start();
    await using server = await world.serve(program, "confirm", { flags: ["--log-level", "debug"] });
    const order = await world.resting();
    const calling = callTool(server, "place_order", order);
    await server.said(WAITING);
    const link = /http:\S+/.exec(await Deno.readTextFile(`${world.state}/approval-links`))?.[0] ?? "";
    const { origin, pathname } = new URL(link);
    const token = pathname.split("/").at(-1) ?? "";
    assert.match(origin, /^http:\/\/127\.0\.0\.1:\d+$/);
    assert.ok(token.length >= 40);

    const page = await fetch(link);
    const html = await page.text();
    assert.equal(page.status, 200);
    assert.ok(/<p class="exchange live"><b>LIVE<\/b> 127\.0\.0\.1:\d+, taken for real money/.test(html), html);
    assert.ok(html.includes(`BUY 0.001 XBT in XBTZAR at ${order.price} ZAR each (limit, GTC)`), html);
    assert.ok(!/<script|https?:\/\/(?!127)/i.test(html), html);
    const csp = page.headers.get("content-security-policy") ?? "";
    for (const rule of ["default-src 'none'", "form-action 'self'", "frame-ancestors 'none'"]) {
      assert.ok(csp.includes(rule), csp);
    }
    assert.equal(page.headers.get("cache-control"), "no-store");
    // With no-referrer browsers would send the page's own form from the origin null.
    assert.equal(page.headers.get("referrer-policy"), "same-origin");

    const statusOf = async (url: string, init: RequestInit = {}) => {
      const response = await fetch(url, init);
      await response.body?.cancel();
      return response.status;
    };
    const wrong = link.slice(0, -6) + "AAAAAA";
    assert.equal(await statusOf(wrong), 404);
    assert.equal(await statusOf(`${wrong}/yes`, { method: "POST" }), 404);
    assert.equal(await statusOf(`${origin}/`), 404);
    assert.equal(await statusOf(`${link}/yes`), 405);
    assert.equal(await statusOf(link, { method: "POST" }), 405);
    for (const foreign of ["https://evil.example", "null"]) {
      assert.equal(await statusOf(`${link}/yes`, { method: "POST", headers: { origin: foreign } }), 403, foreign);
    }
    assert.equal(await foreignHost(link), 403);
    assert.deepEqual(world.sent, []);

    const ticked = { method: "POST", headers: { origin }, body: new URLSearchParams({ checked: "yes" }) };
    assert.equal(await statusOf(`${link}/yes`, { method: "POST", headers: { origin } }), 409);
    assert.deepEqual(world.sent, []);
    const decided = await (await fetch(`${link}/yes`, ticked)).text();
    const placed = await calling;
    assert.equal(placed.status, "placed", JSON.stringify(placed));
    const placedWords = new RegExp(`<h1>Placed</h1><p>The exchange has it, as order ${placed.order_id}`);
    assert.match(decided, placedWords);
    assert.match(await (await fetch(link)).text(), placedWords);
    for (const answer of ["yes", "no"]) assert.equal(await statusOf(`${link}/${answer}`, ticked), 409);
    assert.deepEqual([world.sent.length, world.orders.map(({ id }) => id)], [1, [placed.order_id]]);

    const trail = await callTool(server, "get_audit_trail", {});
    assert.ok(!JSON.stringify([placed, trail]).includes(token));
    assert.deepEqual(server.lines.filter((line) => line.includes(token)), []);
    assert.match(JSON.stringify(trail), /"by":"page"/);
  });

  Deno.test(`approve in a terminal places the pending order, or declines it (${program.name})`, async () => {
    await using world = await TradingWorld.start();
    await using server = await world.serve(program, "confirm");
    const order = await world.resting();
    const calling = callTool(server, "place_order", order);
    const [, id = ""] = WAITING.exec(await server.said(WAITING)) ?? [];
    const listed = JSON.parse(await world.command(program, "approve", "--json"));
    assert.deepEqual(listed.approvals.map((row: Json) => [row.id, row.text.split("\n").at(-1)]), [
      [id, `Exact order: BUY 0.001 XBT in XBTZAR at ${order.price} ZAR each (limit, GTC)`],
    ]);
    assert.deepEqual(world.sent, []);
    await world.command(program, "approve", id);
    assert.equal((await calling).status, "placed");
    const declining = callTool(server, "place_order", { ...order, volume: "0.002" });
    const other = await server.said(new RegExp(`approve (?!${id})\\w+"$`));
    await world.command(program, "approve", WAITING.exec(other)?.[1] ?? "", "--decline");
    assert.equal((await declining).code, "ERR_CONFIRMATION_DECLINED");
    assert.equal(world.sent.length, 1);
  });

  Deno.test(`with trading off no trading tool is listed, and a sentence says how to switch it on (${program.name})`, async () => {
    await using world = await TradingWorld.start();
    await using server = await startServer(program, ["--api-url", world.exchange.url], {
      exchange: "live",
      env: world.env,
    });
    const { tools } = await (await fetch(`${server.http}/v1/tools`)).json();
    assert.ok(tools.length > 0 && tools.every(({ group }: Json) => group !== "trading"));
    const order = await world.resting();
    const overRest = await callTool(server, "place_order", order);
    assert.deepEqual([overRest.code, /--trading confirm/.test(overRest.detail ?? overRest.message)], [
      "ERR_TRADING_OFF",
      true,
    ]);
    const socket = new WebSocket(server.ws, ["mcp"]);
    await new Promise((resolve) => socket.onopen = resolve);
    const answer = new Promise<Json>((resolve) => socket.onmessage = ({ data }) => resolve(JSON.parse(data)));
    socket.send(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "place_order", params: order }));
    const { error } = await answer;
    assert.deepEqual([error.data.code, /--trading confirm/.test(error.message)], ["ERR_TRADING_OFF", true]);
    const closed = new Promise((resolve) => socket.onclose = resolve);
    socket.close();
    await closed;
    assert.deepEqual(world.sent, []);
  });
}

/** The status of a request under another name, as a page elsewhere makes it that has its name point to loopback. */
async function foreignHost(link: string): Promise<number> {
  const { hostname, port, pathname } = new URL(link);
  using connection = await Deno.connect({ hostname, port: Number(port) });
  const request = `GET ${pathname} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n`;
  await connection.write(new TextEncoder().encode(request));
  const head = new Uint8Array(1_000);
  const length = await connection.read(head) ?? 0;
  return Number(/^HTTP\/1\.1 (\d+)/.exec(new TextDecoder().decode(head.subarray(0, length)))?.[1]);
}
