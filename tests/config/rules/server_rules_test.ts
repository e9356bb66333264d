import assert from "node:assert/strict";
import { streamAddress } from "../../../src/config/in_force.ts";
import { loadConfig } from "../../../src/config/load.ts";

const KEY = { LUNO_API_KEY: "id", LUNO_API_SECRET: "secret-0123456789" };

async function load(flags: Record<string, string>, env: Record<string, string> = {}) {
  const loaded = await loadConfig(flags, (name) => env[name]);
  return loaded.ok ? { problems: [], warnings: loaded.warnings } : { problems: loaded.problems, warnings: [] };
}

for (
  const [flags, problem] of [
    [{ "allowed-hosts": "http://x" }, /^--allowed-hosts: expected .* host names and addresses/],
    [{ "allowed-hosts": "mcp.example.com/mcp" }, /^--allowed-hosts: /],
    [{ "allowed-hosts": "*.example.com" }, /^--allowed-hosts: /],
    [{ "allowed-hosts": "::1" }, /^--allowed-hosts: /],
    [{ "allowed-origins": "app.example.com" }, /^--allowed-origins: expected .* origins such as/],
    [{ "allowed-origins": "https://app.example.com/" }, /^--allowed-origins: /],
    [{ "allowed-origins": "https://app.example.com:443" }, /^--allowed-origins: /],
    [{ "allowed-origins": "*" }, /^--allowed-origins: /],
    [{ host: "http://localhost" }, /^--host: expected a host name or an IP address, without scheme and port/],
    [{ host: "localhost:8765" }, /^--host: /],
    [{ tools: "market,trading" }, /^--tools: expected --trading confirm or auto beside the trading group/],
    [{ policy: "/p.json" }, /^--policy: only with --trading confirm or auto/],
    [{ "confirm-by": "page" }, /^--confirm-by: only with --trading confirm or auto/],
    [{ transport: "stdio", "max-sessions-per-client": "3" }, /^--max-sessions-per-client: only with --transport/],
  ] as const
) {
  Deno.test(`loadConfig() refuses ${JSON.stringify(flags)}, which can never have its effect`, async () => {
    const { problems } = await load({ transport: "http", ...flags });
    assert.equal(problems.length, 1, problems.join("\n"));
    assert.match(problems[0] ?? "", problem);
  });
}

Deno.test("loadConfig() accepts every form of host and origin that can match", async () => {
  const hosts = "mcp.example.com,MCP.example.com:8765,localhost,[::1],[::1]:8765,10.0.0.5:80,a_b.internal";
  const origins = "https://app.example.com,http://localhost:3000,HTTP://LOCALHOST:3000";
  for (const host of ["localhost", "::1", "[::1]", "0.0.0.0", "mcp.example.com"]) {
    const flags = { transport: "http", host, "allowed-hosts": hosts, "allowed-origins": origins };
    assert.deepEqual((await load(flags)).problems, [], host);
  }
});

Deno.test("loadConfig() refuses a choice of tools by a variable only when no tool remains", async () => {
  assert.match((await load({}, { LUNO_MCP_TOOLS: "trading" })).problems.join(), /^--tools: expected --trading confirm/);
  const { problems, warnings } = await load({}, { LUNO_MCP_TOOLS: "market,trading" });
  assert.deepEqual(problems, []);
  assert.match(warnings.join(), /^--tools: the trading group is not offered without --trading confirm or auto$/);
});

for (
  const [flags, env, warning] of [
    [{ trading: "auto" }, KEY, /^--trading auto without --policy: orders are placed without a person's approval/],
    [{ trading: "confirm" }, {}, /^--trading confirm: no order can be placed without an API key: set LUNO_API_KEY/],
    [
      { trading: "confirm", tools: "market" },
      KEY,
      /^--trading confirm: no order .* as --tools leaves the trading group/,
    ],
    [{ tools: "account" }, {}, /^--tools: tools of the account group fail without an API key/],
    [
      { transport: "http", "max-connections": "5", "max-connections-per-client": "9" },
      {},
      /^--max-connections-per-client: 9 can never be reached, as --max-connections is 5$/,
    ],
  ] as const
) {
  Deno.test(`loadConfig() warns of ${JSON.stringify(flags)}`, async () => {
    const { problems, warnings } = await load(flags, env);
    assert.deepEqual(problems, []);
    assert.equal(warnings.length, 1, warnings.join("\n"));
    assert.match(warnings[0] ?? "", warning);
  });
}

Deno.test("loadConfig() gives no warning when the settings agree", async () => {
  for (const flags of [{}, { trading: "confirm" }, { trading: "auto", policy: "/p.json" }, { tools: "market" }]) {
    assert.deepEqual(await load(flags, KEY), { problems: [], warnings: [] }, JSON.stringify(flags));
  }
  assert.deepEqual(await load({ exchange: "simulated", trading: "confirm" }), { problems: [], warnings: [] });
});

for (
  const [flags, env, problem] of [
    [{ "market-data": "stream" }, {}, /^--market-data stream: expected an API key: set LUNO_API_KEY/],
    [{ "stream-url": "ws://streams.example.com" }, {}, /^--stream-url: expected wss, as the key travels along/],
    [{ "stream-url": "https://ws.luno.com" }, {}, /^--stream-url: expected a ws or wss address/],
    [{ "stream-url": "wss://ws.luno.com/api" }, {}, /^--stream-url: expected a ws or wss address/],
    [
      {},
      { LUNO_STREAM_URL: "wss://streams.example.com" },
      /^LUNO_STREAM_URL: a host other than luno.com receives your key only by/,
    ],
    [{ exchange: "simulated", "stream-url": "ws://127.0.0.1:1" }, {}, /^--stream-url: not with --exchange simulated/],
  ] as const satisfies readonly (readonly [Record<string, string>, Record<string, string>, RegExp])[]
) {
  Deno.test(`loadConfig() refuses ${JSON.stringify({ ...flags, ...env })}`, async () => {
    const { problems } = await load(flags, env);
    assert.equal(problems.length, 1, problems.join("\n"));
    assert.match(problems[0] ?? "", problem);
  });
}

for (
  const [flags, address] of [
    [{}, "wss://ws.luno.com/"],
    [{ "api-url": "http://127.0.0.1:8888" }, "ws://127.0.0.1:8888/"],
    [{ "api-url": "https://exchange.example.com" }, "wss://exchange.example.com/"],
    [{ "api-url": "http://127.0.0.1:8888", "stream-url": "ws://127.0.0.1:9999" }, "ws://127.0.0.1:9999/"],
    [{ "stream-url": "wss://other.luno.com" }, "wss://other.luno.com/"],
  ] as const satisfies readonly (readonly [Record<string, string>, string])[]
) {
  Deno.test(`streamAddress() sends the key of ${JSON.stringify(flags)} to ${address} and nowhere else`, async () => {
    const loaded = await loadConfig(flags, () => undefined);
    assert.ok(loaded.ok, JSON.stringify(loaded));
    assert.equal(streamAddress(loaded).href, address);
  });
}
