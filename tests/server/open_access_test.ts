import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { EXPECTED_FILE } from "../../src/access/expected_keys.ts";
import { KEYS_FILE } from "../../src/state/record/sqlite/open_keys.ts";
import type { Access } from "../../src/server/open_access.ts";
import { openAccess } from "../../src/server/open_access.ts";
import { loadConfig } from "../../src/config/load.ts";
import { createKey, jwksOf, privateJwk } from "../access/identity_provider.ts";
import { StoredKeys, storeKey } from "../access/stored_keys.ts";
import { certificates } from "../transport/listening.ts";
import { LogRecords } from "../support/log_records.ts";
import { TestWorld } from "../cli/world.ts";

const NOW = new TestWorld().now();
const signingKey = await createKey("ES256", "k1");

type Flags = Readonly<Record<string, string>>;
type Opened = Awaited<ReturnType<typeof openAccess>>;

/** A folder with files that nobody else may read, and what opening access with them gives. */
class Folder implements AsyncDisposable {
  readonly dir: string;
  readonly #opened: Access[] = [];

  private constructor(dir: string) {
    this.dir = dir;
  }

  static async create(): Promise<Folder> {
    return new Folder(await Deno.makeTempDir());
  }

  async write(name: string, text: string, mode = 0o600): Promise<string> {
    const path = join(this.dir, name);
    await Deno.writeTextFile(path, text);
    await Deno.chmod(path, mode);
    return path;
  }

  /** Makes a key in the state folder, which is this one. */
  createKey(name: string): string {
    using keys = this.keys();
    return keys.create(name, { now: NOW }).text;
  }

  keys(): StoredKeys {
    return new StoredKeys(join(this.dir, KEYS_FILE));
  }

  async open(flags: Flags = {}, env: Flags = {}): Promise<Opened> {
    const world = new TestWorld({ env });
    const loaded = await loadConfig({ transport: "http", state: this.dir, ...flags }, world.env);
    assert.ok(loaded.ok, JSON.stringify(loaded));
    const opened = await openAccess(loaded.config, world);
    if (opened.ok) this.#opened.push(opened.access);
    return opened;
  }

  async access(flags: Flags = {}): Promise<Access> {
    const opened = await this.open(flags);
    assert.ok(opened.ok, JSON.stringify(opened));
    return opened.access;
  }

  async problems(flags: Flags = {}, env: Flags = {}): Promise<readonly string[]> {
    const opened = await this.open(flags, env);
    return opened.ok ? [] : opened.problems;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const access of this.#opened) await access.close();
    await Deno.remove(this.dir, { recursive: true });
  }
}

/** Fails unless there is one problem for each pattern, in order. */
function assertProblems(problems: readonly string[], ...patterns: readonly RegExp[]): void {
  assert.equal(problems.length, patterns.length, problems.join("\n"));
  for (const [index, pattern] of patterns.entries()) assert.match(problems[index] ?? "", pattern);
}

/** The identity of somebody who sends these headers from this address, or why nobody is admitted. */
async function whoIs(
  { authenticator }: Access,
  { address = "127.0.0.1", headers = {} }: { address?: string; headers?: Record<string, string> } = {},
): Promise<string> {
  const request = { url: "http://localhost/mcp", headers: new Headers(headers) };
  const authentication = await authenticator.authenticate(request, { address });
  return authentication.ok ? authentication.caller.identity : authentication.denial.reason;
}

Deno.test("openAccess() treats callers on this machine as local when nothing is configured, and nobody else", async () => {
  await using folder = await Folder.create();
  for (const host of ["localhost", "127.0.0.1", "::1", "[::1]"]) {
    const access = await folder.access({ host });
    assert.deepEqual(access.sources, []);
    for (const address of ["127.0.0.1", "::1", "::ffff:127.0.0.1"]) {
      assert.equal(await whoIs(access, { address }), "local", `${host} ${address}`);
    }
    assert.equal(await whoIs(access, { address: "203.0.113.9" }), "untrusted_proxy");
    assert.equal(await whoIs(access, { headers: { "x-forwarded-for": "127.0.0.1" } }), "untrusted_proxy");
  }
});

Deno.test("openAccess() refuses to serve without a known state folder, since it may contain keys", async () => {
  const world = new TestWorld({ env: {} });
  const loaded = await loadConfig({ transport: "http" }, world.env);
  assert.ok(loaded.ok);
  const opened = await openAccess(loaded.config, world);
  assertProblems(opened.ok ? [] : opened.problems, /^--state: expected a folder, .*HOME/);
});

