import assert from "node:assert/strict";
import { openExchange } from "../../src/server/open_exchange.ts";
import { loadConfig } from "../../src/config/load.ts";
import { startSimulation } from "../../src/simulation/server.ts";
import { TestWorld } from "../cli/world.ts";

/** What the exchange of these flags is called, before and after it has answered. */
async function kindsOf(flags: Record<string, string>): Promise<string[]> {
  const loaded = await loadConfig(flags, () => undefined);
  assert.ok(loaded.ok, JSON.stringify(loaded));
  const opened = await openExchange(loaded, new TestWorld());
  try {
    const before = opened.main.name.kind;
    await opened.exchange.call("getMarkets", {}).catch(() => {});
    return [before, opened.main.name.kind];
  } finally {
    await opened.close();
  }
}

Deno.test("openExchange() calls an exchange simulated when it is embedded, or local and identifies itself as such, and live otherwise", async () => {
  const simulation = await startSimulation();
  const { port } = new URL(simulation.url);
  const silent = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => new Response("{}"));
  try {
    assert.deepEqual(await kindsOf({ exchange: "simulated" }), ["simulated", "simulated"]);
    assert.deepEqual(await kindsOf({ "api-url": simulation.url }), ["live", "simulated"]);
    assert.deepEqual(await kindsOf({ "api-url": `http://localhost:${port}` }), ["live", "simulated"]);
    assert.deepEqual(await kindsOf({ "api-url": simulation.url, exchange: "paper" }), ["paper", "paper"]);
    assert.deepEqual(await kindsOf({ "api-url": `http://127.0.0.1:${silent.addr.port}` }), ["live", "live"]);
  } finally {
    await simulation.stop();
    await silent.shutdown();
  }
});

/** Where the second reader of a pair gets its book from, and how many streams there are then. */
async function sourceOf(
  flags: Record<string, string>,
  { env = {}, isServer = true }: { readonly env?: Record<string, string>; readonly isServer?: boolean } = {},
): Promise<readonly [source: string, streams: number]> {
  const loaded = await loadConfig(flags, (name) => env[name]);
  assert.ok(loaded.ok, JSON.stringify(loaded));
  const opened = await openExchange(loaded, new TestWorld(), { isServer });
  try {
    const { live, exchange } = opened;
    await exchange.read("getOrderBook", { pair: "XBTZAR" });
    if (live !== undefined) {
      const isThere = Promise.withResolvers<void>();
      using _watching = live.watch("XBTZAR", () => isThere.resolve());
      if (live.peek("XBTZAR")?.isFresh !== true) await isThere.promise;
    }
    const { source } = await exchange.read("getOrderBook", { pair: "XBTZAR" });
    return [source, live?.status.length ?? 0];
  } finally {
    await opened.close();
  }
}

Deno.test("openExchange() follows markets by streams in servers with a key, and reads them over REST otherwise", async () => {
  const simulation = await startSimulation();
  const { id, secret } = simulation.keys.readOnly;
  const env = { LUNO_API_KEY: id, LUNO_API_SECRET: secret };
  const ours = { "api-url": simulation.url };
  try {
    assert.deepEqual(await sourceOf(ours, { env }), ["stream", 1]);
    assert.deepEqual(await sourceOf({ exchange: "simulated" }), ["stream", 1]);
    assert.deepEqual(await sourceOf({ ...ours, "market-data": "stream" }, { env }), ["stream", 1]);
    assert.deepEqual(await sourceOf(ours), ["exchange", 0]);
    assert.deepEqual(await sourceOf({ ...ours, "market-data": "rest" }, { env }), ["exchange", 0]);
    assert.deepEqual(await sourceOf(ours, { env, isServer: false }), ["exchange", 0]);
  } finally {
    await simulation.stop();
  }
});
