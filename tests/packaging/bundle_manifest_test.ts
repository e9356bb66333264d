import assert from "node:assert/strict";
import { bundleManifest } from "../../scripts/packaging/bundle_manifest.ts";
import { homeOf, VERSION } from "../../scripts/packaging/product.ts";
import { registryEntry } from "../../scripts/packaging/registry_entry.ts";
import { SERVER_SETTINGS } from "../../src/config/server_settings.ts";
import type { Setting } from "../../src/config/setting.ts";

const KNOWN = Object.values<Setting>(SERVER_SETTINGS).flatMap(({ env }) => env);

Deno.test("bundleManifest() asks only for existing settings, and has a default for each", () => {
  const { server, user_config } = bundleManifest("linux-x64", { home: undefined, tools: [] });
  for (const [name, value] of Object.entries(server.mcp_config.env)) {
    assert.ok(KNOWN.includes(name), name);
    const [, field = ""] = /^\$\{user_config\.(\w+)\}$/.exec(value) ?? [];
    assert.equal(typeof user_config[field]?.default, "string", value);
  }
});

Deno.test("bundleManifest() marks the secret as sensitive, and leaves trading off", () => {
  const { user_config } = bundleManifest("linux-x64", { home: undefined, tools: [] });
  assert.equal(user_config["api_secret"]?.sensitive, true);
  assert.equal(user_config["trading"]?.default, "off");
});

Deno.test("bundleManifest() names the program as each system does", () => {
  const { server, compatibility } = bundleManifest("windows-x64", { home: undefined, tools: [] });
  assert.equal(server.entry_point, "server/luno-mcp-server.exe");
  assert.deepEqual(compatibility, { platforms: ["win32"] });
});

Deno.test("registryEntry() points to the npm package of its version, and to bundles with their digests", () => {
  const home = homeOf("owner/name") ?? assert.fail();
  const { name, packages } = registryEntry(home, [{ name: "a.mcpb", sha256: "ab" }]);
  assert.equal(name, home.registryName);
  assert.deepEqual(packages.map(({ identifier }) => identifier), [
    "luno-mcp-server",
    `https://github.com/owner/name/releases/download/v${VERSION}/a.mcpb`,
  ]);
  assert.equal(packages[0]?.["version"], VERSION);
  assert.equal(packages[1]?.["fileSha256"], "ab");
  for (const variable of packages.flatMap((found) => found["environmentVariables"] as { name: string }[])) {
    assert.ok(KNOWN.includes(variable.name), variable.name);
  }
});
