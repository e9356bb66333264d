/** What a server refuses to start with, and how it behaves when the operator exposes it or has no source. */

import assert from "node:assert/strict";
import { PROGRAMS, runProgram, SHIPPED } from "./program.ts";
import type { Program } from "./program.ts";
import { listenersOf, SERVED } from "./listeners.ts";
import { startServer } from "./servers.ts";
import type { RunningServer } from "./servers.ts";
import { ServerFolder } from "./guarded_server.ts";
import { bearer, toolsOf } from "./requests.ts";

const EVERYWHERE = ["--host", "0.0.0.0"];

/** A start that must fail. */
interface BadStart {
  readonly args: (folder: ServerFolder) => readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Prepares the folder. */
  readonly prepare?: (folder: ServerFolder) => Promise<void>;
  /** The expected lines of stderr, no more and no fewer. */
  readonly says: readonly RegExp[];
}

const BAD_STARTS: Readonly<Record<string, BadStart>> = {
  "off loopback without TLS and without a source, and says both": {
    args: () => EVERYWHERE,
    says: [
      /--ssl-cert, --ssl-key: expected a certificate on a non-loopback address/,
      /--auth: expected an authentication method/,
    ],
  },
  "off loopback without TLS": {
    args: (folder) => [...EVERYWHERE, ...folder.tokenArgs],
    says: [/--ssl-cert, --ssl-key: .*--tls-terminated.*--unsafe-expose/],
  },
  "off loopback behind a proxy that ends TLS, without a source": {
    args: () => [...EVERYWHERE, "--tls-terminated"],
    says: [/--auth: expected an authentication method on a non-loopback address/],
  },
  "with --tls-terminated and a certificate": {
    args: (folder) => [...folder.tlsArgs, "--tls-terminated"],
    says: [/--tls-terminated: expected no --ssl-cert beside it/],
  },
  "off loopback with the native listener": {
    args: (folder) => [...EVERYWHERE, ...folder.tlsArgs, ...folder.tokenArgs, "--listener", "native"],
    says: [/--listener: expected hardened or auto on a non-loopback address/],
  },
  "off loopback without a source": {
    args: (folder) => [...EVERYWHERE, ...folder.tlsArgs],
    says: [/--auth: .*keys create NAME/],
  },
  "off loopback with --auth required and no source": {
    args: (folder) => [...EVERYWHERE, ...folder.tlsArgs, "--auth", "required"],
    says: [/--auth: .*keys create NAME/],
  },
  "on loopback with --auth required and no source": {
    args: () => ["--auth", "required"],
    says: [/--auth: .*required admits nobody without one/],
  },
  "off loopback with SSLKEYLOGFILE": {
    args: (folder) => [...EVERYWHERE, ...folder.tlsArgs, ...folder.tokenArgs],
    env: { SSLKEYLOGFILE: "/tmp/luno-mcp-server-test-keys.log" },
    says: [/SSLKEYLOGFILE: expected nothing on a non-loopback address/],
  },
  "with a certificate's key that others can read": {
    args: (folder) => folder.tlsArgs,
    prepare: (folder) => Deno.chmod(folder.path("key.pem"), 0o644),
    says: [/key\.pem: .* mode is 0644: run chmod 6/],
  },
  "with a certificate that others can write": {
    args: (folder) => folder.tlsArgs,
    prepare: (folder) => Deno.chmod(folder.path("cert.pem"), 0o664),
    says: [/cert\.pem: .* mode is 0664: run chmod go-w/],
  },
  "with an access file that others can read": {
    args: (folder) => ["--access", folder.path("access.json")],
    prepare: (folder) => Deno.chmod(folder.path("access.json"), 0o604),
    says: [/--access: .* mode is 0604/],
  },
  "with API keys that others can read": {
    args: () => [],
    prepare: async (folder) => {
      folder.addKey("ann", ["market:read"]);
      await Deno.chmod(folder.path("state/keys.db"), 0o660);
    },
    says: [/--state: .* mode is 0660/],
  },
  "with API keys that cannot be looked at": {
    args: () => [],
    prepare: async (folder) => {
      await Deno.remove(folder.path("state"), { recursive: true });
      await folder.write("state", "a file where the folder should be");
    },
    says: [/--state: expected a folder: current value is .*state/],
  },
  "with an access file that has problems, and says all of them": {
    args: (folder) => ["--access", folder.path("access.json")],
    prepare: (folder) => folder.write("access.json", '{"identities":{"ann":{},"key:ann":{"rate_limit":0}}}'),
    says: [/--access: identities\.ann: expected/, /--access: identities\.key:ann\.rate_limit: /],
  },
  "with --ssl-client-ca and --listener native": {
    args: (folder) => [...folder.tlsArgs, "--ssl-client-ca", folder.path("ca.pem"), "--listener", "native"],
    says: [/--listener: expected hardened or auto/],
  },
  "with half of what tokens need, and says what is missing": {
    args: (folder) => ["--jwks-file", folder.path("jwks.json")],
    says: [/--jwt-issuer: .*not set/, /--jwt-audience: .*not set/],
  },
};

