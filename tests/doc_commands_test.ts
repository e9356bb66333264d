import assert from "node:assert/strict";
import { readArguments } from "../src/cli/arguments.ts";
import { codeOf, commandLines, readPages, shortCommand, words } from "./doc_commands.ts";

for (const [path, page] of await readPages()) {
  const code = codeOf(page);
  const commands = [...new Set(code.flatMap((text) => [...commandLines(text), ...shortCommand(text)]))];
  if (commands.length === 0) continue;
  Deno.test(`every command in ${path} is valid`, () => {
    const problems = commands.flatMap((command) => {
      const read = readArguments(words(command));
      // A sentence may name a flag, as `client --pairs` does, without a value.
      const told = read.kind === "run" ? read.problems.filter((problem) => !problem.endsWith("expected a value")) : [];
      return told.map((problem) => `${command}: ${problem}`);
    });
    assert.deepEqual(problems, []);
  });
}

Deno.test("the commands of a page are found in blocks and in sentences, and a mistyped one is invalid", () => {
  const page = "Run `luno-mcp-server keys lst`, or:\n\n```sh\n(umask 077; luno-mcp-server keys create me > me.key)\n" +
    "luno-mcp-server --trasport websocket \\\n  --port 1    # why\n```\n";
  const commands = codeOf(page).flatMap(commandLines);
  assert.deepEqual(commands.toSorted(), ["--trasport websocket --port 1", "keys create me", "keys lst"]);
  const read = readArguments(words("--trasport websocket --port 1"));
  assert.ok(read.kind === "run" && read.problems.length > 0);
});
