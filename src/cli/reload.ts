/** `reload`: makes the servers of a state folder reload their policy, access and certificate files. */

import { COMMAND_SETTINGS } from "../config/command_settings.ts";
import { parseSettings } from "../config/parse.ts";
import { requestReload } from "../state/reload_request.ts";
import type { CommandCall } from "./command_call.ts";
import { lookAtFolder } from "../server/instances/folder_use.ts";
import { findFolder } from "./find_folder.ts";
import { refuse } from "./report.ts";
import { print } from "../world.ts";
import type { ExitCode } from "../world.ts";

/** Asks the servers, if there are any; the result is in their logs. */
export async function reload(
  flags: Readonly<Record<string, string>>,
  { world, problems, json }: CommandCall,
): Promise<ExitCode> {
  const parsed = parseSettings(COMMAND_SETTINGS.reload, { flags, env: world.env });
  const folder = findFolder(parsed, world.env);
  const all = [...problems, ...(parsed.ok ? [] : parsed.problems), ...(folder.ok ? [] : [folder.problem])];
  if (!folder.ok || all.length > 0) return await refuse(world, all);
  const servers = lookAtFolder(folder.path).instances.filter(({ isAlive }) => isAlive).length;
  if (servers === 0) {
    const shown = JSON.stringify(folder.path);
    return await refuse(world, [
      `${folder.name}: expected the state folder of a running server: none uses it: current value is ${shown}`,
    ]);
  }
  await requestReload(folder.path, world.now());
  const sentence = `Asked ${servers} server${servers === 1 ? "" : "s"} on ${folder.path} to read files again: ` +
    "see the log for the result";
  await print(world.stdout, json ? JSON.stringify({ folder: folder.path, servers }) : sentence);
  return 0;
}
