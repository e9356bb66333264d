import assert from "node:assert/strict";
import { CLIENT_NAMES, CLIENTS } from "../../src/client_configs/clients.ts";
import type { ClientName } from "../../src/client_configs/clients.ts";
import { removeServer, setServer } from "../../src/client_configs/edit_config.ts";
import type { Edited } from "../../src/client_configs/edit_config.ts";
import { readServers } from "../../src/client_configs/read_config.ts";

const COMMAND = "C:\\Program Files\\Luno\\luno-mcp-server.exe";
const ENTRY = { command: COMMAND, args: ["--exchange", "simulated"], env: {} };

function set(
  client: ClientName,
  text: string,
  entry = ENTRY as typeof ENTRY & { env: Record<string, string> },
): string {
  return textOf(setServer(CLIENTS[client], text, { name: "luno", entry }));
}

function remove(client: ClientName, text: string): string {
  return textOf(removeServer(CLIENTS[client], text, "luno"));
}

function textOf(edited: Edited): string {
  assert.ok(edited.ok, edited.ok ? "" : edited.problem);
  return edited.text;
}

/** Whether a text contains all characters of another one in order: nothing was lost, and nothing moved. */
function isWithin(part: string, whole: string): boolean {
  let at = 0;
  for (const character of whole) if (character === part[at]) at++;
  return at === part.length;
}

/** Typical files of clients, with content that a careless edit would lose. */
const FILES: Readonly<Record<ClientName, string>> = {
  "claude-code":
    '{\n  "numStartups": 34,\n  "mcpServers": {\n    "a": {\n      "command": "x"\n    }\n  },\n  "z": 12345678901234567890\n}\n',
  "claude-desktop": '{"mcpServers":{"a":{"command":"x"}},"theme":"dark"}',
  "cursor": '{\r\n\t"mcpServers": {\r\n\t\t"a": { "command": "x" }\r\n\t}\r\n}\r\n',
  "windsurf": "{}",
  "vscode":
    '{\n    // asked for once\n    "inputs": [],\n    "servers": {\n        "a": { "url": "http://x" }, // remote\n    },\n}\n',
  "zed": '\uFEFF// Zed settings\n{\n  "theme": "One", /* mine */\n  "vim_mode": true,\n}\n',
  "codex": 'model = "x" # mine\n\n[mcp_servers.a]\ncommand = "x"\n\n[tui]\nnotes = """\n[mcp_servers.luno]\n"""\n',
  "gemini": "",
};

Deno.test("setServer() adds an entry to every client's file and preserves the rest, including comments and order", () => {
  for (const name of CLIENT_NAMES) {
    const before = FILES[name];
    const after = set(name, before);
    const read = readServers(CLIENTS[name], after);
    assert.ok(read.ok, name);
    assert.deepEqual(read.servers.luno, ENTRY, name);
    assert.ok(isWithin(before, after), `${name}: ${after}`);
    if (before.includes("\r\n")) assert.doesNotMatch(after, /[^\r]\n/, name);
  }
});

Deno.test("setServer() changes nothing when the entry is already as wanted", () => {
  for (const name of CLIENT_NAMES) {
    const once = set(name, FILES[name]);
    assert.equal(set(name, once), once, name);
  }
});

Deno.test("setServer() and removeServer() undo each other byte for byte in files that hold servers", () => {
  for (const name of CLIENT_NAMES) {
    const before = FILES[name];
    const { format, servers } = CLIENTS[name];
    if (format === "toml" || before.includes(`"${servers}"`)) {
      assert.equal(remove(name, set(name, before)), before, name);
    }
  }
});

Deno.test("setServer() writes the whole file of a client that has none, as the client's documentation shows it", () => {
  assert.equal(
    set("vscode", ""),
    '{\n  "servers": {\n    "luno": {\n      "type": "stdio",\n      "command": "C:\\\\Program Files\\\\Luno\\\\luno-mcp-server.exe",\n' +
      '      "args": [\n        "--exchange",\n        "simulated"\n      ]\n    }\n  }\n}\n',
  );
  assert.equal(
    set("codex", ""),
    '[mcp_servers.luno]\ncommand = "C:\\\\Program Files\\\\Luno\\\\luno-mcp-server.exe"\nargs = ["--exchange", "simulated"]\n',
  );
});

