import assert from "node:assert/strict";
import { PROGRAMS, readLines, startProgram } from "./program.ts";
import type { Program } from "./program.ts";

/** The program as `npx` starts it: by a shell that waits for it, forwards no signal and can die by itself. */
function throughShell({ name, command, args }: Program): Program {
  return { name, command: "sh", args: ["-c", '"$0" "$@"; exit $?', command, ...args] };
}

for (const program of PROGRAMS) {
  for (
    const [what, args] of Object.entries({ "stdio": [], "the network": ["--transport", "websocket", "--port", "0"] })
  ) {
    Deno.test(`SIGTERM to the shell of npx ends a server on ${what} (${program.name})`, async () => {
      const all = ["--exchange", "simulated", "--log-level", "debug", ...args];
      const child = startProgram(throughShell(program), all, { env: { npm_command: "exec" } });
      let isUp = false;
      // Both pipes stay open as long as the server lives.
      for await (const line of readLines(child.stderr)) {
        if (isUp || !/server started|^Try: /.test(line)) continue;
        isUp = true;
        child.kill("SIGTERM");
      }
      assert.ok(isUp);
      await child.stdout.cancel();
      await child.stdin.close();
      assert.equal((await child.status).signal, "SIGTERM");
    });
  }
}
