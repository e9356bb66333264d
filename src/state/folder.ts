/** Where the program keeps its state when nobody says where. */

import { posix, win32 } from "node:path";

const NAME = "luno-mcp-server";

/** The variables that {@linkcode stateFolder} reads on a system. */
export function stateVariables(os: typeof Deno.build.os = Deno.build.os): readonly string[] {
  if (os === "windows") return ["LOCALAPPDATA"];
  return os === "darwin" ? ["HOME"] : ["XDG_STATE_HOME", "HOME"];
}

/** The user's folder for state, which may not exist yet; `undefined` where the environment names none. */
export function stateFolder(
  env: (name: string) => string | undefined,
  os: typeof Deno.build.os = Deno.build.os,
): string | undefined {
  const path = os === "windows" ? win32 : posix;
  // A relative one would mean another folder wherever the program is started.
  const found = stateVariables(os).map((name) => ({ name, folder: env(name) ?? "" }))
    .find(({ folder }) => path.isAbsolute(folder));
  if (found === undefined) return undefined;
  if (found.name !== "HOME") return path.join(found.folder, NAME);
  return os === "darwin"
    ? path.join(found.folder, "Library", "Application Support", NAME)
    : path.join(found.folder, ".local", "state", NAME);
}

/** Why there is none, as a problem of its setting; `purpose` says what it would be for, such as `, as keys are there`. */
export function missingFolder(purpose = ""): string {
  return `--state: expected a folder${purpose}: ${stateVariables().join(" and ")} name none`;
}
