/** The installer, with a release that is served on loopback and signed with a key made for it. */

import assert from "node:assert/strict";
import { writeChecksums } from "../../scripts/packaging/checksums.ts";
import { powershellInstaller, shellInstaller } from "../../scripts/packaging/installers.ts";
import { binaryName, hostTarget } from "../../scripts/packaging/targets.ts";
import { inherited } from "../e2e/program.ts";

const SCRIPT = new URL("../../scripts/install.sh", import.meta.url).pathname;
const ALGORITHM = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
const PROGRAM = "#!/bin/sh\necho 1.2.3\n";

const target = hostTarget();
assert.ok(target !== undefined);
const name = binaryName(target);

function makeKey(): Promise<CryptoKeyPair> {
  const numbers = { modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) };
  return crypto.subtle.generateKey({ ...ALGORITHM, ...numbers }, true, ["sign", "verify"]);
}

const [key, otherKey] = [await makeKey(), await makeKey()];

async function pem({ publicKey }: CryptoKeyPair): Promise<string> {
  const text = new Uint8Array(await crypto.subtle.exportKey("spki", publicKey)).toBase64().replaceAll(/.{64}/g, "$&\n");
  return `-----BEGIN PUBLIC KEY-----\n${text}\n-----END PUBLIC KEY-----\n`;
}

