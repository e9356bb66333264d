/** The default state folder. */

const NAME = "luno-mcp-server";

/** The variables that {@linkcode stateFolder} reads on a system. */
export function stateVariables(os: typeof Deno.build.os = Deno.build.os): readonly string[] {
  if (os === "windows") return ["LOCALAPPDATA"];
  return os === "darwin" ? ["HOME"] : ["XDG_STATE_HOME", "HOME"];
}

/** The user's state folder, which may not exist yet; `undefined` when the environment names none. */
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

/** The base folder in the environment, and its variable; only `XDG_STATE_HOME` may name one that does not exist yet. */
export function stateBase(
  env: (name: string) => string | undefined,
  os: typeof Deno.build.os = Deno.build.os,
): { readonly name: string; readonly folder: string } | undefined {
  // A relative folder would depend on where the program is started.
  return stateVariables(os).map((name) => ({ name, folder: env(name) ?? "" }))
    .find(({ folder }) => isAbsolute(folder, os));
}

/** Without Node.js modules, as every start calls this. */
function isAbsolute(path: string, os: typeof Deno.build.os): boolean {
  return os === "windows" ? /^(?:[a-z]:)?[\\/]/i.test(path) : path.startsWith("/");
}

/** The problem of a missing folder; `purpose` says what it is needed for, such as `, as keys are there`. */
export function missingFolder(purpose = ""): string {
  return `--state: expected a folder${purpose}: ${stateVariables().join(" and ")} name none`;
}
