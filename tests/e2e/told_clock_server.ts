/**
 * The program with a monotonic clock that is told the time: each line of stdin is what it shows from then on, in
 * milliseconds. It goes on from there as the wall clock does, or with `still` behind the time stands still, as it does at
 * the start. Takes the arguments of the program.
 */

import { run } from "../../src/cli/run.ts";

let told = { elapsedMs: 0, atMs: 0, isStill: true };
const shutdown = new AbortController();
Deno.addSignalListener("SIGTERM", () => shutdown.abort());

void (async () => {
  for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const [elapsedMs, still] = text.trimEnd().split("\n").at(-1)?.split(" ") ?? [];
    told = { elapsedMs: Number(elapsedMs), atMs: performance.now(), isStill: still === "still" };
  }
})();

const code = await run({
  args: Deno.args,
  env: (name) => Deno.env.get(name),
  stdin: Deno.stdin,
  stdout: Deno.stdout,
  stderr: Deno.stderr,
  now: () => Date.now(),
  monotonic: () => told.elapsedMs + (told.isStill ? 0 : performance.now() - told.atMs),
  shutdown: shutdown.signal,
  onHangup() {},
  onUserSignal() {},
});
Deno.exit(code);