Deno.test("openAccess() refuses --auth required without a source, also when a server is exposed", async () => {
  await using folder = await Folder.create();
  assertProblems(await folder.problems({ auth: "required" }), /^--auth: .*required admits nobody without one/);
  const exposed = { host: "0.0.0.0", "unsafe-expose": "true", auth: "required" };
  assertProblems(await folder.problems(exposed), /^--auth: .*required admits nobody without one/);
});

Deno.test("openAccess() uses keys as a source as soon as there was one, even if it is revoked", async () => {
  await using folder = await Folder.create();
  folder.keys()[Symbol.dispose]();
  assert.deepEqual((await folder.access()).sources, []);
  const text = folder.createKey("ann");
  const access = await folder.access();
  assert.deepEqual(access.sources, ["keys"]);
  assert.equal(await whoIs(access), "no_credential");
  assert.equal(await whoIs(access, { headers: { authorization: `Bearer ${text}` } }), "key:ann");
  using keys = folder.keys();
  assert.equal(keys.revoke("ann", NOW), 1);
  assert.equal(await whoIs(await folder.access()), "no_credential");
});

Deno.test("Access uses the first key while running, and ends connections admitted without one", async () => {
  await using folder = await Folder.create();
  const access = await folder.access();
  const request = { url: "http://localhost/mcp", headers: new Headers() };
  const admitted = await access.authenticator.authenticate(request, { address: "127.0.0.1" });
  assert.ok(admitted.ok);
  assert.deepEqual([access.sources, access.anonymous], [[], "loopback"]);
  const endings: string[] = [];
  access.watch.watch(admitted.caller, (ending) => endings.push(ending));
  await access.watch.look();
  assert.deepEqual(endings, []);
  const text = folder.createKey("ann");
  await access.watch.look();
  assert.deepEqual(endings, ["revoked"]);
  assert.equal(admitted.caller.allows("market:read"), false);
  assert.equal(await whoIs(access), "no_credential");
  assert.equal(await whoIs(access, { headers: { authorization: `Bearer ${text}` } }), "key:ann");
  assert.deepEqual([access.sources, access.anonymous], [["keys"], "nobody"]);
});

Deno.test("openAccess() starts one worker when there are keys, and none when there are none", async () => {
  await using folder = await Folder.create();
  const { Worker } = globalThis;
  let started = 0;
  globalThis.Worker = class extends Worker {
    constructor(...parts: ConstructorParameters<typeof Worker>) {
      super(...parts);
      started++;
    }
  };
  try {
    await whoIs(await folder.access());
    assert.equal(started, 0);
    folder.createKey("ann");
    await whoIs(await folder.access());
    assert.equal(started, 1);
  } finally {
    globalThis.Worker = Worker;
  }
});

Deno.test("openAccess() waits for keys that another process keeps locked, reports that, and uses them afterwards", async () => {
  await using folder = await Folder.create();
  using records = LogRecords.start();
  folder.createKey("ann");
  using other = new DatabaseSync(join(folder.dir, KEYS_FILE));
  other.exec("BEGIN EXCLUSIVE");
  const opening = folder.access();
  await records.next("waiting for keys.db, which another process keeps locked");
  other.exec("COMMIT");
  assert.deepEqual((await opening).sources, ["keys"]);
});

Deno.test("openAccess() refuses to start when keys stay locked for longer than --state-timeout", async () => {
  await using folder = await Folder.create();
  folder.createKey("ann");
  using other = new DatabaseSync(join(folder.dir, KEYS_FILE));
  other.exec("BEGIN EXCLUSIVE");
  assertProblems(await folder.problems({ "state-timeout": "0" }), /^--state: Cannot use .* locked for 0 s: end that/);
});

Deno.test("openAccess() finds keys in the user's state folder without --state", async () => {
  await using folder = await Folder.create();
  const state = join(folder.dir, "luno-mcp-server");
  await Deno.mkdir(state);
  storeKey(join(state, KEYS_FILE), "ann", { now: NOW });
  const world = new TestWorld({ env: { XDG_STATE_HOME: folder.dir } });
  const loaded = await loadConfig({ transport: "http" }, world.env);
  assert.ok(loaded.ok);
  const opened = await openAccess(loaded.config, world);
  assert.ok(opened.ok);
  assert.deepEqual(opened.access.sources, ["keys"]);
  opened.access.close();
});

for (const host of ["0.0.0.0", "::", "192.0.2.1", "mcp.example", "127.0.0.1.example", "LOCALHOST.example"]) {
  Deno.test(`openAccess() refuses ${host} without TLS and without a source, with both problems at once`, async () => {
    await using folder = await Folder.create();
    const problems = await folder.problems({ host });
    assertProblems(
      problems,
      /^--ssl-cert, --ssl-key: expected a certificate/,
      /^--auth: expected an authentication method/,
    );
    assertProblems(await folder.problems({ host, auth: "required" }), /^--ssl-cert/, /^--auth/);
  });
}

