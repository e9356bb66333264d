import assert from "node:assert/strict";
import { COMMAND_SETTINGS } from "../../../src/config/command_settings.ts";
import { parseSettings } from "../../../src/config/parse.ts";
import {
  auditProblems,
  clientProblems,
  connectionProblems,
  isAction,
  killProblems,
  misplacedFlags,
  policyProblems,
} from "../../../src/config/rules/command_rules.ts";
import type { AccessSettings } from "../../../src/config/rules/command_rules.ts";
import { Secret } from "../../../src/secrets/secret.ts";

type Flags = Readonly<Record<string, string>>;

function given(flags: Flags, env: Flags = {}) {
  return { flags, env: (name: string) => env[name] };
}

Deno.test("misplacedFlags() refuses flags of another subcommand, and accepts those common to all", () => {
  const { origins } = parseSettings(
    COMMAND_SETTINGS.keys,
    given({ scopes: "market:read", overlap: "1d", state: "/s", "log-format": "json" }),
  );
  assert.deepEqual(misplacedFlags("keys", "create", origins), ["--overlap: keys create does not take it"]);
  assert.deepEqual(misplacedFlags("keys", "rotate", origins), ["--scopes: keys rotate does not take it"]);
  assert.deepEqual(misplacedFlags("keys", "list", origins), [
    "--scopes: keys list does not take it",
    "--overlap: keys list does not take it",
  ]);
});

Deno.test("isAction() knows the subcommands of a command, and no names that every object inherits", () => {
  assert.ok(isAction("keys", "rotate") && isAction("audit", "archive"));
  for (const word of ["constructor", "", "verify", undefined]) assert.ok(!isAction("keys", word), String(word));
});

Deno.test("auditProblems() requires days for audit archive, from the flag or the variable", () => {
  const origins = (flags: Flags, env?: Flags) => parseSettings(COMMAND_SETTINGS.audit, given(flags, env)).origins;
  assert.match(auditProblems("archive", origins({})).join(), /^--record-retention: expected days/);
  assert.deepEqual(auditProblems("archive", origins({}, { LUNO_MCP_RECORD_RETENTION: "30" })), []);
  assert.deepEqual(auditProblems("verify", origins({}, { LUNO_MCP_RECORD_RETENTION: "30" })), []);
  assert.deepEqual(auditProblems("verify", origins({ order: "BX", verbose: "true" })), [
    "--order: audit verify does not take it",
    "--verbose: audit verify does not take it",
  ]);
});

for (
  const [flags, expected] of [
    [{ reason: "x", "cancel-open": "true", force: "true" }, []],
    [{ lift: "true", status: "true", reason: "x" }, ["--lift and --status: expected one of them"]],
    [{ lift: "true", force: "true" }, []],
    [{ lift: "true", reason: "x", "cancel-open": "true" }, [
      "--reason: kill --lift does not take it",
      "--cancel-open: kill --lift does not take it",
    ]],
    [{ status: "true", force: "true" }, ["--force: kill --status does not take it"]],
  ] as const
) {
  Deno.test(`killProblems() returns ${expected.length} problems with ${JSON.stringify(flags)}`, () => {
    const { values, origins } = parseSettings(COMMAND_SETTINGS.kill, given(flags));
    assert.deepEqual(killProblems(values, origins), expected);
  });
}

Deno.test("policyProblems() requires --client for policy explain only", () => {
  assert.match(policyProblems("explain", {}).join(), /^--client: expected whose rights/);
  assert.match(policyProblems("check", { client: "local" }).join(), /^--client: only with policy explain/);
  assert.deepEqual([...policyProblems("explain", { client: "local" }), ...policyProblems("check", {})], []);
});

for (
  const [flags, isCall, expected] of [
    [{}, true, []],
    [{ mode: "multi", clients: "5", rate: "2", duration: "1", pairs: "XBTZAR" }, false, []],
    [{ pairs: "XBTZAR", interval: "1", duration: "5" }, false, []],
    [{ clients: "5", rate: "2", "max-p99": "3", interval: "1", duration: "1" }, false, [
      "--clients",
      "--rate",
      "--max-p99",
      "--duration",
      "--interval",
    ]],
    [{ mode: "multi", interval: "1" }, false, ["--interval"]],
    [{ pairs: "XBTZAR" }, true, ["--pairs"]],
  ] as const
) {
  Deno.test(`clientProblems() finds every problem of ${JSON.stringify(flags)}${isCall ? " with call" : ""}`, () => {
    const { values, origins, ok } = parseSettings(COMMAND_SETTINGS.client, given(flags));
    assert.ok(ok);
    const problems = clientProblems(values, { origins, isCall });
    assert.deepEqual(problems.map((problem) => problem.split(":")[0]), expected);
  });
}

Deno.test("connectionProblems() finds every problem of an address: tokens in clear text, half a certificate", () => {
  const none: AccessSettings = {
    token: undefined,
    tokenFile: undefined,
    ca: undefined,
    cert: undefined,
    key: undefined,
  };
  const problemsOf = (url: string, access: Partial<AccessSettings>) =>
    connectionProblems(new URL(url), { ...none, ...access }).map((problem) => problem.split(": ")[0]);
  const token = new Secret("t".repeat(20));
  assert.deepEqual(problemsOf("ws://localhost:1", { token }), []);
  assert.deepEqual(problemsOf("wss://mcp.example", { token, ca: "ca", cert: "c", key: "k" }), []);
  assert.deepEqual(problemsOf("ws://mcp.example", { token, tokenFile: "/t", cert: "c" }), [
    "LUNO_MCP_TOKEN, --token-file",
    "ws://mcp.example/",
    "--key",
    "--cert",
  ]);
});
