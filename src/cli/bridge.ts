/** `bridge`: a stdio server for clients that can only start commands; it connects to a server over WebSocket. */

import { getLogger } from "../logging/logger.ts";
import { Backoff } from "../client/reconnect_backoff.ts";
import { Bridge } from "../client/bridge.ts";
import { ConnectionError } from "../client/connection_error.ts";
import { openSocket } from "../client/socket.ts";
import type { Endpoint } from "../client/socket.ts";
import { COMMAND_SETTINGS } from "../config/command_settings.ts";
import { parseSettings } from "../config/parse.ts";
import { SocketAddress } from "../config/readers.ts";
import { quoteTyped } from "../config/typed_text.ts";
import { aborted } from "../timing/aborted.ts";
import { sleep } from "../timing/sleep.ts";
import { startLogging } from "../logging/output/start_logging.ts";
import { StdioTransport } from "../transport/stdio.ts";
import { loadEndpoint } from "./load_endpoint.ts";
import { refuse } from "./report.ts";
import type { ExitCode, World } from "../world.ts";

const log = getLogger(["luno-mcp-server", "bridge"]);

/** How long requests may continue after a signal, and how long the final answers may take. */
const DRAIN_MS = 700;
const FLUSH_MS = 150;

/** How long each of them may take after the client has closed its end; clients send a signal after two seconds. */
const PATIENCE_MS = 1_500;

/** Concurrent requests of the local client; further ones stay unread. */
const MAX_IN_FLIGHT = 1_000;

/** The command line apart from flags. */
export interface BridgeInvocation {
  readonly world: World;
  /** Problems of the command line itself. */
  readonly problems: readonly string[];
  /** The server's address. */
  readonly operands: readonly string[];
}

/**
 * Forwards messages until the client leaves, a signal arrives, or the server permanently rejects the bridge (exit code
 * 1).
 */
export async function bridge(
  flags: Readonly<Record<string, string>>,
  { world, problems, operands }: BridgeInvocation,
): Promise<ExitCode> {
  const parsed = parseSettings(COMMAND_SETTINGS.bridge, { flags, env: world.env });
  const address = SocketAddress.read(operands[0] ?? "");
  const all = [...problems];
  if (operands[0] !== undefined && !address.ok) {
    all.push(`bridge: ${address.problem}: current value is ${quoteTyped(operands[0])}`);
  }
  if (!parsed.ok || !address.ok) return await refuse(world, [...all, ...(parsed.ok ? [] : parsed.problems)]);
  const loaded = await loadEndpoint(address.value, parsed.values);
  if (!loaded.ok) all.push(...loaded.problems);
  if (!loaded.ok || all.length > 0) return await refuse(world, all);
  const { token } = loaded.endpoint;
  const { logLevel: level, logFormat: format, maxMessageSize } = parsed.values;
  const secrets = token === undefined ? [] : [token.reveal()];
  const logging = startLogging({ level, format, secrets, output: world.stderr });
  try {
    return await forward(loaded.endpoint, { world, maxMessageSize });
  } finally {
    await logging.stop();
  }
}

async function forward(
  endpoint: Endpoint,
  { world, maxMessageSize }: { world: World; maxMessageSize: number },
): Promise<ExitCode> {
  const local = new StdioTransport(world, { maxMessageSize, maxInFlight: MAX_IN_FLIGHT });
  const bridge = new Bridge(local, {
    open: (handler, signal) => openSocket(endpoint, handler, { signal }),
    backoff: new Backoff({ random: world.random ?? Math.random }),
    sleep,
  });
  await local.start();
  const running = bridge.run().then(() => undefined, (error: unknown) => {
    if (error instanceof ConnectionError) return error;
    throw error;
  });
  const over = Promise.race([local.ended, aborted(world.shutdown)]).then(() => undefined);
  const failure = await Promise.race([running, over]);
  if (failure !== undefined) {
    log.error("server rejected the connection", { url: endpoint.url.href, reason: failure.message });
    bridge.close(failure);
  } else if (world.shutdown.aborted) await local.drain(DRAIN_MS);
  else {
    await Promise.race([
      local.drain(PATIENCE_MS, { whileAnswering: true }),
      aborted(world.shutdown).then(() => local.drain(DRAIN_MS)),
    ]);
  }
  bridge.close();
  await local.drain(FLUSH_MS);
  await local.close();
  await running;
  return failure === undefined ? 0 : 1;
}
