/** Broken set-ups, for each of which `doctor` reports the one thing that is broken, and how to fix it. */

import assert from "node:assert/strict";
import { SIMULATED_KEYS } from "../../../src/simulation/api/simulated_keys.ts";
import { TRADING_DATABASE } from "../../../src/state/record/sqlite/trading_database.ts";
import { createCertificates } from "../../../src/transport/listeners/certificates.ts";
import { TestAuthority } from "../../transport/test_authority.ts";
import { openStore, tamper } from "../../trading/stores.ts";
import { Setup } from "./setups.ts";
import type { Changes } from "./setups.ts";

/** One fault of a set-up, and what `doctor` reports. */
interface Break {
  readonly what: string;
  readonly name: string;
  readonly text: RegExp;
  readonly fix: RegExp;
  /** Breaks the set-up; returns how to run it. */
  readonly how: (setup: Setup) => Changes | Promise<Changes>;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const { readOnly, marketOnly, revoked } = SIMULATED_KEYS;

const BREAKS: readonly Break[] = [
  {
    what: "a wrong secret",
    name: "credentials",
    text: /refuses the key/,
    fix: /LUNO_API_SECRET/,
    how: () => ({ env: { LUNO_API_SECRET: "another_secret" } }),
  },
  {
    what: "a revoked key",
    name: "credentials",
    text: /refuses the key: .* revoked/,
    fix: /LUNO_API_KEY/,
    how: () => ({ env: keyOf(revoked) }),
  },
  {
    what: "a key without permissions",
    name: "credentials",
    text: /no permission to read and lacks Perm_R_Balance, Perm_R_Orders, /,
    fix: /give the key Perm_R_Balance/,
    how: () => ({ env: keyOf(marketOnly) }),
  },
  {
    what: "a secret file that is not there",
    name: "configuration",
    text: /^LUNO_API_SECRET_FILE: expected a readable file: there is none/,
    fix: /correct/,
    how: (setup) => ({ env: { LUNO_API_SECRET: undefined, LUNO_API_SECRET_FILE: setup.path("gone") } }),
  },
  {
    what: "a secret file that others can read",
    name: "configuration",
    text: /^LUNO_API_SECRET_FILE: expected a file that only its owner can read: mode is 0644$/,
    fix: /^run chmod 600 /,
    how: async (setup) => {
      const path = await setup.write("secret", readOnly.secret);
      await Deno.chmod(path, 0o644);
      return { env: { LUNO_API_SECRET: undefined, LUNO_API_SECRET_FILE: path } };
    },
  },
  {
    what: "a mistyped variable",
    name: "configuration",
    text: /^LUNO_MCP_TRADNG: unknown variable, did you mean LUNO_MCP_TRADING$/,
    fix: /rename the variable/,
    how: () => ({ env: { LUNO_MCP_TRADNG: "auto" } }),
  },
  {
    what: "an unreachable host",
    name: "exchange",
    text: /cannot be reached: connection refused/,
    fix: /network, proxy and firewall/,
    how: () => ({ flags: { "api-url": `http://127.0.0.1:${closedPort()}` } }),
  },
  {
    what: "a wrong host name",
    name: "name resolution",
    text: /^api\.lunoo\.example cannot be resolved \(ENOTFOUND\)$/,
    fix: /--api-url .* nslookup api\.lunoo\.example/,
    how: () => ({
      flags: { "api-url": "https://api.lunoo.example" },
      outside: { resolve: () => Promise.reject(Object.assign(new Error("getaddrinfo"), { code: "ENOTFOUND" })) },
    }),
  },
  {
    what: "name servers that do not answer",
    name: "name resolution",
    text: /^api\.luno\.example cannot be resolved \(no answer within 0\.001 s\)$/,
    fix: /network and DNS servers/,
    how: () => ({
      flags: { "api-url": "https://api.luno.example" },
      outside: { resolve: () => new Promise(() => {}) },
      limits: { nameMs: 1 },
    }),
  },
  {
    what: "an address at which something else answers",
    name: "exchange",
    text: /Cannot read the ticker/,
    fix: /is not the exchange/,
    how: (setup) => {
      setup.exchange.simulation.faults.set([{ kind: "html", status: 200 }]);
      return {};
    },
  },
  {
    what: "an exchange that accepts no more calls",
    name: "call budget",
    text: /accepts no more calls/,
    fix: /--api-rate-limit/,
    how: (setup) => {
      setup.exchange.simulation.faults.set([{ kind: "too_many_requests", path: "/api/1/ticker" }]);
      return {};
    },
  },
  {
    what: "a clock that is an hour late",
    name: "clock",
    text: /^this machine's clock is 1 h behind the exchange's$/,
    fix: /^set it from the network/,
    // The answer takes a moment, by which it seems less late.
    how: () => ({ aheadMs: -1.5 * HOUR_MS }),
  },
  {
    what: "a clock that is an hour early",
    name: "clock",
    text: /^this machine's clock is 1 h ahead of the exchange's$/,
    fix: /^set it from the network/,
    how: () => ({ aheadMs: 1.5 * HOUR_MS }),
  },
  {
    what: "an expired certificate",
    name: "certificate",
    text: /expired at 20/,
    fix: /renew it, then luno-mcp-server reload/,
    how: (setup) => certificate(setup, { now: Date.now() - 4_000 * DAY_MS }),
  },
  {
    what: "a certificate of another name",
    name: "certificate",
    text: /^it is not valid for localhost, but for other\.example$/,
    fix: /certs create --force --host NAME/,
    how: async (setup) => {
      const authority = await TestAuthority.create();
      const { files } = await authority.issue({ usages: undefined, names: [{ type: "dns", value: "other.example" }] });
      await setup.write("server.pem", files.cert);
      await setup.write("server-key.pem", files.key);
      return {};
    },
  },
  {
    what: "a certificate for clients",
    name: "certificate",
    text: /expected a certificate for servers: its extended key usage lacks serverAuth/,
    fix: /give the right files by --ssl-cert/,
    how: (setup) => certificate(setup, { part: "client" }),
  },
  {
    what: "a chain in a wrong order",
    name: "certificate",
    text: /^certificate 2 of --ssl-cert is not the issuer of the one before it$/,
    fix: /put the server's certificate first/,
    how: async (setup) => {
      const { server, client } = await createCertificates({ hosts: [], client: "developer", now: Date.now() });
      await setup.write("server.pem", server.cert + client.cert);
      await setup.write("server-key.pem", server.key);
      return {};
    },
  },
  {
    what: "a certificate whose key is missing",
    name: "certificate",
    text: /server-key\.pem: expected a readable file: there is none/,
    fix: /--ssl-key/,
    how: async (setup) => {
      await Deno.remove(setup.path("server-key.pem"));
      return {};
    },
  },
  {
    what: "the key of another certificate",
    name: "certificate",
    text: /expected the key of the certificate/,
    fix: /--ssl-key/,
    how: async (setup) => {
      const { server } = await createCertificates({ hosts: [], client: "developer", now: Date.now() });
      await setup.write("server-key.pem", server.key);
      return {};
    },
  },
  {
    what: "a state folder that is open to others",
    name: "state folder",
    text: /that only its owner can write to: mode of .* is 0777$/,
    fix: /^run chmod 700 /,
    how: async (setup) => {
      await Deno.chmod(setup.path("state"), 0o777);
      return {};
    },
  },
  {
    what: "a state folder that is not there",
    name: "state folder",
    text: /^there is no .*elsewhere$/,
    fix: /mkdir -m 700 /,
    how: (setup) => ({ flags: { state: setup.path("elsewhere") } }),
  },
  {
    what: "an audit log with a changed row",
    name: "record",
    text: /the audit log is broken at row 1: /,
    fix: /luno-mcp-server kill/,
    how: (setup) => {
      record(setup);
      tamper(
        setup.path("state"),
        "DROP TRIGGER audit_keeps_rows; DROP TRIGGER audit_keeps_words",
        "UPDATE audit SET identity = 'key:mallory' WHERE seq = 1",
      );
      return {};
    },
  },
  {
    what: "a record of a newer version",
    name: "record",
    text: /written by a newer version of this program/,
    fix: /another folder/,
    how: (setup) => {
      record(setup);
      tamper(setup.path("state"), "PRAGMA user_version = 9999");
      return {};
    },
  },
  {
    what: "a record of another exchange's orders",
    name: "record",
    text: /^the orders in it are of api\.luno\.com, and this set-up trades on 127\.0\.0\.1:\d+$/,
    fix: /--state, one for each exchange/,
    how: (setup) => {
      const store = openStore(setup.path("state"));
      store.accounts.bind("main", "api.luno.com");
      store.close();
      return {};
    },
  },
  {
    what: "a record that is no database",
    name: "record",
    text: /not a database/,
    fix: /backup/,
    how: async (setup) => {
      await setup.write(`state/${TRADING_DATABASE}`, "no database, but a file of some length".repeat(50));
      return {};
    },
  },
  {
    what: "a policy file with a mistake",
    name: "policy",
    text: /default\.max_per_dya: unknown/,
    fix: /policy check/,
    how: async (setup) => {
      await setup.write("policy.json", '{ "default": { "max_per_dya": null } }');
      return {};
    },
  },
  {
    what: "an access file that is no JSON",
    name: "access",
    text: /^--access: /,
    fix: /correct/,
    how: async (setup) => ({ flags: { access: await setup.write("access.json", "{") } }),
  },
  {
    what: "--auth required and nobody who has a key",
    name: "access",
    text: /^--auth: expected an authentication method/,
    fix: /correct/,
    how: () => ({ flags: { auth: "required" } }),
  },
  {
    what: "a key store that is gone",
    name: "key store",
    text: /their file keys\.db is gone/,
    fix: /restore/,
    how: async (setup) => {
      await setup.write("state/keys-expected.json", '{"store":"00112233445566ff","revision":3}');
      return {};
    },
  },
  {
    what: "a key store that is damaged",
    name: "key store",
    text: /keys\.db/,
    fix: /restore/,
    how: async (setup) => {
      await setup.write("state/keys.db", "no database, but a file of some length".repeat(50));
      return {};
    },
  },
];

for (const { what, name, text, fix, how } of BREAKS) {
  Deno.test(`doctor names ${what}`, async () => {
    await using setup = await Setup.start();
    const found = await setup.break(await how(setup));
    assert.equal(found.name, name, JSON.stringify(found));
    assert.match(found.text, text);
    assert.match(found.fix ?? "", fix);
  });
}

Deno.test("doctor reports a port in use", async () => {
  await using setup = await Setup.start();
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const port = String(listener.addr.port);
  const { name, text, fix } = await setup.break({ flags: { port } });
  assert.deepEqual([name, text], ["port", `localhost:${port} is not available (EADDRINUSE)`]);
  assert.match(fix ?? "", new RegExp(`listens on port ${port}, or choose another one by --port`));
});

Deno.test("doctor reports an exchange whose certificate is not trusted", async () => {
  await using setup = await Setup.start();
  const { server } = await createCertificates({ hosts: [], client: "developer", now: Date.now() });
  const options = { hostname: "127.0.0.1", port: 0, onListen() {}, cert: server.cert, key: server.key };
  await using impostor = Deno.serve(options, () => new Response("{}"));
  const { name, text, fix } = await setup.break({ flags: { "api-url": `https://127.0.0.1:${impostor.addr.port}` } });
  assert.equal(name, "exchange");
  assert.match(text, /its certificate is of an unknown authority/);
  assert.match(fix ?? "", /proxy or virus scanner/);
});

function keyOf({ id, secret }: { id: string; secret: string }): Record<string, string> {
  return { LUNO_API_KEY: id, LUNO_API_SECRET: secret };
}

/** A port on which nothing listens any more. */
function closedPort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Replaces the server's certificate. */
async function certificate(
  setup: Setup,
  { now = Date.now(), part = "server" }: { now?: number; part?: "server" | "client" },
): Promise<Changes> {
  const made = await createCertificates({ hosts: [], client: "developer", now });
  await setup.write("server.pem", made[part].cert);
  await setup.write("server-key.pem", made[part].key);
  return {};
}

/** A trading record with rows in its audit log. */
function record(setup: Setup): void {
  const store = openStore(setup.path("state"));
  store.audit.record({ event: "preview", identity: "key:alice" }, Date.now());
  store.close();
}
