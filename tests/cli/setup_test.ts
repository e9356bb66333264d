import assert from "node:assert/strict";
import { join } from "node:path";
import { setup } from "../../src/cli/setup.ts";
import { launchOf } from "../../src/client_configs/launch.ts";
import { withHome } from "../client_configs/home.ts";
import type { Home } from "../client_configs/home.ts";
import { link } from "../state/link.ts";
import { NOW } from "../trading/stores.ts";
import { runnerOf } from "./trading_commands.ts";
import { TestWorld } from "./world.ts";
import type { RunOptions } from "./trading_commands.ts";

const runSetup = runnerOf(setup);
const LAUNCH = launchOf({ os: Deno.build.os, execPath: Deno.execPath(), isCompiled: false });
const STAMP = new Date(NOW).toISOString().replaceAll(/[-:]/g, "");

/** Runs a test with a home folder, and `setup` as its user. */
function withSetup(
  body: (
    home: Home & { run(flags: Record<string, string>, options?: RunOptions): ReturnType<typeof runSetup> },
  ) => Promise<void>,
): Promise<void> {
  return withHome((home) =>
    body({
      ...home,
      run: (flags, options = {}) => runSetup(flags, { ...options, env: { HOME: home.folder, ...options.env } }),
    })
  );
}

const YES = { yes: "true" };
const CURSOR = ".cursor/mcp.json";

Deno.test("setup shows the change, asks, keeps a backup and writes an entry with an absolute path", () =>
  withSetup(async ({ run, write, read, folder }) => {
    const text = '{\n  // mine\n  "mcpServers": {}\n}\n';
    const file = await write(CURSOR, text);
    const { code, stdout, stderr } = await run({}, { operands: ["cursor"], typed: ["yes\n"] });
    assert.deepEqual([code, stderr], [0, ""]);
    assert.ok(stdout.startsWith(`Cursor: ${file}\n+ {\n+   "mcpServers": {\n+     "luno": {\n`), stdout);
    assert.match(stdout, /^Write this\? \[y\/N\]\nWritten; as it was: /m);
    assert.match(stdout, /^Restart the clients/m);
    const { mcpServers } = JSON.parse((await read(CURSOR)).replace("// mine", ""));
    assert.deepEqual(mcpServers, { luno: { command: LAUNCH.command, args: LAUNCH.args } });
    assert.ok(LAUNCH.args.at(-1)?.startsWith("/"));
    assert.equal(await read(`${CURSOR}.${STAMP}.bak`), text);
    assert.match(await read(CURSOR), /^ {2}\/\/ mine$/m);
    assert.deepEqual((await entriesOf(join(folder, ".cursor"))).length, 2);
  }));

