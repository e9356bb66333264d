import "reflect-metadata";
import { ExtendedKeyUsage, ExtendedKeyUsageExtension, X509Certificate as ReadCertificate } from "@peculiar/x509";
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { join } from "node:path";
import { certs } from "../../src/cli/certs.ts";
import type { ExitCode, Output, World } from "../../src/world.ts";
import { loadTls } from "../../src/transport/listeners/tls.ts";

const NOW = Date.UTC(2026, 10, 22);
const DAY_MS = 86_400_000;

interface Run {
  readonly code: ExitCode;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(flags: Record<string, string>, problems: string[] = []): Promise<Run> {
  const texts = { stdout: "", stderr: "" };
  const output = (name: keyof typeof texts): Output => ({
    write(bytes) {
      texts[name] += new TextDecoder().decode(bytes);
      return Promise.resolve(bytes.length);
    },
    isTerminal: () => false,
  });
  const world: World = {
    args: [],
    env: () => undefined,
    stdin: { read: () => Promise.resolve(null), isTerminal: () => false },
    stdout: output("stdout"),
    stderr: output("stderr"),
    now: () => NOW,
    monotonic: () => 0,
    shutdown: new AbortController().signal,
    onHangup() {},
    onUserSignal() {},
  };
  return { code: await certs(flags, { world, problems }), ...texts };
}

/** Runs `body` with a folder that does not exist yet. */
async function withFolder(body: (dir: string) => Promise<void>): Promise<void> {
  const parent = await Deno.makeTempDir();
  try {
    await body(join(parent, "certs"));
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
}

async function certificateAt(...path: string[]): Promise<X509Certificate> {
  return new X509Certificate(await Deno.readTextFile(join(...path)));
}

function purposesOf(certificate: X509Certificate): unknown[] {
  return [...new ReadCertificate(certificate.toString()).getExtension(ExtendedKeyUsageExtension)?.usages ?? []];
}

async function namesIn(dir: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(dir)) names.push(name);
  return names.sort();
}

Deno.test("certs create writes the certificates of an authority, a server and a client, readable by their owner only", () =>
  withFolder(async (dir) => {
    const { code, stdout, stderr } = await run({ dir });
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    const names = ["ca-key.pem", "ca.pem", "client-key.pem", "client.pem", "server-key.pem", "server.pem"];
    assert.deepEqual(await namesIn(dir), names);
    for (const name of names) {
      const { mode } = await Deno.stat(join(dir, name));
      assert.equal((mode ?? 0) & 0o777, 0o600, name);
      assert.ok(stdout.includes(join(dir, name)), name);
    }
    assert.ok(
      stdout.replaceAll(/ \\\n +/g, " ").includes(
        `--ssl-cert ${join(dir, "server.pem")} --ssl-key ${join(dir, "server-key.pem")}`,
      ),
    );
    const loaded = await loadTls({
      certPath: join(dir, "server.pem"),
      keyPath: join(dir, "server-key.pem"),
      now: () => NOW,
    });
    assert.ok(loaded.ok);
  }));

Deno.test("certs create makes version 3 certificates with the right usages", () =>
  withFolder(async (dir) => {
    assert.equal((await run({ dir, host: "Example.org,192.0.2.7,[2001:db8::1]", client: "desk-1" })).code, 0);
    const authority = await certificateAt(dir, "ca.pem");
    const server = await certificateAt(dir, "server.pem");
    const client = await certificateAt(dir, "client.pem");
    assert.deepEqual([authority.ca, server.ca, client.ca], [true, false, false]);
    for (const leaf of [server, client]) {
      assert.ok(leaf.verify(authority.publicKey));
      assert.equal(leaf.issuer, authority.subject);
      assert.equal((Date.parse(leaf.validTo) - Date.parse(leaf.validFrom)) / DAY_MS, 825);
      assert.equal(leaf.publicKey.asymmetricKeyType, "ec");
    }
    assert.equal((Date.parse(authority.validTo) - Date.parse(authority.validFrom)) / DAY_MS, 3_650);
    assert.deepEqual(purposesOf(server), [ExtendedKeyUsage.serverAuth]);
    assert.deepEqual(purposesOf(client), [ExtendedKeyUsage.clientAuth]);
    for (const name of ["DNS:localhost", "IP Address:127.0.0.1", "DNS:example.org", "IP Address:192.0.2.7"]) {
      assert.ok(server.subjectAltName?.includes(name), `${name} in ${server.subjectAltName}`);
    }
    assert.equal(client.subjectAltName, "URI:urn:luno-mcp:client:desk-1");
  }));

Deno.test("certs create overwrites nothing without --force", () =>
  withFolder(async (dir) => {
    await Deno.mkdir(dir);
    const kept = join(dir, "server-key.pem");
    await Deno.writeTextFile(kept, "precious", { mode: 0o644 });
    const refused = await run({ dir });
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /server-key\.pem: exists already; --force overwrites it\n/);
    assert.deepEqual(await namesIn(dir), ["server-key.pem"]);
    assert.equal(await Deno.readTextFile(kept), "precious");

    assert.equal((await run({ dir, force: "true" })).code, 0);
    assert.match(await Deno.readTextFile(kept), /^-----BEGIN PRIVATE KEY-----/);
    assert.equal((await Deno.stat(kept)).mode ?? 0, 0o100600);
  }));

Deno.test("certs create reports every problem of its flags and writes nothing", () =>
  withFolder(async (dir) => {
    const { code, stderr } = await run({ dir, host: "a b", client: "x/y" }, ["--typo: unknown flag"]);
    assert.equal(code, 2);
    for (const problem of [/^--typo: /m, /^--host: .*"a b"$/m, /^--client: .*"x\/y"$/m]) assert.match(stderr, problem);
    await assert.rejects(Deno.stat(dir), Deno.errors.NotFound);
  }));

Deno.test("certs create reports that it cannot write to the folder", () =>
  withFolder(async (dir) => {
    await Deno.writeTextFile(dir, "a file");
    const { code, stderr } = await run({ dir });
    assert.equal(code, 2);
    assert.match(stderr, /^--dir: expected a folder to write to: [A-Z][a-z ]+$/m);
  }));

Deno.test("certs create leaves no part of a set that it cannot write", () =>
  withFolder(async (dir) => {
    await Deno.mkdir(join(dir, "server-key.pem.new", "in the way"), { recursive: true });
    const { code, stderr } = await run({ dir });
    assert.equal(code, 2);
    assert.match(stderr, /^--dir: expected a folder to write to: /);
    assert.deepEqual(await namesIn(dir), ["server-key.pem.new"]);
  }));
