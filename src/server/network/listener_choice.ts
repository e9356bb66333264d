/** Chooses the listener for this runtime. */

import { getLogger } from "../../logging/logger.ts";
import { listenerInForce, listenerProblems } from "../../config/rules/network_rules.ts";
import type { Runtime } from "../../config/rules/network_rules.ts";
import type { Config } from "../../config/server_settings.ts";
import { isLoopback } from "../../network/address.ts";
import { hasClientCertificates, hasHardenedRuntime } from "../../transport/listeners/hardened_runtime.ts";
import type { Listen, ListenOptions } from "../../transport/listeners/listener.ts";

const log = getLogger(["luno-mcp-server", "serve"]);

const RUNTIME: Runtime = {
  version: Deno.version.deno,
  hasHardenedListener: hasHardenedRuntime(),
  requestsCertificates: hasClientCertificates(),
};

/** The kind of listener, for `status`. */
export function listenerKind(config: Config): "native" | "hardened" {
  return listenerInForce(config, RUNTIME);
}

/** What the listener requires and lacks. */
export function checkListener(config: Config): string[] {
  return listenerProblems(config, RUNTIME);
}

/** Loads the chosen listener. */
export async function chooseListener(config: Config): Promise<Listen> {
  if (listenerKind(config) === "hardened") {
    return (await import("../../transport/listeners/hardened.ts")).listenHardened;
  }
  if (!isLoopback(config.host)) log.warning(NATIVE_WARNING);
  return (await import("../../transport/listeners/native.ts")).listenNative;
}

const NATIVE_WARNING = "the native listener cannot remove a client that stops reading, nor bound headers, " +
  "fragments and handshakes in time: use --listener hardened on a non-loopback address";

/** The listener's settings, without certificates. */
export function listenOptions(config: Config): ListenOptions {
  return {
    hostname: config.host.replace(/^\[(.*)\]$/, "$1"),
    port: config.port,
    maxMessageSize: config.maxMessageSize,
    pingIntervalMs: config.pingInterval * 1_000,
  };
}
