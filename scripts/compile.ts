/**
 * Bundles the program and compiles the bundle into one executable, `dist/luno-mcp-server`.
 *
 * `COMPILE_DENO` names another Deno to compile with and `DENORT_BIN`, which Deno reads itself, the runtime to embed:
 * for machines that cannot reach Deno's download host.
 */

import { basename } from "node:path/posix";
import project from "../deno.json" with { type: "json" };

const BUNDLE = "dist/bundle";
const BINARY = "dist/luno-mcp-server";

/** Modules of workers: the program starts them by their address, so nothing that looks for imports finds them. */
const WORKERS = ["src/state/record/sqlite/sqlite_worker.ts"];

const { net, read, write, env, sys } = project.permissions.serve;
const permissions = [
  ...Object.entries({ net, read, write }).flatMap(([name, isGranted]) => isGranted ? [`--allow-${name}`] : []),
  `--allow-env=${env.join(",")}`,
  `--allow-sys=${sys.join(",")}`,
];

// Names of chunks hold their digests, so those of an earlier bundle would stay behind.
await Deno.remove(BUNDLE, { recursive: true }).catch(ignoreMissing);
// Each by itself: entries that are bundled together keep their folders, and a worker's module must lie beside the rest.
for (const entry of ["main.ts", ...WORKERS]) {
  await run(Deno.execPath(), [
    "bundle",
    "--quiet",
    "--minify",
    "--code-splitting",
    "--platform",
    "deno",
    "--outdir",
    BUNDLE,
    entry,
  ]);
}
await run(Deno.env.get("COMPILE_DENO") ?? Deno.execPath(), [
  "compile",
  "--quiet",
  "--no-config",
  "--no-prompt",
  // The runtime would keep compiled code in the shared temporary folder, and load it whoever put it there.
  "--no-code-cache",
  ...project.unstable.map((feature) => `--unstable-${feature}`),
  ...permissions,
  ...WORKERS.flatMap((entry) => ["--include", `${BUNDLE}/${basename(entry, ".ts")}.js`]),
  "--output",
  BINARY,
  `${BUNDLE}/main.js`,
]);
const { size } = await Deno.stat(BINARY);
await Deno.stdout.write(new TextEncoder().encode(`${BINARY}: ${(size / 1_048_576).toFixed(0)} MiB\n`));

async function run(command: string, args: string[]): Promise<void> {
  const { code } = await new Deno.Command(command, { args }).spawn().status;
  if (code !== 0) Deno.exit(code);
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
