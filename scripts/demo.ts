/**
 * A newcomer's first minute: starts the server on the embedded exchange as a child over stdio, connects a real MCP
 * client, calls some tools and ends with the entry for an `mcp.json`.
 */

import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { z } from "zod";
import { formatOrderBook } from "../src/cli/terminal/order_book.ts";
import type { Screen } from "../src/cli/terminal/screen.ts";
import { formatTable } from "../src/cli/terminal/table.ts";
import { wrapText } from "../src/cli/terminal/width.ts";
import { print } from "../src/world.ts";
import { drawCandles } from "./chart.ts";

const program = ["run", "--no-prompt", "--quiet", "-P=embedded", "main.ts"];
const WINDOWS_VARIABLES = ["APPDATA", "LOCALAPPDATA", "SYSTEMROOT", "TEMP", "USERPROFILE"];
const server = { command: Deno.execPath(), args: [...program, "--exchange", "simulated", "--log-level", "warning"] };

const isTerminal = Deno.stdout.isTerminal();
const size = isTerminal ? Deno.consoleSize() : { columns: 80, rows: 24 };
const screen: Screen = { ...size, colour: isTerminal && !Deno.noColor, now: Date.now() };

const Price = z.object({
  pair: z.string(),
  bid: z.string(),
  ask: z.string(),
  last: z.string(),
  volume_24h: z.string(),
});
const Book = z.object({
  bids: z.array(z.tuple([z.string(), z.string()])),
  asks: z.array(z.tuple([z.string(), z.string()])),
});
const Candles = z.object({
  candles: z.array(
    z.object({ time: z.string(), open: z.string(), high: z.string(), low: z.string(), close: z.string() }),
  ),
});
const Balances = z.object({
  balances: z.array(
    z.object({ currency: z.string(), available: z.string(), reserved: z.string(), value: z.string().nullable() }),
  ),
  value_in: z.string(),
  total_value: z.string(),
});
const Refusal = z.object({
  error: z.object({ code: z.string(), message: z.string(), suggestions: z.array(z.string()).optional() }),
});

// Ignores the user's own settings, keys and orders.
const state = await Deno.makeTempDir({ prefix: "luno-mcp-server-demo-" });
const env: Readonly<Record<string, string>> = { ...inherited(), LUNO_MCP_STATE: state };
const client = new Client({ name: "demo", version: "1.0.0" });
try {
  await showOneClient();
  await showManyClients();
  await showEntry();
} catch (error) {
  await print(Deno.stderr, `The demo failed: ${error instanceof Error ? error.message : error}`);
  Deno.exitCode = 1;
} finally {
  await Deno.remove(state, { recursive: true });
}

/** The variables with which a process finds the system and its caches. */
function inherited(): Record<string, string> {
  const names = ["HOME", "PATH", "TERM", "NO_COLOR", "DENO_DIR", "XDG_CACHE_HOME", "TMPDIR", ...WINDOWS_VARIABLES];
  return Object.fromEntries(names.flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [[name, value]];
  }));
}

async function showOneClient(): Promise<void> {
  await client.connect(new StdioClientTransport({ ...server, env, stderr: "inherit" }));
  try {
    await showServer();
    await showPrices();
    await showBook();
    await showWeek();
    await showBalances();
    await showMistake();
  } finally {
    await client.close();
  }
}

async function showServer(): Promise<void> {
  const info = client.getServerVersion();
  const { tools } = await client.listTools();
  await say(
    `Connected to ${info?.name} ${info?.version} over stdio: ${tools.length} tools, on a simulated exchange.`,
  );
}

async function showPrices(): Promise<void> {
  const prices = await Promise.all(
    ["BTC/ZAR", "eth-zar", "XBTUSDT", "USDTZAR"].map((pair) => call(Price, "get_crypto_price", { pair })),
  );
  await say("Prices (get_crypto_price; BTC/ZAR, eth-zar and XBTUSDT are all understood)");
  await say(formatTable(prices, screen));
}

