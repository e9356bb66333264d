/** `serve`: serves clients; reports where, or why not. */

import { getLogger } from "../logging/logger.ts";
import type { LoadedConfig } from "../config/load.ts";
import type { Announce, Served } from "../server/serving.ts";
import { VERSION } from "../version.ts";
import { print } from "../world.ts";
import type { ExitCode, World } from "../world.ts";

const log = getLogger(["luno-mcp-server", "serve"]);

/** `EX_UNAVAILABLE` of `sysexits.h`: the address cannot be used. */
const EX_UNAVAILABLE = 69;

/** Serves until the client leaves or a signal arrives. */
export async function serve(loaded: LoadedConfig, world: World): Promise<ExitCode> {
  const { config } = loaded;
  const served = await start(loaded, world);
  if (served.ok) return 0;
  const { cause, problems } = served;
  if (cause === "settings") return await (await import("./refuse_start.ts")).refuseStart(config, world, problems);
  if (config.logFormat === "json") log.error("cannot start", { problems });
  else await print(world.stderr, problems.join("\n"));
  return EX_UNAVAILABLE;
}

// Modules are loaded by the transport that needs them, so that stdio starts fast.
async function start(loaded: LoadedConfig, world: World): Promise<Served> {
  if (loaded.config.transport === "stdio") {
    const { serveOneClient } = await import("../server/serve_stdio.ts");
    return await serveOneClient(loaded, world, { announce: announceStdio(loaded, world) });
  }
  const { serveNetwork } = await import("../server/network/serve_network.ts");
  return await serveNetwork(loaded, world, { announce: announceNetwork(loaded, world) });
}

/** Only a person at a terminal would wonder why nothing happens. */
function announceStdio({ config }: LoadedConfig, world: World): Announce {
  return async (server) => {
    if (!world.stdin.isTerminal() || config.logFormat !== "text") return;
    const { stdioBanner } = await import("./banner.ts");
    await print(world.stderr, await stdioBanner(config, server, world.now()));
  };
}

/** As text for people; as a record in a JSON log. */
function announceNetwork({ config }: LoadedConfig, world: World): Announce {
  return async (server) => {
    if (config.logFormat === "text") {
      const { networkBanner } = await import("./banner.ts");
      return await print(world.stderr, await networkBanner(config, server, world.now()));
    }
    const { exchange, trading, policy = null } = config;
    const { addresses, listener, authentication } = server.report ?? {};
    log.info("server started", {
      version: VERSION,
      addresses,
      listener,
      exchange,
      trading,
      policy,
      halted: (await server.trading?.facts())?.halt.halted ?? null,
      authentication: authentication?.methods,
      anonymous: authentication?.anonymous,
    });
  };
}
