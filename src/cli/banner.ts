/** What a server says about itself when it starts, in the words of `status`. */

import type { Config } from "../config/server_settings.ts";
import { webSocketUrl } from "../server/network/addresses.ts";
import type { StartedServer } from "../server/serving.ts";
import { NAME, VERSION } from "../version.ts";
import { haltLine } from "./halt_words.ts";
import { formatRows, serverRows } from "./server_rows.ts";
import type { Row } from "./server_rows.ts";

/** For a person who started it at a terminal, where a client was meant to. */
export async function stdioBanner({ exchange }: Config, server: StartedServer, now: number): Promise<string> {
  return `luno-mcp-server ${VERSION} waits for an MCP client on stdin (exchange: ${exchange}). Ctrl-D or Ctrl-C ends it.
${(await startRows(server, now)).map((row) => `${row}\n`).join("")}\
It is meant to be started by a client, from an entry like this in its mcp.json:

  { "mcpServers": { "luno": { "command": "luno-mcp-server", "args": ["--exchange", "${exchange}"] } } }

To try a tool by hand: luno-mcp-server call get_crypto_price pair=BTC/ZAR --exchange ${exchange}
To serve many clients: luno-mcp-server --transport websocket --exchange ${exchange}`;
}

/** Where a network server serves. */
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

/** Rows, `routes` first. A server that uses no state folder trades nothing. */
async function startRows(
  { report, trading }: StartedServer,
  now: number,
  routes: readonly Row[] = [],
): Promise<string[]> {
  // Figures that begin with the start say nothing yet.
  const own: readonly Row[] = report === undefined
    ? [["trading", "off (read-only)"]]
    : serverRows({ ...report, exchange: { ...report.exchange, calls_left: null }, connections: null }, now);
  const halt: readonly Row[] = trading === undefined ? [] : [["halt", haltLine(await trading.facts())]];
  return formatRows([...routes, ...own, ...halt], "  ");
}
