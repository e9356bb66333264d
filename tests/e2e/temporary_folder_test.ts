/** The temporary folder belongs to everybody: the program leaves nothing there and believes nothing of it. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { runProgram, SHIPPED } from "./program.ts";

/** Where the runtime would keep the compiled code of this program, and take it from. */
const CODE_CACHE = "deno-compile-luno-mcp-server.cache";

const COMMANDS = [["--version"], ["call", "get_crypto_price", "pair=XBTZAR", "--exchange", "simulated"]];

async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function shell(script: string, ...args: string[]): Deno.ChildProcess {
  return new Deno.Command("sh", { args: ["-c", script, "sh", ...args], stdout: "piped" }).spawn();
}

/** Ends a process that may have ended by itself. */
async function end(child: Deno.ChildProcess): Promise<void> {
  try {
    child.kill("SIGKILL");
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
  await child.output();
}

for (const program of SHIPPED) {
  Deno.test(`${program.name} leaves nothing in the temporary folder`, () =>
    withFolder(async (folder) => {
      for (const args of COMMANDS) {
        const { code, stderr } = await runProgram(program, args, { env: { TMPDIR: folder } });
        assert.equal(code, 0, stderr);
      }
      assert.deepEqual(await Array.fromAsync(Deno.readDir(folder), ({ name }) => name), []);
    }));

  Deno.test(`${program.name} executes no code left in the temporary folder`, () =>
    withFolder(async (folder) => {
      const trap = join(folder, CODE_CACHE);
      await shell('mkfifo "$1"', trap).output();
      // Whoever opens the pipe to read gets what waits in it; afterwards only the second writer would be left.
      const first = shell('echo first >"$1"', trap);
      const { code, stderr } = await runProgram(program, ["--version"], { env: { TMPDIR: folder } });
      assert.equal(code, 0, stderr);
      const reader = shell('cat "$1"', trap);
      const second = shell('echo second >"$1"', trap);
      const { stdout } = await reader.output();
      // What comes after the reader has left waits for the next one.
      await Promise.all([end(first), end(second)]);
      assert.match(new TextDecoder().decode(stdout), /first/);
    }));
}
