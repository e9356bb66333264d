/** Two identities of one server over HTTP, one on the account and one on paper: each is told of its own orders alone. */

import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import assert from "node:assert/strict";
import { SHIPPED } from "./program.ts";
import type { RunningServer } from "./servers.ts";
import { callTool, TradingWorld } from "./trading_world.ts";

const ORDERS = "luno://orders/open";

/** For what comes within seconds: a notification that never does fails its test. */
const LONGEST_WAIT_MS = 120_000;

/** A client of an identity that watches its orders, and what it was told. */
async function watchOrders({ http }: RunningServer, key: string, mode: "legacy" | "modern") {
  const told: string[] = [];
  const first = Promise.withResolvers<void>();
  const versionNegotiation = mode === "legacy" ? { mode: "legacy" as const } : { mode: { pin: "2026-07-28" } };
  const client = new Client({ name: "test", version: "1" }, { versionNegotiation });
  client.setNotificationHandler("notifications/resources/updated", ({ params }) => {
    told.push(params.uri);
    first.resolve();
  });
  const requestInit = { headers: { authorization: `Bearer ${key}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(`${http}/mcp`), { requestInit }));
  if (mode === "legacy") await client.subscribeResource({ uri: ORDERS });
  else await client.listen({ resourceSubscriptions: [ORDERS] });
  const untilTold = async () => {
    const limit = setTimeout(() => first.reject(new Error("Nobody was told")), LONGEST_WAIT_MS);
    await first.promise.finally(() => clearTimeout(limit));
  };
  return { told, untilTold, [Symbol.asyncDispose]: () => client.close() };
}

async function keyOf(world: TradingWorld, program: typeof SHIPPED[number], name: string): Promise<string> {
  const scopes = "market:read,account:read,orders:write";
  return (await world.command(program, "keys", "create", name, "--scopes", scopes, "--expires", "1d")).trim();
}

for (const program of SHIPPED) {
  for (const mode of ["legacy", "modern"] as const) {
    Deno.test(`over HTTP each identity is notified of its own orders only (${program.name}, ${mode})`, async () => {
      await using world = await TradingWorld.start();
      const keys = { ann: await keyOf(world, program, "ann"), bob: await keyOf(world, program, "bob") };
      const policy = await world.policy({ identities: { "key:ann": { mode: "paper" } } });
      await using server = await world.serve(program, "auto", { flags: ["--auth", "required", ...policy] });
      await using ann = await watchOrders(server, keys.ann, mode);
      await using bob = await watchOrders(server, keys.bob, mode);
      const placeAs = async (key: string) => {
        const placed = await callTool(server, "place_order", await world.resting(), key);
        assert.equal(placed.status, "placed", JSON.stringify(placed));
      };
      await placeAs(keys.ann);
      await ann.untilTold();
      assert.deepEqual(bob.told, []);
      const before = ann.told.length;
      await placeAs(keys.bob);
      await bob.untilTold();
      assert.equal(ann.told.length, before);
    });
  }
}
