import assert from "node:assert/strict";
import { mainManifest, platformManifest } from "../../scripts/packaging/npm_packages.ts";
import { DESCRIPTION, homeOf } from "../../scripts/packaging/product.ts";
import { TARGET_NAMES } from "../../scripts/packaging/targets.ts";

const HOME = homeOf("owner/repository");

Deno.test("mainManifest() depends on every system's package at its own version, all of them optional", () => {
  const { optionalDependencies, version } = mainManifest(undefined);
  const names = TARGET_NAMES.map((target) => platformManifest(target, undefined));
  assert.deepEqual(optionalDependencies, Object.fromEntries(names.map(({ name }) => [name, version])));
  assert.deepEqual(names.map(({ version }) => version), TARGET_NAMES.map(() => version));
});

Deno.test("platformManifest() uses npm's names for the systems, and glibc on Linux", () => {
  const { name, os, cpu, libc, files } = platformManifest("windows-x64", undefined);
  assert.deepEqual({ name, os, cpu, libc, files }, {
    name: "@luno-mcp-server/win32-x64",
    os: ["win32"],
    cpu: ["x64"],
    libc: undefined,
    files: ["luno-mcp-server.exe"],
  });
  assert.deepEqual(platformManifest("linux-arm64", undefined)["libc"], ["glibc"]);
});

Deno.test("no package runs anything when it is installed", () => {
  for (const manifest of [mainManifest(HOME), ...TARGET_NAMES.map((target) => platformManifest(target, HOME))]) {
    assert.equal(manifest["scripts"], undefined);
  }
});

Deno.test("packages name their repository when it is known, and the registry's name belongs to its owner", () => {
  assert.equal(mainManifest(HOME)["mcpName"], "io.github.owner/luno-mcp-server");
  assert.deepEqual(platformManifest("linux-x64", HOME)["repository"], {
    type: "git",
    url: "git+https://github.com/owner/repository.git",
  });
  assert.equal("repository" in mainManifest(undefined), false);
  assert.equal(homeOf("not a repository"), undefined);
});

Deno.test("the description fits the 100 characters that registries allow", () => assert.ok(DESCRIPTION.length <= 100));
