/** Checks the command of a client's entry without starting it. */

import { delimiter, isAbsolute, join } from "node:path";
import { startsProgram } from "../../client_configs/launch.ts";
import type { ServerEntry } from "../../client_configs/read_config.ts";
import { reasonOf } from "../../errors/reason_of.ts";
import { currentUid } from "../../state/private_file.ts";
import type { World } from "../../world.ts";

/** Names that people give to this server. */
const OWN_NAME = /^luno([-_]mcp)?([-_]server)?$/i;

/** The problem of an entry that should start this program and does not. */
export async function nearlyOurs(server: string, { command = "" }: ServerEntry): Promise<string | undefined> {
  if (/^["']/.test(command) && startsProgram(command.replaceAll(/^["']|["']$/g, ""))) {
    return "its command is in quotation marks, which no shell takes off";
  }
  const [program = "", ...rest] = command.split(/\s+(?=-)/);
  if (rest.length > 0 && startsProgram(program)) {
    return "its command contains arguments too: put each of them into args";
  }
  if (!OWN_NAME.test(server) || !isAbsolute(command)) return undefined;
  return await missingFile(command);
}

/** Why the command cannot be started. */
export async function missingCommand({ command = "" }: ServerEntry, env: World["env"]): Promise<string | undefined> {
  if (/^(~|\$\w+)[\\/]/.test(command)) return `no shell takes part, which would know ${command}: write the whole path`;
  if (isRelative(command)) return undefined;
  return isAbsolute(command) ? await missingFile(command) : await missingName(command, env);
}

/** Only the client knows the working folder that a relative path refers to. */
export function isRelative(command: string): boolean {
  return !isAbsolute(command) && /[\\/]/.test(command);
}

async function missingFile(command: string): Promise<string | undefined> {
  try {
    const { isFile, mode } = await Deno.stat(command);
    if (!isFile) return `${command} is no file`;
    return mode !== null && (mode & 0o111) === 0 ? `${command} is not executable: run chmod +x ${command}` : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return `there is no ${command}`;
    return `${command} cannot be read: ${reasonOf(error)}`;
  }
}

/** A name is looked up in the folders of `PATH`. */
async function missingName(command: string, env: World["env"]): Promise<string | undefined> {
  const folders = (env("PATH") ?? "").split(delimiter).filter((folder) => folder !== "");
  const names = Deno.build.os === "windows" ? ["", ".exe", ".cmd", ".bat"].map((end) => command + end) : [command];
  const paths = folders.flatMap((folder) => names.map((name) => join(folder, name)));
  const found = await Promise.all(paths.map((path) => Deno.stat(path).then(({ isFile }) => isFile, () => false)));
  return paths.length === 0 || found.includes(true) ? undefined : `${command} is in no folder of PATH`;
}

/** Whether a user other than this one and root can replace the program. */
export async function isOfOthers(command: string): Promise<boolean> {
  if (!isAbsolute(command)) return false;
  const { mode, uid } = await Deno.stat(command);
  const user = currentUid();
  const isForeign = user !== null && uid !== null && uid !== user && uid !== 0;
  return isForeign || mode !== null && (mode & 0o022) !== 0;
}
