/** Which commands of clients' configurations doctor starts: only those that are certainly this program. */

import { posix, win32 } from "node:path";
import { launchOf } from "../../client_configs/launch.ts";
import type { Launch } from "../../client_configs/launch.ts";
import type { ServerEntry } from "../../client_configs/read_config.ts";

const PROGRAM = /^luno-mcp-server(@[\w.^~-]+)?(\.exe|\.cmd)?$/i;

/** A program that runs npm packages. */
const RUNNER = /^(npx|cmd)(\.cmd|\.exe)?$/i;

/** Words that may stand between the two. */
const RUNNER_WORD = /^(-y|--yes|-q|--quiet|\/c|npx)$/i;

/** How this program itself was started. */
export function ownLaunch(): Launch {
  const { build, execPath } = Deno;
  return launchOf({ os: build.os, execPath: execPath(), isCompiled: build.standalone });
}

/**
 * Whether a command is this program: by its name or path, by npx with its name, as `setup` writes it, or by the present
 * runtime with the same script.
 */
export function isStartable(
  { command = "", args }: Pick<ServerEntry, "command" | "args">,
  own: Launch,
  execPath: string = Deno.execPath(),
): boolean {
  const name = posix.basename(win32.basename(command));
  if (PROGRAM.test(name)) return true;
  if (command === own.command && own.args.every((word, index) => args[index] === word)) return true;
  if (RUNNER.test(name)) return PROGRAM.test(args.find((word) => !RUNNER_WORD.test(word)) ?? "");
  const script = own.args.at(-1);
  return command === execPath && args[0] === "run" && script !== undefined && args.includes(script);
}

/** A command as typed in a shell; values that look secret are left out. */
export function commandLine({ command = "", args }: Pick<ServerEntry, "command" | "args">): string {
  const words = [command, ...args].map((word) => word.replace(/^([^=]*(?:secret|token|key)[^=]*)=.*$/i, "$1=…"));
  return words.map(quoted).join(" ");
}

function quoted(word: string): string {
  return /^[\w@%+=:,./\\…-]+$/.test(word) ? word : JSON.stringify(word);
}
