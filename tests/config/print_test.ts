import assert from "node:assert/strict";
import { loadConfig } from "../../src/config/load.ts";
import { publicConfig, shownSettings } from "../../src/config/print.ts";
import { SERVER_SETTINGS } from "../../src/config/server_settings.ts";

const ENVIRONMENT: Record<string, string> = {
  LUNO_API_KEY: "canary-id",
  LUNO_API_SECRET: "canary-secret",
  LUNO_API_URL: "https://api.staging.luno.com",
  LUNO_MCP_TOOLS: "server,market",
};

const noEnvironment = () => undefined;

async function load() {
  const loaded = await loadConfig({ "log-level": "debug" }, (name) => ENVIRONMENT[name]);
  assert.ok(loaded.ok);
  return loaded;
}

Deno.test("shownSettings() lists every setting once, under its flag or otherwise its variable", async () => {
  const names = shownSettings(await load(), noEnvironment).map(({ name }) => name);
  assert.equal(new Set(names).size, Object.keys(SERVER_SETTINGS).length);
  assert.ok(names.includes("--log-level") && names.includes("LUNO_API_SECRET"));
});

Deno.test("shownSettings() shows values as they would be typed, with their source", async () => {
  const shown = new Map(
    shownSettings(await load(), noEnvironment).map(({ name, value, origin }) => [name, [value, origin]]),
  );
  assert.deepEqual(shown.get("--log-level"), ["debug", "flag"]);
  assert.deepEqual(shown.get("--tools"), ["market,server", "environment"]);
  assert.deepEqual(shown.get("--api-url"), ["https://api.staging.luno.com/", "environment"]);
  assert.deepEqual(shown.get("--seed"), [1, "default"]);
  assert.deepEqual(shown.get("LUNO_API_SECRET_FILE"), [null, "unset"]);
});

Deno.test("shownSettings() and publicConfig() show only that a secret is set", async () => {
  const loaded = await load();
  assert.equal(publicConfig(loaded).LUNO_API_SECRET, "[redacted]");
  assert.equal(publicConfig(loaded)["log-level"], "debug");
  assert.doesNotMatch(JSON.stringify([shownSettings(loaded, noEnvironment), publicConfig(loaded)]), /canary/);
});

/** What is shown of a setting that others determine. */
async function shown(name: string, flags: Record<string, string>, env: Record<string, string> = {}) {
  const loaded = await loadConfig(flags, (variable) => env[variable]);
  assert.ok(loaded.ok, loaded.ok ? "" : loaded.problems.join("\n"));
  const row = shownSettings(loaded, (variable) => env[variable]).find((setting) => setting.name === name);
  return [row?.value, row?.why];
}

const NETWORK = { transport: "http" };

Deno.test("shownSettings() shows the limits in force on loopback, and those that were set", async () => {
  const shared = "as on loopback all clients are one identity until there is an API key";
  assert.deepEqual(await shown("--rate-limit", NETWORK), [5_000, `100 for each of 50 connections, ${shared}`]);
  assert.deepEqual(await shown("--max-connections-per-client", NETWORK), [50, `all connections, ${shared}`]);
  assert.deepEqual(await shown("--max-sessions-per-client", NETWORK), [500, "10 for each connection of a client"]);
  assert.deepEqual(await shown("--rate-limit", { ...NETWORK, "rate-limit": "7" }), [7, ""]);
  assert.deepEqual(await shown("--rate-limit", { ...NETWORK, host: "0.0.0.0" }), [100, ""]);
  assert.deepEqual(await shown("--rate-limit", { ...NETWORK, auth: "required" }), [100, ""]);
});

Deno.test("shownSettings() shows the state folder in force, and publicConfig() none unless one was named", async () => {
  const env = { HOME: "/home/somebody", XDG_STATE_HOME: "/home/somebody/.state", LOCALAPPDATA: "C:\\Users\\somebody" };
  const [folder, why] = await shown("--state", {}, env);
  assert.match(String(folder), /somebody.*luno-mcp-server/);
  assert.equal(why, "the user's folder for state");
  assert.deepEqual((await shown("--state", {}))[0], null);
  assert.deepEqual(await shown("--state", { state: "/some/folder" }, env), ["/some/folder", ""]);
  const loaded = await loadConfig({}, () => undefined);
  assert.ok(loaded.ok && publicConfig(loaded).state === null);
});

Deno.test("shownSettings() shows how the embedded exchange affects the exchange's settings", async () => {
  const simulated = { exchange: "simulated" };
  assert.deepEqual((await shown("--api-url", simulated))[0], null);
  assert.deepEqual(await shown("--api-rate-limit", simulated), [
    60_000,
    "the embedded exchange serves this server alone",
  ]);
  assert.deepEqual(await shown("--api-rate-limit", { ...simulated, "api-rate-limit": "50" }), [50, ""]);
  assert.match(String((await shown("LUNO_API_KEY", simulated, ENVIRONMENT))[1]), /^not used/);
});

Deno.test("shownSettings() marks settings without effect", async () => {
  assert.equal((await shown("--port", {}))[1], "not used with --transport stdio");
  assert.equal((await shown("--port", NETWORK))[1], "");
  assert.equal((await shown("--seed", {}))[1], "not used without --exchange simulated");
  assert.equal((await shown("--policy", {}, { LUNO_MCP_POLICY: "/p.json" }))[1], "not used with --trading off");
  assert.deepEqual(await shown("--trading", {}, { ALLOW_WRITE_OPERATIONS: "true" }), [
    "confirm",
    "ALLOW_WRITE_OPERATIONS is true",
  ]);
});

Deno.test("shownSettings() shows the address of a database without its password", async () => {
  const env = (name: string) => name === "LUNO_MCP_STATE_URL" ? "postgres://ann:canary@db.example.com/luno" : undefined;
  const loaded = await loadConfig({}, env);
  assert.ok(loaded.ok);
  const shown = shownSettings(loaded, noEnvironment).find(({ name }) => name === "--state-url");
  assert.equal(shown?.value, "postgres://ann@db.example.com:5432/luno");
});