/** A signed release on loopback, and a place that already has an older program. */
async function serveRelease() {
  const folder = await Deno.makeTempDir();
  for (const part of ["release", "bin"]) await Deno.mkdir(`${folder}/${part}`);
  const file = (file: string) => `${folder}/release/${file}`;
  await Deno.writeTextFile(file(name), PROGRAM);
  await writeChecksums(`${folder}/release`);
  const signature = await crypto.subtle.sign(ALGORITHM, key.privateKey, await Deno.readFile(file("SHA256SUMS")));
  await Deno.writeFile(file("SHA256SUMS.sig"), new Uint8Array(signature));
  await Deno.writeTextFile(`${folder}/key.pem`, await pem(key));
  await Deno.writeTextFile(`${folder}/bin/luno-mcp-server`, "older");
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async ({ url }) => {
    const bytes = await Deno.readFile(file(new URL(url).pathname.slice(1))).catch(() => undefined);
    return new Response(bytes ?? null, { status: bytes === undefined ? 404 : 200 });
  });
  return {
    folder,
    file,
    address: `http://127.0.0.1:${server.addr.port}`,
    installed: () => Deno.readTextFile(`${folder}/bin/luno-mcp-server`),
    async [Symbol.asyncDispose]() {
      await server.shutdown();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

async function install(
  script: string,
  args: readonly string[],
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await new Deno.Command("sh", {
    args: [script, ...args],
    env: inherited(),
    clearEnv: true,
  }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, stdout: out ?? "", stderr: err ?? "" };
}

Deno.test("install.sh replaces an older program with that of a signed release", async () => {
  await using release = await serveRelease();
  const { folder, address } = release;
  const args = ["--from", address, "--key", `${folder}/key.pem`, "--to", `${folder}/bin`];
  const { code, stderr } = await install(SCRIPT, args);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  assert.equal(await release.installed(), PROGRAM);
  assert.deepEqual((await Array.fromAsync(Deno.readDir(`${folder}/bin`))).length, 1);
});

/** What may be wrong with a release, and what the installer says of it. */
const FAULTS: Readonly<Record<string, readonly [(file: (name: string) => string) => Promise<void>, RegExp]>> = {
  "one byte of the program was changed": [
    (file) => Deno.writeTextFile(file(name), PROGRAM.replace("3", "4")),
    /was changed: expected SHA-256 [0-9a-f]{64}: current value is [0-9a-f]{64}\n$/,
  ],
  "program and checksums were changed": [
    async (file) => {
      const signature = await Deno.readFile(file("SHA256SUMS.sig"));
      await Deno.writeTextFile(file(name), PROGRAM.replace("3", "4"));
      await writeChecksums(file("").slice(0, -1));
      await Deno.writeFile(file("SHA256SUMS.sig"), signature);
    },
    /the signature of SHA256SUMS is not of this key/,
  ],
  "another key signed it": [
    async (file) => {
      const sums = await Deno.readFile(file("SHA256SUMS"));
      await Deno.writeFile(
        file("SHA256SUMS.sig"),
        new Uint8Array(await crypto.subtle.sign(ALGORITHM, otherKey.privateKey, sums)),
      );
    },
    /the signature of SHA256SUMS is not of this key/,
  ],
  "there is no signature": [(file) => Deno.remove(file("SHA256SUMS.sig")), /SHA256SUMS\.sig cannot be downloaded/],
  "there is no program for this system": [(file) => Deno.remove(file(name)), /cannot be downloaded/],
};

for (const [what, [spoil, said]] of Object.entries(FAULTS)) {
  Deno.test(`install.sh changes nothing when ${what}`, async () => {
    await using release = await serveRelease();
    await spoil(release.file);
    const { folder, address } = release;
    const args = ["--from", address, "--key", `${folder}/key.pem`, "--to", `${folder}/bin`];
    const { code, stderr } = await install(SCRIPT, args);
    assert.equal(code, 1);
    assert.match(stderr, said);
    assert.equal(await release.installed(), "older");
  });
}

Deno.test("install.sh takes wget where there is no curl, and says what is missing and which folder it cannot write to", async () => {
  await using release = await serveRelease();
  const { folder, address } = release;
  const tools = `${folder}/tools`;
  await Deno.mkdir(tools);
  const provide = async (name: string, command: string) =>
    await Deno.writeTextFile(`${tools}/${name}`, `#!/bin/sh\nPATH=/usr/bin:/bin exec ${command}\n`, { mode: 0o755 });
  const from = ["--from", address, "--key", `${folder}/key.pem`];
  const run = async (...args: readonly string[]) => {
    const { stderr } = await install("-c", ['PATH=$1; unset HOME; shift; . "$0"', SCRIPT, tools, ...from, ...args]);
    return stderr;
  };
  for (const name of ["uname", "mktemp", "rm", "cp", "mv", "mkdir", "chmod", "cut", "awk", "grep", "ldd"]) {
    await provide(name, `${name} "$@"`);
  }
  assert.match(await run("--to", `${folder}/bin`), /: openssl is not installed$/m);
  await provide("openssl", 'openssl "$@"');
  assert.match(await run("--to", `${folder}/bin`), /: neither curl nor wget is installed$/m);
  await provide("wget", '"$0".curl "$@"');
  // Not every system has one: -q -O FILE ADDRESS is all that is asked of it.
  await provide("wget.curl", 'curl -sf -o "$3" "$4"');
  assert.equal(await run("--to", `${folder}/bin`), "");
  assert.equal(await release.installed(), PROGRAM);
  assert.match(await run("--to", `${folder}/key.pem/bin`), /bin cannot be written to: name another folder with --to$/m);
  assert.match(await run(), /: expected --to with a folder, as HOME is not set$/m);
});

Deno.test("install.sh refuses plain HTTP from elsewhere, and a release without a key", async () => {
  const far = await install(SCRIPT, ["--from", "http://releases.example/v1", "--to", "/nowhere"]);
  assert.match(far.stderr, /expected an address with https: current value is http:\/\/releases\.example\/v1/);
  const sly = await install(SCRIPT, ["--from", "http://127.0.0.1:9@releases.example/v1", "--to", "/nowhere"]);
  assert.match(sly.stderr, /expected an address without a user/);
  const near = await install(SCRIPT, ["--from", "http://127.0.0.1:9/v1", "--to", "/nowhere"]);
  assert.match(near.stderr, /expected --key with the public key of the release/);
  assert.deepEqual([far.code, near.code], [1, 1]);
});

Deno.test("install.sh prints its usage, and reports a key file that it cannot read", async () => {
  const help = await install(SCRIPT, ["--help"]);
  assert.deepEqual([help.code, help.stderr], [0, ""]);
  assert.match(help.stdout, /^Usage: install\.sh \[--to FOLDER\] \[--from URL\] \[--key FILE\]$/m);
  const from = ["--from", "http://127.0.0.1:9/v1", "--to", "/nowhere"];
  const { code, stderr } = await install(SCRIPT, [...from, "--key", "/no/such/key.pem"]);
  assert.deepEqual([code, stderr], [1, "Cannot install luno-mcp-server: /no/such/key.pem cannot be read\n"]);
});

Deno.test("the installer of a release contains its address, key and version, and accepts no other version", async () => {
  await using release = await serveRelease();
  const { folder, address } = release;
  const script = await Deno.readTextFile(SCRIPT);
  for (const [version, code] of [["1.2.3", 0], ["1.2.4", 1]] as const) {
    await Deno.writeTextFile(`${folder}/install.sh`, shellInstaller(script, { address, version, key: await pem(key) }));
    assert.equal((await install(`${folder}/install.sh`, ["--to", `${folder}/bin`])).code, code);
  }
});

Deno.test("powershellInstaller() writes the numbers of the key that signed the release", async () => {
  const script = await Deno.readTextFile(SCRIPT.replace(/sh$/, "ps1"));
  const text = await powershellInstaller(script, { address: "https://a.example", version: "1", key: await pem(key) });
  const [, modulus = "", exponent] = /^\$ReleaseKey = '(.*)\.(.*)'$/m.exec(text) ?? [];
  const { n = "" } = await crypto.subtle.exportKey("jwk", key.publicKey);
  assert.equal(Uint8Array.fromBase64(modulus).toBase64({ alphabet: "base64url", omitPadding: true }), n);
  assert.equal(exponent, "AQAB");
  assert.match(text, /^\$Release = 'https:\/\/a\.example'$/m);
});
