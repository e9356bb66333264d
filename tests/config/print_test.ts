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

async function load() {
  const loaded = await loadConfig({ "log-level": "debug" }, (name) => ENVIRONMENT[name]);
  assert.ok(loaded.ok);
  return loaded;
}

Deno.test("shownSettings() lists every setting once, under its flag or else its variable", async () => {
  const names = shownSettings(await load()).map(({ name }) => name);
  assert.equal(new Set(names).size, Object.keys(SERVER_SETTINGS).length);
  assert.ok(names.includes("--log-level") && names.includes("LUNO_API_SECRET"));
});

Deno.test("shownSettings() shows values as one would type them, and where they come from", async () => {
  const shown = new Map(shownSettings(await load()).map(({ name, value, origin }) => [name, [value, origin]]));
  assert.deepEqual(shown.get("--log-level"), ["debug", "flag"]);
  assert.deepEqual(shown.get("--tools"), ["market,server", "environment"]);
  assert.deepEqual(shown.get("--api-url"), ["https://api.staging.luno.com/", "environment"]);
  assert.deepEqual(shown.get("--seed"), [1, "default"]);
  assert.deepEqual(shown.get("LUNO_API_SECRET_FILE"), [null, "unset"]);
});

Deno.test("shownSettings() and publicConfig() tell that a secret is set, and no more", async () => {
  const loaded = await load();
  assert.equal(publicConfig(loaded).LUNO_API_SECRET, "[redacted]");
  assert.equal(publicConfig(loaded)["log-level"], "debug");
  assert.doesNotMatch(JSON.stringify([shownSettings(loaded), publicConfig(loaded)]), /canary/);
});
