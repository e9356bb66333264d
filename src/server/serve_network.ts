/** `serve` with `--transport websocket` or `http`: many clients at once on one port. */

import { getLogger } from "@logtape/logtape";
import { hostName, isLoopback } from "../network/address.ts";
import type { ServerFactory } from "../protocol/mcp_server.ts";
import { listenOnHost } from "../transport/listeners/each_address.ts";
import type { Listen, ListenOptions, RunningListener } from "../transport/listeners/listener.ts";
import { hasClientCertificates, hasHardenedRuntime } from "../transport/listeners/hardened_runtime.ts";
import { expiryOf, loadTls } from "../transport/listeners/tls.ts";
import type { LoadedTls } from "../transport/listeners/tls.ts";
import { NAME, VERSION } from "../version.ts";
import type { LoadedConfig } from "./open_exchange.ts";
import { exposureWarnings } from "./exposure_warnings.ts";
import { prepareBackend } from "./lazy_backend.ts";
import type { LazyBackend } from "./lazy_backend.ts";
import { NetworkServer } from "./network_server.ts";
import { onReload } from "./on_reload.ts";
import { openAccess } from "./open_access.ts";
import type { Access } from "./open_access.ts";
import { aborted } from "./serve_stdio.ts";
import { refuseStart } from "../cli/refuse_start.ts";
import type { Row } from "../cli/server_rows.ts";
import { startRows } from "../cli/start_rows.ts";
import { print } from "../world.ts";
import type { ExitCode, World } from "../world.ts";

const log = getLogger(["luno-mcp-server", "serve"]);

/** Code of `sysexits.h` for an address that is not to be had. */
const EX_UNAVAILABLE = 69;

const UNAVAILABLE_CODES = ["EADDRINUSE", "EACCES", "EADDRNOTAVAIL", "ENOTFOUND"];

type Config = LoadedConfig["config"];

/** What a network server can be given in place of its own. */
export interface NetworkOptions {
  /** What every connection is served by. @default the catalogue's */
  readonly factory?: ServerFactory;
}

/** Serves until a signal comes, then lets running calls finish for ten seconds at most. */
export async function serveNetwork(
  loaded: LoadedConfig,
  world: World,
  { factory }: NetworkOptions = {},
): Promise<ExitCode> {
  const { config } = loaded;
  const problems = checkListener(config);
  const tls = await readTls(config, world);
  if (tls !== undefined && !tls.ok) problems.push(...tls.problems);
  const opened = await openAccess(config, world);
  if (!opened.ok) problems.push(...opened.problems);
  if (!opened.ok || problems.length > 0) {
    if (opened.ok) opened.access.close();
    return await refuseStart(config, world, problems);
  }
  const { access } = opened;
  const prepared = await prepareBackend(loaded, world, { startedMs: world.monotonic(), isServer: true });
  if (!prepared.ok) {
    access.close();
    return await refuseStart(config, world, prepared.problems);
  }
  const { backend } = prepared;
  for (const warning of exposureWarnings(loaded)) log.warning(warning);
  const server = new NetworkServer(loaded, world, { access, backend, factory });
  const listen = await chooseListener(config);
  const { isCertificateAccepted } = access;
  let listener: RunningListener;
  try {
    listener = await listenOnHost(listen)(server.application, {
      ...listenOptions(config),
      ...(tls?.ok ? { tls: tls.files } : {}),
      ...(isCertificateAccepted === undefined ? {} : { isCertificateAccepted }),
    });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && UNAVAILABLE_CODES.includes(String(error.code)))) throw error;
    const address = `${config.host}:${config.port}`;
    const problem = `--host, --port: expected a free address: ${address} is not available (${error.code})`;
    if (config.logFormat === "json") log.error("cannot start", { problems: [problem] });
    else await print(world.stderr, problem);
    access.close();
    await backend.close();
    return EX_UNAVAILABLE;
  }
  const stopWatching = onReload(loaded, world, () => void reload(config, { world, listener, access, backend }));
  const at = { port: listener.port, isSecure: tls !== undefined };
  backend.presence?.update({
    addresses: addressesOf(config, at),
    listener: isNative(config) ? "native" : "hardened",
    certificate_expires_at: certificateExpiry(tls),
  });
  server.start();
  await announce(config, world, { ...at, access, backend });
  await aborted(world.shutdown);
  stopWatching();
  listener.stopAccepting();
  await server.stop();
  await listener.close();
  return 0;
}

/** What the listener would need that is not there. */
function checkListener(config: Config): string[] {
  const { sslCert, sslKey, sslClientCa, listener, host, unsafeExpose, tlsTerminated } = config;
  const problems: string[] = [];
  if (sslCert !== undefined && sslKey === undefined) {
    problems.push("--ssl-key: expected the key of --ssl-cert: not set");
  }
  if (sslCert === undefined && sslKey !== undefined) {
    problems.push("--ssl-cert: expected the certificate of --ssl-key: not set");
  }
  if (!isNative(config) && !hasHardenedRuntime()) problems.push(OLD_RUNTIME);
  if (isNative(config) && !isLoopback(host) && !unsafeExpose) {
    problems.push(
      `--listener: expected hardened or auto on a non-loopback address (--host ${host}), as the native one cannot defend itself ` +
        "against strangers (docs/security.md); --unsafe-expose takes it all the same",
    );
  }
  if (tlsTerminated && sslCert !== undefined) {
    problems.push("--tls-terminated: expected no --ssl-cert beside it, as either the proxy or this server speaks TLS");
  }
  if (sslClientCa === undefined) return problems;
  if (listener === "native") {
    problems.push(
      "--listener: expected hardened or auto, as the native one cannot request certificates (--ssl-client-ca)",
    );
  }
  if (!hasClientCertificates()) {
    problems.push(
      "--ssl-client-ca: expected Deno 2.9 or later, as older runtimes ask nobody for a certificate: " +
        `current version is ${Deno.version.deno}`,
    );
  }
  return problems;
}

