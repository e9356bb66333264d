import assert from "node:assert/strict";
import { loadEndpoint } from "../../src/cli/load_endpoint.ts";
import type { AccessSettings } from "../../src/config/rules/command_rules.ts";
import { createCertificates } from "../../src/transport/listeners/certificates.ts";
import { Secret } from "../../src/secrets/secret.ts";

const NOTHING: AccessSettings = {
  token: undefined,
  tokenFile: undefined,
  ca: undefined,
  cert: undefined,
  key: undefined,
};
const SECURE = new URL("wss://server.example/ws");

/** Files in a folder of their own. */
class Files implements Disposable {
  readonly #folder = Deno.makeTempDirSync();

  write(name: string, text: string, mode = 0o600): string {
    const path = `${this.#folder}/${name}`;
    Deno.writeTextFileSync(path, text, { mode });
    Deno.chmodSync(path, mode);
    return path;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.#folder, { recursive: true });
  }
}

async function problemsOf(url: URL, access: Partial<AccessSettings>): Promise<string> {
  const loaded = await loadEndpoint(url, { ...NOTHING, ...access });
  return loaded.ok ? "" : loaded.problems.join("\n");
}

Deno.test("loadEndpoint() requires only an address", async () => {
  const url = new URL("ws://localhost:8765");
  assert.deepEqual(await loadEndpoint(url, NOTHING), { ok: true, endpoint: { url, tls: {} } });
});

Deno.test("loadEndpoint() reads the token from the environment or from a file that only its owner can read", async () => {
  using files = new Files();
  const tokenFile = files.write("token", "  a-token\n");
  const loaded = await loadEndpoint(SECURE, { ...NOTHING, tokenFile });
  assert.ok(loaded.ok && loaded.endpoint.token?.reveal() === "a-token");
  assert.match(
    await problemsOf(SECURE, { tokenFile: files.write("open", "a-token", 0o644) }),
    /mode is 0644: run chmod 600/,
  );
  assert.match(await problemsOf(SECURE, { tokenFile: files.write("empty", "\n") }), /expected a secret/);
  assert.match(await problemsOf(SECURE, { tokenFile: "/no/such/file" }), /--token-file: expected a readable file/);
  assert.match(await problemsOf(SECURE, { tokenFile, token: new Secret("another") }), /expected one of the two/);
  assert.match(
    await problemsOf(SECURE, { token: new Secret("two words\r\nEvil: yes") }),
    /expected a token without spaces/,
  );
});

Deno.test("loadEndpoint() sends a token in clear text only to this machine", async () => {
  for (const host of ["localhost", "127.0.0.1:8765", "[::1]:9"]) {
    assert.equal(await problemsOf(new URL(`ws://${host}`), { token: new Secret("a-token") }), "", host);
  }
  for (const host of ["server.example", "192.168.0.5", "localhost.evil.example", "127.0.0.1.evil.example"]) {
    assert.match(await problemsOf(new URL(`ws://${host}`), { token: new Secret("a-token") }), /expected wss/, host);
  }
});

Deno.test("loadEndpoint() reads certificates and reports those that do not fit", async () => {
  using files = new Files();
  const { authority, client, server } = await createCertificates({ hosts: [], client: "tester", now: Date.now() });
  const ca = files.write("ca.pem", authority.cert);
  const cert = files.write("client.pem", client.cert);
  const key = files.write("client-key.pem", client.key);
  const loaded = await loadEndpoint(SECURE, { ...NOTHING, ca, cert, key });
  assert.deepEqual(loaded, { ok: true, endpoint: { url: SECURE, tls: { ca: authority.cert, identity: client } } });
  const otherKey = files.write("server-key.pem", server.key);
  const junk = files.write("junk.pem", "junk");
  assert.match(await problemsOf(SECURE, { cert, key: otherKey }), /--key: .* it is the key to another/);
  assert.match(await problemsOf(SECURE, { cert, key: junk }), /--key: expected a PEM file with a private key/);
  assert.match(await problemsOf(SECURE, { ca: junk }), /--ca: expected a PEM file with a certificate/);
  assert.match(await problemsOf(SECURE, { cert }), /--key: expected --cert and --key together/);
  assert.match(await problemsOf(new URL("ws://localhost"), { ca }), /--ca: only with wss/);
});
