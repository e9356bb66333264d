/**
 * Bundles the program and compiles the bundle: into `dist/luno-mcp-server` for the current system, or with `--target
 * NAME` or `--target all` into files of a release, with their checksums and a list of their contents. For a system
 * whose runtime is unavailable a sentence is printed and no file is written.
 *
 * `COMPILE_DENO` names another Deno to compile with and `DENORT_BIN`, which Deno reads itself, the runtime to embed:
 * for machines that cannot reach Deno's download host.
 */

import { basename } from "node:path/posix";
import { stripVTControlCharacters } from "node:util";
import project from "../deno.json" with { type: "json" };
import { print } from "../src/world.ts";
import { writeChecksums } from "./packaging/checksums.ts";
import { readCompileOptions } from "./packaging/compile_options.ts";
import { HEAP_FLAGS } from "./packaging/heap_flags.ts";
import { requireLate } from "./packaging/late_require.ts";
import { placeBinary } from "./packaging/place_binary.ts";
import { writeSbom } from "./packaging/sbom.ts";
import { binaryPath, RELEASE_FOLDER, TARGETS } from "./packaging/targets.ts";
import type { TargetName } from "./packaging/targets.ts";

const BUNDLE = "dist/bundle";
const BINARY = "dist/luno-mcp-server";

/** Modules of workers: the program starts them by their address, so nothing that looks for imports finds them. */
const WORKERS = ["src/state/record/sqlite/sqlite_worker.ts", "src/state/shared/sqlite/sessions_worker.ts"];

/** A program in one file has all of its modules at hand, so it needs no instruction when to load them. */
const RUNTIME_FEATURES = project.unstable.filter((feature) => feature !== "lazy-dynamic-imports");

const COMPILER = Deno.env.get("COMPILE_DENO") ?? Deno.execPath();

const { net, read, write, env, sys } = project.permissions.serve;
const permissions = [
  ...Object.entries({ net, read, write }).flatMap(([name, isGranted]) => isGranted ? [`--allow-${name}`] : []),
  `--allow-env=${env.allow.join(",")}`,
  ...(env.ignore ? ["--ignore-env"] : []),
  `--allow-sys=${sys.join(",")}`,
  // For doctor, which starts the commands of clients; every other command gives this permission up first.
  "--allow-run",
];

const options = readCompileOptions(Deno.args);
if (!options.ok) {
  await print(Deno.stderr, options.problem);
  Deno.exit(2);
}
await bundle();
Deno.exit(options.targets === "host" ? await compileForHost() : await compileForRelease(options.targets));

async function bundle(): Promise<void> {
  // Names of chunks contain digests, so those of an earlier bundle would remain.
  await Deno.remove(BUNDLE, { recursive: true }).catch(ignoreMissing);
  // One by one: entries that are bundled together keep their folders, and a worker's module must be next to the others.
  for (const entry of ["main.ts", ...WORKERS]) {
    const args = ["bundle", "--quiet", "--minify", "--code-splitting", "--platform", "deno", "--outdir", BUNDLE, entry];
    const { code } = await new Deno.Command(Deno.execPath(), { args }).spawn().status;
    if (code !== 0) Deno.exit(code);
  }
  let changed = 0;
  for await (const { name } of Deno.readDir(BUNDLE)) {
    const path = `${BUNDLE}/${name}`;
    const text = await Deno.readTextFile(path);
    const late = requireLate(text);
    if (late === text) continue;
    await Deno.writeTextFile(path, late);
    changed++;
  }
  if (changed === 0) {
    await print(Deno.stderr, "Cannot put off modules of Node.js, as the bundler begins its bundles in another way");
    Deno.exit(1);
  }
}

async function compileForHost(): Promise<number> {
  const path = Deno.build.os === "windows" ? `${BINARY}.exe` : BINARY;
  const reason = await compile([], path);
  await (reason === undefined ? say(path) : print(Deno.stderr, `Cannot compile: ${reason}`));
  return reason === undefined ? 0 : 1;
}

/** Compiles for every requested system, and exits with 1 when one is missing. */
async function compileForRelease(names: readonly TargetName[]): Promise<number> {
  await Deno.mkdir(RELEASE_FOLDER, { recursive: true });
  let missing = 0;
  for (const name of names) {
    const target = ["--target", TARGETS[name].triple];
    const problem = await placeBinary(name, binaryPath(name), (file) => compile(target, file));
    if (problem !== undefined) missing += 1;
    await (problem === undefined ? say(binaryPath(name)) : print(Deno.stderr, problem));
  }
  await writeSbom(`${RELEASE_FOLDER}/luno-mcp-server.cdx.json`, await compilerVersion());
  await writeChecksums(RELEASE_FOLDER);
  return missing === 0 ? 0 : 1;
}

/** Compiles the bundle into a file, or returns why there is none. */
async function compile(target: readonly string[], output: string): Promise<string | undefined> {
  const args = [
    "compile",
    "--quiet",
    "--no-config",
    "--no-prompt",
    // The runtime would cache compiled code in the shared temporary folder, and load it whoever wrote it.
    "--no-code-cache",
    HEAP_FLAGS,
    ...RUNTIME_FEATURES.map((feature) => `--unstable-${feature}`),
    ...permissions,
    ...WORKERS.flatMap((entry) => ["--include", `${BUNDLE}/${basename(entry, ".ts")}.js`]),
    ...target,
    "--output",
    output,
    `${BUNDLE}/main.js`,
  ];
  const { success, stderr } = await new Deno.Command(COMPILER, { args, stdout: "null", stderr: "piped" }).output();
  if (success) return undefined;
  return `the runtime to embed cannot be had, or is for another system: ${causesIn(new TextDecoder().decode(stderr))}`;
}

/** The compiler's message about its failure, in one line, without the addresses of its own functions. */
function causesIn(text: string): string {
  const [said = ""] = stripVTControlCharacters(text).split("Stack backtrace:");
  const lines = said.split("Caused by:").at(-1)?.split("\n") ?? [];
  return lines.map((line) => line.replace(/^(\s*\d+:|error:)/, "").trim()).filter((line) => line !== "").join(": ");
}

async function compilerVersion(): Promise<string> {
  const { stdout } = await new Deno.Command(COMPILER, { args: ["--version"] }).output();
  return /^deno (\S+)/.exec(new TextDecoder().decode(stdout))?.[1] ?? Deno.version.deno;
}

async function say(path: string): Promise<void> {
  const { size } = await Deno.stat(path);
  await print(Deno.stdout, `${path}: ${(size / 1_048_576).toFixed(0)} MiB`);
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
