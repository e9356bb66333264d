/** `doctor`: its report on a whole set-up. */

import assert from "node:assert/strict";
import { ok, runCheck } from "../../src/cli/doctor/check.ts";
import type { CheckContext } from "../../src/cli/doctor/check.ts";
import { SIMULATED_KEYS } from "../../src/simulation/api/simulated_keys.ts";
import { displayWidth } from "../../src/cli/terminal/width.ts";
import { keys } from "../../src/cli/keys.ts";
import { SqliteRecord } from "../../src/state/record/sqlite/record.ts";
import { doctor } from "../../src/cli/doctor.ts";
import { PATIENT, Setup } from "./doctor/setups.ts";
import { runnerOf } from "./trading_commands.ts";
import { TestWorld } from "./world.ts";

Deno.test("doctor finds no problem in a working set-up, and exits with 0", async () => {
  await using setup = await Setup.start();
  const { code, checks } = await setup.results();
  assert.equal(code, 0, JSON.stringify(checks));
  const statuses = Object.fromEntries(checks.map(({ name, status }) => [name, status]));
  assert.deepEqual(statuses, {
    "configuration": "ok",
    "name resolution": "skipped",
    "exchange": "ok",
    "clock": "ok",
    "call budget": "ok",
    "credentials": "ok",
    "port": "ok",
    "certificate": "ok",
    "state folder": "ok",
    "record": "skipped",
    "policy": "ok",
    "key store": "skipped",
    "access": "ok",
    "client": "skipped",
  });
});

Deno.test("doctor shows the settings in force, each with its source", async () => {
  await using setup = await Setup.start();
  const { checks } = await setup.results({ env: { MCP_MAX_CONNECTIONS: "20" } });
  const { text } = checks.find(({ name }) => name === "configuration") ?? { text: "" };
  for (
    const words of [
      "--trading auto (flag)",
      "--max-connections 20 (environment)",
      "LUNO_API_KEY [redacted] (environment)",
    ]
  ) {
    assert.ok(text.includes(words), text);
  }
});

Deno.test("doctor never shows a secret, even when the exchange refuses the key", async () => {
  await using setup = await Setup.start();
  const secret = "a-secret-that-nobody-may-see";
  for (const env of [{}, { LUNO_API_SECRET: secret }, { LUNO_API_KEY: `${secret}-id`, MCP_PORT: "x" }]) {
    for (const json of [true, false]) {
      const { stdout, stderr } = await setup.run({ env, json });
      for (const hidden of [secret, SIMULATED_KEYS.trading.id, SIMULATED_KEYS.trading.secret]) {
        assert.ok(!(stdout + stderr).includes(hidden), stdout);
      }
    }
  }
});

Deno.test("doctor creates and changes nothing", async () => {
  await using setup = await Setup.start();
  const state = setup.path("state");
  SqliteRecord.open({ folder: state, mode: "write" }).close();
  await makeKey(state);
  await setup.write(".claude.json", '{ "mcpServers": { "luno": { "command": "luno-mcp-server" } } }');
  const before = await listFiles(setup.folder);
  const { checks } = await setup.results();
  assert.deepEqual(await listFiles(setup.folder), before);
  const found = checks.filter(({ name }) => name === "record" || name === "key store");
  assert.deepEqual(found.map(({ status }) => status), ["ok", "ok"]);
});

Deno.test("doctor prints a line for each check that fits the terminal, with the remedy below each failure", async () => {
  await using setup = await Setup.start();
  const { code, stdout } = await setup.run({ columns: 60, env: { LUNO_API_SECRET: "another_secret" } });
  assert.equal(code, 1);
  const lines = stdout.split("\n");
  for (const line of lines) assert.ok(displayWidth(line) <= 60, line);
  const at = lines.findIndex((line) => line.startsWith("BROKEN   credentials"));
  assert.match(lines.slice(at + 1).join("\n"), /^ +→ set LUNO_API_KEY/m);
  assert.match(lines.at(-2) ?? "", /: 1 broken$/);
});

Deno.test("doctor reports every problem of the configuration, and checks the rest as far as possible", async () => {
  await using setup = await Setup.start();
  const broken = await setup.broken({ flags: { port: "many", "log-level": "loud" } });
  assert.deepEqual(broken.map(({ name, text }) => `${name} ${text.split(":")[0]}`), [
    "configuration --port",
    "configuration --log-level",
  ]);
  const { checks } = await setup.results({ flags: { port: "many" } });
  const statuses = new Map(checks.map(({ name, status }) => [name, status]));
  assert.deepEqual(["exchange", "clock", "state folder", "credentials"].map((name) => statuses.get(name)), [
    "ok",
    "ok",
    "ok",
    "skipped",
  ]);
});

Deno.test("doctor refuses an invalid command line", async () => {
  const run = runnerOf(doctor);
  const { code, stderr } = await run({}, { problems: ["--prot: unknown flag, did you mean --port"] });
  assert.equal(code, 2);
  assert.match(stderr, /--prot: unknown flag/);
});

const context: Omit<CheckContext, "signal"> = {
  world: new TestWorld(),
  loaded: { ok: false, problems: [], config: {}, origins: {} as never },
  config: {},
  folder: undefined,
  resolve: () => Promise.resolve([]),
  limits: PATIENT,
};

Deno.test("runCheck() ends a check that takes too long, and reports that", async () => {
  let signal: AbortSignal | undefined;
  const run = (given: CheckContext) => {
    signal = given.signal;
    return new Promise<never>(() => {});
  };
  const [result] = await runCheck({ name: "slow", run }, { ...context, limits: { ...PATIENT, checkMs: 1 } });
  assert.deepEqual([result?.status, result?.text], ["broken", "cannot be checked: it was not done within 0.001 s"]);
  assert.equal(signal?.aborted, true);
});

Deno.test("runCheck() reports a check that throws as failed, so that the others are still reported", async () => {
  const [result] = await runCheck({ name: "odd", run: () => Promise.reject(new TypeError("no such thing")) }, context);
  assert.deepEqual([result?.name, result?.status, result?.text], ["odd", "broken", "cannot be checked: no such thing"]);
  assert.deepEqual(await runCheck({ name: "even", run: () => Promise.resolve([ok("even", "fine")]) }, context), [
    { name: "even", status: "ok", text: "fine" },
  ]);
});

async function makeKey(state: string): Promise<void> {
  const { code } = await runnerOf(keys)({ state }, { operands: ["create", "alice"], json: true, now: Date.now() });
  assert.equal(code, 0);
}

async function listFiles(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    const { size, mtime } = await Deno.lstat(path);
    if (isDirectory) found.push(path, ...await listFiles(path));
    else found.push(`${path} ${size} ${mtime?.getTime()}`);
  }
  return found.sort();
}
