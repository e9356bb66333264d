import assert from "node:assert/strict";
import manifest from "../../deno.json" with { type: "json" };
import { unneeded } from "../../src/cli/run.ts";
import { COMMAND_SETTINGS } from "../../src/config/command_settings.ts";
import { SERVER_SETTINGS } from "../../src/config/server_settings.ts";
import type { Setting, Settings } from "../../src/config/setting.ts";
import { VARIABLES } from "../../src/config/variables.ts";

for (const [command, table] of Object.entries<Settings>(COMMAND_SETTINGS)) {
  const settings = Object.values<Setting>(table);

  Deno.test(`the settings of ${command} have readable defaults, a help text each, and each name once`, () => {
    for (const { default: text, help, schema } of settings) {
      assert.notEqual(help, "");
      if (text !== undefined) assert.ok(schema.safeParse(text).success, text);
    }
    const names = settings.flatMap(({ flag, env }) => [...(flag === undefined ? [] : [flag]), ...env]);
    assert.deepEqual(names, [...new Set(names)]);
  });

  Deno.test(`the settings of ${command} have no flag for a secret, which other users of the machine could see`, () => {
    for (const { secret, flag } of settings) assert.ok(!secret || flag === undefined, String(flag));
  });
}

for (const set of ["serve", "embedded", "binary", "inspect", "keys", "client", "simulator"] as const) {
  Deno.test(`the permission set ${set} of deno.json lets the program read variables of ours, and those others alone that it needs`, () => {
    const others = [...VARIABLES].filter((name) => !/^(LUNO|MCP)_/.test(name));
    // The package ws asks for two of its own when it is loaded, npm says by one that it started the program, terminals what they take, servers for the state folder and the runtime's key log.
    const foreign = [
      "TERM",
      "SSLKEYLOGFILE",
      "HOME",
      "XDG_STATE_HOME",
      "LOCALAPPDATA",
      "npm_command",
      "WS_NO_BUFFER_UTIL",
    ];
    const possible = ["LUNO_*", "MCP_*", ...others, ...foreign, "WS_NO_UTF_8_VALIDATE"];
    const names: readonly string[] = manifest.permissions[set].env;
    assert.deepEqual(names.filter((name) => !possible.includes(name)), []);
    assert.deepEqual(names.slice(0, 2), ["LUNO_*", "MCP_*"]);
    const isServer = ["serve", "embedded", "binary"].includes(set);
    if (isServer) assert.deepEqual([...names].sort(), possible.sort());
  });
}

Deno.test("every flag of the server has a variable, and so has what leads a client to a server", () => {
  const { uri, tokenFile, ca, cert, key } = COMMAND_SETTINGS.client;
  const settings: Setting[] = [...Object.values(SERVER_SETTINGS), uri, tokenFile, ca, cert, key];
  for (const { flag, env } of settings) assert.ok(env.some((name) => /^(LUNO|MCP|ALLOW)_/.test(name)), String(flag));
});

Deno.test("the permission set certs of deno.json lets the program read no variable", () => {
  assert.deepEqual(
    manifest.permissions.certs.env,
    Object.values<Setting>(COMMAND_SETTINGS.certs).flatMap(({ env }) => env),
  );
});

Deno.test("each task of deno.json may do what its command needs, and no task may do everything", () => {
  const sets: Record<string, Record<string, unknown>> = manifest.permissions;
  const setOf = (task: string): Record<string, unknown> => {
    const { command } = Object.entries(manifest.tasks).find(([name]) => name === task)?.[1] ?? assert.fail(task);
    return sets[/-P=(\w+)/.exec(command)?.[1] ?? assert.fail(command)] ?? assert.fail(command);
  };
  for (const task of ["policy", "audit", "client", "bridge", "simulator"]) {
    assert.equal(setOf(task).write, undefined, task);
  }
  for (const task of ["policy", "audit", "keys", "kill", "approve", "certs"]) {
    assert.equal(setOf(task).net, undefined, task);
  }
  assert.deepEqual(setOf("certs").read, ["certs"]);
  assert.deepEqual(setOf("certs").write, ["certs"]);
  for (const { command } of Object.values(manifest.tasks)) {
    assert.doesNotMatch(command, / (-A|--allow-all|--allow-run)( |$)/);
  }
  for (const set of Object.values(sets)) assert.ok(!("all" in set) && !("run" in set) && !("ffi" in set));
});

Deno.test("the tasks of deno.json quote what other programs print, as paths may have spaces", () => {
  for (const [name, { command }] of Object.entries(manifest.tasks)) {
    assert.doesNotMatch(command.replaceAll(/"\$\(deno eval '[^']*'\)"/g, ""), /\$\(/, name);
  }
});

Deno.test("unneeded() has each command give back what it does not need", () => {
  assert.deepEqual(unneeded("serve"), []);
  assert.deepEqual(unneeded("client"), ["write"]);
  assert.deepEqual(unneeded("keys"), ["net"]);
  assert.deepEqual(unneeded("kill", { reason: "x" }), ["net"]);
  assert.deepEqual(unneeded("kill", { "cancel-open": "true" }), []);
  for (const command of ["tools", "config", "policy", "audit"] as const) {
    assert.deepEqual(unneeded(command), ["write", "net"], command);
  }
});
