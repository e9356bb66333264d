/**
 * Installs the packed npm packages into an empty folder, without a network and with a home folder that is empty and may not
 * be written, and talks to the server as a client does that was told `npx -y luno-mcp-server`. Prints how long it takes
 * until a price, beside the program itself. Needs npm, and `deno task pack` before it.
 */

import assert from "node:assert/strict";
import { print } from "../../src/world.ts";
import { platformPackageName } from "./npm_packages.ts";
import { NAME, VERSION } from "./product.ts";
import { hostTarget, TARGETS } from "./targets.ts";

const PACKAGES = "dist/npm";
const RUNS = 3;

/** Ends at the end of its input, as every client of stdio does. */
const PRICE = `${JSON.stringify({ jsonrpc: "2.0", id: 1, method: "get_crypto_price", params: { pair: "XBTZAR" } })}\n`;

const target = hostTarget();
assert.ok(target !== undefined, `there is no package for ${Deno.build.target}`);

const folder = await Deno.makeTempDir();
const home = `${folder}/home`;
const app = `${folder}/app`;
try {
  await Deno.mkdir(app);
  await Deno.mkdir(home, { mode: 0o500 });
  await install();
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

async function install(): Promise<void> {
  const names = (await Array.fromAsync(Deno.readDir(PACKAGES))).map(({ name }) => name);
  const files = names.filter((name) => name.endsWith(".tgz")).map((name) => `${Deno.cwd()}/${PACKAGES}/${name}`);
  const { code, stderr } = await run(["npm", "install", "--offline", "--no-audit", "--no-fund", ...files]);
  assert.equal(code, 0, stderr);
}

/** What the program ends with is what the launcher ends with. */
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
    const { code, stdout, stderr } = await run([...command, "--exchange", "simulated"], PRICE);
    times.push(performance.now() - start);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^\{"jsonrpc":"2.0","id":1,"result":.*\}\n$/);
  }
  await print(Deno.stdout, `${way}: ${times.toSorted((a, b) => a - b)[RUNS >> 1]?.toFixed(0)} ms from start to end`);
}

/** Runs a command in the folder with nothing in its environment but `PATH`, the home folder and a cache for npm. */
async function run([command = "", ...args]: readonly string[], input = "") {
  const env = { PATH: Deno.env.get("PATH") ?? "", HOME: home, npm_config_cache: `${folder}/cache` };
  const streams = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;
  const child = new Deno.Command("sh", {
    args: ["-c", '"$0" "$@"', command, ...args],
    cwd: app,
    env,
    clearEnv: true,
    ...streams,
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: decode(stdout), stderr: decode(stderr) };
}
