import assert from "node:assert/strict";
import manifest from "../../deno.json" with { type: "json" };
import { unneeded } from "../../src/cli/run.ts";
import { COMMAND_SETTINGS } from "../../src/config/command_settings.ts";
import { SERVER_SETTINGS } from "../../src/config/server_settings.ts";
import type { Setting, Settings } from "../../src/config/setting.ts";
import { VARIABLES } from "../../src/config/variables.ts";

for (const [command, table] of Object.entries<Settings>(COMMAND_SETTINGS)) {
  const settings = Object.values<Setting>(table);

  Deno.test(`the settings of ${command} have readable defaults, a help text each, and unique names`, () => {
    for (const { default: text, help, reader } of settings) {
      assert.notEqual(help, "");
      if (text !== undefined) assert.ok(reader.read(text).ok, text);
    }
    const names = settings.flatMap(({ flag, env }) => [...(flag === undefined ? [] : [flag]), ...env]);
    assert.deepEqual(names, [...new Set(names)]);
  });

  Deno.test(`the settings of ${command} have no flag for a secret, which other users of the machine could see`, () => {
    for (const { secret, flag } of settings) assert.ok(!secret || flag === undefined, String(flag));
  });
}

Deno.test("the permission sets of deno.json that serve let the program read each of its variables", () => {
  for (const set of ["serve", "embedded"] as const) {
    const names = manifest.permissions[set].env.allow;
    const unread = [...VARIABLES].filter((name) => !names.includes(name.replace(/^(LUNO|MCP)_.*/, "$1_*")));
    assert.deepEqual(unread, [], set);
  }
});

Deno.test("a permission set of deno.json with the program's variables hides all others", () => {
  for (const [name, { env }] of Object.entries<Readonly<Record<string, unknown>>>(manifest.permissions)) {
    const isOurs = JSON.stringify(env)?.includes("LUNO_*") ?? false;
    assert.equal(isOurs, JSON.stringify(env)?.endsWith('"ignore":true}') ?? false, name);
  }
});

Deno.test("no two permission sets of deno.json are equal", () => {
  const sets = Object.entries<Record<string, unknown>>(manifest.permissions).map(([, set]) =>
    JSON.stringify(
      Object.entries(set).map(([name, list]) => [name, Array.isArray(list) ? list.toSorted() : list]).sort(),
    )
  );
  assert.equal(new Set(sets).size, sets.length);
});

Deno.test("every server flag has a variable, and so has every flag with which a client reaches a server", () => {
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
  for (const task of ["audit", "client", "bridge", "simulator"]) {
    assert.equal(setOf(task).write, undefined, task);
  }
  for (const task of ["audit", "certs"]) {
    assert.equal(setOf(task).net, undefined, task);
  }
  assert.deepEqual(setOf("certs").read, ["certs", "src"]);
  assert.deepEqual(setOf("certs").write, ["certs"]);
  for (const { command } of Object.values(manifest.tasks)) {
    assert.doesNotMatch(command, / (-A|--allow-all|--allow-run)( |$)/);
  }
  for (const set of Object.values(sets)) assert.ok(!("all" in set) && !("run" in set) && !("ffi" in set));
});

Deno.test("the tasks of deno.json quote what other programs print, since paths may contain spaces", () => {
  for (const [name, { command }] of Object.entries(manifest.tasks)) {
    assert.doesNotMatch(command.replaceAll(/"\$\(deno eval '[^']*'\)"/g, ""), /\$\(/, name);
  }
});

Deno.test("unneeded() drops the permissions that a command does not need", () => {
  assert.deepEqual(unneeded({ command: "serve" }), ["run"]);
  assert.deepEqual(unneeded({ command: "client" }), ["write", "run"]);
  assert.deepEqual(unneeded({ command: "keys" }), ["net", "run"]);
  assert.deepEqual(unneeded({ command: "keys", flags: { "state-url": "postgres://ann@localhost/luno" } }), ["run"]);
  const env = (name: string) => name === "LUNO_MCP_STATE_URL" ? "postgres://ann@localhost/luno" : undefined;
  assert.deepEqual(unneeded({ command: "keys" }, env), ["run"]);
  assert.deepEqual(unneeded({ command: "certs" }, env), ["net", "run"]);
  assert.deepEqual(unneeded({ command: "kill", flags: { reason: "x" } }), ["net", "run"]);
  assert.deepEqual(unneeded({ command: "kill", flags: { "cancel-open": "true" } }), ["run"]);
  assert.deepEqual(unneeded({ command: "policy", operands: ["publish", "policy.json"] }, env), ["run"]);
  assert.deepEqual(unneeded({ command: "access", operands: ["show"] }, env), ["write", "run"]);
  for (const command of ["tools", "config", "policy", "audit"] as const) {
    assert.deepEqual(unneeded({ command }), ["write", "net", "run"], command);
  }
  assert.deepEqual(unneeded({ command: "doctor" }), []);
});
