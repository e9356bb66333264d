/** The commands of the program in README and docs. */

import { COMMANDS } from "../src/cli/commands.ts";

/** Parts of a page that are code: blocks of no other language, and code within a sentence. */
export function codeOf(page: string): string[] {
  const blocks = [...page.matchAll(/^( *)```(\w*)\n([\s\S]*?)^\1```$/gm)]
    .filter(([, , language = ""]) => language === "" || language === "sh")
    .flatMap(([, , , text = ""]) => text.replaceAll(/\\\n\s*/g, " ").split("\n"));
  const prose = page.replaceAll(/^( *)```[\s\S]*?^\1```$/gm, "");
  const spans = [...prose.matchAll(/`([^`]+)`/g)].map(([, text = ""]) => text.replaceAll(/\s+/g, " "));
  return [...blocks, ...spans];
}

/** The command lines of the program in a line of shell, without the shell's own syntax. */
export function commandLines(line: string): string[] {
  const commands = line.replace(/ # .*$/, "").matchAll(/(?:^|[ (=`])luno-mcp-server( [^|;)>&]*)?/g);
  return [...commands].map(([, rest = ""]) => rest.replace(/ 2$/, "").replaceAll(/ +/g, " ").trim());
}

/** Code that is a command without the program's name, such as `keys rotate NAME`. */
export function shortCommand(code: string): string[] {
  const [name = "", next] = code.split(" ");
  // A row of an answer has a gap between name and value; a command that sends a signal has the name of a command.
  if (code.includes("  ")) return [];
  return Object.hasOwn(COMMANDS, name) && next !== undefined && next !== "-USR1" ? [code.replace(/ > .*$/, "")] : [];
}

/** The words of a command line, without the brackets around optional ones. */
export function words(command: string): string[] {
  const plain = command.replaceAll("[name=value...]", "").replaceAll(/\[|\]/g, "");
  return [...plain.matchAll(/"[^"]*"|\S+/g)].map(([word]) => word.replaceAll('"', "")).filter((word) => word !== "…");
}

const ROOT = new URL("..", import.meta.url);

/** README, changelog and every page of docs, by path. */
export async function readPages(): Promise<ReadonlyMap<string, string>> {
  const paths = ["README.md", "CHANGELOG.md"];
  for await (const { name } of Deno.readDir(new URL("docs/", ROOT))) {
    if (name.endsWith(".md")) paths.push(`docs/${name}`);
  }
  return new Map(
    await Promise.all(paths.map(async (path) => [path, await Deno.readTextFile(new URL(path, ROOT))] as const)),
  );
}
