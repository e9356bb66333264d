/** Clients of both eras that subscribe to resources, on every way to the program. */

import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import type { Transport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
import { WebSocketClientTransport as WebSocketTransportV1 } from "@modelcontextprotocol/sdk/client/websocket.js";
import assert from "node:assert/strict";
import { client } from "../../src/cli/client.ts";
import { WebSocketClientTransport } from "../../src/client/transport.ts";
import { TestWorld } from "../cli/world.ts";
import { TestExchange } from "../support/exchange.ts";
import { inherited, SHIPPED } from "./program.ts";
import { listenersOf } from "./listeners.ts";
import { startServer } from "./servers.ts";

const TICKER = "luno://market/XBTZAR/ticker";

/** A client of the years before that was told of a change, and saw it. */
async function followAsBefore(transport: Transport): Promise<void> {
  const client = new Client({ name: "test", version: "1" }, { versionNegotiation: { mode: "legacy" } });
  const { promise, resolve } = Promise.withResolvers<string>();
  client.setNotificationHandler("notifications/resources/updated", ({ params }) => resolve(params.uri));
  await client.connect(transport);
  assert.equal(client.getServerCapabilities()?.resources?.subscribe, true);
  const before = await client.readResource({ uri: TICKER });
  await client.subscribeResource({ uri: TICKER });
  assert.equal(await promise, TICKER);
  assert.notDeepEqual(await client.readResource({ uri: TICKER }), before);
  await assert.rejects(client.subscribeResource({ uri: "luno://nothing" }));
  await client.unsubscribeResource({ uri: TICKER });
  await client.close();
}

/** A client of 2026-07-28 that listens, is told of a change, and leaves. */
async function listen(transport: Transport): Promise<void> {
  const client = new Client({ name: "test", version: "1" }, { versionNegotiation: { mode: { pin: "2026-07-28" } } });
  const { promise, resolve } = Promise.withResolvers<string>();
  client.setNotificationHandler("notifications/resources/updated", ({ params }) => resolve(params.uri));
  await client.connect(transport);
  const subscription = await client.listen({ resourceSubscriptions: [TICKER, "luno://nothing"] });
  assert.deepEqual(subscription.honoredFilter.resourceSubscriptions, [TICKER]);
  assert.equal(await promise, TICKER);
  await subscription.close();
  await client.close();
}

for (const program of SHIPPED) {
  Deno.test(`the v1 client over WebSocket is notified of changes it subscribed to (${program.name})`, async () => {
    await using server = await startServer(program);
    const client = new ClientV1({ name: "v1", version: "1" });
    const { promise, resolve } = Promise.withResolvers<string>();
    client.fallbackNotificationHandler = ({ params }: { params?: Record<string, unknown> }) =>
      Promise.resolve(resolve(String(params?.uri)));
    await client.connect(new WebSocketTransportV1(new URL(server.ws)));
    await client.subscribeResource({ uri: TICKER });
    assert.equal(await promise, TICKER);
    await client.close();
  });

  Deno.test(`clients of both protocol revisions over WebSocket are notified of changes they subscribed to (${program.name})`, async () => {
    await using server = await startServer(program);
    const transport = () => new WebSocketClientTransport({ url: new URL(server.ws) });
    await Promise.all([followAsBefore(transport()), listen(transport())]);
  });

  Deno.test(`a client over stdio is notified of changes it subscribed to (${program.name})`, async () => {
    const args = [...program.args, "--exchange", "simulated"];
    await followAsBefore(
      new StdioClientTransport({ command: program.command, args, env: inherited(), stderr: "ignore" }),
    );
  });

  Deno.test(`a client of 2026-07-28 listens over stdio (${program.name})`, async () => {
    const args = [...program.args, "--exchange", "simulated"];
    await listen(new StdioClientTransport({ command: program.command, args, env: inherited(), stderr: "ignore" }));
  });

  for (const listener of listenersOf(program)) {
    Deno.test(`clients over HTTP are notified of changes they subscribed to (${program.name}, ${listener})`, async () => {
      await using server = await startServer(program, ["--listener", listener]);
      const address = new URL(`${server.http}/mcp`);
      await Promise.all([
        followAsBefore(new StreamableHTTPClientTransport(address)),
        listen(new StreamableHTTPClientTransport(address)),
      ]);
    });
  }
}

for (const program of SHIPPED) {
  Deno.test(`client --pairs shows prices when they have changed, and polls for none (${program.name})`, async () => {
    await using exchange = await TestExchange.start();
    await using server = await startServer(program, ["--api-url", exchange.simulation.url], { exchange: "live" });
    const world = new TestWorld();
    const flags = { uri: server.ws, pairs: "XBTZAR", interval: "0.1" };
    const running = client(flags, { world, problems: [], operands: [] });
    await world.stdout.matching(/\n/);
    exchange.clock.now += 3_600_000;
    await world.stdout.matching(/\n[^]*\n/);
    world.interrupt();
    assert.equal(await running, 0);
    const prices = world.stdout.text.trimEnd().split("\n").map((line) => line.replace(/^\S+ /, ""));
    assert.equal(new Set(prices).size, prices.length, world.stdout.text);
  });
}