Deno.test("openAccess() refuses the one that is missing off loopback, and nothing when both are present", async () => {
  await using folder = await Folder.create();
  const host = "0.0.0.0";
  const tls = { "ssl-cert": "cert.pem", "ssl-key": "key.pem" };
  assertProblems(await folder.problems({ host, ...tls }), /^--auth: .*keys create NAME.*--jwt-issuer.*--ssl-client-ca/);
  folder.createKey("ann");
  assertProblems(await folder.problems({ host }), /^--ssl-cert, --ssl-key/);
  assert.deepEqual(await folder.problems({ host, ...tls }), []);
});

Deno.test("openAccess() with --unsafe-expose serves everybody by their address, for reading", async () => {
  await using folder = await Folder.create();
  const access = await folder.access({ host: "0.0.0.0", "unsafe-expose": "true" });
  assert.equal(await whoIs(access, { address: "203.0.113.9" }), "address:203.0.113.9");
  assert.equal(await whoIs(access, { address: "127.0.0.1" }), "address:127.0.0.1");
  assert.equal(await whoIs(access, { address: "2001:db8:1:2:3::4" }), "address:2001:db8:1:2::/64");
});

Deno.test("openAccess() with --unsafe-expose and a source admits nobody without a credential", async () => {
  await using folder = await Folder.create();
  folder.createKey("ann");
  const access = await folder.access({ host: "0.0.0.0", "unsafe-expose": "true" });
  assert.equal(await whoIs(access, { address: "203.0.113.9" }), "no_credential");
});

Deno.test("openAccess() refuses SSLKEYLOGFILE only off loopback", async () => {
  await using folder = await Folder.create();
  const SSLKEYLOGFILE = "/tmp/keys.log";
  const exposed = { host: "0.0.0.0", "unsafe-expose": "true" };
  assertProblems(
    await folder.problems(exposed, { SSLKEYLOGFILE }),
    /^SSLKEYLOGFILE: expected nothing on a non-loopback address/,
  );
  assert.deepEqual(await folder.problems(exposed, { SSLKEYLOGFILE: "" }), []);
  assert.deepEqual(await folder.problems({}, { SSLKEYLOGFILE }), []);
});

Deno.test("openAccess() requires all settings of tokens at once", async () => {
  await using folder = await Folder.create();
  const jwks = await folder.write("jwks.json", jwksOf(signingKey));
  const issuer = { "jwt-issuer": "https://issuer.example" };
  const audience = { "jwt-audience": "https://luno.example/mcp" };
  assertProblems(await folder.problems(issuer), /^--jwt-audience: /, /^--jwks-url, --jwks-file: expected the keys/);
  assertProblems(await folder.problems({ "jwks-file": jwks }), /^--jwt-issuer: /, /^--jwt-audience: /);
  const both = { ...issuer, ...audience, "jwks-file": jwks, "jwks-url": "https://issuer.example/jwks" };
  assertProblems(await folder.problems(both), /^--jwks-url, --jwks-file: expected one of the two/);
  const access = await folder.access({ ...issuer, ...audience, "jwks-file": jwks });
  assert.deepEqual(access.sources, ["tokens"]);
  assert.deepEqual(access.resource, { issuer: "https://issuer.example", audience: "https://luno.example/mcp" });
  assert.equal(await whoIs(access), "no_credential");
});

Deno.test("openAccess() refuses a file of keys that contains a private one, and quotes nothing of it", async () => {
  await using folder = await Folder.create();
  const key = await privateJwk(signingKey);
  const jwks = await folder.write("jwks.json", JSON.stringify({ keys: [key] }));
  const flags = { "jwt-issuer": "https://issuer.example", "jwt-audience": "x", "jwks-file": jwks };
  const problems = await folder.problems(flags);
  assert.match(problems.join("\n"), /--jwks-file: key 1: .* private/);
  assert.ok(!problems.join().includes(String(key.d)));
});

const PRIVATE_FILES: Readonly<Record<string, (path: string) => Flags>> = {
  "--access": (path) => ({ access: path }),
  "--jwks-file": (path) => ({ "jwt-issuer": "https://i.example", "jwt-audience": "x", "jwks-file": path }),
  "--ssl-client-deny": (path) => ({ "ssl-client-deny": path, "ssl-client-ca": "ca", "ssl-cert": "c", "ssl-key": "k" }),
};

