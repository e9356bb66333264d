/** Serves one client over stdio. */

import { getLogger } from "../logging/logger.ts";
import { LOCAL_CALLER } from "../access/caller.ts";
import { directMethods } from "../protocol/direct_call.ts";
import { CallFastPath } from "../protocol/fast_path.ts";
import { askingTools, listingOf } from "../protocol/listing.ts";
import { Opening } from "../protocol/opening.ts";
import { PlainCalls } from "../protocol/plain_calls.ts";
import { ReadyAnswers } from "../protocol/ready_answers.ts";
import { aborted } from "../timing/aborted.ts";
import { serveChannel } from "../transport/serve_channel.ts";
import { StdioTransport } from "../transport/stdio.ts";
import { NAME, VERSION } from "../version.ts";
import type { World } from "../world.ts";
import { subscriptionsOf } from "./client_subscriptions.ts";
import { prepareBackend } from "./lazy_backend.ts";
import type { LazyBackend } from "./lazy_backend.ts";
import type { LoadedConfig } from "../config/load.ts";
import type { Announce, Served } from "./serving.ts";

const log = getLogger(["luno-mcp-server", "serve"]);

/** How long running calls may continue after a signal. */
const DRAIN_MS = 800;

/** How long each of them may take after the client has closed its end; clients send a signal after two seconds. */
const PATIENCE_MS = 1_500;

/** Serves until the client leaves or a signal arrives, then lets running calls finish for a moment. */
export async function serveOneClient(
  loaded: LoadedConfig,
  world: World,
  { announce }: { readonly announce: Announce },
): Promise<Served> {
  const { config } = loaded;
  const prepared = await prepareBackend(loaded, world, { startedMs: world.monotonic(), isServer: true });
  if (!prepared.ok) return { ...prepared, cause: "settings" };
  const { backend } = prepared;
  for (const warning of loaded.warnings) log.warning(warning);
  const listing = listingOf(config.tools);
  const parts = { identity: { name: NAME, version: VERSION }, backend: backend.get };
  const opening = new Opening(new ReadyAnswers({ identity: parts.identity, listing }), LOCAL_CALLER);
  const calls = new PlainCalls({
    ...parts,
    backend: () => backend.opened ?? backend.get(),
    methods: directMethods(listing),
    asking: askingTools(listing),
  });
  const transport = openTransport(loaded, world, { opening, calls, backend });
  const handle = serveChannel(transport, {
    opening,
    loadServer: async () => {
      const { createServerFactory } = await import("../protocol/mcp_server.ts");
      const createServer = createServerFactory({ ...parts, listing });
      return () => createServer(() => LOCAL_CALLER);
    },
    failed: (error) => log.debug("protocol error", { error: error.message }),
  });
  await announce({ report: backend.presence?.report, trading: backend.trading });
  log.debug("server started", { version: VERSION, exchange: config.exchange });
  const reloadFiles = () => void reload(backend);
  // Without trading there is no file to reload, so requests for that are ignored.
  const stopWatching = backend.trading === undefined
    ? world.onHangup(reloadFiles)
    : (await import("./on_reload.ts")).onReload(config, world, reloadFiles);
  const problem = await untilOver(transport, { shutdown: world.shutdown, backend });
  stopWatching?.();
  await handle.close();
  await backend.close();
  return problem === undefined ? { ok: true } : { ok: false, cause: "settings", problems: [problem] };
}

/** The transport, which answers most calls and all subscriptions without a server object. */
function openTransport(
  { config: { maxMessageSize, maxInFlight } }: LoadedConfig,
  world: World,
  { opening, calls, backend }: {
    readonly opening: Opening;
    readonly calls: PlainCalls;
    readonly backend: LazyBackend;
  },
): StdioTransport {
  const caller = LOCAL_CALLER;
  const transport: StdioTransport = new StdioTransport(world, {
    maxMessageSize,
    clocks: world.clocks,
    maxInFlight,
    opening,
    fastPath: new CallFastPath({ opening, caller, calls }),
    subscriptions: () =>
      subscriptionsOf({
        opening,
        caller,
        backend,
        calls,
        send: (notification) => void transport.send(notification),
        isReading: () => transport.isReading,
        now: world.monotonic,
      }),
  });
  return transport;
}

/**
 * Waits until the client has left, a signal arrived or serving failed, and no call is running; returns why it failed.
 */
async function untilOver(
  transport: StdioTransport,
  { shutdown, backend }: { readonly shutdown: AbortSignal; readonly backend: LazyBackend },
): Promise<string | undefined> {
  const problem = await Promise.race([transport.ended, aborted(shutdown), backend.failure]);
  const drained = await Promise.race([
    // The first call also waits for the backend to open.
    backend.settled().then(() => transport.drain(PATIENCE_MS, { whileAnswering: true })),
    aborted(shutdown).then(() => transport.drain(DRAIN_MS)),
  ]);
  if (!drained && !transport.isClosed) {
    log.warning("stopped with calls still running; they are answered with an error", { calls: transport.pending });
    transport.abandon();
    await transport.drain(DRAIN_MS);
  }
  return problem ?? undefined;
}

async function reload(backend: LazyBackend): Promise<void> {
  const problems = await backend.reload();
  if (problems.length > 0) log.error("policy reload failed; keeping the previous policy", { problems });
  else log.info("policy reloaded");
}
