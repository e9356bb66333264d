import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { readApiKey } from "../../src/access/api_key.ts";
import { keyState } from "../../src/access/keys.ts";
import type { StoredKey } from "../../src/access/keys.ts";
import { keys } from "../../src/cli/keys.ts";
import { SqliteKeys } from "../../src/state/record/sqlite/keys.ts";
import { KEYS_FILE } from "../../src/state/record/sqlite/open_keys.ts";
import type { ExitCode } from "../../src/world.ts";
import { TestWorld } from "./world.ts";
import type { TestWorldOptions } from "./world.ts";

const NOW = new TestWorld().now();
const DAY_MS = 86_400_000;

interface Run {
  readonly code: ExitCode;
  readonly stdout: string;
  readonly stderr: string;
}

interface Setup extends TestWorldOptions {
  readonly flags?: Readonly<Record<string, string>>;
  readonly problems?: readonly string[];
  readonly json?: boolean;
  readonly uid?: () => number | null;
}

/** Runs `keys` with these operands, as the owner of the files. */
async function run(operands: readonly string[], setup: Setup = {}): Promise<Run> {
  const { flags = {}, problems = [], json = false, uid = () => null } = setup;
  const world = new TestWorld(setup);
  const code = await keys(flags, { world, problems, operands, json, uid });
  return { code, stdout: world.stdout.text, stderr: world.stderr.text };
}

