/** Checks whether the state folder exists, is inaccessible to other users, and is on a local disk. */

import { missingFolder } from "../../state/folder.ts";
import { currentUid } from "../../state/private_file.ts";
import { networkFileSystem } from "../../state/network_file_system.ts";
import { folderProblems } from "../../state/state_folder.ts";
import { lookAtFolder } from "../../server/instances/folder_use.ts";
import { isMissing } from "../find_folder.ts";
import { broken, ok, skipped, warning } from "./check.ts";
import type { CheckContext, CheckResult } from "./check.ts";
import { opensRecord } from "./harmless_start.ts";

const NAME = "state folder";

/** Checks the folder, and lists the processes that use it. */
export async function checkStateFolder({ folder, config }: CheckContext): Promise<readonly CheckResult[]> {
  if (folder === undefined) return [broken(NAME, missingFolder(), "name one by --state or LUNO_MCP_STATE")];
  const problems = folderProblems(folder);
  if (problems.length > 0) {
    return problems.map((problem) => broken(NAME, problem, "name a folder of your own by --state"));
  }
  if (await isMissing(folder)) {
    // A network server treats a missing named folder as an error, as its clients' keys would be there.
    if (config.state === undefined || config.transport === "stdio") {
      return [skipped(NAME, `${folder} does not exist yet: its first use makes it`)];
    }
    return [broken(NAME, `there is no ${folder}`, `check the path, or make it: mkdir -m 700 ${folder}`)];
  }
  const { mode } = await Deno.stat(folder);
  if (!mayWrite(mode, currentUid())) {
    const report = opensRecord(config) ? broken : warning;
    return [report(NAME, `${folder} is read-only: nothing can be recorded in it`, `run chmod 700 ${folder}`)];
  }
  const { instances, problem } = lookAtFolder(folder);
  if (problem !== undefined) return [broken(NAME, problem, "make the folder readable for this user")];
  const running = instances.filter(({ isAlive }) => isAlive).length;
  const users = running === 0 ? "no server uses it" : running === 1 ? "a server uses it" : `${running} servers use it`;
  const network = await networkFileSystem(folder);
  if (network !== undefined) {
    return [warning(NAME, `${folder} is on ${network}, where locks and power loss can damage it`, "use a local disk")];
  }
  return [ok(NAME, `${folder}, ${users}`)];
}

/** Whether a user may create files in a folder of its own; the system's `null` means that there are no modes or users. */
export function mayWrite(mode: number | null, user: number | null): boolean {
  const needed = 0o300;
  return mode === null || user === null || user === 0 || (mode & needed) === needed;
}
