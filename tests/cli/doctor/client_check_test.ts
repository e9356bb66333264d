/** `doctor` and the clients on this computer: its report about the entries that start this program. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { commandLine, isStartable } from "../../../src/cli/doctor/own_command.ts";
import { withoutTrading } from "../../../src/cli/doctor/harmless_start.ts";
import { doctor } from "../../../src/cli/doctor.ts";
import { startCommand } from "../../../src/cli/doctor/start_command.ts";
import type { CheckResult } from "../../../src/cli/doctor/check.ts";
import { VERSION } from "../../../src/version.ts";
import { runnerOf } from "../trading_commands.ts";
import { PATIENT, Setup } from "./setups.ts";

const START = fileURLToPath(new URL("../../../scripts/start.ts", import.meta.url));

/** How the program is started from source. */
const FROM_SOURCE = ["run", "--quiet", "--no-prompt", "-P=serve", START];

/** The servers in a file of Claude Code. */
async function claudeCode(setup: Setup, servers: Readonly<Record<string, unknown>>): Promise<string> {
  return await setup.write(".claude.json", JSON.stringify({ mcpServers: servers }));
}

async function clientLines(setup: Setup): Promise<readonly CheckResult[]> {
  const { checks } = await setup.results();
  return checks.filter(({ name }) => name === "client");
}

/** The runtime's package cache: clients pass on no variable for it, and the home of a test has none. */
async function packageFolder(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  return JSON.parse(new TextDecoder().decode(stdout)).denoDir;
}

Deno.test("doctor starts the command of each entry, one with trading without it, and completes the opening", async () => {
  await using setup = await Setup.start();
  const env = { LUNO_MCP_STATE: setup.path("entry-state"), DENO_DIR: await packageFolder() };
  const command = Deno.execPath();
  const args = [...FROM_SOURCE, "--exchange", "simulated"];
  const file = await claudeCode(setup, {
    luno: { command, args, env },
    trader: { command, args: [...args, "--trading", "confirm"], env },
  });
  const started = (name: string, how: string) => ({
    name: "client",
    status: "ok",
    text: `Claude Code, ${name} in ${file}: starts${how} and answers as luno-mcp-server ${VERSION}`,
  });
  // Clients know nothing of the shell that doctor runs in.
  const { checks } = await setup.results({ env: { MCP_TRANSPORT: "websocket" } });
  const lines = checks.filter(({ name }) => name === "client");
  assert.deepEqual(lines, [started("luno", ""), started("trader", " without trading")]);
  await assert.rejects(Deno.stat(setup.path("entry-state")), Deno.errors.NotFound);
});

/** Entries that no client can use, or that start something other than a server for a client. */
const MISTAKES: readonly (readonly [what: string, entry: Readonly<Record<string, unknown>>, text: RegExp])[] = [
  ["arguments in one text", { args: "--exchange simulated" }, /: args: expected a list of texts$/],
  ["a number as a variable", { env: { MCP_PORT: 1 } }, /: env: expected texts by their names$/],
  ["a command that serves nobody", { args: ["tools"] }, /: its arguments run tools, which serves no client$/],
  ["a server on a port", { args: ["--transport", "http"] }, /: it listens on a port \(--transport http\), /],
  [
    "a home that no shell fills in",
    { command: "~/luno-mcp-server" },
    /: no shell takes part, which would know ~\/luno/,
  ],
  [
    "arguments in the command",
    { command: "/opt/a b/luno-mcp-server --exchange paper" },
    /: its command contains arguments too: /,
  ],
  ["a command in quotation marks", { command: '"/opt/a b/luno-mcp-server"' }, /: its command is in quotation marks, /],
  ["another name of the program", { command: "/no/such/luno-mcp-serve" }, /: there is no \/no\/such\/luno-mcp-serve$/],
  [
    "a policy that is not there",
    { args: ["--trading", "confirm", "--policy", "/no/such/policy.json"] },
    /: policy: --policy: expected a readable file: there is none/,
  ],
];