/** Only the superuser can change a file's owner. */
const OTHERS_FILES: typeof BAD_STARTS = Deno.uid() !== 0 ? {} : {
  "with an access file of another user": {
    args: (folder) => ["--access", folder.path("access.json")],
    prepare: (folder) => Deno.chown(folder.path("access.json"), 12_345, null),
    says: [/--access: .* it belongs to uid 12345: run chown 0/],
  },
  "with a certificate's key of another user": {
    args: (folder) => folder.tlsArgs,
    prepare: (folder) => Deno.chown(folder.path("key.pem"), 12_345, null),
    says: [/key\.pem: .* it belongs to uid 12345/],
  },
};

/** Starts a server that must not run, and checks its message. */
async function assertRefuses(program: Program, { args, env = {}, prepare, says }: BadStart): Promise<void> {
  await using folder = await ServerFolder.create(program);
  await prepare?.(folder);
  const given = ["--transport", "websocket", "--exchange", "simulated", "--port", "0", "--state", folder.path("state")];
  const { code, stdout, stderr } = await runProgram(program, [...given, ...args(folder)], { env });
  assert.equal(code, 2, stderr);
  assert.equal(stdout, "");
  for (const pattern of says) assert.match(stderr, pattern);
  const problems = stderr.split("\n").filter((line) => / expected | only with |mode is/.test(line));
  assert.equal(problems.length, says.length, stderr);
}

/** Runs `body` with a server on a separate folder. */
async function withServer(
  program: Program,
  argsOf: (folder: ServerFolder) => readonly string[],
  body: (server: RunningServer & { readonly url: string }, folder: ServerFolder) => Promise<void>,
): Promise<void> {
  await using folder = await ServerFolder.create(program);
  folder.addKey("past", ["market:read"], { now: 0, expiresAt: 1 });
  await using server = await startServer(program, argsOf(folder));
  await body({ ...server, url: `http://127.0.0.1:${new URL(server.http).port}` }, folder);
}

function exposed(listener: string): string[] {
  return [...EVERYWHERE, "--unsafe-expose", "--allowed-hosts", "127.0.0.1", "--listener", listener];
}

async function statusOf(url: string, headers: Record<string, string> = {}): Promise<number> {
  const response = await fetch(url, { headers });
  await response.body?.cancel();
  return response.status;
}

const FORWARDED = ["Via", "CF-Connecting-IP", "X-Forwarded-Host", "X-Forwarded-Proto", "True-Client-IP", "X-Client-IP"];

/** One program with the hardened listener, which a binary on an older runtime lacks. */
const HARDENED = PROGRAMS.filter((program) => listenersOf(program).includes("hardened")).slice(-1);

for (const [name, row] of Object.entries({ ...BAD_STARTS, ...OTHERS_FILES })) {
  // Off loopback an older runtime has one more problem, which is tested below.
  for (const program of /off loopback|client-ca/.test(name) ? HARDENED : SHIPPED) {
    Deno.test(`luno-mcp-server does not start ${name} (${program.name})`, () => assertRefuses(program, row));
  }
}

for (const program of PROGRAMS) {
  const listeners = listenersOf(program);
  if (!listeners.includes("hardened")) {
    Deno.test(`luno-mcp-server does not start with --ssl-client-ca on its runtime (${program.name})`, () =>
      assertRefuses(program, {
        args: (folder) => [...folder.tlsArgs, "--ssl-client-ca", folder.path("ca.pem")],
        says: [/--listener: expected native/, /--ssl-client-ca: expected Deno 2\.9 or later/],
      }));
  }

  if (listeners.includes("hardened")) {
    Deno.test(`--tls-terminated serves authenticated callers off loopback without TLS, and warns (${program.name})`, () =>
      withServer(
        program,
        (
          folder,
        ) => [...EVERYWHERE, "--tls-terminated", "--allowed-hosts", "127.0.0.1", "--state", folder.path("state")],
        async ({ url, said }, folder) => {
          await said(/--tls-terminated: credentials travel in plain text/);
          assert.equal(await statusOf(`${url}/v1/tools`), 401);
          const key = folder.addKey("ann", ["market:read"]);
          assert.equal(await statusOf(`${url}/v1/tools`, { authorization: `Bearer ${key}` }), 200);
        },
      ));
  }
}

