/** Every configuration that the pages show is started as it says, and spoken to. */

import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
import { WebSocketClientTransport } from "@modelcontextprotocol/sdk/client/websocket.js";
import assert from "node:assert/strict";
import { z } from "zod";
import { inherited, PROGRAMS, runProgram } from "./program.ts";
import type { Program } from "./program.ts";
import { startServer } from "./servers.ts";
import type { RunningServer } from "./servers.ts";

const ROOT = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");

const Entry = z.union([
  z.object({ command: z.string(), args: z.array(z.string()), env: z.record(z.string(), z.string()).default({}) }),
  z.object({ url: z.url() }),
  z.object({ serverUrl: z.url() }).transform(({ serverUrl }) => ({ url: serverUrl })),
]);
type Entry = z.output<typeof Entry>;

const File = z.union([
  z.object({ mcpServers: z.record(z.string(), Entry) }).transform(({ mcpServers }) => mcpServers),
  z.object({ servers: z.record(z.string(), Entry) }).transform(({ servers }) => servers),
  z.object({ context_servers: z.record(z.string(), Entry) }).transform(({ context_servers }) => context_servers),
]);

/** The configurations of a page: JSON blocks, or the whole of a JSON file. */
async function entriesOf(path: string): Promise<[name: string, entry: Entry][]> {
  const text = await Deno.readTextFile(`${ROOT}/${path}`);
  const blocks = path.endsWith(".json")
    ? [text]
    : [...text.matchAll(/```json\n([\s\S]*?)```/g)].map(([, json = ""]) => json);
  return blocks.flatMap((block) => Object.entries(File.parse(JSON.parse(block))));
}

/** Where the servers of the pages really are. */
interface Places {
  readonly plain: RunningServer;
  readonly secure: RunningServer;
  readonly certs: string;
}

function place(text: string, { plain, secure, certs }: Places): string {
  return text.replace("wss://localhost:8765", secure.ws).replace("ws://localhost:8765", plain.ws)
    .replace("http://localhost:8765", plain.http).replace(/^(\$\{workspaceFolder\}\/)?certs\//, `${certs}/`)
    .replace("/path/to/luno-mcp-server", ROOT).replace("${workspaceFolder}", ROOT);
}

async function shakeHands(entry: Entry, program: Program, places: Places): Promise<void> {
  if ("url" in entry) return await shakeHandsOver(place(entry.url, places));
  const client = new Client({ name: "test", version: "1" });
  await client.connect(new StdioClientTransport(processOf(entry, program, places)));
  assert.equal((await client.listTools()).tools.length, 20);
  await client.close();
}

async function shakeHandsOver(url: string): Promise<void> {
  const client = new ClientV1({ name: "test", version: "1" });
  if (url.startsWith("ws")) {
    await client.connect(new WebSocketClientTransport(new URL(url)));
    assert.equal((await client.listTools()).tools.length, 20);
    return await client.close();
  }
  const v2 = new Client({ name: "test", version: "1" }, { versionNegotiation: { mode: "auto" } });
  await v2.connect(new StreamableHTTPClientTransport(new URL(url)));
  assert.equal((await v2.listTools()).tools.length, 20);
  await v2.close();
}

function processOf({ command, args, env }: Exclude<Entry, { url: string }>, program: Program, places: Places) {
  // Keys come from a prompt or are made up: the real exchange is not asked by a handshake.
  const given = Object.fromEntries(
    Object.entries(env).map(([name, value]) => [name, value.startsWith("${input:") ? "made-up" : value]),
  );
  const own = { env: { ...inherited(), ...given }, stderr: "ignore" as const };
  const placed = args.map((arg) => place(arg, places));
  const isRun = command === "npx";
  const [name, ...rest] = isRun ? placed.slice(1) : [command, ...placed];
  if (isRun) assert.equal(placed[0], "-y");
  if (isRun && name === "deno@2.9.6") return { ...own, command: Deno.execPath(), args: rest };
  // What its npm package starts is tried by `deno task try-npm`.
  assert.equal(name, "luno-mcp-server");
  return { ...own, command: program.command, args: [...program.args, ...rest] };
}

for (const program of PROGRAMS) {
  Deno.test(`every configuration in the documentation completes a handshake (${program.name})`, async (test) => {
    const certs = await Deno.makeTempDir();
    const made = await runProgram(program, ["certs", "create", "--dir", certs]);
    assert.equal(made.code, 0, made.stderr);
    await using plain = await startServer(program);
    await using secure = await startServer(program, [
      "--ssl-cert",
      `${certs}/server.pem`,
      "--ssl-key",
      `${certs}/server-key.pem`,
    ]);
    for (const path of ["README.md", "docs/clients.md", ".vscode/mcp.json"]) {
      for (const [name, entry] of await entriesOf(path)) {
        await test.step(`${path}: ${name}`, () => shakeHands(entry, program, { plain, secure, certs }));
      }
    }
    await Deno.remove(certs, { recursive: true });
  });
}