async function readTls({ sslCert, sslKey, sslClientCa }: Config, world: World): Promise<LoadedTls | undefined> {
  if (sslCert === undefined || sslKey === undefined) return undefined;
  return await loadTls({
    certPath: sslCert,
    keyPath: sslKey,
    ...(sslClientCa === undefined ? {} : { clientAuthoritiesPath: sslClientCa }),
    now: world.now,
  });
}

/** The hardened listener protects itself and follows HTTP to the letter; the native one runs on every runtime. */
async function chooseListener(config: Config): Promise<Listen> {
  if (!isNative(config)) return (await import("../transport/listeners/hardened.ts")).listenHardened;
  if (!isLoopback(config.host)) log.warning(NATIVE_WARNING);
  return (await import("../transport/listeners/native.ts")).listenNative;
}

function isNative({ listener, host, sslClientCa }: Config): boolean {
  if (listener !== "auto") return listener === "native";
  return !hasHardenedRuntime() && isLoopback(host) && sslClientCa === undefined;
}

const OLD_RUNTIME =
  `--listener: expected native, as the limits of the hardened one need Deno 2.9: current version is ` +
  Deno.version.deno;

const NATIVE_WARNING = "the native listener cannot remove a client that stops reading, nor bound headers, " +
  "fragments and handshakes in time: use --listener hardened on a non-loopback address";

function listenOptions(config: Config): ListenOptions {
  return {
    hostname: config.host.replace(/^\[(.*)\]$/, "$1"),
    port: config.port,
    maxMessageSize: config.maxMessageSize,
    pingIntervalMs: config.pingInterval * 1_000,
  };
}

/** Rights and the deny list as the files say now, and a new certificate for new connections; bad files change nothing. */
async function reload(
  config: Config,
  { world, listener, access, backend }: {
    world: World;
    listener: RunningListener;
    access: Access;
    backend: LazyBackend;
  },
): Promise<void> {
  const problems = [...await access.reload(), ...await backend.reload()];
  if (problems.length > 0) log.error("reload failed; keeping the previous access and policy files", { problems });
  else log.info("access and policy files reloaded");
  access.watch.look();
  const tls = await readTls(config, world);
  if (tls === undefined) return;
  if (!tls.ok) {
    return log.error("certificate reload failed; keeping the previous certificate", { problems: tls.problems });
  }
  try {
    listener.reload(tls.files);
    backend.presence?.update({ certificate_expires_at: certificateExpiry(tls) });
    log.info("certificate reloaded; new connections use it");
  } catch (error) {
    log.error("this listener cannot reload its certificate; restart to use the new one", { error });
  }
}

/** Says where it serves: as text for people, as a record in a log of JSON. */
async function announce(
  config: Config,
  world: World,
  at: { port: number; isSecure: boolean; access: Access; backend: LazyBackend },
): Promise<void> {
  if (config.logFormat === "text") {
    return await print(world.stderr, describe(config, { ...at, now: world.now() }));
  }
  const { exchange, trading, policy = null } = config;
  log.info("server started", {
    version: VERSION,
    addresses: addressesOf(config, at),
    listener: isNative(config) ? "native" : "hardened",
    exchange,
    trading,
    policy,
    halted: at.backend.trading?.facts()?.halt.halted ?? null,
    authentication: at.access.sources,
    anonymous: at.access.anonymous,
  });
}

function describe(
  { host, allowedHosts, exchange, transport }: Config,
  at: { port: number; isSecure: boolean; backend: LazyBackend; now: number },
): string {
  const [http, ws] = at.isSecure ? ["https", "wss"] : ["http", "ws"];
  const address = addressOf({ host, allowedHosts }, at.port);
  const routes: Row[] = [["REST", `${http}://${address}/v1/tools`], ["operators", `${http}://${address}/status`]];
  const hint = transport === "websocket"
    ? `Try: ${Deno.build.standalone ? NAME : "deno task"} client --uri ${ws}://${address}`
    : `Try: curl ${http}://${address}/v1/tools`;
  return [
    `luno-mcp-server ${VERSION} serves on ${address} (exchange: ${exchange}). Ctrl-C ends it.`,
    ...startRows(at.backend, at.now, routes),
    hint,
  ].join("\n");
}

function addressOf({ host, allowedHosts }: Pick<Config, "host" | "allowedHosts">, port: number): string {
  const [name = host] = isWildcard(host) ? allowedHosts ?? [] : [];
  return `${hostName(name)}:${port}`;
}

/** Where clients connect. */
function addressesOf(config: Config, { port, isSecure }: { port: number; isSecure: boolean }): string[] {
  const address = addressOf(config, port);
  const [http, ws] = isSecure ? ["https", "wss"] : ["http", "ws"];
  return [...(config.transport === "websocket" ? [`${ws}://${address}`] : []), `${http}://${address}/mcp`];
}

/** An address that stands for all of a machine is none that anybody connects to. */
function isWildcard(host: string): boolean {
  return ["0.0.0.0", "::", "[::]"].includes(host);
}

function certificateExpiry(tls: LoadedTls | undefined): number | null {
  return tls?.ok ? expiryOf(tls.files) ?? null : null;
}