for (const [what, entry, expected] of MISTAKES) {
  Deno.test(`doctor names ${what} in a client's entry`, async () => {
    const folder = await Deno.makeTempDir();
    try {
      await Deno.writeTextFile(`${folder}/luno-mcp-server`, "", { mode: 0o700 });
      const servers = { luno: { command: `${folder}/luno-mcp-server`, ...entry } };
      await Deno.writeTextFile(`${folder}/.claude.json`, JSON.stringify({ mcpServers: servers }));
      const { stdout, code } = await runnerOf((given, call) => doctor(given, call, { limits: PATIENT }))(
        { exchange: "simulated", state: folder },
        { env: { HOME: folder }, json: true },
      );
      const { checks }: { checks: readonly CheckResult[] } = JSON.parse(stdout);
      const [line] = checks.filter(({ name }) => name === "client");
      assert.deepEqual([code, line?.status], [1, "broken"]);
      assert.match(line?.text ?? "", expected);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

Deno.test("doctor warns of an entry that is switched off in its client", async () => {
  await using setup = await Setup.start();
  await claudeCode(setup, { luno: { command: "luno-mcp-server", disabled: true } });
  const [line] = await clientLines(setup);
  assert.deepEqual([line?.status, line?.fix], ["warning", "switch it on in the client's list of servers"]);
});

Deno.test("withoutTrading() keeps what an entry says beside trading, in its arguments and its variables", () => {
  const args = ["--trading", "confirm", "--policy", "/p", "--seed", "7"];
  const entry = {
    command: "npx",
    args: ["-y", "luno-mcp-server", ...args],
    env: { ALLOW_WRITE_OPERATIONS: "true", A: "b" },
  };
  const flags = { trading: "confirm", policy: "/p", seed: "7" };
  const start = ["-y", "luno-mcp-server", "--seed=7", "--trading=off"];
  assert.deepEqual(withoutTrading({ entry, args, flags }, { exchange: "simulated" }), {
    command: "npx",
    args: start,
    env: { A: "b" },
  });
  const { args: onPaper } = withoutTrading({ entry, args, flags }, { exchange: "paper" });
  assert.deepEqual(onPaper, [...start, "--exchange=simulated"]);
});

Deno.test("doctor reports an entry with a wrong path", async () => {
  await using setup = await Setup.start();
  const command = setup.path("gone/luno-mcp-server");
  const file = await claudeCode(setup, { luno: { command, args: [] } });
  const { name, text, fix } = await setup.break();
  assert.deepEqual([name, text], ["client", `Claude Code, luno in ${file}: there is no ${command}`]);
  assert.match(fix ?? "", /luno-mcp-server setup/);
});

Deno.test("doctor reports an entry whose command is in no folder of PATH", async () => {
  await using setup = await Setup.start();
  await claudeCode(setup, { luno: { command: "luno-mcp-server" } });
  const { text } = await setup.break({ env: { PATH: `${setup.path("a")}:${setup.path("b")}` } });
  assert.match(text, /: luno-mcp-server is in no folder of PATH$/);
  await Deno.mkdir(setup.path("b"));
  await setup.write("b/luno-mcp-server", "");
  assert.deepEqual(await setup.broken({ env: { PATH: `${setup.path("a")}:${setup.path("b")}` } }), []);
});

Deno.test("doctor skips an entry with placeholders that only the client fills in", async () => {
  await using setup = await Setup.start();
  const env = { LUNO_API_KEY: "${LUNO_API_KEY}", LUNO_API_SECRET: "${env:LUNO_API_SECRET}" };
  await claudeCode(setup, { luno: { command: "luno-mcp-server", env } });
  const [line] = await clientLines(setup);
  assert.equal(line?.status, "skipped");
  assert.match(line?.text ?? "", /not tried, as only the client fills in its placeholders$/);
});

Deno.test("doctor reports an entry with a key but no secret, whatever variables the shell has", async () => {
  await using setup = await Setup.start();
  await claudeCode(setup, { luno: { command: "luno-mcp-server", env: { LUNO_API_KEY: "an_id" } } });
  const { text } = await setup.break();
  assert.match(text, /LUNO_API_SECRET: expected the secret that belongs to LUNO_API_KEY/);
});

Deno.test("doctor reports an entry whose command is not executable", async () => {
  await using setup = await Setup.start();
  const command = await setup.write("luno-mcp-server", "");
  await claudeCode(setup, { luno: { command } });
  const { text, fix } = await setup.break();
  assert.match(text, /luno-mcp-server is not executable$/);
  assert.equal(fix, `run chmod +x ${command}`);
});

Deno.test("doctor reports every setting of an entry that the program would refuse, without starting it", async () => {
  await using setup = await Setup.start();
  const env = { LUNO_API_KEYY: "a", MCP_TRANSPORT: "carrier-pigeon" };
  await claudeCode(setup, { luno: { command: "luno-mcp-server", args: ["--prot", "1"], env } });
  const texts = (await setup.broken()).map(({ text }) => text.replace(/^Claude Code, luno in \S+: /, ""));
  assert.equal(texts.length, 3, texts.join("\n"));
  assert.match(texts[0] ?? "", /^--prot: unknown flag/);
  assert.match(texts[1] ?? "", /^LUNO_API_KEYY: unknown variable, did you mean LUNO_API_KEY/);
  assert.match(texts[2] ?? "", /^MCP_TRANSPORT: expected /);
});

Deno.test("doctor reports an entry whose server ends before it answers", async () => {
  await using setup = await Setup.start();
  // A flag of the runtime, which the program does not see.
  const args = ["run", "--no-such-flag", START];
  await claudeCode(setup, { luno: { command: Deno.execPath(), args } });
  const { text, fix } = await setup.break();
  assert.match(text, /it ended with exit code 1 before it answered$/);
  assert.equal(fix, `try it by hand: ${commandLine({ command: Deno.execPath(), args })}`);
});

Deno.test("doctor does not start what it must not start, and says how to try it", async () => {
  await using setup = await Setup.start();
  const entry = { command: "npx", args: ["-y", "luno-mcp-server", "--exchange", "simulated"] };
  await claudeCode(setup, { luno: entry, other: { command: "npx", args: ["-y", "another-server"] } });
  const [line, ...others] = await clientLines(setup);
  assert.deepEqual(others, []);
  assert.equal(line?.status, "skipped");
  assert.match(line?.text ?? "", /its settings are valid; not tried, as doctor may not start it$/);
  assert.equal(line?.fix, "try it by hand: npx -y luno-mcp-server --exchange simulated");
});

Deno.test("doctor warns of a secret in a client's file that other users can read, and does not show it", async () => {
  await using setup = await Setup.start();
  const env = { LUNO_API_KEY: "an_id_of_another_key", LUNO_API_SECRET: "a_secret_of_another_key" };
  const file = await claudeCode(setup, { luno: { command: "luno-mcp-server", env } });
  await Deno.chmod(file, 0o644);
  const lines = await clientLines(setup);
  const warning = lines.find(({ status }) => status === "warning");
  assert.match(warning?.text ?? "", /holds LUNO_API_SECRET: expected a file that only its owner can read/);
  assert.equal(warning?.fix, `run chmod 600 ${file}`);
  assert.ok(!JSON.stringify(lines).includes("another_key"), JSON.stringify(lines));
});

Deno.test("doctor warns of a client's file that cannot be read, and lists clients without an entry", async () => {
  await using setup = await Setup.start();
  await setup.write(".claude.json", "{ mcpServers");
  const [unreadable] = await clientLines(setup);
  assert.equal(unreadable?.status, "warning");
  assert.match(unreadable?.text ?? "", /^Claude Code: .*\.claude\.json: expected JSON: line 1/);
  await claudeCode(setup, {});
  const [line] = await clientLines(setup);
  assert.deepEqual([line?.status, line?.text], ["skipped", "Claude Code: none starts this program"]);
});

const OWN = { command: "npx", args: ["-y", "deno@2.9.6", "run", "-P=serve", "/src/luno/scripts/start.ts"] };

const COMMANDS: readonly (readonly [command: string, args: readonly string[], isStartable: boolean])[] = [
  ["luno-mcp-server", ["--trading", "confirm"], true],
  ["/opt/luno/luno-mcp-server", [], true],
  ["C:\\Program Files\\Luno\\luno-mcp-server.exe", ["serve"], true],
  ["npx", ["-y", "luno-mcp-server@1.2.3", "serve"], true],
  ["cmd", ["/c", "npx", "-y", "luno-mcp-server"], true],
  [OWN.command, [...OWN.args, "--exchange", "simulated"], true],
  ["/usr/bin/deno", ["run", "-P=serve", "/src/luno/scripts/start.ts"], true],
  ["/usr/bin/deno", ["run", "-P=serve", "/src/other/luno-mcp-server/scripts/start.ts"], false],
  ["/usr/bin/deno", ["eval", "/src/luno/scripts/start.ts"], false],
  ["/other/deno", ["run", "-P=serve", "/src/luno/scripts/start.ts"], false],
  ["npx", ["-y", "another-server", "luno-mcp-server"], false],
  ["npx", ["--node-options=--import=evil", "luno-mcp-server"], false],
  ["cmd", ["/c", "del", "luno-mcp-server"], false],
  ["luno-mcp", [], false],
  ["sh", ["-c", "luno-mcp-server"], false],
];

for (const [command, args, expected] of COMMANDS) {
  Deno.test(`isStartable() ${expected ? "takes" : "refuses"} ${[command, ...args].join(" ")}`, () => {
    assert.equal(isStartable({ command, args }, OWN, "/usr/bin/deno"), expected);
  });
}

Deno.test("commandLine() quotes words with spaces, and omits values of secret variables", () => {
  const args = ["--state", "/a b", "LUNO_API_SECRET=abc", "--exchange=paper"];
  assert.equal(commandLine({ command: "x", args }), 'x --state "/a b" LUNO_API_SECRET=… --exchange=paper');
});

/** A program that reads its input and processes it as the test says. */
function program(code: string) {
  return { command: Deno.execPath(), args: ["eval", "--quiet", code], env: {} };
}

const OPTIONS = { signal: new AbortController().signal, limitMs: PATIENT.startMs };

Deno.test("startCommand() ends a command that does not answer", async () => {
  const silent = program("for await (const _ of Deno.stdin.readable);");
  assert.deepEqual(await startCommand(silent, { ...OPTIONS, limitMs: 1 }), {
    ok: false,
    reason: "it did not answer within 0.001 s",
  });
});

Deno.test("startCommand() reports a command that writes something other than the protocol", async () => {
  assert.deepEqual(await startCommand(program('console.log("Welcome!")'), OPTIONS), {
    ok: false,
    reason: "it wrote something to stdout that is no message of the protocol",
  });
  const error = JSON.stringify({ jsonrpc: "2.0", id: 1, error: { code: -32_600, message: "no" } });
  assert.deepEqual(await startCommand(program(`console.log(${JSON.stringify(error)})`), OPTIONS), {
    ok: false,
    reason: "it did not complete the opening of the protocol",
  });
});
