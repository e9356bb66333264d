/** Which listener serves, and what the settings of it lack. */

import { getLogger } from "@logtape/logtape";
import type { Config } from "../config/server_settings.ts";
import { isLoopback } from "../network/address.ts";
import { hasClientCertificates, hasHardenedRuntime } from "../transport/listeners/hardened_runtime.ts";
import type { Listen, ListenOptions } from "../transport/listeners/listener.ts";

const log = getLogger(["luno-mcp-server", "serve"]);

/** The listener's kind, as `status` tells it. */
export function listenerKind(config: Config): "native" | "hardened" {
  return isNative(config) ? "native" : "hardened";
}

/** What the listener would need that is not there. */
export function checkListener(config: Config): string[] {
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

/** The hardened listener protects itself and follows HTTP to the letter; the native one runs on every runtime. */
export async function chooseListener(config: Config): Promise<Listen> {
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

/** How it listens, without certificates. */
export function listenOptions(config: Config): ListenOptions {
  return {
    hostname: config.host.replace(/^\[(.*)\]$/, "$1"),
    port: config.port,
    maxMessageSize: config.maxMessageSize,
    pingIntervalMs: config.pingInterval * 1_000,
  };
}
