/** Opens what answers calls: the tools and the way to the exchange. */

import { publicConfig } from "../config/print.ts";
import type { Backend } from "../protocol/mcp_server.ts";
import { callTool } from "../protocol/tool_call.ts";
import { selectTools } from "../tools/catalogue.ts";
import { NAME, VERSION } from "../version.ts";
import { openExchange } from "./exchange.ts";
import type { LoadedConfig } from "./exchange.ts";
import type { World } from "./world.ts";

/** A backend with an end. */
export interface OpenBackend extends Backend {
  close(): Promise<void>;
}

/** Opens the backend that the configuration asks for; `startedMs` is when the program started, monotonic. */
export async function openBackend(loaded: LoadedConfig, world: World, startedMs: number): Promise<OpenBackend> {
  const { exchange, markets, close } = await openExchange(loaded, world);
  const tools = selectTools(loaded.config.tools);
  return {
    tools,
    context: {
      exchange,
      markets,
      now: world.now,
      server: { name: NAME, version: VERSION, exchange: loaded.config.exchange, tools: tools.listed },
    },
    resources: { config: publicConfig(loaded), uptimeMs: () => world.monotonic() - startedMs },
    run: callTool,
    close,
  };
}
