/** What every way of calling a tool needs: the SDK's, the fast path, REST and direct calls. */

import type { Awaitable } from "../timing/awaitable.ts";
import type { CallerFacts } from "../access/caller.ts";
import type { Exchange } from "../market/exchange_port.ts";
import type { ToolSet } from "../tools/catalogue.ts";
import type { Tool, ToolContext } from "../tools/tool.ts";
import type { ResourceWatch } from "./resource_watch.ts";
import type { ResourceContext } from "./resources.ts";
import type { ToolOutcome } from "./tool_call.ts";

/** Answers calls: the tools, and their access to the outside. */
export interface Backend {
  readonly tools: ToolSet;
  /** The context of this caller's tools; each call adds its own `signal`. */
  readonly contextOf: (caller: CallerFacts) => Omit<ToolContext, "signal">;
  /** Reports changes of resources. */
  readonly watch: Pick<ResourceWatch, "of">;
  /** The exchange client that all callers share. */
  readonly exchange: Exchange;
  readonly resources: Omit<ResourceContext, keyof ToolContext | "run">;
  /** Runs a tool; never throws. Provided together with the tools, so that none of their code is loaded earlier. */
  readonly run: (tool: Tool, args: unknown, context: ToolContext) => Awaitable<ToolOutcome>;
}
