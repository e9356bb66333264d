/** `serve` with `--transport websocket` or `http`: many clients at once on one port. */

import { getLogger } from "@logtape/logtape";
import { isLoopback } from "../loopback.ts";
import type { Listen, ListenOptions, RunningListener } from "../transport/listener.ts";
import { hasHardenedRuntime } from "../transport/hardened_runtime.ts";
import { loadTls } from "../transport/tls.ts";
import type { LoadedTls } from "../transport/tls.ts";
import { NAME, VERSION } from "../version.ts";
import type { LoadedConfig } from "./exchange.ts";
import { NetworkServer } from "./network_server.ts";
import { aborted } from "./serve.ts";
import { print, refuse } from "./world.ts";
import type { ExitCode, World } from "./world.ts";

const log = getLogger(["luno-mcp-server", "serve"]);

/** Code of `sysexits.h` for an address that is not to be had. */
const EX_UNAVAILABLE = 69;

const UNAVAILABLE_CODES = ["EADDRINUSE", "EACCES", "EADDRNOTAVAIL", "ENOTFOUND"];

type Config = LoadedConfig["config"];

/** Serves until a signal comes, then lets running calls finish for ten seconds at most. */
export async function serveNetwork(loaded: LoadedConfig, world: World): Promise<ExitCode> {
  const { config } = loaded;
  const problems = judgeAddress(config);
  if (!isNative(config) && !hasHardenedRuntime()) problems.push(OLD_RUNTIME);
  const tls = await readTls(config, world);
  if (tls !== undefined && !tls.ok) problems.push(...tls.problems);
  if (problems.length > 0) return await refuse(world, problems);
  const server = new NetworkServer(loaded, world);
  const listen = await chooseListener(config);
  const files = tls?.ok ? { tls: tls.files } : {};
  let listener: RunningListener;
  try {
    listener = await listen(server.application, { ...listenOptions(config), ...files });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && UNAVAILABLE_CODES.includes(String(error.code)))) throw error;
    const address = `${config.host}:${config.port}`;
    await print(world.stderr, `--host, --port: expected a free address: ${address} is not available (${error.code})`);
    return EX_UNAVAILABLE;
  }
  world.onHangup(() => void reload(config, { world, listener }));
  await print(world.stderr, describe(config, { port: listener.port, isSecure: tls !== undefined }));
  server.start();
  await aborted(world.shutdown);
  listener.stopAccepting();
  await server.stop();
  await listener.close();
  return 0;
}

/** Off loopback nothing starts by accident, as long as nobody has to say who he is. */
function judgeAddress({ host, sslCert, sslKey, unsafeExpose }: Config): string[] {
  const problems: string[] = [];
  if (sslCert !== undefined && sslKey === undefined) {
    problems.push("--ssl-key: expected the key of --ssl-cert: not set");
  }
  if (sslCert === undefined && sslKey !== undefined) {
    problems.push("--ssl-cert: expected the certificate of --ssl-key: not set");
  }
  if (!isLoopback(host) && !unsafeExpose) {
    problems.push(
      `--host: expected an address on loopback, as everybody who reaches another one would be served: current value is ` +
        `"${host}": add --unsafe-expose where a proxy of yours decides who comes through`,
    );
  }
  return problems;
}

async function readTls({ sslCert, sslKey }: Config, world: World): Promise<LoadedTls | undefined> {
  if (sslCert === undefined || sslKey === undefined) return undefined;
  return await loadTls({ certPath: sslCert, keyPath: sslKey, now: world.now });
}

/** The native listener is faster, the hardened one protects itself. */
async function chooseListener(config: Config): Promise<Listen> {
  if (!isNative(config)) return (await import("../transport/hardened.ts")).listenHardened;
  if (!isLoopback(config.host)) log.warning(NATIVE_WARNING);
  return (await import("../transport/native.ts")).listenNative;
}

function isNative({ listener, host }: Config): boolean {
  return listener === "native" || (listener === "auto" && isLoopback(host));
}

const OLD_RUNTIME =
  `--listener: expected native, as the limits of the hardened one need Deno 2.9: current version is ` +
  Deno.version.deno;

const NATIVE_WARNING = "the native listener cannot remove a client that stops reading, nor bound headers, " +
  "fragments and handshakes in time: use --listener hardened off loopback";

function listenOptions(config: Config): ListenOptions {
  return {
    hostname: config.host.replace(/^\[(.*)\]$/, "$1"),
    port: config.port,
    maxMessageSize: config.maxMessageSize,
    pingIntervalMs: config.pingInterval * 1_000,
  };
}

/** A new certificate for new connections; a bad one changes nothing. */
async function reload(config: Config, { world, listener }: { world: World; listener: RunningListener }): Promise<void> {
  const tls = await readTls(config, world);
  if (tls === undefined) return;
  if (!tls.ok) return log.error("the new certificate is not usable, the old one stays", { problems: tls.problems });
  try {
    listener.reload(tls.files);
    log.info("new connections use the new certificate");
  } catch (error) {
    log.error("this listener keeps its certificate until the next start", { error });
  }
}

function describe({ host, exchange, transport }: Config, at: { port: number; isSecure: boolean }): string {
  const [http, ws] = at.isSecure ? ["https", "wss"] : ["http", "ws"];
  const address = `${host.includes(":") && !host.startsWith("[") ? `[${host}]` : host}:${at.port}`;
  const rows = [
    ...(transport === "websocket" ? [["WebSocket", `${ws}://${address}`]] : []),
    ["Streamable HTTP", `${http}://${address}/mcp`],
    ["REST", `${http}://${address}/v1/tools`],
    ["operators", `${http}://${address}/status`],
  ];
  const hint = transport === "websocket"
    ? `Try: ${Deno.build.standalone ? NAME : "deno task"} client --uri ${ws}://${address}`
    : `Try: curl ${http}://${address}/v1/tools`;
  return [
    `luno-mcp-server ${VERSION} serves on ${address} (exchange: ${exchange}). Ctrl-C ends it.`,
    ...rows.map(([name = "", where]) => `  ${name.padEnd(15)}  ${where}`),
    hint,
  ].join("\n");
}
