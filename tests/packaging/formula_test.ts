import assert from "node:assert/strict";
import { formula } from "../../scripts/packaging/formula.ts";
import { homeOf, VERSION } from "../../scripts/packaging/product.ts";
import { binaryName, TARGET_NAMES } from "../../scripts/packaging/targets.ts";

const HOME = homeOf("owner/name") ?? assert.fail();
const SUMS = TARGET_NAMES.map((name, index) => `${String(index).repeat(64)}  ${binaryName(name)}\n`).join("");

Deno.test("formula() gives each system the address and the digest of its program", () => {
  const text = formula(HOME, SUMS);
  const pairs = [...text.matchAll(/url "(.*)"\n +sha256 "(\d)\2{63}"/g)].map(([, url, digit]) => [url, digit]);
  const at = (name: string) => `${HOME.url}/releases/download/v${VERSION}/luno-mcp-server-${name}`;
  assert.deepEqual(pairs, [[at("macos-arm64"), "3"], [at("macos-x64"), "2"], [at("linux-arm64"), "1"], [
    at("linux-x64"),
    "0",
  ]]);
});

Deno.test("formula() names a program that the release lacks", () =>
  assert.throws(
    () => formula(HOME, SUMS.replace(/^.*macos-x64\n/m, "")),
    /SHA256SUMS has no luno-mcp-server-macos-x64/,
  ));

if ((await new Deno.Command("sh", { args: ["-c", "command -v ruby"] }).output()).success) {
  Deno.test("formula() is a program that Ruby can read", async () => {
    const child = new Deno.Command("sh", { args: ["-c", "ruby -wc"], stdin: "piped", stdout: "null", stderr: "piped" })
      .spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(formula(HOME, SUMS)));
    await writer.close();
    const { success, stderr } = await child.output();
    assert.ok(success, new TextDecoder().decode(stderr));
  });
}
