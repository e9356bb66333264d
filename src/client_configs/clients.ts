/** The AI clients whose configuration `setup` writes and `doctor` reads: where it is, and how it lists servers. */

import { posix, win32 } from "node:path";

/** What determines where a client keeps its configuration. */
export interface System {
  readonly os: typeof Deno.build.os;
  env(name: string): string | undefined;
}

/** A possible place of a client's configuration. */
export interface ConfigPlace {
  readonly file: string;
  /** A folder that exists once the client has been used. */
  readonly folder: string;
}

/** One client. */
export interface Client {
  readonly title: string;
  readonly format: "json" | "toml";
  /** The member of the file that contains the servers by name. */
  readonly servers: string;
  /** Members of an entry beside its command, arguments and environment. */
  readonly beside?: Readonly<Record<string, string>>;
  /** Possible places of the user's own configuration, the most likely last. */
  places(folders: Folders): readonly ConfigPlace[];
  /** The configuration file of a project, given the project's folder; `undefined` when the client has none. */
  readonly project?: string;
}

/** The folders of a user, and the system's way of joining paths. */
interface Folders {
  readonly home: string;
  /** Where programs keep settings: `~/.config`, `~/Library/Application Support` or `%APPDATA%`. */
  readonly settings: string;
  /** `~/.config`, or the value of `XDG_CONFIG_HOME`; `%APPDATA%` on Windows. */
  readonly config: string;
  /** `%LOCALAPPDATA%`; `undefined` on other systems. */
  readonly local: string | undefined;
  readonly isWindows: boolean;
  join(...parts: string[]): string;
  /** The absolute folder in a variable. */
  named(variable: string): string | undefined;
}

/** Every client, in the order of output. */
export const CLIENTS = {
  "claude-code": {
    title: "Claude Code",
    format: "json",
    servers: "mcpServers",
    beside: { type: "stdio" },
    project: ".mcp.json",
    places: ({ home, join, named }) => {
      const folder = named("CLAUDE_CONFIG_DIR");
      return [{ file: join(folder ?? home, ".claude.json"), folder: folder ?? join(home, ".claude") }];
    },
  },
  "claude-desktop": {
    title: "Claude Desktop",
    format: "json",
    servers: "mcpServers",
    places: ({ settings, local, join }) => {
      // Installed as a package, it sees a private folder instead of the user's.
      const packaged = local === undefined
        ? []
        : [join(local, "Packages", "Claude_pzs8sxrjxfjjc", "LocalCache", "Roaming", "Claude")];
      return inFolders([...packaged, join(settings, "Claude")], "claude_desktop_config.json", join);
    },
  },
  "cursor": {
    title: "Cursor",
    format: "json",
    servers: "mcpServers",
    project: ".cursor/mcp.json",
    places: ({ home, join }) => inFolders([join(home, ".cursor")], "mcp.json", join),
  },
  "windsurf": {
    title: "Windsurf",
    format: "json",
    servers: "mcpServers",
    places: ({ home, join }) => inFolders([join(home, ".codeium", "windsurf")], "mcp_config.json", join),
  },
  "vscode": {
    title: "VS Code",
    format: "json",
    servers: "servers",
    beside: { type: "stdio" },
    project: ".vscode/mcp.json",
    places: ({ settings, join }) => inFolders([join(settings, "Code", "User")], "mcp.json", join),
  },
  "zed": {
    title: "Zed",
    format: "json",
    servers: "context_servers",
    project: ".zed/settings.json",
    places: ({ config, isWindows, named, join }) => {
      const folder = join(named("FLATPAK_XDG_CONFIG_HOME") ?? config, isWindows ? "Zed" : "zed");
      return inFolders([folder], "settings.json", join);
    },
  },
  "codex": {
    title: "Codex",
    format: "toml",
    servers: "mcp_servers",
    project: ".codex/config.toml",
    places: ({ home, named, join }) => inFolders([named("CODEX_HOME") ?? join(home, ".codex")], "config.toml", join),
  },
  "gemini": {
    title: "Gemini CLI",
    format: "json",
    servers: "mcpServers",
    project: ".gemini/settings.json",
    places: ({ home, named, join }) =>
      inFolders([join(named("GEMINI_CLI_HOME") ?? home, ".gemini")], "settings.json", join),
  },
} as const satisfies Readonly<Record<string, Client>>;

/** The name of a client on the command line. */
export type ClientName = keyof typeof CLIENTS;

/** Every client's name, in the order of the table. */
export const CLIENT_NAMES = Object.keys(CLIENTS) as ClientName[];

/** The variables that determine where configurations are, on any system. */
export const CLIENT_VARIABLES: readonly string[] = [
  "HOME",
  "USERPROFILE",
  "APPDATA",
  "LOCALAPPDATA",
  "XDG_CONFIG_HOME",
  "FLATPAK_XDG_CONFIG_HOME",
  "CLAUDE_CONFIG_DIR",
  "CODEX_HOME",
  "GEMINI_CLI_HOME",
];

/** Possible places of a client's configuration, the most likely last; empty when the environment has no home folder. */
export function configPlaces(name: ClientName, system: System): readonly ConfigPlace[] {
  const folders = foldersOf(system);
  return folders === undefined ? [] : CLIENTS[name].places(folders);
}

function foldersOf({ os, env }: System): Folders | undefined {
  const isWindows = os === "windows";
  const path = isWindows ? win32 : posix;
  // A relative folder would depend on where the program is started.
  const named = (variable: string) => {
    const folder = env(variable) ?? "";
    return path.isAbsolute(folder) ? folder : undefined;
  };
  const home = named(isWindows ? "USERPROFILE" : "HOME");
  if (home === undefined) return undefined;
  const { join } = path;
  const roaming = named("APPDATA") ?? join(home, "AppData", "Roaming");
  // Zed uses ~/.config on macOS too, and ignores XDG_CONFIG_HOME there.
  const xdg = os === "darwin" ? undefined : named("XDG_CONFIG_HOME");
  const config = isWindows ? roaming : xdg ?? join(home, ".config");
  return {
    home,
    config,
    settings: os === "darwin" ? join(home, "Library", "Application Support") : config,
    local: isWindows ? named("LOCALAPPDATA") ?? join(home, "AppData", "Local") : undefined,
    isWindows,
    join,
    named,
  };
}

function inFolders(folders: readonly string[], name: string, join: Folders["join"]): ConfigPlace[] {
  return folders.map((folder) => ({ file: join(folder, name), folder }));
}
