/** Where the program keeps its state when nobody says where. */

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
  const found = stateBase(env, os);
  if (found === undefined) return undefined;
  const within = found.name !== "HOME"
    ? []
    : os === "darwin"
    ? ["Library", "Application Support"]
    : [".local", "state"];
  const folder = found.folder.replace(os === "windows" ? /[\\/]+$/ : /\/+$/, "");
  return [folder, ...within, NAME].join(os === "windows" ? "\\" : "/");
}

/** The folder that the environment names, and by which variable; `XDG_STATE_HOME` alone may name one that is yet to be made. */
export function stateBase(
  env: (name: string) => string | undefined,
  os: typeof Deno.build.os = Deno.build.os,
): { readonly name: string; readonly folder: string } | undefined {
  // A relative one would mean another folder wherever the program is started.
  return stateVariables(os).map((name) => ({ name, folder: env(name) ?? "" }))
    .find(({ folder }) => isAbsolute(folder, os));
}

/** As the system's own paths are; without the modules of Node.js, as every start asks. */
function isAbsolute(path: string, os: typeof Deno.build.os): boolean {
  return os === "windows" ? /^(?:[a-z]:)?[\\/]/i.test(path) : path.startsWith("/");
}

/** Why there is none, as a problem of its setting; `purpose` says what it would be for, such as `, as keys are there`. */
export function missingFolder(purpose = ""): string {
  return `--state: expected a folder${purpose}: ${stateVariables().join(" and ")} name none`;
}
