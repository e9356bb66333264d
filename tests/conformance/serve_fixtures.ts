/**
 * The product's network server with the conformance suite's fixtures in place of its catalogue: the same listeners,
 * routes, guards, sessions and fast path. Takes the arguments of `serve`.
 */

import { readArguments } from "../../src/cli/arguments.ts";
import { withLogging } from "../../src/logging/output/start_logging.ts";
import { serveNetwork } from "../../src/server/network/serve_network.ts";
import type { StartedServer } from "../../src/server/serving.ts";
import { print } from "../../src/world.ts";
import type { World } from "../../src/world.ts";
import { loadConfig } from "../../src/config/load.ts";
import { createFixtureServer } from "./fixture_server.ts";

const shutdown = new AbortController();
Deno.addSignalListener("SIGTERM", () => shutdown.abort());

const world: World = {
  args: Deno.args,
  env: (name) => Deno.env.get(name),
  stdin: Deno.stdin,
  stdout: Deno.stdout,
  stderr: Deno.stderr,
  now: () => Date.now(),
  monotonic: () => performance.now(),
  shutdown: shutdown.signal,
  onHangup() {},
  onUserSignal() {},
};

const read = readArguments(world.args);
const loaded = await loadConfig(read.kind === "run" ? read.invocation.flags : {}, world.env);
if (!loaded.ok) throw new Error(loaded.problems.join("\n"));
const { logLevel: level, logFormat: format } = loaded.config;
const options = { level, format, secrets: [], output: world.stderr };
Deno.exit(
  await withLogging(options, async () => {
    const announce = ({ url }: StartedServer) => print(world.stderr, `The fixtures are served on ${url}`);
    const parts = { factory: () => createFixtureServer(), announce };
    const served = await serveNetwork(loaded, world, parts);
    if (!served.ok) throw new Error(served.problems.join("\n"));
    return 0;
  }),
);