Deno.test("setup writes nothing when the answer is not yes, or when nobody can answer", () =>
  withSetup(async ({ run, write, read, folder }) => {
    await write(CURSOR, "{}");
    for (const typed of [["no\n"], ["\n"], [], undefined]) {
      const { code, stdout } = await run({}, { operands: ["cursor"], ...(typed && { typed }) });
      assert.equal(code, 0);
      assert.match(stdout, /^\+ +"luno": \{$/m);
      assert.match(
        stdout,
        typed === undefined ? /^Nothing was written; --yes writes without asking$/m : /^Nothing was written$/m,
      );
    }
    const { stdout, stderr } = await run({}, { operands: ["cursor"], terminal: false, typed: ["yes\n"] });
    assert.equal(stderr, "Nothing was written; --yes writes without asking\n");
    assert.deepEqual(JSON.parse(stdout).clients.map(({ change, written }: Row) => [change, written]), [["add", false]]);
    assert.equal(await read(CURSOR), "{}");
    assert.deepEqual(await entriesOf(join(folder, ".cursor")), ["mcp.json"]);
  }));

Deno.test("setup reports in a sentence of its own that the system refuses the new file", () =>
  withSetup(async ({ run, write }) => {
    const file = await write(CURSOR, "{}");
    await Deno.mkdir(`${file}.luno-mcp-server.new/in the way`, { recursive: true });
    const { code, stderr } = await run(YES, { operands: ["cursor"] });
    assert.equal(code, 1);
    assert.match(stderr, /^Cursor: \S+mcp\.json: cannot be written: File exists$/m);
  }));

Deno.test("setup writes nothing when it is interrupted at its question", () =>
  withSetup(async ({ write, read, folder }) => {
    await write(CURSOR, "{}");
    await write(".gemini/settings.json", "{}");
    const world = new TestWorld({ terminal: true, env: { HOME: folder } });
    world.stdin.isTerminal = () => true;
    const ended = setup({}, { world, problems: [], operands: [], json: false });
    await world.stdout.matching(/Write this/);
    world.interrupt();
    assert.equal(await ended, 0);
    world.stdin.end();
    assert.equal(world.stdout.text.match(/Write this/g)?.length, 1);
    assert.deepEqual([await read(CURSOR), await read(".gemini/settings.json")], ["{}", "{}"]);
  }));

Deno.test("setup run again changes nothing, replaces arguments when given new ones, and keeps them otherwise", () =>
  withSetup(async ({ run, read, folder, write }) => {
    await write(CURSOR, "");
    const again = async (...words: string[]) => {
      const { code, stdout } = await run(YES, { operands: ["cursor", ...words], json: true });
      assert.equal(code, 0, stdout);
      const [row] = JSON.parse(stdout).clients as Row[];
      return [row?.change, JSON.parse(await read(CURSOR)).mcpServers.luno.args.slice(LAUNCH.args.length)];
    };
    assert.deepEqual(await again("--exchange", "simulated"), ["add", ["--exchange", "simulated"]]);
    assert.deepEqual(await again(), ["none", ["--exchange", "simulated"]]);
    assert.deepEqual(await again("--exchange", "paper"), ["change", ["--exchange", "paper"]]);
    assert.deepEqual(await again(), ["none", ["--exchange", "paper"]]);
    assert.deepEqual(await again("--policy=my.json"), ["change", [`--policy=${join(Deno.cwd(), "my.json")}`]]);
    const copies = (await entriesOf(join(folder, ".cursor"))).filter((name) => name.endsWith(".bak"));
    assert.ok(copies.length > 0);
  }));

Deno.test("setup --remove removes its entry and leaves the rest", () =>
  withSetup(async ({ run, write, read }) => {
    const text = 'model = "x"\n\n[mcp_servers.other]\ncommand = "y"\n';
    await write(".codex/config.toml", text);
    assert.equal((await run(YES, { operands: ["codex"] })).code, 0);
    assert.notEqual(await read(".codex/config.toml"), text);
    const { stdout } = await run({ remove: "true" }, { operands: ["codex"], typed: ["y\n"] });
    assert.match(stdout, /^- \[mcp_servers\.luno\]$/m);
    assert.equal(await read(".codex/config.toml"), text);
    assert.match((await run({ remove: "true", ...YES }, { operands: ["codex"] })).stdout, /has no luno$/m);
  }));

Deno.test("setup without a client sets up every client it finds, and continues after one that fails", () =>
  withSetup(async ({ run, write, read, folder }) => {
    await write(".claude/settings.json", "{}");
    await write(".gemini/settings.json", "{ broken");
    await write(".config/zed/settings.json", "// Zed\n{}");
    const { code, stdout, stderr } = await run(YES, { json: true });
    assert.equal(code, 1);
    const { clients } = JSON.parse(stdout) as { clients: Row[] };
    assert.deepEqual(clients.map(({ client, written }) => [client, written]), [
      ["claude-code", true],
      ["zed", true],
      ["gemini", false],
    ]);
    assert.match(stderr, /^Gemini CLI: .*settings\.json: expected JSON: line 1, column \d+: /);
    assert.equal(await read(".gemini/settings.json"), "{ broken");
    assert.equal(JSON.parse(await read(".claude.json")).mcpServers.luno.type, "stdio");
    assert.equal((await Deno.stat(join(folder, ".claude.json"))).mode! & 0o777, 0o600);
  }));

Deno.test("setup creates the file and its folders for a named client, and otherwise says where it looked", () =>
  withSetup(async ({ run, read }) => {
    const { code, stderr } = await run(YES);
    assert.equal(code, 1);
    assert.match(stderr, /^Cannot find the configuration of a client \(Claude Code, Claude Desktop, .*\) below HOME/);
    assert.equal((await run(YES, { operands: ["vscode"] })).code, 0);
    assert.ok("luno" in JSON.parse(await read(".config/Code/User/mcp.json")).servers);
    assert.equal((await run(YES, { operands: ["vscode"], env: { HOME: "" } })).code, 1);
  }));

Deno.test("setup leaves an entry of another program unchanged unless forced, and shows none of its secrets", () =>
  withSetup(async ({ run, write, read }) => {
    const text = JSON.stringify({
      mcpServers: { luno: { command: "luno-mcp", args: ["--token", "hunter2"], env: { LUNO_API_SECRET: "hunter2" } } },
    });
    await write(CURSOR, text);
    for (const flags of [YES, { ...YES, remove: "true" }]) {
      const { code, stderr } = await run(flags, { operands: ["cursor"] });
      assert.equal(code, 1);
      assert.match(stderr, /: luno starts another program, "luno-mcp": .*--force$/m);
    }
    assert.equal(await read(CURSOR), text);
    assert.equal((await run({ ...YES, name: "luno-official" }, { operands: ["cursor"] })).code, 0);
    const { stdout, stderr } = await run({ ...YES, force: "true" }, { operands: ["cursor"] });
    assert.match(stdout, /^- +"command": "luno-mcp",$/m);
    assert.doesNotMatch(stdout + stderr, /hunter2/);
    assert.equal(JSON.parse(await read(CURSOR)).mcpServers.luno.command, LAUNCH.command);
  }));

Deno.test("setup keeps the mode of a file and writes through a link", () =>
  withSetup(async ({ run, write, folder }) => {
    const target = await write("dotfiles/mcp.json", "{}", 0o640);
    await Deno.mkdir(join(folder, ".cursor"));
    await link(target, join(folder, CURSOR));
    assert.equal((await run(YES, { operands: ["cursor"] })).code, 0);
    assert.ok((await Deno.lstat(join(folder, CURSOR))).isSymlink);
    assert.match(await Deno.readTextFile(target), /"luno"/);
    assert.equal((await Deno.stat(target)).mode! & 0o777, 0o640);
    assert.equal((await Deno.stat(`${target}.${STAMP}.bak`)).mode! & 0o777, 0o640);
  }));

Deno.test("setup refuses a read-only file, a folder in its place and a dangling link, each with a message", () =>
  withSetup(async ({ run, write, read, folder }) => {
    const problemOf = async () => {
      const { code, stderr } = await run(YES, { operands: ["cursor"] });
      assert.equal(code, 1);
      return stderr;
    };
    const file = await write(CURSOR, "{}", 0o444);
    assert.match(await problemOf(), /mcp\.json: is read-only: make it writable, or change it by hand$/m);
    assert.equal(await read(CURSOR), "{}");
    await Deno.remove(file);
    await link(join(folder, "nowhere"), file);
    assert.match(await problemOf(), /mcp\.json: is a link that leads nowhere$/m);
    await Deno.remove(file);
    await Deno.mkdir(file);
    assert.match(await problemOf(), /mcp\.json: /);
    assert.deepEqual(await entriesOf(join(folder, ".cursor")), ["mcp.json"]);
  }));

Deno.test("setup --with-credentials writes the key into a file that others cannot read, and prints it nowhere", () =>
  withSetup(async ({ run, write, read }) => {
    const env = { LUNO_API_KEY: "keyid123", LUNO_API_SECRET: "s3cr3t-of-the-exchange" };
    const flags = { ...YES, "with-credentials": "true" };
    const file = await write(CURSOR, "{}");
    const open = await run(flags, { operands: ["cursor"], env });
    assert.equal(open.code, 1);
    assert.match(open.stderr, /can be read by others, and is to hold a secret: run chmod 600 /);
    await Deno.chmod(file, 0o600);
    const { code, stdout, stderr } = await run(flags, { operands: ["cursor"], env });
    assert.equal(code, 0);
    assert.match(stdout, /"LUNO_API_SECRET": "\[redacted\]"/);
    assert.doesNotMatch(stdout + stderr, /keyid123|s3cr3t/);
    assert.deepEqual(JSON.parse(await read(CURSOR)).mcpServers.luno.env, env);
    assert.equal((await run(YES, { operands: ["cursor"], env: {} })).code, 0);
    assert.deepEqual(JSON.parse(await read(CURSOR)).mcpServers.luno.env, env);
    assert.match(
      (await run(flags, { operands: ["cursor"] })).stderr,
      /^--with-credentials: expected LUNO_API_KEY and/m,
    );
  }));

Deno.test("setup writes no key into a file without --with-credentials", () =>
  withSetup(async ({ run, read, write }) => {
    await write(CURSOR, "{}");
    await run(YES, { operands: ["cursor"], env: { LUNO_API_KEY: "keyid123", LUNO_API_SECRET: "s3cr3t" } });
    assert.doesNotMatch(await read(CURSOR), /keyid123|s3cr3t|env/);
  }));

Deno.test("setup --print prints what to paste, for JSON and TOML, and writes nothing", () =>
  withSetup(async ({ run, folder }) => {
    const operands = ["claude-code", "--exchange", "simulated"];
    const { code, stdout, stderr } = await run({ print: "true" }, { operands });
    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(stdout), {
      mcpServers: {
        luno: { type: "stdio", command: LAUNCH.command, args: [...LAUNCH.args, "--exchange", "simulated"] },
      },
    });
    assert.equal(stderr, `For ${join(folder, ".claude.json")}\n`);
    const ofProject = await run({ print: "true", project: "true" }, { operands: ["claude-code"] });
    assert.equal(ofProject.stderr, `For ${join(Deno.cwd(), ".mcp.json")}\n`);
    const toml = await run({ print: "true", name: "luno_paper" }, { operands: ["codex"] });
    assert.match(toml.stdout, /^\[mcp_servers\.luno_paper\]\ncommand = "/);
    const record = JSON.parse((await run({ print: "true" }, { operands: ["zed"], json: true })).stdout);
    assert.deepEqual(Object.keys(record), ["client", "file", "text"]);
    assert.deepEqual(await entriesOf(folder), []);
  }));

Deno.test("setup reports every problem of its command line", async () => {
  const problemsOf = async (flags: Record<string, string>, operands: string[]) =>
    (await runSetup(flags, { operands })).stderr;
  const cases = [
    [{}, ["cursr"], /^cursr: unknown client, did you mean cursor\?*: known are claude-code, /m],
    [{ print: "true" }, [], /^--print: expected a client/m],
    [{ print: "true", remove: "true" }, ["zed"], /^--print and --remove: expected one of them$/m],
    [{ print: "true", yes: "true" }, ["zed"], /^--yes: not with --print/m],
    [{ print: "true", "with-credentials": "true" }, ["zed"], /^--with-credentials: not with --print/m],
    [{ project: "true" }, ["windsurf"], /^--project: Windsurf has no configuration of projects$/m],
    [{ name: "a b" }, ["zed"], /^--name: expected letters, digits, dashes and underscores/m],
    [{}, ["zed", "--exchange", "nowhere"], /^--exchange: expected live, paper or simulated/m],
    [{}, ["zed", "--exchang", "live"], /^--exchang: unknown flag, did you mean --exchange/m],
    [{}, ["zed", "cursor"], /^cursor: expected one client at a time, or none for all that are found$/m],
    [{}, ["zed", "kill"], /^kill: expected arguments of the server, or bridge with an address$/m],
    [
      {},
      ["zed", "--transport", "websocket"],
      /^--transport: expected stdio, on which the client waits for the server: current value is "websocket"$/m,
    ],
    [{ remove: "true" }, ["zed", "--exchange", "live"], /^--remove: expected no arguments of the server$/m],
  ] as const;
  for (const [flags, operands, problem] of cases) {
    assert.match(await problemsOf({ ...flags } as Record<string, string>, [...operands]), problem);
  }
});

interface Row {
  readonly client: string;
  readonly change?: string;
  readonly written: boolean;
}

async function entriesOf(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder), ({ name }) => name)).sort();
}
