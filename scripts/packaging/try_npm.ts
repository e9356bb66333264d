/**
 * Installs the packed npm packages into an empty folder, without a network and with an empty, read-only home folder,
 * prints the entry for a client and starts its command as the client would. Prints how long it takes until the first
 * price; then the start by npx beside that of the program itself. Needs npm, and `deno task pack` before it.
 */

import assert from "node:assert/strict";
import { print } from "../../src/world.ts";
import { platformPackageName } from "./npm_packages.ts";
import { NAME, VERSION } from "./product.ts";
import { hostTarget, TARGETS } from "./targets.ts";

const PACKAGES = "dist/npm";
const RUNS = 3;

const PRICE = `${JSON.stringify({ jsonrpc: "2.0", id: 1, method: "get_crypto_price", params: { pair: "XBTZAR" } })}\n`;

/** The first message of a client of the 2025 revisions. */
const OPENING = [
  {
    id: 0,
    method: "initialize",
    params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "try-npm", version: VERSION } },
  },
  { method: "notifications/initialized" },
].map((message) => `${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`).join("");

const CALL = `${
  JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    method: "tools/call",
    params: { name: "get_crypto_price", arguments: { pair: "XBTZAR" } },
  })
}\n`;

const target = hostTarget();
assert.ok(target !== undefined, `there is no package for ${Deno.build.target}`);

const folder = await Deno.makeTempDir();
const home = `${folder}/home`;
const app = `${folder}/app`;
try {
  await Deno.mkdir(app);
  await Deno.mkdir(home, { mode: 0o500 });
  await followReadme();
  await checkEnds();
  const program = `${app}/node_modules/${platformPackageName(target)}/${NAME}${TARGETS[target].suffix}`;
  await measure("the program", [program]);
  await measure("its npm package", [`${app}/node_modules/.bin/${NAME}`]);
  await measure("npx", ["npx", "--offline", "-y", NAME]);
  assert.deepEqual(await Array.fromAsync(Deno.readDir(home)), [], "the home folder was written to");
} finally {
  await Deno.chmod(home, 0o700);
  await Deno.remove(folder, { recursive: true });
}

/** Installs, prints the entry for a client and starts it, as a newcomer would. */
async function followReadme(): Promise<void> {
  const start = performance.now();
  await install();
  const { code, stdout, stderr } = await run(["npx", "--offline", "-y", NAME, "setup", "claude-code", "--print"]);
  assert.equal(code, 0, stderr);
  const { command, args } = JSON.parse(stdout).mcpServers.luno;
  const client = await talk([command, ...args, "--exchange", "simulated"], OPENING + CALL, 2);
  assert.equal(client.code, 0, client.stderr);
  const answers = client.stdout.trim().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(answers.map(({ id }) => id), [0, 1]);
  assert.equal(answers[1].result.structuredContent.pair, "XBTZAR");
  const seconds = (performance.now() - start) / 1000;
  await print(Deno.stdout, `from the packages to the first price in a client: ${seconds.toFixed(1)} s`);
}

async function install(): Promise<void> {
  const names = (await Array.fromAsync(Deno.readDir(PACKAGES))).map(({ name }) => name);
  const files = names.filter((name) => name.endsWith(".tgz")).map((name) => `${Deno.cwd()}/${PACKAGES}/${name}`);
  const { code, stderr } = await run(["npm", "install", "--offline", "--no-audit", "--no-fund", ...files]);
  assert.equal(code, 0, stderr);
}

/** Checks that the launcher exits as the program exits. */
async function checkEnds(): Promise<void> {
  const { code, stdout } = await run(["npx", "--offline", "-y", NAME, "--version"]);
  assert.equal(code, 0);
  assert.equal(stdout.trim(), VERSION);
  assert.equal((await run(["npx", "--offline", "-y", NAME, "--no-such-flag"])).code, 2);
}

async function measure(way: string, command: readonly string[]): Promise<void> {
  const times: number[] = [];
  for (let i = 0; i < RUNS; i += 1) {
    const start = performance.now();
    const { code, stdout, stderr } = await talk([...command, "--exchange", "simulated"], PRICE, 1);
    times.push(performance.now() - start);
    assert.equal(code, 0, stderr);
    const answer = JSON.parse(stdout);
    assert.deepEqual([answer.jsonrpc, answer.id, answer.result?.pair], ["2.0", 1, "XBTZAR"], stdout);
  }
  await print(Deno.stdout, `${way}: ${times.toSorted((a, b) => a - b)[RUNS >> 1]?.toFixed(0)} ms from start to end`);
}

/** What a command printed, and its exit code. */
interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end. */
function run(command: readonly string[]): Promise<Ended> {
  return talk(command, "", 0);
}

/**
 * Runs a command in the folder with nothing in its environment but `PATH`, the home folder and a cache for npm. Closes
 * its input after so many lines of output, as a client does when it has its answers.
 */
async function talk([command = "", ...args]: readonly string[], input: string, answers: number): Promise<Ended> {
  const env = { PATH: Deno.env.get("PATH") ?? "", HOME: home, npm_config_cache: `${folder}/cache` };
  const streams = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;
  const words = ["-c", '"$0" "$@"', command, ...args];
  const child = new Deno.Command("sh", { args: words, cwd: app, env, clearEnv: true, ...streams }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  const errors = new Response(child.stderr).text();
  let stdout = "";
  const endInput = () => stdout.split("\n").length > answers ? writer.close().catch(() => {}) : undefined;
  let ending = endInput();
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    stdout += text;
    ending ??= endInput();
  }
  await (ending ?? writer.close().catch(() => {}));
  return { code: (await child.status).code, stdout, stderr: await errors };
}
