import assert from "node:assert/strict";
import { readArguments } from "../../src/cli/arguments.ts";
import { COMMANDS } from "../../src/cli/commands.ts";
import type { CommandName } from "../../src/config/command_settings.ts";
import { run } from "../../src/cli/run.ts";
import { refuse } from "../../src/cli/report.ts";
import { VERSION } from "../../src/version.ts";
import { TestWorld } from "./world.ts";

const names = Object.keys(COMMANDS) as CommandName[];

/** Servers whose stdout belongs to the protocol. */
const PROTOCOL: ReadonlySet<CommandName> = new Set(["serve", "bridge"]);

for (const name of names) {
  Deno.test(`${name} --json reports an invalid command line in the common shape of errors`, async () => {
    const world = new TestWorld({ args: [name, "--frobnicate", "--json"], terminal: true });
    // This process may give up no permission.
    const read = readArguments(world.args);
    assert.ok(read.kind === "run" && read.invocation.json);
    assert.equal(await refuse(world, read.problems), 2);
    const { error } = JSON.parse(PROTOCOL.has(name) ? world.stderr.text : world.stdout.text);
    assert.deepEqual(Object.keys(error), ["code", "message", "problems"]);
    assert.equal(error.code, "ERR_CONFIGURATION");
    assert.ok(
      error.problems.some((problem: string) => problem.startsWith("--frobnicate: unknown flag")),
      error.message,
    );
    assert.equal(PROTOCOL.has(name) ? world.stdout.text : world.stderr.text, "");
  });
}

Deno.test("version --json prints name and version", async () => {
  const world = new TestWorld({ args: ["version", "--json"] });
  assert.equal(await run(world), 0);
  assert.deepEqual(world.stdout.messages, [{ name: "luno-mcp-server", version: VERSION }]);
});

Deno.test("docs/output.md has a row for each command's JSON, and for each exit code in the sources", async () => {
  const page = await Deno.readTextFile(new URL("../../docs/output.md", import.meta.url));
  const rows = page.split("\n").filter((line) => line.startsWith("| `"));
  for (const name of names) {
    if (!PROTOCOL.has(name)) assert.ok(rows.some((row) => new RegExp(`\`${name}[ \`]`).test(row)), name);
  }
  const source = await Deno.readTextFile(new URL("../../src/world.ts", import.meta.url));
  const codes = /type ExitCode = ([\d |]+);/.exec(source)?.[1]?.split(" | ") ?? [];
  const told = page.split("\n").flatMap((line) => /^\| (\d+) /.exec(line)?.[1] ?? []);
  assert.deepEqual(told, codes);
});
