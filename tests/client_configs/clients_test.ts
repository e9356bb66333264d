import assert from "node:assert/strict";
import { CLIENT_NAMES, configPlaces } from "../../src/client_configs/clients.ts";
import type { System } from "../../src/client_configs/clients.ts";

/** The files of every client on a fictitious computer, the most likely one of each. */
function filesOn(os: System["os"], env: Readonly<Record<string, string>>): Record<string, string | undefined> {
  return Object.fromEntries(
    CLIENT_NAMES.map((name) => [name, configPlaces(name, { os, env: (name) => env[name] }).at(-1)?.file]),
  );
}

Deno.test("configPlaces() finds every client's file in a home on Linux", () => {
  assert.deepEqual(filesOn("linux", { HOME: "/home/ann" }), {
    "claude-code": "/home/ann/.claude.json",
    "claude-desktop": "/home/ann/.config/Claude/claude_desktop_config.json",
    "cursor": "/home/ann/.cursor/mcp.json",
    "windsurf": "/home/ann/.codeium/windsurf/mcp_config.json",
    "vscode": "/home/ann/.config/Code/User/mcp.json",
    "zed": "/home/ann/.config/zed/settings.json",
    "codex": "/home/ann/.codex/config.toml",
    "gemini": "/home/ann/.gemini/settings.json",
  });
});

Deno.test("configPlaces() finds every client's file in a home on macOS, regardless of XDG_CONFIG_HOME", () => {
  assert.deepEqual(filesOn("darwin", { HOME: "/Users/Ann Lee", XDG_CONFIG_HOME: "/elsewhere" }), {
    "claude-code": "/Users/Ann Lee/.claude.json",
    "claude-desktop": "/Users/Ann Lee/Library/Application Support/Claude/claude_desktop_config.json",
    "cursor": "/Users/Ann Lee/.cursor/mcp.json",
    "windsurf": "/Users/Ann Lee/.codeium/windsurf/mcp_config.json",
    "vscode": "/Users/Ann Lee/Library/Application Support/Code/User/mcp.json",
    "zed": "/Users/Ann Lee/.config/zed/settings.json",
    "codex": "/Users/Ann Lee/.codex/config.toml",
    "gemini": "/Users/Ann Lee/.gemini/settings.json",
  });
});

Deno.test("configPlaces() finds every client's file in a profile on Windows, with or without APPDATA", () => {
  const expected = {
    "claude-code": "C:\\Users\\Ann Lee\\.claude.json",
    "claude-desktop": "C:\\Users\\Ann Lee\\AppData\\Roaming\\Claude\\claude_desktop_config.json",
    "cursor": "C:\\Users\\Ann Lee\\.cursor\\mcp.json",
    "windsurf": "C:\\Users\\Ann Lee\\.codeium\\windsurf\\mcp_config.json",
    "vscode": "C:\\Users\\Ann Lee\\AppData\\Roaming\\Code\\User\\mcp.json",
    "zed": "C:\\Users\\Ann Lee\\AppData\\Roaming\\Zed\\settings.json",
    "codex": "C:\\Users\\Ann Lee\\.codex\\config.toml",
    "gemini": "C:\\Users\\Ann Lee\\.gemini\\settings.json",
  };
  // HOME as a Unix shell on Windows sets it, in a form of its own.
  const env = { USERPROFILE: "C:\\Users\\Ann Lee", HOME: "/c/Users/Ann Lee" };
  assert.deepEqual(filesOn("windows", env), expected);
  assert.deepEqual(filesOn("windows", { ...env, APPDATA: "C:\\Users\\Ann Lee\\AppData\\Roaming" }), expected);
  assert.equal(filesOn("windows", { ...env, APPDATA: "D:\\Roaming" }).zed, "D:\\Roaming\\Zed\\settings.json");
});

Deno.test("configPlaces() checks the folder of Claude Desktop's Windows package first", () => {
  const env: Record<string, string> = { USERPROFILE: "C:\\Users\\ann", LOCALAPPDATA: "D:\\Local" };
  const [first, second] = configPlaces("claude-desktop", { os: "windows", env: (name) => env[name] });
  const folder = "D:\\Local\\Packages\\Claude_pzs8sxrjxfjjc\\LocalCache\\Roaming\\Claude";
  assert.deepEqual(first, { file: `${folder}\\claude_desktop_config.json`, folder });
  assert.equal(second?.folder, "C:\\Users\\ann\\AppData\\Roaming\\Claude");
});

Deno.test("configPlaces() follows the variables that clients read themselves, if they name absolute folders", () => {
  const named = filesOn("linux", {
    HOME: "/home/ann",
    XDG_CONFIG_HOME: "/conf",
    CLAUDE_CONFIG_DIR: "/claude",
    CODEX_HOME: "/codex",
    GEMINI_CLI_HOME: "/gemini",
  });
  assert.equal(named["claude-code"], "/claude/.claude.json");
  assert.equal(named["claude-desktop"], "/conf/Claude/claude_desktop_config.json");
  assert.equal(named.vscode, "/conf/Code/User/mcp.json");
  assert.equal(named.zed, "/conf/zed/settings.json");
  assert.equal(named.codex, "/codex/config.toml");
  assert.equal(named.gemini, "/gemini/.gemini/settings.json");
  const relative = filesOn("linux", {
    HOME: "/home/ann",
    XDG_CONFIG_HOME: "conf",
    CODEX_HOME: "",
    CLAUDE_CONFIG_DIR: ".",
  });
  assert.deepEqual(relative, filesOn("linux", { HOME: "/home/ann" }));
  assert.equal(
    filesOn("linux", { HOME: "/home/ann", FLATPAK_XDG_CONFIG_HOME: "/flat", XDG_CONFIG_HOME: "/conf" }).zed,
    "/flat/zed/settings.json",
  );
});

Deno.test("configPlaces() finds nothing when the environment names no home", () => {
  for (const os of ["linux", "darwin", "windows"] as const) {
    assert.ok(Object.values(filesOn(os, { HOME: "relative" })).every((file) => file === undefined));
  }
});
