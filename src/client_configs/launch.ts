/** How a client starts this program, and whether an entry in its configuration starts it already. */

import { fileURLToPath } from "node:url";
import { VERSION } from "../version.ts";
import type { System } from "./clients.ts";
import type { ServerEntry } from "./read_config.ts";

/** A command as clients start it: no shell takes part, and they start it in a folder of their own. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
}

/** What is known of this program. */
export interface Program {
  readonly os: System["os"];
  /** The binary, or Deno where the program runs from source. */
  readonly execPath: string;
  readonly isCompiled: boolean;
}

/** The script that starts the program from source; in a binary there is none. */
const SCRIPT = new URL("../../scripts/start.ts", import.meta.url);

/** The version of Deno that the project is made for, where it is started by npx. */
const DENO_PACKAGE = "deno@2.9.6";

/**
 * The command for this very program, with absolute paths. What npx started lies in a cache that may be emptied at any
 * time, so npx is the command then.
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
 * The arguments that an entry gives to the server, such as `--exchange simulated`; `undefined` where it starts another
 * program, or none.
 */
export function serverArguments({ command, args }: ServerEntry, own: Launch): readonly string[] | undefined {
  if (command === undefined) return undefined;
  if (BINARY.test(command) || (own.args.length === 0 && command === own.command)) return args;
  const script = own.args.at(-1);
  const at = args.findIndex((arg) => arg === script || NPM_PACKAGE.test(arg) || START_SCRIPT.test(arg));
  return at === -1 ? undefined : args.slice(at + 1);
}

/** The last part of a path is the program's name, maybe with its platform. */
const BINARY = /(^|[\\/])luno-mcp-server([-_][\w-]+)?(\.exe)?$/i;

const NPM_PACKAGE = /^luno-mcp-server(@[\w.^~-]+)?$/;

/** `scripts/start.ts` in a folder of this project's name; a clone of another name is known by its path alone. */
const START_SCRIPT = /luno-mcp-server[^\\/]*[\\/]scripts[\\/]start\.ts$/;
