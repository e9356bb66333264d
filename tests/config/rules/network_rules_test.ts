import assert from "node:assert/strict";
import { loadConfig } from "../../../src/config/load.ts";
import {
  clientCertificateProblems,
  exposureProblems,
  listenerInForce,
  listenerProblems,
  tokenProblems,
} from "../../../src/config/rules/network_rules.ts";
import type { Exposure, Runtime } from "../../../src/config/rules/network_rules.ts";

const CURRENT: Runtime = { version: "2.9.6", hasHardenedListener: true, requestsCertificates: true };
const OLD: Runtime = { version: "2.7.11", hasHardenedListener: false, requestsCertificates: false };

async function configOf(flags: Record<string, string>) {
  const loaded = await loadConfig({ transport: "http", ...flags }, () => undefined);
  assert.ok(loaded.ok, JSON.stringify(loaded));
  return loaded.config;
}

/** The names before the first colon. */
function names(problems: readonly string[]): string[] {
  return problems.map((problem) => problem.slice(0, problem.indexOf(":")));
}

for (
  const [flags, runtime, kind] of [
    [{}, CURRENT, "hardened"],
    [{}, OLD, "native"],
    [{ host: "0.0.0.0" }, OLD, "hardened"],
    [{ "ssl-client-ca": "ca.pem" }, OLD, "hardened"],
    [{ listener: "native" }, CURRENT, "native"],
    [{ listener: "hardened" }, OLD, "hardened"],
  ] as const
) {
  Deno.test(`listenerInForce() is ${kind} for ${JSON.stringify(flags)} on Deno ${runtime.version}`, async () => {
    assert.equal(listenerInForce(await configOf(flags), runtime), kind);
  });
}

for (
  const [flags, runtime, expected] of [
    [{}, CURRENT, []],
    [{}, OLD, []],
    [{ "ssl-cert": "c.pem" }, CURRENT, ["--ssl-key"]],
    [{ "ssl-key": "k.pem" }, CURRENT, ["--ssl-cert"]],
    [{ listener: "native", host: "0.0.0.0" }, CURRENT, ["--listener"]],
    [{ listener: "native", host: "0.0.0.0", "unsafe-expose": "true" }, CURRENT, []],
    [{ listener: "hardened" }, OLD, ["--listener"]],
    [{ "ssl-cert": "c.pem", "ssl-key": "k.pem", "tls-terminated": "true" }, CURRENT, ["--tls-terminated"]],
    [{ "ssl-client-ca": "ca.pem", listener: "native" }, CURRENT, ["--listener"]],
    [
      { "ssl-cert": "c.pem", "ssl-client-ca": "ca.pem", "tls-terminated": "true" },
      OLD,
      ["--ssl-key", "--listener", "--tls-terminated", "--ssl-client-ca"],
    ],
  ] as const
) {
  Deno.test(`listenerProblems() finds every problem of ${JSON.stringify(flags)} on Deno ${runtime.version}`, async () => {
    assert.deepEqual(names(listenerProblems(await configOf(flags), runtime)), expected);
  });
}

Deno.test("tokenProblems() requires issuer, audience and one source of keys together", async () => {
  const keys = { "jwks-url": "https://id.example/keys" };
  const whole = { "jwt-issuer": "https://id.example", "jwt-audience": "https://mcp.example/mcp", ...keys };
  assert.deepEqual(tokenProblems(await configOf({})), []);
  assert.deepEqual(tokenProblems(await configOf(whole)), []);
  assert.deepEqual(names(tokenProblems(await configOf(keys))), ["--jwt-issuer", "--jwt-audience"]);
  assert.deepEqual(names(tokenProblems(await configOf({ "jwt-issuer": "x" }))), [
    "--jwt-audience",
    "--jwks-url, --jwks-file",
  ]);
  assert.deepEqual(names(tokenProblems(await configOf({ ...whole, "jwks-file": "k.json" }))), [
    "--jwks-url, --jwks-file",
  ]);
});

Deno.test("clientCertificateProblems() requires the settings that client certificates depend on", async () => {
  assert.deepEqual(clientCertificateProblems(await configOf({})), []);
  assert.deepEqual(names(clientCertificateProblems(await configOf({ "ssl-client-deny": "d" }))), ["--ssl-client-deny"]);
  assert.deepEqual(names(clientCertificateProblems(await configOf({ "ssl-client-ca": "ca" }))), ["--ssl-client-ca"]);
  assert.deepEqual(clientCertificateProblems(await configOf({ "ssl-client-ca": "ca", "ssl-cert": "c" })), []);
});

const OPEN: Exposure = { methods: [], keyLog: undefined };

for (
  const [flags, exposure, expected] of [
    [{}, OPEN, []],
    [{}, { methods: [], keyLog: "/keys" }, []],
    [{ auth: "required" }, OPEN, ["--auth"]],
    [{ auth: "required" }, { ...OPEN, methods: ["keys"] }, []],
    [{ host: "0.0.0.0" }, { methods: [], keyLog: "/keys" }, ["--ssl-cert, --ssl-key", "--auth", "SSLKEYLOGFILE"]],
    [{ host: "0.0.0.0", auth: "required" }, OPEN, ["--ssl-cert, --ssl-key", "--auth"]],
    [{ host: "0.0.0.0", "tls-terminated": "true" }, { ...OPEN, methods: ["tokens"] }, []],
    [{ host: "0.0.0.0", "unsafe-expose": "true" }, OPEN, []],
    [{ host: "0.0.0.0", "unsafe-expose": "true", auth: "required" }, OPEN, ["--auth"]],
  ] as const
) {
  Deno.test(`exposureProblems() finds every problem of ${JSON.stringify(flags)} with ${JSON.stringify(exposure)}`, async () => {
    assert.deepEqual(names(exposureProblems(await configOf(flags), exposure)), expected);
  });
}