for (const [name, flagsOf] of Object.entries(PRIVATE_FILES)) {
  Deno.test(`openAccess() refuses a file of ${name} that others can read or that is missing`, async () => {
    await using folder = await Folder.create();
    const open = await folder.write("open", "{}", 0o644);
    assertProblems(await folder.problems(flagsOf(open)), new RegExp(`^${name}: .* mode is 0644: run chmod 6`));
    assertProblems(await folder.problems(flagsOf(join(folder.dir, "none"))), new RegExp(`^${name}: .* there is none`));
  });
}

Deno.test("openAccess() refuses to serve without a home folder, since keys may be in another one", async () => {
  await using folder = await Folder.create();
  const problemsOf = async (env: Flags): Promise<readonly string[]> => {
    const world = new TestWorld({ env });
    const loaded = await loadConfig({ transport: "http" }, world.env);
    assert.ok(loaded.ok);
    const opened = await openAccess(loaded.config, world);
    if (opened.ok) await opened.access.close();
    return opened.ok ? [] : opened.problems;
  };
  const missing = join(folder.dir, "none");
  const told =
    /^--state: expected a folder, as the keys of clients are there: HOME names "\S+none", which does not exist/;
  assertProblems(await problemsOf({ HOME: missing }), told);
  assert.deepEqual(await problemsOf({ HOME: folder.dir }), []);
  // Its specification has programs make it.
  if (Deno.build.os === "linux") assert.deepEqual(await problemsOf({ HOME: folder.dir, XDG_STATE_HOME: missing }), []);
});

Deno.test("openAccess() refuses a named state folder that does not exist", async () => {
  await using folder = await Folder.create();
  const state = join(folder.dir, "statt");
  assertProblems(await folder.problems({ state }), /^--state: expected a folder that exists: .*mkdir -m 700 .*statt/);
});

Deno.test("openAccess() refuses a state folder that others can write to, with or without keys in it", async () => {
  await using folder = await Folder.create();
  for (const mode of [0o777, 0o1777, 0o770]) {
    await Deno.chmod(folder.dir, mode);
    assertProblems(await folder.problems(), /^--state: expected a folder that only its owner can write to/);
  }
  await Deno.chmod(folder.dir, 0o700);
  assert.deepEqual(await folder.problems(), []);
});

/** What becomes of the file of keys between two starts. */
const LOSSES: Readonly<Record<string, { lose: (folder: Folder) => void | Promise<void>; says: RegExp }>> = {
  "is deleted": {
    lose: (folder) => Deno.remove(join(folder.dir, KEYS_FILE)),
    says: /^--state: expected the API keys that were made here: .* is gone/,
  },
  "is moved away": {
    lose: (folder) => Deno.rename(join(folder.dir, KEYS_FILE), join(folder.dir, "keys.bak")),
    says: /^--state: expected the API keys that were made here: .* is gone/,
  },
  "is replaced by an empty one": {
    lose: async (folder) => {
      await Deno.remove(join(folder.dir, KEYS_FILE));
      folder.keys()[Symbol.dispose]();
    },
    says: /^--state: .* keys\.db is another one/,
  },
  "is replaced by another with keys": {
    lose: async (folder) => {
      await Deno.remove(join(folder.dir, KEYS_FILE));
      folder.createKey("mallory");
    },
    says: /^--state: .* keys\.db is another one/,
  },
  "is replaced by a file without content": {
    lose: async (folder) => {
      await folder.write(KEYS_FILE, "");
    },
    says: /^--state: .* keys\.db is another one/,
  },
};

for (const [name, { lose, says }] of Object.entries(LOSSES)) {
  Deno.test(`openAccess() serves nobody when the file of keys ${name}, until an operator confirms that`, async () => {
    await using folder = await Folder.create();
    folder.createKey("ann");
    await folder.access();
    await lose(folder);
    assertProblems(await folder.problems(), says);
    await Deno.remove(join(folder.dir, EXPECTED_FILE));
    assert.deepEqual(await folder.problems(), []);
  });
}

Deno.test("openAccess() refuses an old copy of the keys, in which a revoked one is valid again", async () => {
  await using folder = await Folder.create();
  folder.createKey("ann");
  using keys = folder.keys();
  const path = join(folder.dir, KEYS_FILE);
  await Deno.copyFile(path, join(folder.dir, "backup"));
  keys.revoke("ann", NOW);
  assert.equal(await whoIs(await folder.access()), "no_credential");
  await Deno.rename(join(folder.dir, "backup"), path);
  assertProblems(await folder.problems(), /^--state: .* keys\.db is older \(change 1 of 2\)/);
});

