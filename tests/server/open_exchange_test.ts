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
    const before = opened.name.kind;
    await opened.exchange.call("getMarkets", {}).catch(() => {});
    return [before, opened.name.kind];
  } finally {
    await opened.close();
  }
}

Deno.test("openExchange() calls an exchange simulated when it is embedded, or on this machine and says so, and live otherwise", async () => {
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
