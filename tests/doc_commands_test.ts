import assert from "node:assert/strict";
import { readArguments } from "../src/cli/arguments.ts";
import { COMMANDS } from "../src/cli/commands.ts";

const ROOT = new URL("../", import.meta.url);

/** Parts of a page that are code: blocks that are not another language's, and code within a sentence. */
function codeOf(page: string): string[] {
  const blocks = [...page.matchAll(/^( *)```(\w*)\n([\s\S]*?)^\1```$/gm)]
    .filter(([, , language = ""]) => language === "" || language === "sh")
    .flatMap(([, , , text = ""]) => text.replaceAll(/\\\n\s*/g, " ").split("\n"));
  const prose = page.replaceAll(/^( *)```[\s\S]*?^\1```$/gm, "");
  const spans = [...prose.matchAll(/`([^`]+)`/g)].map(([, text = ""]) => text.replaceAll(/\s+/g, " "));
  return [...blocks, ...spans];
}

/** The command lines of the program in a line of shell, without what the shell takes for itself. */
function commandLines(line: string): string[] {
  const commands = line.replace(/ # .*$/, "").matchAll(/(?:^|[ (=`])luno-mcp-server( [^|;)>&]*)?/g);
  return [...commands].map(([, rest = ""]) => rest.replace(/ 2$/, "").replaceAll(/ +/g, " ").trim());
}

/** Code that is a command without the program's name, such as `keys rotate NAME`. */
function shortCommand(code: string): string[] {
  const [name = "", next] = code.split(" ");
  // A row of an answer has a gap between name and value; what ends a process by a signal has the name of a command.
  if (code.includes("  ")) return [];
  return Object.hasOwn(COMMANDS, name) && next !== undefined && next !== "-USR1" ? [code.replace(/ > .*$/, "")] : [];
}

/** The words of a command line; brackets around what may be left out are none. */
function words(command: string): string[] {
  const plain = command.replaceAll("[name=value...]", "").replaceAll(/\[|\]/g, "");
  return [...plain.matchAll(/"[^"]*"|\S+/g)].map(([word]) => word.replaceAll('"', "")).filter((word) => word !== "…");
}

const paths = ["README.md", "CHANGELOG.md"];
for await (const { name } of Deno.readDir(new URL("docs/", ROOT))) if (name.endsWith(".md")) paths.push(`docs/${name}`);

for (const path of paths) {
  const code = codeOf(await Deno.readTextFile(new URL(path, ROOT)));
  const commands = [...new Set(code.flatMap((text) => [...commandLines(text), ...shortCommand(text)]))];
  if (commands.length === 0) continue;
  Deno.test(`every command in ${path} is understood`, () => {
    const problems = commands.flatMap((command) => {
      const read = readArguments(words(command));
      // A sentence may name a flag, as `client --pairs` does, and leave its value open.
      const told = read.kind === "run" ? read.problems.filter((problem) => !problem.endsWith("expected a value")) : [];
      return told.map((problem) => `${command}: ${problem}`);
    });
    assert.deepEqual(problems, []);
  });
}

Deno.test("the commands of a page are found in blocks and in sentences, and a mistyped one is not understood", () => {
  const page = "Run `luno-mcp-server keys lst`, or:\n\n```sh\n(umask 077; luno-mcp-server keys create me > me.key)\n" +
    "luno-mcp-server --trasport websocket \\\n  --port 1    # why\n```\n";
  const commands = codeOf(page).flatMap(commandLines);
  assert.deepEqual(commands.toSorted(), ["--trasport websocket --port 1", "keys create me", "keys lst"]);
  const read = readArguments(words("--trasport websocket --port 1"));
  assert.ok(read.kind === "run" && read.problems.length > 0);
});