async function showBook(): Promise<void> {
  const { bids, asks } = await call(Book, "get_orderbook", { pair: "XBTZAR", depth: 5 });
  await say("Order book of XBTZAR (get_orderbook)");
  await say(formatOrderBook({ bids, asks }, screen));
}

async function showWeek(): Promise<void> {
  const { candles } = await call(Candles, "get_historical_prices", { pair: "XBTZAR", interval: "3h", count: 56 });
  await say(
    `A week of XBTZAR, 3 hours a candle, ${candles[0]?.time} to ${candles.at(-1)?.time} (get_historical_prices)`,
  );
  await say(drawCandles(candles));
}

async function showBalances(): Promise<void> {
  const { balances, value_in, total_value } = await call(Balances, "get_account_balance", {});
  await say("Balances (get_account_balance)");
  await say(formatTable(balances.map(({ value, ...row }) => ({ ...row, [`value_${value_in}`]: value ?? "" })), screen));
  await say(`Together ${total_value} ${value_in}`);
}

async function showMistake(): Promise<void> {
  const { content } = await client.callTool({ name: "get_crypto_price", arguments: { pair: "ZAR/BTC" } });
  const [first] = content;
  const { error } = Refusal.parse(JSON.parse(first?.type === "text" ? first.text : "{}"));
  await say(`A mistake, refused (get_crypto_price pair=ZAR/BTC): ${error.code}`);
  await say(`  ${error.message}\n  suggestions: ${error.suggestions?.join(", ") ?? "none"}`);
}

async function showManyClients(): Promise<void> {
  await say("Ten clients at once over WebSocket (client --mode multi), for five seconds");
  const args = [...program, "--exchange", "simulated", "--transport", "websocket", "--port", "0"];
  const child = { env, clearEnv: true, stdin: "null" } as const;
  const shared = new Deno.Command(Deno.execPath(), { ...child, args, stderr: "piped", stdout: "null" }).spawn();
  try {
    const uri = await addressOf(shared);
    const load = ["client", "--uri", uri, "--mode", "multi", "--clients", "10", "--duration", "5"];
    const { code } = await new Deno.Command(Deno.execPath(), { ...child, args: [...program, ...load] }).spawn().status;
    if (code !== 0) throw new Error(`the simulated clients ended with exit code ${code}`);
    await say("");
  } finally {
    shared.kill("SIGTERM");
    await shared.status;
  }
}

/** The address that a server announces; its later output is not shown. */
async function addressOf({ stderr }: Deno.ChildProcess): Promise<string> {
  let said = "";
  const reader = stderr.pipeThrough(new TextDecoderStream()).getReader();
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
    said += chunk.value;
    const uri = /--uri (\S+)\n/.exec(said)?.[1];
    if (uri === undefined) continue;
    reader.releaseLock();
    return uri;
  }
  throw new Error(`The server did not start: ${said}`);
}

async function showEntry(): Promise<void> {
  const folder = import.meta.dirname?.replace(/[\\/]scripts$/, "") ?? ".";
  const command = {
    command: "npx",
    args: [
      ...["-y", "deno@2.9.6", "run", "--quiet", "--no-prompt", "-P=serve", `${folder}/scripts/start.ts`],
      ...["--exchange", "simulated"],
    ],
  };
  await say(
    "To use it from your client, put this into its mcp.json (drop the last two arguments for the real exchange):",
  );
  await print(Deno.stdout, JSON.stringify({ mcpServers: { luno: command } }, null, 2));
}

async function call<Output>(schema: z.ZodType<Output>, name: string, args: Record<string, unknown>): Promise<Output> {
  const { structuredContent, content, isError } = await client.callTool({ name, arguments: args });
  if (isError) throw new Error(`${name}: ${JSON.stringify(content)}`);
  return schema.parse(structuredContent);
}

async function say(text: string): Promise<void> {
  // Coloured text already fits; its escape sequences take no columns.
  const fits = text.includes("\x1b") ? text : wrapText(text, { width: screen.columns, indent: 2 });
  await print(Deno.stdout, `${fits}\n`);
}
