/** Serves many clients concurrently on one port, over WebSocket and Streamable HTTP. */

import { getLogger } from "../../logging/logger.ts";
import type { ServerFactory } from "../../protocol/mcp_server.ts";
import { aborted } from "../../timing/aborted.ts";
import { listenOnHost } from "../../transport/listeners/each_address.ts";
import type { Application, RunningListener } from "../../transport/listeners/listener.ts";
import type { LoadedTls } from "../../transport/listeners/tls.ts";
import type { World } from "../../world.ts";
import { baseUrl, clientAddresses } from "./addresses.ts";
import { exposureWarnings } from "./exposure_warnings.ts";
import { prepareBackend } from "../lazy_backend.ts";
import type { LazyBackend } from "../lazy_backend.ts";
import { checkListener, chooseListener, listenerKind, listenOptions } from "./listener_choice.ts";
import { NetworkServer } from "./network_server.ts";
import { onReload } from "../on_reload.ts";
import { openAccess } from "../open_access.ts";
import type { Access } from "../open_access.ts";
import { openSharedState } from "../open_shared_state.ts";
import type { SharedState } from "../open_shared_state.ts";
import type { LoadedConfig } from "../../config/load.ts";
import { reloadFiles } from "./reload_files.ts";
import { certificateExpiry, readCertificate } from "./server_certificate.ts";
import type { Announce, Served } from "../serving.ts";

const log = getLogger(["luno-mcp-server", "serve"]);

/** Errors of listening that another address or port would avoid. */
const UNAVAILABLE_CODES = ["EADDRINUSE", "EACCES", "EADDRNOTAVAIL", "ENOTFOUND"];

/** Options of a network server. */
export interface NetworkOptions {
  readonly announce: Announce;
  /**
   * Creates the server objects of connections.
   *
   * @default from the catalogue
   */
  readonly factory?: ServerFactory;
}

/** Everything that a network server needs. */
interface Ground {
  readonly access: Access;
  readonly shared: SharedState;
  readonly backend: LazyBackend;
  /** Absent without TLS. */
  readonly tls: Extract<LoadedTls, { ok: true }> | undefined;
}

/** Serves until a signal, and for the drain time after it; then lets running calls finish for at most ten seconds. */
export async function serveNetwork(
  loaded: LoadedConfig,
  world: World,
  { announce, factory }: NetworkOptions,
): Promise<Served> {
  const { config } = loaded;
  const prepared = await prepare(loaded, world);
  if (!prepared.ok) return { ...prepared, cause: "settings" };
  const { access, shared, backend, tls } = prepared;
  for (const warning of exposureWarnings(loaded)) log.warning(warning);
  const server = new NetworkServer(loaded, world, { access, shared, backend, factory });
  const listening = await listen(loaded, server.application, prepared);
  if (!listening.ok) {
    await Promise.all([access.close(), shared.close(), backend.close()]);
    return { ...listening, cause: "address" };
  }
  const { listener } = listening;
  const stopWatching = onReload(
    loaded.config,
    world,
    () => void reloadFiles(config, world, { access, backend, listener }),
  );
  const url = baseUrl(config, { port: listener.port, isSecure: tls !== undefined });
  backend.presence?.update({
    addresses: clientAddresses(config, url),
    listener: listenerKind(config),
    certificate_expires_at: certificateExpiry(tls),
  });
  server.start();
  await announce({ url, report: backend.presence?.report, trading: backend.trading });
  const problem = await Promise.race([aborted(world.shutdown), backend.failure]);
  if (problem === undefined) await server.drain();
  stopWatching();
  listener.stopAccepting();
  await server.stop();
  await listener.close();
  return problem === undefined ? { ok: true } : { ok: false, cause: "settings", problems: [problem] };
}

/** Opens everything that the settings ask for, or returns every problem. */
async function prepare(
  loaded: LoadedConfig,
  world: World,
): Promise<{ ok: true } & Ground | { ok: false; problems: string[] }> {
  const { config } = loaded;
  const problems = checkListener(config);
  const tls = await readCertificate(config, world);
  if (tls?.ok === false) problems.push(...tls.problems);
  const opened = await openAccess(config, world);
  if (!opened.ok) problems.push(...opened.problems);
  if (!opened.ok || tls?.ok === false || problems.length > 0) {
    if (opened.ok) await opened.access.close();
    return { ok: false, problems };
  }
  const { access } = opened;
  const sharing = await openSharedState(config, world);
  if (!sharing.ok) {
    await access.close();
    return sharing;
  }
  const { shared } = sharing;
  const prepared = await prepareBackend(loaded, world, { startedMs: world.monotonic(), isServer: true, shared });
  if (prepared.ok) return { ok: true, access, shared, backend: prepared.backend, tls };
  await Promise.all([access.close(), shared.close()]);
  return prepared;
}

async function listen(
  { config }: LoadedConfig,
  application: Application,
  { access: { isCertificateAccepted }, tls }: Ground,
): Promise<{ ok: true; listener: RunningListener } | { ok: false; problems: string[] }> {
  const start = listenOnHost(await chooseListener(config));
  try {
    const listener = await start(application, {
      ...listenOptions(config),
      ...(tls === undefined ? {} : { tls: tls.files }),
      ...(isCertificateAccepted === undefined ? {} : { isCertificateAccepted }),
    });
    return { ok: true, listener };
  } catch (error) {
    if (!(error instanceof Error && "code" in error && UNAVAILABLE_CODES.includes(String(error.code)))) throw error;
    const address = `${config.host}:${config.port}`;
    return {
      ok: false,
      problems: [`--host, --port: expected a free address: ${address} is not available (${error.code})`],
    };
  }
}
