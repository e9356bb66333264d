/** The commands of README and docs that end by themselves and need no other program, on a terminal of 80 columns. */

import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import { codeOf, commandLines, readPages } from "../doc_commands.ts";
import { inherited } from "./program.ts";

const ROOT = new URL("../..", import.meta.url).pathname;

/**
 * They serve until they are stopped, connect elsewhere, belong to an example with a test of its own, or read the user's
 * home.
 */
const ELSEWHERE =
  /^(?:$|-|<|client|bridge|simulator|serve|setup|\w+ init|COMMAND|lets|reload|resume|sessions|kill|status --running|approve \w|call (?:TOOL|place|cancel|preview|get_order_status|get_account_balance --api-url))|\$|\/path\/|--ca |--policy|…/;

/** Placeholders for the reader's own values. */
const PLACEHOLDERS: readonly (readonly [RegExp, string])[] = [[/\bNAME\b/, "carol"], [/--order ID/, ""], [
  /\bTOOL\b/,
  "get_crypto_price",
], [/\bSHELL\b/, "bash"]];

/** Output for programs. */
const FOR_PROGRAMS = /--json|^completions |^man\b/;

/** Commands that need what a clean folder lacks, and say so with code 2. */
const NEEDS_MORE =
  /^(?:audit (?:verify|show --order)|paper reset|policy explain$|state move|(?:policy|access) (?:publish|rollback|show|versions))/;

Deno.test("the commands of README and docs run in a clean folder and fit 80 columns", async () => {
  const pages = await readPages();
  const lines = [...pages.values()].flatMap((page) => codeOf(page).flatMap(commandLines)).map((command) =>
    PLACEHOLDERS.reduce((text, [from, to]) => text.replace(from, to), command.replace(/ +#.*$/, "")).trim()
  );
  const commands = [...new Set(lines)].filter((command) => !ELSEWHERE.test(command)).toSorted();
  assert.ok(commands.length > 15, commands.join("\n"));
  const problems: string[] = [];
  for (const command of commands) {
    const folder = await Deno.makeTempDir();
    const [, name] = /^keys (?:rotate|revoke) (\w+)/.exec(command) ?? [];
    if (name !== undefined) await onTerminal(`keys create ${name}`, folder);
    const { code, text } = await onTerminal(command, folder);
    if (code !== (NEEDS_MORE.test(command) ? 2 : 0)) problems.push(`${command}: ended with ${code}: ${text}`);
    // Log records are one line each, a key is one word to copy, and JSON is for programs.
    const wide = text.split("\n").filter((line) => [...line].length > 80 && !/^\d{4}-\d\d-\d\dT|^\S+$/.test(line));
    if (wide.length > 0 && !FOR_PROGRAMS.test(command)) problems.push(`${command}: too wide: ${wide.join("\n")}`);
    await Deno.remove(folder, { recursive: true });
  }
  assert.deepEqual(problems, []);
});

/** Runs a command on a terminal of 80 columns. */
async function onTerminal(command: string, folder: string): Promise<{ code: number; text: string }> {
  const program = `"${Deno.execPath()}" run --quiet --no-prompt --config "${ROOT}deno.json" -P=serve "${ROOT}main.ts"`;
  const { code, stdout } = await new Deno.Command("sh", {
    args: ["-c", `script -qec 'stty cols 80 rows 24; ${program} ${command}' /dev/null </dev/null`],
    cwd: folder,
    env: { ...inherited(), TERM: "xterm", LUNO_MCP_EXCHANGE: "simulated", XDG_STATE_HOME: `${folder}/state` },
    clearEnv: true,
    stderr: "null",
  }).output();
  return {
    code,
    text: stripVTControlCharacters(new TextDecoder().decode(stdout)).replaceAll("\r", ""),
  };
}