Deno.test("openAccess() recreates a deleted memory of the keys, and refuses a damaged one", async () => {
  await using folder = await Folder.create();
  folder.createKey("ann");
  for (let start = 0; start < 2; start++) {
    await folder.access();
    await Deno.remove(join(folder.dir, EXPECTED_FILE));
  }
  for (const text of ["", "{", "{}", '{"store":"x","revision":1}']) {
    await folder.write(EXPECTED_FILE, text);
    assertProblems(await folder.problems(), /^--state: .*keys-expected\.json is damaged/);
  }
});

Deno.test("openAccess() requires a key when all keys were removed from their file", async () => {
  await using folder = await Folder.create();
  folder.createKey("ann");
  const database = new DatabaseSync(join(folder.dir, KEYS_FILE));
  database.exec("DELETE FROM keys");
  database.close();
  const access = await folder.access();
  assert.deepEqual([access.sources, await whoIs(access)], [["keys"], "no_credential"]);
});

Deno.test("openAccess() refuses keys that others can read", async () => {
  await using folder = await Folder.create();
  folder.createKey("ann");
  await Deno.chmod(join(folder.dir, KEYS_FILE), 0o640);
  assertProblems(await folder.problems(), /^--state: .* mode is 0640: run chmod 600/);
});

Deno.test("openAccess() refuses a file that is not a database of keys", async () => {
  await using folder = await Folder.create();
  await folder.write(KEYS_FILE, "not a database, but long enough to be taken for one ".repeat(20));
  assertProblems(await folder.problems(), /^--state: /);
});

Deno.test("openAccess() requires TLS for client certificates, and client certificates for a deny list", async () => {
  await using folder = await Folder.create();
  const ca = await folder.write("ca.pem", certificates.authority.cert);
  const deny = await folder.write("deny", "");
  assertProblems(await folder.problems({ "ssl-client-ca": ca }), /^--ssl-client-ca: only with --ssl-cert/);
  assertProblems(await folder.problems({ "ssl-client-deny": deny }), /^--ssl-client-deny: only with --ssl-client-ca/);
  const access = await folder.access({ "ssl-client-ca": ca, "ssl-cert": "c", "ssl-key": "k", "ssl-client-deny": deny });
  assert.deepEqual(access.sources, ["certificates"]);
  assert.equal(access.isCertificateAccepted?.(new Uint8Array([1])), false);
  assert.equal(await whoIs(access), "no_certificate");
});

Deno.test("openAccess() lists the problems of all its files together", async () => {
  await using folder = await Folder.create();
  const access = await folder.write("access.json", '{"defaults":{},"identities":{"ann":{}}}');
  const deny = await folder.write("deny", "nonsense");
  const problems = await folder.problems({ host: "0.0.0.0", access, "ssl-client-deny": deny, "jwt-audience": "x" });
  for (
    const pattern of [
      /^--access: defaults/,
      /^--access: identities\.ann/,
      /^--ssl-client-deny: only with/,
      /^--jwt-issuer/,
      /^--jwks-url/,
      /^--ssl-cert/,
    ]
  ) assert.ok(problems.some((problem) => pattern.test(problem)), `${pattern} in ${problems.join("\n")}`);
});

Deno.test("Access.reload() applies new rights, and keeps the old ones when the file is invalid", async () => {
  await using folder = await Folder.create();
  const path = await folder.write("access.json", '{"identities":{"local":{"scopes":["market:read"],"rate_limit":5}}}');
  const access = await folder.access({ access: path });
  const authentication = await access.authenticator.authenticate(
    { url: "http://localhost/", headers: new Headers() },
    { address: "127.0.0.1" },
  );
  assert.ok(authentication.ok);
  const { caller } = authentication;
  assert.deepEqual([caller.scopes, caller.limits], [["market:read"], { rateLimit: 5 }]);
  await folder.write("access.json", '{"identities":{"local":{"scope":[]}}, "x":1}');
  assertProblems(await access.reload(), /^--access: identities\.local\.scope/, /^--access: x: unknown/);
  assert.deepEqual(caller.scopes, ["market:read"]);
  await folder.write("access.json", "{}", 0o644);
  assertProblems(await access.reload(), /^--access: .* mode is 0644/);
  assert.deepEqual(caller.scopes, ["market:read"]);
  await Deno.remove(path);
  assertProblems(await access.reload(), /^--access: .* there is none/);
  assert.deepEqual(caller.scopes, ["market:read"]);
  await folder.write("access.json", '{"default":{"scopes":["account:read"]}}');
  assert.deepEqual(await access.reload(), []);
  assert.deepEqual([caller.scopes, caller.limits], [["account:read"], {}]);
});
