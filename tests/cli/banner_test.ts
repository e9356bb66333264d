import assert from "node:assert/strict";
import { networkBanner, stdioBanner } from "../../src/cli/banner.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { Config } from "../../src/config/server_settings.ts";
import { VERSION } from "../../src/version.ts";

async function configOf(flags: Record<string, string>): Promise<Config> {
  const loaded = await loadConfig(flags, () => undefined);
  return loaded.ok ? loaded.config : assert.fail(loaded.problems.join("\n"));
}

Deno.test("stdioBanner() says that the server waits for a client, that it does not trade, and how a client starts it", async () => {
  const banner = await stdioBanner(
    await configOf({ exchange: "simulated" }),
    { report: undefined, trading: undefined },
    0,
  );
  const [first, trading, meant] = banner.split("\n");
  assert.equal(
    first,
    `luno-mcp-server ${VERSION} waits for an MCP client on stdin (exchange: simulated). Ctrl-D or Ctrl-C ends it.`,
  );
  assert.equal(trading, "  trading  off (read-only)");
  assert.match(meant ?? "", /^It is meant to be started by a client/);
});

Deno.test("networkBanner() names the routes and how to try them, for the transport that is served", async () => {
  const server = { url: "https://localhost:8765", report: undefined, trading: undefined };
  const lines = (await networkBanner(await configOf({ transport: "websocket" }), server, 0)).split("\n");
  assert.match(lines[0] ?? "", / serves on localhost:8765 \(exchange: live\)\. Ctrl-C ends it\.$/);
  assert.ok(lines.includes("  REST       https://localhost:8765/v1/tools"), lines.join("\n"));
  assert.match(lines.at(-1) ?? "", /^Try: .* client --uri wss:\/\/localhost:8765$/);
  const http = await networkBanner(await configOf({ transport: "http" }), server, 0);
  assert.ok(http.endsWith("\nTry: curl https://localhost:8765/v1/tools"), http);
});
