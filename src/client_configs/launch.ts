/** How a client starts this program, and whether an entry of its configuration already does. */

import { fileURLToPath } from "node:url";
import { VERSION } from "../version.ts";
import type { System } from "./clients.ts";
import type { ServerEntry } from "./read_config.ts";

/** A command as clients start it: without a shell, in a working folder of the client's choice. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
}

/** The facts about this program. */
export interface Program {
  readonly os: System["os"];
  /** The binary, or Deno when the program runs from source. */
  readonly execPath: string;
  readonly isCompiled: boolean;
}

/** The script that starts the program from source; a binary does not contain it. */
const SCRIPT = new URL("../../scripts/start.ts", import.meta.url);

/** The version of Deno that npx starts. */
const DENO_PACKAGE = "deno@2.9.6";

/**
 * The command that starts this program, with absolute paths. A program that npx started is in a cache that may be
 * emptied at any time, so the command is npx then.
 */
export function launchOf({ os, execPath, isCompiled }: Program): Launch {
  const isCached = /[\\/]_npx[\\/]/.test(execPath);
  if (isCompiled) return isCached ? npx(os, [`${PACKAGE}@${VERSION}`]) : { command: execPath, args: [] };
  const run = ["run", "--quiet", "--no-prompt", "-P=serve", fileURLToPath(SCRIPT)];
  return isCached ? npx(os, [DENO_PACKAGE, ...run]) : { command: execPath, args: run };
}

const PACKAGE = "luno-mcp-server";

/** On Windows npx is a script, which only a shell can start. */
function npx(os: System["os"], args: readonly string[]): Launch {
  return os === "windows"
    ? { command: "cmd", args: ["/c", "npx", "-y", ...args] }
    : { command: "npx", args: ["-y", ...args] };
}

/**
 * The arguments that an entry passes to the server, such as `--exchange simulated`; `undefined` when it starts another
 * program, or none.
 */
export function serverArguments({ command, args }: ServerEntry, own: Launch): readonly string[] | undefined {
  if (command === undefined) return undefined;
  if (BINARY.test(command) || (own.args.length === 0 && command === own.command)) return args;
  const script = own.args.at(-1);
  const at = args.findIndex((arg) => arg === script || NPM_PACKAGE.test(arg) || START_SCRIPT.test(arg));
  return at === -1 ? undefined : args.slice(at + 1);
}

/** Whether a command names this program. */
export function startsProgram(command: string): boolean {
  return BINARY.test(command);
}

/** The name of the program at the end of a path, possibly with its platform. */
const BINARY = /(^|[\\/])luno-mcp-server([-_][\w-]+)?(\.exe)?$/i;

const NPM_PACKAGE = /^luno-mcp-server(@[\w.^~-]+)?$/;

/**
 * `scripts/start.ts` in a folder named like this project; a clone under another name is recognized by its path alone.
 */
const START_SCRIPT = /luno-mcp-server[^\\/]*[\\/]scripts[\\/]start\.ts$/;
