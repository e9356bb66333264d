/** `serve`: one client over stdio, or many over the network. */

import { getLogger } from "@logtape/logtape";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import { directMethods } from "../protocol/direct_call.ts";
import { CallFastPath } from "../protocol/fast_path.ts";
import { askingTools, listingOf } from "../protocol/listing.ts";
import { createServerFactory } from "../protocol/mcp_server.ts";
import { StdioTransport } from "../transport/stdio.ts";
import { NAME, VERSION } from "../version.ts";
import type { LoadedConfig } from "./open_exchange.ts";
import { prepareBackend } from "./lazy_backend.ts";
import type { LazyBackend } from "./lazy_backend.ts";
import { LOCAL_CALLER } from "../access/caller.ts";
import { refuseStart } from "../cli/refuse_start.ts";
import { onReload } from "./on_reload.ts";
import { print } from "../world.ts";
import type { ExitCode, World } from "../world.ts";

const log = getLogger(["luno-mcp-server", "serve"]);

/** How long calls that are running may still take once the client has left or a signal came. */
const DRAIN_MS = 800;

/** Serves until the client leaves or a signal comes, then lets running calls finish for a moment. */
export async function serve(loaded: LoadedConfig, world: World): Promise<ExitCode> {
  const { config } = loaded;
  if (config.transport !== "stdio") {
    const { serveNetwork } = await import("./serve_network.ts");
    return await serveNetwork(loaded, world);
  }
  const prepared = await prepareBackend(loaded, world, { startedMs: world.monotonic(), isServer: true });
  if (!prepared.ok) return await refuseStart(config, world, prepared.problems);
  const { backend } = prepared;
  for (const warning of loaded.warnings) log.warning(warning);
  const listing = listingOf(config.tools);
  const parts = { identity: { name: NAME, version: VERSION }, backend: backend.get };
  const transport = new StdioTransport(world, {
    maxMessageSize: config.maxMessageSize,
    maxInFlight: config.maxInFlight,
    fastPath: new CallFastPath({
      ...parts,
      caller: LOCAL_CALLER,
      methods: directMethods(listing),
      asking: askingTools(listing),
    }),
  });
  const createServer = createServerFactory({ ...parts, listing });
  const handle = serveStdio(() => createServer(() => LOCAL_CALLER), {
    transport,
    onerror: (error) => log.debug("protocol error", { error: error.message }),
  });
  if (world.stdin.isTerminal() && config.logFormat === "text") {
    await print(world.stderr, await waitingText(config.exchange, { backend, now: world.now() }));
  }
  log.debug("server started", { version: VERSION, exchange: config.exchange });
  const stopWatching = onReload(loaded, world, () => void reload(backend));
  await Promise.race([transport.ended, aborted(world.shutdown)]);
  const drained = await Promise.race([
    transport.drain(DRAIN_MS, { whileAnswering: true }),
    aborted(world.shutdown).then(() => transport.drain(DRAIN_MS)),
  ]);
  if (!drained && !transport.isClosed) {
    log.warning("stopped with calls still running; they are answered with an error", { calls: transport.pending });
    transport.abandon();
    await transport.drain(DRAIN_MS);
  }
  stopWatching();
  await handle.close();
  await backend.close();
  return 0;
}

async function reload(backend: LazyBackend): Promise<void> {
  const problems = await backend.reload();
  if (problems.length > 0) log.error("policy reload failed; keeping the previous policy", { problems });
  else log.info("policy reloaded");
}

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

async function waitingText(exchange: string, { backend, now }: { backend: LazyBackend; now: number }): Promise<string> {
  const { startRows } = await import("../cli/start_rows.ts");
  const rows = startRows(backend, now).map((row) => `${row}\n`).join("");
  return `luno-mcp-server ${VERSION} waits for an MCP client on stdin (exchange: ${exchange}). Ctrl-D or Ctrl-C ends it.
${rows}It is meant to be started by a client, from an entry like this in its mcp.json:

  { "mcpServers": { "luno": { "command": "luno-mcp-server", "args": ["--exchange", "${exchange}"] } } }

To try a tool by hand: luno-mcp-server call get_crypto_price pair=BTC/ZAR --exchange ${exchange}
To serve many clients: luno-mcp-server --transport websocket --exchange ${exchange}`;
}
