/** Entry of the program: the outside world in, an exit code out. */

import { run } from "./src/cli/run.ts";
import type { World } from "./src/cli/world.ts";

const shutdown = new AbortController();

/** The first signal ends the program in order, the second at once. */
function onSignal(): void {
  if (shutdown.signal.aborted) Deno.exit(1);
  shutdown.abort();
}

const signals: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT", "SIGBREAK"] : ["SIGINT", "SIGTERM"];
for (const signal of signals) Deno.addSignalListener(signal, onSignal);

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
