/** Which commands in a client's configuration start this program, so that doctor may start them too. */

import { posix, resolve, win32 } from "node:path";
import { fileURLToPath } from "node:url";
import type { ServerEntry } from "../../client_configs/read_config.ts";

const PROGRAM = /^luno-mcp-server(@[\w.^~-]+)?(\.exe|\.cmd)?$/i;

/** What starts a program that npm brings. */
const RUNNER = /^(npx|cmd)(\.cmd|\.exe)?$/i;

/** What may stand between the two. */
const RUNNER_WORD = /^(-y|--yes|-q|--quiet|\/c|npx)$/i;

/** What is run from source. */
const MAIN = fileURLToPath(new URL("../../../main.ts", import.meta.url));

/**
 * The arguments that this program gets from a command; `undefined` where the command starts another one: the name of this
 * program or its path, npx with its name, or what runs now.
 */
export function ownArguments(
  { command = "", args }: Pick<ServerEntry, "command" | "args">,
  { executable = Deno.execPath(), isStandalone = Deno.build.standalone, main = MAIN } = {},
): readonly string[] | undefined {
  const name = posix.basename(win32.basename(command));
  if (PROGRAM.test(name)) return args;
  if (RUNNER.test(name)) {
    const at = args.findIndex((word) => !RUNNER_WORD.test(word));
    return PROGRAM.test(args[at] ?? "") ? args.slice(at + 1) : undefined;
  }
  if (command !== executable) return undefined;
  if (isStandalone) return args;
  // From source it is the runtime that is started.
  const at = args.findIndex((word) => resolve(word) === main);
  return at === -1 ? undefined : args.slice(at + 1);
}

/** A command as people type it; values that are called secret are left out. */
export function commandLine({ command = "", args }: Pick<ServerEntry, "command" | "args">): string {
  return [command, ...args].map((word) => quoted(word.replace(/^([^=]*(?:secret|token|key)[^=]*)=.*$/i, "$1=…"))).join(
    " ",
  );
}

function quoted(word: string): string {
  return /^[\w@%+=:,./\\…-]+$/.test(word) ? word : JSON.stringify(word);
}
