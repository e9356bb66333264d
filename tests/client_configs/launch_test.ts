import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { launchOf, serverArguments } from "../../src/client_configs/launch.ts";
import { VERSION } from "../../src/version.ts";

const SCRIPT = fileURLToPath(new URL("../../scripts/start.ts", import.meta.url));
const RUN = ["run", "--quiet", "--no-prompt", "-P=serve", SCRIPT];

Deno.test("launchOf() names the binary itself when the program is compiled, with spaces and backslashes unchanged", () => {
  for (
    const [os, execPath] of [
      ["linux", "/opt/luno/luno-mcp-server"],
      ["windows", "C:\\Program Files\\Luno\\luno-mcp-server.exe"],
    ] as const
  ) {
    assert.deepEqual(launchOf({ os, execPath, isCompiled: true }), { command: execPath, args: [] });
  }
});

Deno.test("launchOf() names Deno and the start script when the program runs from source", () => {
  const launch = launchOf({ os: "linux", execPath: "/usr/bin/deno", isCompiled: false });
  assert.deepEqual(launch, { command: "/usr/bin/deno", args: RUN });
});

Deno.test("launchOf() names npx, through cmd on Windows, when the program is in npx's cache", () => {
  const deno = "/home/ann/.npm/_npx/7a40/node_modules/@deno/linux-x64-glibc/deno";
  assert.deepEqual(launchOf({ os: "linux", execPath: deno, isCompiled: false }), {
    command: "npx",
    args: ["-y", "deno@2.9.6", ...RUN],
  });
  const binary = "C:\\Users\\Ann Lee\\AppData\\Local\\npm-cache\\_npx\\1f\\node_modules\\x\\luno-mcp-server.exe";
  assert.deepEqual(launchOf({ os: "windows", execPath: binary, isCompiled: true }), {
    command: "cmd",
    args: ["/c", "npx", "-y", `luno-mcp-server@${VERSION}`],
  });
});

Deno.test("serverArguments() returns the arguments an entry passes to this program, however it starts it", () => {
  const own = { command: "/opt/my server", args: [] };
  const given = ["--exchange", "simulated"];
  for (
    const [command, ...args] of [
      ["/opt/my server"],
      ["luno-mcp-server"],
      ["C:\\Program Files\\Luno\\luno-mcp-server.exe"],
      ["/opt/luno-mcp-server-linux-x64"],
      ["npx", "-y", "luno-mcp-server"],
      ["cmd", "/c", "npx", "-y", "luno-mcp-server@1.2.3"],
      ["npx", "-y", "deno@2.9.6", "run", "-P=serve", "/src/luno-mcp-server/scripts/start.ts"],
    ] as const
  ) {
    assert.deepEqual(serverArguments({ command, args: [...args, ...given], env: {} }, own), given, command);
  }
  const fromSource = { command: "deno", args: ["run", "/clone/scripts/start.ts"] };
  const elsewhere = { command: "/other/deno", args: ["run", "-P=serve", "/clone/scripts/start.ts", ...given], env: {} };
  assert.deepEqual(serverArguments(elsewhere, fromSource), given);
});

Deno.test("serverArguments() returns nothing for another program and for a server reached by its address", () => {
  const own = { command: "/opt/luno-mcp-server", args: [] };
  for (
    const [command, ...args] of [
      ["luno-mcp"],
      ["docker", "run", "echarrod/mcp-luno"],
      ["/opt/not-luno-mcp-server"],
      ["npx", "-y", "luno-mcp-server-of-somebody"],
      ["deno", "run", "/src/other/scripts/start.ts"],
    ] as const
  ) assert.equal(serverArguments({ command, args, env: {} }, own), undefined, command);
  assert.equal(serverArguments({ args: [], env: {}, url: "http://localhost:8765/mcp" }, own), undefined);
});