Deno.test("setServer() changes command and arguments of an entry and keeps its other members and comments", () => {
  const json = `{
  "mcpServers": {
    // the exchange
    "luno": {
      "command": "old", // by hand
      "disabled": false,
      "env": { "LOG_LEVEL": "debug" }
    }
  }
}`;
  const after = set("cursor", json);
  assert.match(after, /\/\/ the exchange/);
  assert.match(after, /luno-mcp-server\.exe", \/\/ by hand\n {6}"disabled": false,/);
  assert.match(after, /"env": \{ "LOG_LEVEL": "debug" \}/);
  const toml = `[mcp_servers.luno] # the exchange
command = "old" # by hand
args = [
  "--trading", # off
  "off",
]
startup_timeout_sec = 60

[mcp_servers.luno.env]
LOG_LEVEL = "debug"

# the end
`;
  assert.equal(
    set("codex", toml),
    `[mcp_servers.luno] # the exchange
command = "C:\\\\Program Files\\\\Luno\\\\luno-mcp-server.exe" # by hand
args = ["--exchange", "simulated"]
startup_timeout_sec = 60

[mcp_servers.luno.env]
LOG_LEVEL = "debug"

# the end
`,
  );
});

Deno.test("setServer() adds variables to those of the entry", () => {
  const entry = { ...ENTRY, env: { LUNO_API_KEY: "k", LUNO_API_SECRET: "s" } };
  const whole = { LOG_LEVEL: "debug", LUNO_API_KEY: "k", LUNO_API_SECRET: "s" };
  for (
    const [name, text] of [
      ["zed", '{"context_servers": {"luno": {"command": "x", "env": {"LOG_LEVEL": "debug"}}}}'],
      ["codex", '[mcp_servers.luno]\ncommand = "x"\nenv = { LOG_LEVEL = "debug" }\n'],
      ["codex", '[mcp_servers.luno]\ncommand = "x"\n[mcp_servers.luno.env]\nLOG_LEVEL = "debug"'],
    ] as const
  ) {
    const read = readServers(CLIENTS[name], set(name, text, entry));
    assert.deepEqual(read.ok && read.servers.luno, { ...entry, env: whole }, text);
  }
});

Deno.test("removeServer() removes only the entry, with its tables and pairs", () => {
  const toml = `a = 1

# ours
[mcp_servers.luno]
command = "x"

[mcp_servers.luno.env]
A = "b"

# theirs
[mcp_servers.other]
command = "y"
`;
  const after = remove("codex", toml);
  assert.equal(after, 'a = 1\n\n# ours\n\n# theirs\n[mcp_servers.other]\ncommand = "y"\n');
  assert.match(remove("vscode", set("vscode", FILES.vscode)), /\/\/ remote/);
});

Deno.test("setServer() and removeServer() refuse files in a form they do not know", () => {
  for (
    const text of [
      'mcp_servers = { luno = { command = "x" } }\n',
      '[mcp_servers]\nluno.command = "x"\n',
      '[mcp_servers]\nluno = { command = "x" }\n',
      '[mcp_servers.luno]\ncommand = "x"\nargs = []\nenv.A = "b"\n',
    ]
  ) {
    const entry = { ...ENTRY, env: { B: "c" } };
    const edited = setServer(CLIENTS.codex, text, { name: "luno", entry });
    assert.ok(!edited.ok, text);
    assert.match(edited.problem, /^mcp_servers: cannot be changed safely as it is written here: change it by hand/);
  }
  assert.ok(!removeServer(CLIENTS.codex, 'mcp_servers.luno.command = "x"\n', "luno").ok);
  for (const text of ["{", "[]", '{"mcpServers": 1}', '{"mcpServers": {"luno": 1, "luno": 2}}']) {
    assert.ok(!setServer(CLIENTS.cursor, text, { name: "luno", entry: ENTRY }).ok, text);
  }
});

Deno.test("setServer() puts the servers in place of null, as some editors write an empty member", () => {
  const text = '{\n  "mcpServers": null, // none\n  "theme": "dark"\n}\n';
  const changed = set("cursor", text);
  assert.match(changed, /^ {2}"mcpServers": \{$/m);
  assert.match(changed, /^ {2}\}, \/\/ none\n {2}"theme": "dark"\n\}\n$/m);
  const read = readServers(CLIENTS.cursor, changed);
  assert.deepEqual(read.ok && Object.keys(read.servers), ["luno"]);
});