for (const { program, listener } of SERVED) {
  const name = `--listener ${listener} (${program.name})`;
  const local = (folder: ServerFolder) => ["--state", folder.path("none"), "--listener", listener];

  Deno.test(`${name} with only expired or revoked keys admits nobody`, () =>
    withServer(program, (folder) => ["--state", folder.path("state"), "--listener", listener], async ({ url }) => {
      for (const path of ["/v1/tools", "/mcp", "/status", "/"]) assert.equal(await statusOf(`${url}${path}`), 401);
      assert.equal(await statusOf(`${url}/healthz`), 200);
    }));

  Deno.test(`${name} without a source does not treat a forwarded request as the local user's`, () =>
    withServer(program, (folder) => [...local(folder), "--trusted-proxies", "10.0.0.1"], async ({ url }) => {
      assert.equal(await statusOf(`${url}/v1/tools`), 200);
      for (const header of ["X-Forwarded-For", "Forwarded", "X-Real-IP"]) {
        assert.equal(await statusOf(`${url}/v1/tools`, { [header]: "127.0.0.1" }), 403, header);
      }
    }));

  Deno.test(`${name} trusts a named proxy, and does not treat it as the local user`, () =>
    withServer(
      program,
      (folder) => [...local(folder), "--trusted-proxies", "127.0.0.0/8,::1"],
      async ({ url, said }) => {
        assert.equal(await statusOf(`${url}/v1/tools`, { "X-Forwarded-For": "127.0.0.1, 203.0.113.9" }), 403);
        await said(/refused status=403 reason="untrusted_proxy" address="203\.0\.113\.9"/);
        assert.equal(await statusOf(`${url}/v1/tools`, { "X-Forwarded-For": "unknown" }), 403);
        assert.equal(await statusOf(`${url}/v1/tools`), 200);
      },
    ));

  Deno.test(`${name} does not treat any request that passed a proxy as local (${FORWARDED.length} headers)`, () =>
    withServer(program, (folder) => local(folder), async ({ url }) => {
      for (const header of FORWARDED) {
        assert.equal(await statusOf(`${url}/v1/tools`, { [header]: "x" }), 403, header);
      }
    }));

  Deno.test(`${name} with --unsafe-expose warns, and gives everybody read access only`, () =>
    withServer(program, (folder) => [...exposed(listener), ...local(folder).slice(0, 2)], async ({ url, said }) => {
      await said(/--unsafe-expose: 0\.0\.0\.0 is served without/);
      const response = await fetch(`${url}/v1/tools`);
      const tools = toolsOf({ status: response.status, headers: response.headers, body: await response.text() });
      assert.deepEqual(new Set(tools.map(({ scope }) => scope)), new Set(["market:read", "account:read"]));
      assert.equal(await statusOf(`${url}/status`), 403);
      assert.equal(await statusOf(`${url.replace("127.0.0.1", "localhost")}/v1/tools`), 403);
    }));

  Deno.test(`${name} with --unsafe-expose and a key requires the key, and warns in /status`, () =>
    withServer(
      program,
      (folder) => [...exposed(listener), "--state", folder.path("state"), "--trusted-proxies", "127.0.0.1"],
      async ({ url, said }, folder) => {
        assert.equal(await statusOf(`${url}/v1/tools`), 401);
        const headers = bearer(folder.addKey("admin", ["market:read", "server:admin"]));
        const forwarded = { ...headers, "X-Forwarded-For": "203.0.113.9" };
        const status = await (await fetch(`${url}/status`, { headers: forwarded })).json();
        assert.match(status.warnings[0], /^--unsafe-expose: /);
        const socket = new WebSocket(url.replace("http", "ws"), { headers: forwarded });
        await said(/connected .*identity="key:admin" address="203\.0\.113\.9"/);
        socket.close();
        await new Promise((resolve) => socket.onclose = resolve);
      },
    ));
}
