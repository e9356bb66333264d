import assert from "node:assert/strict";
import manifest from "../../deno.json" with { type: "json" };
import { unneeded } from "../../src/cli/run.ts";
import { CERTS_SETTINGS } from "../../src/config/certs_settings.ts";
import { BRIDGE_SETTINGS, CLIENT_SETTINGS } from "../../src/config/client_settings.ts";
import { SERVER_SETTINGS } from "../../src/config/server_settings.ts";
import type { Setting, Settings } from "../../src/config/setting.ts";
import { SIMULATOR_SETTINGS } from "../../src/config/simulator_settings.ts";

const TABLES = {
  server: SERVER_SETTINGS,
  simulator: SIMULATOR_SETTINGS,
  certs: CERTS_SETTINGS,
  client: CLIENT_SETTINGS,
  bridge: BRIDGE_SETTINGS,
};

for (const [command, table] of Object.entries<Settings>(TABLES)) {
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

const { serve, embedded, binary, client, certs, simulator } = manifest.permissions;
const CLIENT_TABLES = [CLIENT_SETTINGS, BRIDGE_SETTINGS];
const PERMITTED: Record<string, { names: readonly string[]; tables: readonly Settings[] }> = {
  serve: { names: serve.env, tables: Object.values(TABLES) },
  embedded: { names: embedded.env, tables: Object.values(TABLES) },
  binary: { names: binary.env, tables: Object.values(TABLES) },
  client: { names: client.env, tables: CLIENT_TABLES },
};

for (const [set, { names, tables }] of Object.entries(PERMITTED)) {
  Deno.test(`the permission set ${set} of deno.json lets the program read exactly the variables of its settings`, () => {
    const variables = tables.flatMap((table) => Object.values<Setting>(table).flatMap(({ env }) => env));
    // The package ws asks for two of its own when it is loaded, npm says by one that it started the program, servers for the state folder and the runtime's key log.
    const others = set === "client" ? [] : ["SSLKEYLOGFILE", "HOME", "XDG_STATE_HOME", "LOCALAPPDATA"];
    const expected = new Set([...variables, ...others, "npm_command", "WS_NO_BUFFER_UTIL", "WS_NO_UTF_8_VALIDATE"]);
    assert.deepEqual([...names].sort(), [...expected].sort());
  });
}

Deno.test("the permission set simulator of deno.json lets the program read its own variables alone", () => {
  const variables = Object.values<Setting>(SIMULATOR_SETTINGS).flatMap(({ env }) => env);
  assert.deepEqual([...simulator.env].sort(), variables.sort());
});

Deno.test("the permission set certs of deno.json lets the program read no variable", () => {
  assert.deepEqual(certs.env, Object.values<Setting>(CERTS_SETTINGS).flatMap(({ env }) => env));
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

Deno.test("unneeded() has each command give back what it does not need", () => {
  assert.deepEqual(unneeded("serve"), []);
  assert.deepEqual(unneeded("client"), ["write"]);
  assert.deepEqual(unneeded("keys"), ["net"]);
  for (const command of ["tools", "config", "policy", "audit"] as const) {
    assert.deepEqual(unneeded(command), ["write", "net"], command);
  }
});
