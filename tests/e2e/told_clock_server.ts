/**
 * The program with a monotonic clock that moves when told: each line of stdin is what it shows from then on, in
 * milliseconds. It goes on for a while, as the wall clock does, then it stands still. Takes the arguments of the program.
 */

import { run } from "../../src/cli/run.ts";

const GOES_ON_MS = 20_000;

let told = { elapsedMs: 0, atMs: performance.now() };
const shutdown = new AbortController();
Deno.addSignalListener("SIGTERM", () => shutdown.abort());

void (async () => {
  for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    told = { elapsedMs: Number(text.trimEnd().split("\n").at(-1)), atMs: performance.now() };
  }
})();

const code = await run({
  args: Deno.args,
  env: (name) => Deno.env.get(name),
  stdin: Deno.stdin,
  stdout: Deno.stdout,
  stderr: Deno.stderr,
  now: () => Date.now(),
  monotonic: () => told.elapsedMs + Math.min(performance.now() - told.atMs, GOES_ON_MS),
  shutdown: shutdown.signal,
  onHangup() {},
  onUserSignal() {},
});
Deno.exit(code);
