/**
 * The program with a monotonic clock that stands still: each line of stdin is what it shows from then on, in milliseconds.
 * Takes the arguments of the program.
 */

import { run } from "../../src/cli/run.ts";

let toldMs = 0;
const shutdown = new AbortController();
Deno.addSignalListener("SIGTERM", () => shutdown.abort());

void (async () => {
  for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    toldMs = Number(text.trimEnd().split("\n").at(-1));
  }
})();

const code = await run({
  args: Deno.args,
  env: (name) => Deno.env.get(name),
  stdin: Deno.stdin,
  stdout: Deno.stdout,
  stderr: Deno.stderr,
  now: () => Date.now(),
  monotonic: () => toldMs,
  shutdown: shutdown.signal,
  onHangup() {},
  onUserSignal() {},
});
Deno.exit(code);
