import assert from "node:assert/strict";
import { join } from "node:path";
import { CLIENTS } from "../../src/client_configs/clients.ts";
import { readClientConfig, readServers } from "../../src/client_configs/read_config.ts";
import { withHome } from "./home.ts";

Deno.test("readClientConfig() reads commands, arguments, environments and addresses, skipping comments", () =>
  withHome(async ({ system, write }) => {
    const text = `{
  // the theme
  "theme": "One Dark",
  "context_servers": {
    "luno": { "command": "/opt/luno-mcp-server", "args": ["--exchange", "simulated"], "env": { "LOG_LEVEL": "debug" } },
    "far": { "url": "http://localhost:8765/mcp" },
  },
}
`;
    const file = await write(".config/zed/settings.json", text);
    assert.deepEqual(await readClientConfig("zed", system), {
      state: "read",
      file,
      text,
      servers: {
        luno: { command: "/opt/luno-mcp-server", args: ["--exchange", "simulated"], env: { LOG_LEVEL: "debug" } },
        far: { args: [], env: {}, url: "http://localhost:8765/mcp" },
      },
    });
  }));

Deno.test("readClientConfig() reads Codex's TOML", () =>
  withHome(async ({ system, write }) => {
    await write(
      ".codex/config.toml",
      'model = "x" # mine\n[mcp_servers.luno]\ncommand = "a"\nargs = ["b"]\nenv = { C = "d" }\n',
    );
    const read = await readClientConfig("codex", system);
    assert.deepEqual(read.state === "read" && read.servers, { luno: { command: "a", args: ["b"], env: { C: "d" } } });
  }));

Deno.test("readClientConfig() distinguishes a client that is not installed from one without a file", () =>
  withHome(async ({ folder, system, write }) => {
    assert.deepEqual(await readClientConfig("cursor", system), {
      state: "not installed",
      file: join(folder, ".cursor", "mcp.json"),
    });
    await write(".cursor/argv.json", "{}");
    await write(".claude/settings.json", "{}");
    assert.deepEqual(await readClientConfig("cursor", system), {
      state: "no file",
      file: join(folder, ".cursor", "mcp.json"),
    });
    assert.equal((await readClientConfig("claude-code", system)).state, "no file");
    assert.deepEqual(await readClientConfig("cursor", { os: "linux", env: () => undefined }), {
      state: "not installed",
    });
  }));

Deno.test("readClientConfig() reports why a file cannot be read, with the place", () =>
  withHome(async ({ folder, system, write }) => {
    const cases = [
      ['{\n  "mcpServers": {,}\n}', /: expected JSON: line 2, column 18: value expected$/],
      ["[]", /: expected a JSON object$/],
      ['{"mcpServers": []}', /: mcpServers: expected an object$/],
      ['{"mcpServers": {}, "mcpServers": {}}', /: mcpServers: is there twice$/],
    ] as const;
    for (const [text, problem] of cases) {
      const file = await write(".gemini/settings.json", text);
      const read = await readClientConfig("gemini", system);
      assert.equal(read.state, "unreadable");
      assert.ok(read.state === "unreadable" && read.problem.startsWith(`${file}: `));
      assert.match(read.state === "unreadable" ? read.problem : "", problem);
    }
    await Deno.writeFile(join(folder, ".gemini/settings.json"), new Uint8Array([0xff, 0xfe, 0x7b, 0]));
    const utf16 = await readClientConfig("gemini", system);
    assert.match(utf16.state === "unreadable" ? utf16.problem : "", /: expected text in UTF-8$/);
    await write(".codex/config.toml", "a = 1\nb = \n");
    const toml = await readClientConfig("codex", system);
    assert.match(toml.state === "unreadable" ? toml.problem : "", /: expected TOML: line 2, column \d+: /);
  }));

Deno.test("readServers() finds none in an empty text, and skips a byte order mark", () => {
  for (const text of ["", " \n", "{}", "\uFEFF{}"]) {
    assert.deepEqual(readServers(CLIENTS.vscode, text), { ok: true, servers: {} });
  }
  assert.deepEqual(readServers(CLIENTS.codex, ""), { ok: true, servers: {} });
});
