/** Creates the registry from the settings, within the available file descriptors. */

import { getLogger } from "../../logging/logger.ts";
import { limitsPerClient } from "../../config/in_force.ts";
import { Registry } from "../../session/registry.ts";
import { UnknownConnections } from "../../session/unknown_connections.ts";
import { allowSockets } from "../../transport/listeners/file_descriptors.ts";
import type { Configured } from "../../config/rules/server_rules.ts";
import type { Access } from "../open_access.ts";
import type { SharedState } from "../open_shared_state.ts";
import type { World } from "../../world.ts";

const log = getLogger(["luno-mcp-server", "serve"]);

/** The registry of a server's connections. */
export function createRegistry(
  loaded: Configured,
  world: World,
  { access: { grants, proxies, sources }, shared }: { readonly access: Access; readonly shared: SharedState },
): Registry {
  const { config } = loaded;
  const allowed = allowSockets(config.maxConnections);
  if (allowed.connections < config.maxConnections) {
    log.warning("file descriptor limit too low for --max-connections; raise it (ulimit -n)", {
      requested: config.maxConnections,
      available: allowed.connections,
    });
  }
  const { connections: connectionsOfEach, requestsPerMinute: requestsOfEach } = limitsPerClient(loaded, {
    possible: allowed.connections,
    isAuthenticated: sources.length > 0,
  });
  return new Registry({
    maxConnections: allowed.connections,
    maxSockets: allowed.sockets,
    unknown: new UnknownConnections({ isProxy: (address) => proxies.has(address), now: world.monotonic }),
    maxConnectionsOf: (identity) => grants.limitsOf(identity).maxConnections ?? connectionsOfEach,
    rateLimit: shared.createRateLimit({
      perMinute: (identity) => grants.limitsOf(identity).rateLimit ?? requestsOfEach,
      now: world.monotonic,
    }),
    now: world.now,
  });
}
