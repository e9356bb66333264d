import assert from "node:assert/strict";
import { importedPackages, sbomText } from "../../scripts/packaging/sbom.ts";
import type { Lock } from "../../scripts/packaging/sbom.ts";

const digest = (byte: number) => `sha512-${new Uint8Array(64).fill(byte).toBase64()}`;

const LOCK: Lock = {
  npm: {
    "@scope/part@2.1.0_peer@1.0.0": { integrity: digest(1), dependencies: ["peer", "twice@2.0.0"] },
    "peer@1.0.0": { integrity: digest(2) },
    "twice@1.0.0": { integrity: digest(3) },
    "twice@2.0.0": { integrity: digest(4) },
    "for-tests@1.0.0": { integrity: digest(5), dependencies: ["twice@1.0.0"] },
  },
};

Deno.test("sbomText() lists the runtime and the packages that imported ones depend on, with purls and digests, and nothing else", async () => {
  const { components, dependencies } = JSON.parse(await sbomText(LOCK, ["@scope/part"], "2.9.6"));
  assert.deepEqual(components.map(({ purl }: { purl: string }) => purl), [
    "pkg:github/denoland/deno@v2.9.6",
    "pkg:npm/%40scope/part@2.1.0",
    "pkg:npm/peer@1.0.0",
    "pkg:npm/twice@2.0.0",
  ]);
  assert.deepEqual(components[3].hashes, [{ alg: "SHA-512", content: "04".repeat(64) }]);
  assert.deepEqual(dependencies.find(({ ref }: { ref: string }) => ref.includes("%40scope")), {
    ref: "pkg:npm/%40scope/part@2.1.0",
    dependsOn: ["pkg:npm/peer@1.0.0", "pkg:npm/twice@2.0.0"],
  });
});

Deno.test("sbomText() gives the same content the same serial number, and other content another", async () => {
  const number = async (deno: string) => JSON.parse(await sbomText(LOCK, ["peer"], deno)).serialNumber;
  assert.match(await number("2.9.6"), /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.equal(await number("2.9.6"), await number("2.9.6"));
  assert.notEqual(await number("2.9.6"), await number("2.9.7"));
});

Deno.test("importedPackages() lists what the program imports, and no package of tests", async () => {
  const names = await importedPackages();
  for (const name of ["@modelcontextprotocol/server", "@peculiar/x509", "prom-client", "ws", "zod"]) {
    assert.ok(names.includes(name), name);
  }
  for (const name of ["@modelcontextprotocol/sdk", "@types/ws", "fast-check"]) assert.ok(!names.includes(name), name);
});
