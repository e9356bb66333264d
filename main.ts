/** Entry of the program: the outside world in, an exit code out. */

import { watchParent } from "./src/cli/parent_watch.ts";
import { run } from "./src/cli/run.ts";
import type { World } from "./src/cli/world.ts";

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

const signals: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT", "SIGBREAK"] : ["SIGINT", "SIGTERM"];
for (const signal of signals) Deno.addSignalListener(signal, onSignal);
watchParent({ parent: () => Deno.ppid, env: readableEnv, onGone: () => shutdown.abort() });

const world: World = {
  args: Deno.args,
  env: (name) => Deno.env.get(name),
  stdin: Deno.stdin,
  stdout: Deno.stdout,
  stderr: Deno.stderr,
  now: () => Date.now(),
  monotonic: () => performance.now(),
  shutdown: shutdown.signal,
  onHangup(listener) {
    if (Deno.build.os !== "windows") Deno.addSignalListener("SIGHUP", listener);
  },
  onUserSignal(listener) {
    if (Deno.build.os !== "windows") Deno.addSignalListener("SIGUSR1", listener);
  },
};

Deno.exit(await run(world));
