/** The launcher of the npm package with a program of its own behind it, which says what it gets. */

import assert from "node:assert/strict";
import process from "node:process";
import { mainManifest } from "../../scripts/packaging/npm_packages.ts";
import { inherited, readLines } from "../e2e/program.ts";

const LAUNCHER = new URL("../../scripts/packaging/npm/launcher.cjs", import.meta.url);

/** Says its arguments and what it hears; ends with 7 at SIGTERM, by SIGINT at SIGINT, with 3 at the end of its input. */
const PROGRAM = `#!/usr/bin/env node
process.on("SIGTERM", () => process.stdout.write("terminated\\n", () => process.exit(7)));
process.stdin.on("data", (data) => process.stdout.write("heard " + data));
process.stdin.on("end", () => process.exit(3));
process.stdout.write("started " + process.argv.slice(2).join("|") + "\\n");
`;

/** The launcher installed beside its package for this system, or alone. */
async function install({ isWhole = true } = {}) {
  const folder = await Deno.makeTempDir();
  const [main, part] = [`${folder}/node_modules/luno-mcp-server`, `${folder}/node_modules/@luno-mcp-server`];
  await Deno.mkdir(main, { recursive: true });
  await Deno.copyFile(LAUNCHER, `${main}/launcher.cjs`);
  await Deno.writeTextFile(`${main}/package.json`, JSON.stringify(mainManifest(undefined)));
  if (isWhole) {
    const program = `${part}/${process.platform}-${process.arch}`;
    await Deno.mkdir(program, { recursive: true });
    await Deno.writeTextFile(`${program}/luno-mcp-server`, PROGRAM, { mode: 0o755 });
  }
  return {
    launch(script: string, env: Readonly<Record<string, string>> = {}) {
      return new Deno.Command("sh", {
        args: ["-c", script, `${main}/launcher.cjs`],
        env: { ...inherited(), ...env },
        clearEnv: true,
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
    },
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

const PLAIN = 'exec node "$0" --port "a b"';

Deno.test("the launcher passes the program its arguments and streams, and exits with its code", async () => {
  await using installed = await install();
  const child = installed.launch(PLAIN);
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode("a word\n"));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  assert.equal(new TextDecoder().decode(stdout), "started --port|a b\nheard a word\n");
  assert.equal(new TextDecoder().decode(stderr), "");
  assert.equal(code, 3);
});

for (
  const [signal, ends] of [["SIGTERM", { code: 7, signal: null }], ["SIGINT", { code: 130, signal: "SIGINT" }]] as const
) {
  Deno.test(`the launcher forwards ${signal} and ends as the program ends`, async () => {
    await using installed = await install();
    const child = installed.launch(PLAIN);
    for await (const line of readLines(child.stdout)) if (line.startsWith("started")) child.kill(signal);
    await child.stdin.close();
    await child.stderr.cancel();
    const { code, signal: endedBy } = await child.status;
    assert.deepEqual({ code, signal: endedBy }, ends);
  });
}

Deno.test("the launcher ends the program when the shell of npx has ended", async () => {
  await using installed = await install();
  const child = installed.launch('node "$0"; exit $?', { npm_command: "exec" });
  const heard: string[] = [];
  // Ends when the program does, which holds the other end of the pipe.
  for await (const line of readLines(child.stdout)) {
    heard.push(line);
    if (line.startsWith("started")) child.kill("SIGTERM");
  }
  assert.deepEqual(heard, ["started ", "terminated"]);
  await child.stdin.close();
  await child.stderr.cancel();
  assert.equal((await child.status).signal, "SIGTERM");
});

Deno.test("the launcher names the missing package, and how to get it", async () => {
  await using installed = await install({ isWhole: false });
  const child = installed.launch(PLAIN);
  await child.stdin.close();
  const { code, stdout, stderr } = await child.output();
  const said = new TextDecoder().decode(stderr);
  assert.ok(said.includes(`the package @luno-mcp-server/${process.platform}-${process.arch} is not installed`), said);
  assert.match(said, /^Cannot start luno-mcp-server: .*Install again, with optional dependencies\./);
  assert.equal(stdout.length, 0);
  assert.equal(code, 1);
});