/** Runs `body` with a state folder that does not exist yet. */
async function withState(body: (state: string) => Promise<void>): Promise<void> {
  const parent = await Deno.makeTempDir();
  try {
    await body(join(parent, "state"));
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
}

/** The keys of a folder, as a server reads them. */
function storedKeys(state: string): readonly StoredKey[] {
  const keys = SqliteKeys.open({ path: join(state, KEYS_FILE), mode: "read" });
  try {
    return keys.list();
  } finally {
    keys.close();
  }
}

/** What is stored of a key with this text. */
function keptKey(state: string, text: string): StoredKey {
  const digest = readApiKey(text);
  const key = storedKeys(state).find(({ id }) => id === digest?.id);
  assert.ok(key);
  return key;
}

Deno.test("keys create prints only the key on stdout, and its description on stderr", () =>
  withState(async (state) => {
    const { code, stdout, stderr } = await run(["create", "ann"], {
      flags: { state, scopes: "account:read,market:read", expires: "12h" },
    });
    assert.equal(code, 0);
    assert.match(stdout, /^lunomcp_[0-9a-f_]+\n$/);
    const kept = keptKey(state, stdout.trim());
    assert.deepEqual(kept.scopes, ["market:read", "account:read"]);
    assert.equal(kept.expiresAt, NOW + DAY_MS / 2);
    assert.ok(!stderr.includes(stdout.trim()));
    for (const line of ["key:ann", kept.id, "market:read account:read", "2026-11-22T22:07:31.000Z", "Bearer"]) {
      assert.ok(stderr.includes(line), line);
    }
    assert.equal(((await Deno.stat(join(state, KEYS_FILE))).mode ?? 0) & 0o777, 0o600);
  }));

Deno.test("keys create allows market data for 90 days by default", () =>
  withState(async (state) => {
    await run(["create", "ann"], { flags: { state } });
    await run(["create", "bob"], { flags: { state, scopes: "server:admin", expires: "never" } });
    assert.deepEqual(storedKeys(state).map(({ scopes, expiresAt }) => ({ scopes, expiresAt })), [
      { scopes: ["market:read"], expiresAt: NOW + 90 * DAY_MS },
      { scopes: ["server:admin"], expiresAt: undefined },
    ]);
  }));

Deno.test("keys create refuses a name that already has a key, and says how to replace it", () =>
  withState(async (state) => {
    await run(["create", "ann"], { flags: { state } });
    const { code, stdout, stderr } = await run(["create", "ann"], { flags: { state } });
    assert.deepEqual({ code, stdout }, { code: 1, stdout: "" });
    assert.match(stderr, /^Cannot create a key of ann as it has a live key already: keys rotate ann replaces it/);
  }));

Deno.test("keys stores its file where --state, LUNO_MCP_STATE or the user's folder says", () =>
  withState(async (state) => {
    const [flag, variable, home] = [join(state, "flag"), join(state, "variable"), join(state, "home")];
    const user = { XDG_STATE_HOME: home, HOME: home, LOCALAPPDATA: home };
    const env = { ...user, LUNO_MCP_STATE: variable };
    await run(["create", "ann"], { flags: { state: flag }, env });
    await run(["create", "bob"], { env });
    await run(["create", "cyd"], { env: user });
    assert.deepEqual(storedKeys(flag).map(({ name }) => name), ["ann"]);
    assert.deepEqual(storedKeys(variable).map(({ name }) => name), ["bob"]);
    const { stdout } = await run(["list"], { env: user });
    assert.equal(JSON.parse(stdout).keys[0].name, "cyd");
    const empty = await run(["list"], { env: { ...user, LUNO_MCP_STATE: "" } });
    assert.match(empty.stderr, /^LUNO_MCP_STATE: expected a value/);
  }));

Deno.test("keys create, rotate and revoke print only JSON with --json", () =>
  withState(async (state) => {
    const flags = { state };
    const created = await run(["create", "ann"], { flags, json: true });
    const { key, id, ...row } = JSON.parse(created.stdout);
    assert.equal(keyState(keptKey(state, key), NOW), "live");
    assert.deepEqual(row, {
      name: "ann",
      scopes: ["market:read"],
      created: new Date(NOW).toISOString(),
      expires: new Date(NOW + 90 * DAY_MS).toISOString(),
      state: "live",
    });
    const rotated = JSON.parse((await run(["rotate", "ann"], { flags, json: true })).stdout);
    assert.equal(rotated.previous.id, id);
    assert.equal(keyState(keptKey(state, rotated.key), NOW), "live");
    const revoked = await run(["revoke", "ann"], { flags, json: true });
    assert.deepEqual(JSON.parse(revoked.stdout), { revoked: 2 });
  }));

Deno.test("keys list prints JSON to a pipe and with --json, a table to a terminal, and never a key", () =>
  withState(async (state) => {
    const { stdout: key } = await run(["create", "ann"], { flags: { state } });
    await run(["create", "bob"], { flags: { state, scopes: "market:read,orders:write", expires: "never" } });
    await run(["revoke", "bob"], { flags: { state } });
    const piped = await run(["list"], { flags: { state } });
    const [ann, bob] = JSON.parse(piped.stdout).keys;
    assert.deepEqual(ann, {
      id: key.split("_")[1],
      name: "ann",
      scopes: ["market:read"],
      created: "2026-11-22T10:07:31.000Z",
      expires: "2027-02-20T10:07:31.000Z",
      state: "live",
    });
    assert.deepEqual([bob.scopes, bob.expires, bob.state], [["market:read", "orders:write"], null, "revoked"]);
    assert.equal((await run(["list"], { flags: { state }, json: true, terminal: true })).stdout, piped.stdout);
    const table = (await run(["list"], { flags: { state }, terminal: true })).stdout;
    assert.match(table, /^id +name +scopes +created +expires +state\n/);
    assert.match(table, /^[0-9a-f]{12} +ann +market:read .* now +in 90 days +live$/m);
    assert.match(table, / bob +market:read orders:write +now +never +revoked$/m);
    for (const text of [piped.stdout, table]) assert.ok(!text.includes(key.split("_")[2] ?? ""));
  }));

Deno.test("keys revoke ends keys by name, by id and by the key itself", () =>
  withState(async (state) => {
    const texts: string[] = [];
    for (const name of ["ann", "bob", "cyd"]) {
      texts.push((await run(["create", name], { flags: { state } })).stdout.trim());
    }
    const [ann = "", bob = "", cyd = ""] = texts;
    for (const word of ["ann", bob.split("_")[1] ?? "", cyd]) {
      const { code, stderr } = await run(["revoke", word], { flags: { state } });
      assert.equal(code, 0);
      assert.match(stderr, /^Revoked 1 key$/m);
      assert.match(stderr, / INF luno-mcp-server.access: key revoked name=".*" id="[0-9a-f]{12}"/);
      for (const text of texts) assert.ok(!stderr.includes(text), "the key is in the log");
    }
    for (const text of [ann, bob, cyd]) {
      assert.equal(keyState(keptKey(state, text), NOW), "revoked");
    }
  }));

Deno.test("keys revoke reports that there is nothing to revoke, and quotes no key", () =>
  withState(async (state) => {
    const { stdout: key } = await run(["create", "ann"], { flags: { state } });
    const unknown = await run(["revoke", "nobody"], { flags: { state } });
    assert.equal(unknown.code, 1);
    assert.equal(unknown.stderr, 'Cannot revoke "nobody" as no live key has this name or id: see keys list\n');
    const mistyped = await run(["revoke", key.trim().slice(0, -1)], { flags: { state } });
    assert.equal(mistyped.code, 1);
    assert.match(mistyped.stderr, /^Cannot revoke "\[redacted\]" as /);
  }));

Deno.test("keys rotate prints a new key and keeps the previous one valid for the overlap", () =>
  withState(async (state) => {
    const before = (await run(["create", "ann"], { flags: { state, scopes: "account:read" } })).stdout.trim();
    const { code, stdout, stderr } = await run(["rotate", "ann"], { flags: { state, overlap: "2d", expires: "30d" } });
    assert.equal(code, 0);
    const [old, next] = [keptKey(state, before), keptKey(state, stdout.trim())];
    assert.equal(old.expiresAt, NOW + 2 * DAY_MS);
    assert.deepEqual([next.expiresAt, next.scopes], [NOW + 30 * DAY_MS, ["account:read"]]);
    assert.ok(stderr.includes(`before   ${old.id}, which expires 2026-11-24T10:07:31.000Z`));
    const unknown = await run(["rotate", "bob"], { flags: { state } });
    assert.deepEqual([unknown.code, unknown.stdout], [1, ""]);
    assert.match(unknown.stderr, /^Cannot rotate the key of bob as it has no live key: keys create bob makes one/);
  }));

Deno.test("keys reports every problem at once and creates nothing", () =>
  withState(async (state) => {
    const { code, stderr } = await run(["create", "a b", "more"], {
      flags: { state, scopes: "market:read,root", expires: "11y", overlap: "1d" },
      problems: ["--typo: unknown flag"],
    });
    assert.equal(code, 2);
    for (
      const problem of [
        /^--typo: /m,
        /^keys create: expected a name .* current value is "a b"$/m,
        /^"more": unexpected argument$/m,
        /^--scopes: expected .*"market:read,root"$/m,
        /^--expires: expected a duration from 1m to 3650d, such as 90d, 12h or 30m, or never: current value is "11y"$/m,
        /^--overlap: keys create does not take it$/m,
      ]
    ) assert.match(stderr, problem);
    await assert.rejects(Deno.stat(state), Deno.errors.NotFound);
  }));

for (const expires of ["0d", "3651d", "-1d", "1.5d", "d", "90", "90s", "", "1e3d"]) {
  Deno.test(`keys create refuses to make a key for ${JSON.stringify(expires)}`, () =>
    withState(async (state) => {
      const { code, stderr } = await run(["create", "ann"], { flags: { state, expires } });
      assert.equal(code, 2);
      assert.match(stderr, /^--expires: expected a duration /);
    }));
}

Deno.test("keys rotate accepts no new scopes, and no overlap without an end", () =>
  withState(async (state) => {
    await run(["create", "ann"], { flags: { state } });
    const { code, stderr } = await run(["rotate", "ann"], {
      flags: { state, scopes: "server:admin", overlap: "never" },
    });
    assert.equal(code, 2);
    assert.match(stderr, /^--scopes: keys rotate does not take it$/m);
    assert.match(stderr, /^--overlap: expected a duration from 0m to 3650d, such as 90d, 12h or 30m: /m);
  }));

Deno.test("keys lists its subcommands", () =>
  withState(async (state) => {
    const usage = "expected keys create NAME, keys list, keys revoke NAME_OR_ID, keys rotate NAME";
    for (
      const [operands, problem] of [
        [[], `keys: ${usage}`],
        [["toString"], `"toString": ${usage}`],
        [["create"], "keys create: expected NAME"],
        [["revoke"], "keys revoke: expected NAME_OR_ID"],
        [["list", "ann"], '"ann": unexpected argument'],
      ] as const
    ) {
      const { code, stderr } = await run(operands, { flags: { state } });
      assert.equal(code, 2);
      assert.ok(stderr.startsWith(`${problem}\n`), stderr);
    }
  }));

Deno.test("keys list prints an empty list when no key was ever created, and creates nothing", () =>
  withState(async (state) => {
    await Deno.mkdir(state);
    const { code, stdout } = await run(["list"], { flags: { state } });
    assert.deepEqual([code, stdout], [0, '{"keys":[]}\n']);
    const shown = await run(["list"], { flags: { state }, terminal: true });
    assert.deepEqual([shown.code, shown.stdout], [0, "No keys; keys create NAME makes one\n"]);
    assert.deepEqual(await Array.fromAsync(Deno.readDir(state)), []);
  }));

Deno.test("keys list refuses a folder that was named and does not exist", () =>
  withState(async (state) => {
    const { code, stdout, stderr } = await run(["list"], { flags: { state } });
    assert.deepEqual([code, stdout], [2, ""]);
    assert.ok(stderr.startsWith(`--state: expected a folder that exists: there is no ${state}\n`), stderr);
    await assert.rejects(Deno.stat(state), Deno.errors.NotFound);
  }));

Deno.test("keys revoke and rotate refuse a folder without keys", () =>
  withState(async (state) => {
    for (const operands of [["revoke", "ann"], ["rotate", "ann"]]) {
      const { code, stderr } = await run(operands, { flags: { state } });
      assert.equal(code, 2);
      assert.ok(
        stderr.startsWith(`--state: expected a folder with keys: there is no ${join(state, KEYS_FILE)}`),
        stderr,
      );
    }
    await assert.rejects(Deno.stat(state), Deno.errors.NotFound);
  }));

Deno.test("keys refuses a file that other users can read, or that another user owns", () =>
  withState(async (state) => {
    await run(["create", "ann"], { flags: { state } });
    const path = join(state, KEYS_FILE);
    const owner = (await Deno.stat(path)).uid ?? 0;
    await Deno.chmod(path, 0o644);
    for (const operands of [["create", "bob"], ["list"], ["revoke", "ann"], ["rotate", "ann"]]) {
      const { code, stderr } = await run(operands, { env: { LUNO_MCP_STATE: state }, uid: () => owner + 1 });
      assert.equal(code, 2);
      assert.match(
        stderr,
        /^LUNO_MCP_STATE: expected a file that only its owner can read: mode is 0644: run chmod 600 /m,
      );
      assert.match(stderr, /^LUNO_MCP_STATE: expected a file of the user that runs this program /m);
    }
    await Deno.chmod(path, 0o600);
    assert.equal((await run(["list"], { flags: { state }, uid: () => owner })).code, 0);
  }));

Deno.test("keys records every change next to the keys, and changes no store that replaced them", () =>
  withState(async (state) => {
    await run(["create", "ann"], { flags: { state } });
    const path = join(state, KEYS_FILE);
    await Deno.copyFile(path, `${path}.bak`);
    await run(["revoke", "ann"], { flags: { state } });
    await Deno.rename(`${path}.bak`, path);
    for (const operands of [["create", "bob"], ["revoke", "ann"], ["rotate", "ann"]]) {
      const { code, stderr } = await run(operands, { flags: { state } });
      assert.equal(code, 2);
      assert.match(stderr, /^--state: .* keys\.db is older \(change 1 of 2\)/m);
    }
    assert.equal((await run(["list"], { flags: { state } })).code, 0);
    await Deno.remove(path);
    assert.equal((await run(["create", "bob"], { flags: { state } })).code, 0);
    assert.equal((await run(["create", "cyd"], { flags: { state } })).code, 0);
  }));

Deno.test("keys refuses a file that is not a database, and an environment without a folder", () =>
  withState(async (state) => {
    await Deno.mkdir(state);
    await Deno.writeTextFile(join(state, KEYS_FILE), "precious ".repeat(200), { mode: 0o600 });
    const broken = await run(["list"], { flags: { state } });
    assert.equal(broken.code, 2);
    assert.match(broken.stderr, /^--state: Cannot open .*keys\.db as a database: file is not a database$/m);
    const homeless = await run(["list"]);
    assert.equal(homeless.code, 2);
    assert.match(homeless.stderr, /^--state: expected a folder: .* name none$/m);
  }));

Deno.test("keys reports in one sentence that another process has kept the keys locked for longer than --state-timeout", () =>
  withState(async (state) => {
    await run(["create", "ann"], { flags: { state } });
    const path = join(state, KEYS_FILE);
    using other = new DatabaseSync(path);
    const flags = { state, "state-timeout": "0" };
    other.exec("BEGIN IMMEDIATE");
    const writing = await run(["revoke", "ann"], { flags });
    const sentence =
      `Cannot use ${path} as another process has kept it locked for 0 s: end that process, or raise --state-timeout`;
    assert.deepEqual([writing.code, writing.stdout], [1, ""]);
    assert.equal(writing.stderr, `${sentence}\n`);
    assert.equal((await run(["list"], { flags })).code, 0);
    other.exec("COMMIT; BEGIN EXCLUSIVE");
    const reading = await run(["list"], { flags });
    assert.equal(reading.code, 2);
    assert.ok(reading.stderr.startsWith(`--state: ${sentence}\n`), reading.stderr);
  }));
