/** Entry of the program: the outside world in, an exit code out. */

import { watchParent } from "./src/cli/parent_watch.ts";
import { run } from "./src/cli/run.ts";
import { listenToSignals } from "./src/cli/signals.ts";
import { HeldClocks } from "./src/timing/held_clocks.ts";
import { bestEffort } from "./src/world.ts";
import type { World } from "./src/world.ts";

const shutdown = new AbortController();

/** The first signal ends the program in order, the second at once. */
function onSignal(): void {
  if (shutdown.signal.aborted) Deno.exit(1);
  shutdown.abort();
}

/** Of a variable that this command has no permission to read nothing is known. */
function readableEnv(variable: string): string | undefined {
  return Deno.permissions.querySync({ name: "env", variable }).state === "granted" ? Deno.env.get(variable) : undefined;
}

/** Names of the variables that are set; none where the runtime does not list only those that may be read (`--ignore-env`). */
function readableVariables(): string[] {
  if (Deno.permissions.querySync({ name: "env" }).state === "prompt") return [];
  try {
    return Object.entries(Deno.env.toObject()).filter(([, value]) => value !== "").map(([name]) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return [];
    throw error;
  }
}

const signals = listenToSignals({
  os: Deno.build.os,
  hasTerminal: [Deno.stdin, Deno.stdout, Deno.stderr].some((stream) => stream.isTerminal()),
  add: Deno.addSignalListener,
}, onSignal);
watchParent({ parent: () => Deno.ppid, env: readableEnv, onGone: () => shutdown.abort() });

function terminalSize(): { columns: number; rows: number } | undefined {
  try {
    return Deno.consoleSize();
  } catch {
    return undefined;
  }
}

const clocks = new HeldClocks();

const world: World = {
  args: Deno.args,
  env: (name) => Deno.env.get(name),
  variables: readableVariables,
  stdin: Deno.stdin,
  stdout: Deno.stdout,
  stderr: bestEffort(Deno.stderr),
  terminal: { size: terminalSize, colour: !Deno.noColor && readableEnv("TERM") !== "dumb" },
  now: clocks.now,
  monotonic: clocks.monotonic,
  clocks,
  shutdown: shutdown.signal,
  ...signals,
};

Deno.exit(await run(world));
