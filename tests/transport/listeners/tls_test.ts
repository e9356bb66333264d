import "reflect-metadata"; // The certificate library asks for it, and for being second.
import { ExtendedKeyUsage } from "@peculiar/x509";
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { join } from "node:path";
import { createCertificates } from "../../../src/transport/listeners/certificates.ts";
import { assertPair, loadTls } from "../../../src/transport/listeners/tls.ts";
import type { LoadedTls } from "../../../src/transport/listeners/tls.ts";
import { TestAuthority } from "../test_authority.ts";

const DAY_MS = 86_400_000;
const NOW = Date.UTC(2026, 10, 22);
const { server, client, authority } = await createCertificates({ hosts: [], client: "test", now: NOW });

interface Case {
  readonly cert?: string;
  readonly key?: string;
  readonly mode?: number;
  readonly now?: number;
}

/** Loads a certificate and a key that were written as a case says; a path stands in problems as `CERT` or `KEY`. */
async function load({ cert = server.cert, key = server.key, mode = 0o600, now = NOW }: Case): Promise<LoadedTls> {
  const dir = await Deno.makeTempDir();
  try {
    const [certPath, keyPath] = [join(dir, "cert.pem"), join(dir, "key.pem")];
    await Deno.writeTextFile(certPath, cert, { mode: 0o600 });
    await Deno.writeTextFile(keyPath, key);
    await Deno.chmod(keyPath, mode);
    const loaded = await loadTls({ certPath, keyPath, now: () => now });
    if (loaded.ok) return loaded;
    const named = loaded.problems.map((problem) => problem.replaceAll(certPath, "CERT").replaceAll(keyPath, "KEY"));
    return { ok: false, problems: named };
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

async function problemsOf(files: Case): Promise<string[]> {
  const loaded = await load(files);
  return loaded.ok ? [] : loaded.problems;
}

Deno.test("loadTls() returns a chain and its key unchanged", async () => {
  const cert = `${server.cert}${authority.cert}`;
  assert.deepEqual(await load({ cert }), { ok: true, files: { cert, key: server.key } });
});

Deno.test("loadTls() names every file that is missing", async () => {
  const loaded = await loadTls({ certPath: "/tmp/none/cert.pem", keyPath: "/tmp/none/key.pem" });
  assert.deepEqual(loaded, {
    ok: false,
    problems: [
      '/tmp/none/cert.pem: expected a readable file: there is none: current value is "/tmp/none/cert.pem"',
      '/tmp/none/key.pem: expected a readable file: there is none: current value is "/tmp/none/key.pem"',
    ],
  });
});

Deno.test("loadTls() names a file that cannot be read", async () => {
  const loaded = await loadTls({ certPath: "/tmp", keyPath: "/tmp" });
  assert.ok(!loaded.ok);
  assert.match(loaded.problems[0] ?? "", /^\/tmp: expected a file: current value is "\/tmp"$/);
});

Deno.test("loadTls() refuses anything but a certificate and a key", async () => {
  for (const text of ["", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", server.key]) {
    assert.deepEqual(await problemsOf({ cert: text }), ["CERT: expected a certificate in PEM"]);
  }
  for (const text of ["", "nonsense", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", server.cert]) {
    assert.deepEqual(await problemsOf({ key: text }), ["KEY: expected a private key in PEM, without a passphrase"]);
  }
});

Deno.test("loadTls() refuses a chain with a broken certificate in it", async () => {
  const broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  assert.deepEqual(await problemsOf({ cert: server.cert + broken }), ["CERT: expected a certificate in PEM"]);
});

Deno.test("loadTls() refuses the key of another certificate", async () => {
  assert.deepEqual(await problemsOf({ key: client.key }), [
    "KEY: expected the key of the certificate in CERT, which has another one",
  ]);
});

Deno.test("loadTls() refuses a certificate outside its time, to the second", async () => {
  const from = NOW - 5 * 60_000;
  const until = from + 825 * DAY_MS;
  assert.deepEqual(await problemsOf({ now: from }), []);
  assert.deepEqual(await problemsOf({ now: until }), []);
  assert.deepEqual(await problemsOf({ now: from - 1_000 }), [
    `CERT: expected a valid certificate: this one is not valid before ${new Date(from).toISOString()}`,
  ]);
  assert.deepEqual(await problemsOf({ now: until + 1_000 }), [
    `CERT: expected a valid certificate: this one expired at ${new Date(until).toISOString()}`,
  ]);
});

Deno.test("loadTls() refuses a file that others can read or write", async () => {
  for (const [mode, shown] of [[0o660, "0660"], [0o604, "0604"], [0o622, "0622"]] as const) {
    const [problem = "", ...more] = await problemsOf({ mode });
    assert.match(
      problem,
      new RegExp(`^KEY: expected a file that only .* can read: mode is ${shown}: run chmod 6[04]0 KEY$`),
    );
    assert.deepEqual(more, []);
  }
  assert.deepEqual(await problemsOf({ mode: 0o400 }), []);
});

Deno.test("loadTls() refuses keys that the runtime does not support", async () => {
  const known = "expected an RSA key of at least 2048 bits, or one on P-256, P-384, P-521 or Ed25519";
  const pem = (pair: { privateKey: { export(options: { type: "pkcs8"; format: "pem" }): string | Uint8Array } }) =>
    String(pair.privateKey.export({ type: "pkcs8", format: "pem" }));
  const weak: readonly (readonly [string, string])[] = [
    [pem(generateKeyPairSync("rsa", { modulusLength: 1_024 })), "RSA of 1024 bits"],
    [pem(generateKeyPairSync("ec", { namedCurve: "P-224" })), "EC on secp224r1"],
    [pem(generateKeyPairSync("ec", { namedCurve: "secp256k1" })), "EC on secp256k1"],
  ];
  for (const [key, name] of weak) {
    assert.deepEqual((await problemsOf({ key }))[0], `KEY: ${known}: this one is ${name}`);
  }
  for (
    const key of [
      pem(generateKeyPairSync("rsa", { modulusLength: 2_048 })),
      pem(generateKeyPairSync("ec", { namedCurve: "P-384" })),
      pem(generateKeyPairSync("ec", { namedCurve: "P-521" })),
      pem(generateKeyPairSync("ed25519")),
    ]
  ) {
    assert.deepEqual(await problemsOf({ key }), [
      "KEY: expected the key of the certificate in CERT, which has another one",
    ]);
  }
});

Deno.test("loadTls() refuses a certificate for clients only", async () => {
  const { cert, key } = client;
  const problem =
    "CERT: expected a certificate for servers: its extended key usage lacks serverAuth, and clients refuse it";
  assert.deepEqual(await problemsOf({ cert, key }), [problem]);
  for (const usages of [undefined, [ExtendedKeyUsage.clientAuth, ExtendedKeyUsage.serverAuth], ["2.5.29.37.0"]]) {
    const { files } = await (await TestAuthority.create()).issue({ usages: usages as ExtendedKeyUsage[] | undefined });
    assert.deepEqual(await problemsOf({ ...files, now: Date.now() }), []);
  }
});

Deno.test("loadTls() reports every problem at once", async () => {
  const problems = await problemsOf({ key: client.key, mode: 0o644, now: NOW + 1_000 * DAY_MS });
  assert.equal(problems.length, 3);
});

Deno.test("assertPair() throws unless the key belongs to the certificate", () => {
  assertPair(server);
  for (const wrong of [{ ...server, key: client.key }, { ...server, key: "" }, { ...server, cert: "" }]) {
    assert.throws(() => assertPair(wrong), TypeError);
  }
});
