/** What a server prints when it starts, in the same form as `status`. */

import type { Config } from "../config/server_settings.ts";
import { webSocketUrl } from "../server/network/addresses.ts";
import type { StartedServer } from "../server/serving.ts";
import { NAME, VERSION } from "../version.ts";
import { haltLine } from "./halt_words.ts";
import { formatRows, serverRows } from "./server_rows.ts";
import type { Row } from "./server_rows.ts";

/** For a person who started it in a terminal, although it is meant to be started by a client. */
export async function stdioBanner({ exchange }: Config, server: StartedServer, now: number): Promise<string> {
  return `luno-mcp-server ${VERSION} waits for an MCP client on stdin (exchange: ${exchange}). Ctrl-D or Ctrl-C ends it.
${(await startRows(server, now)).map((row) => `${row}\n`).join("")}\
It is meant to be started by a client, from an entry like this in its mcp.json:

  { "mcpServers": { "luno": { "command": "luno-mcp-server", "args": ["--exchange", "${exchange}"] } } }

To try a tool by hand: luno-mcp-server call get_crypto_price pair=BTC/ZAR --exchange ${exchange}
To serve many clients: luno-mcp-server --transport websocket --exchange ${exchange}`;
}

/** The addresses of a network server. */
export async function networkBanner(
  { exchange, transport }: Config,
  server: StartedServer,
  now: number,
): Promise<string> {
  const { url = "" } = server;
  const address = url.replace(/^https?:\/\//, "");
  const hint = transport === "websocket"
    ? `Try: ${Deno.build.standalone ? NAME : "deno task"} client --uri ${webSocketUrl(url)}`
    : `Try: curl ${url}/v1/tools`;
  return [
    `luno-mcp-server ${VERSION} serves on ${address} (exchange: ${exchange}). Ctrl-C ends it.`,
    ...await startRows(server, now, [["REST", `${url}/v1/tools`], ["operators", `${url}/status`]]),
    hint,
  ].join("\n");
}

/** Rows, `routes` first. A server without a state folder does not trade. */
async function startRows(
  { report, trading }: StartedServer,
  now: number,
  routes: readonly Row[] = [],
): Promise<string[]> {
  // Figures counted since the start are still meaningless.
  const own: readonly Row[] = report === undefined
    ? [["trading", "off (read-only)"]]
    : serverRows({ ...report, exchange: { ...report.exchange, calls_left: null }, connections: null }, now);
  const halt: readonly Row[] = trading === undefined ? [] : [["halt", haltLine(await trading.facts())]];
  return formatRows([...routes, ...own, ...halt], "  ");
}
