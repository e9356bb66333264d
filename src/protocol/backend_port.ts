/** What every way to call a tool needs: the SDK's, the fast path, REST and direct calls. */

import type { Awaitable } from "../timing/awaitable.ts";
import type { CallerFacts } from "../access/caller.ts";
import type { Exchange } from "../market/exchange_port.ts";
import type { ToolSet } from "../tools/catalogue.ts";
import type { Tool, ToolContext } from "../tools/tool.ts";
import type { ResourceWatch } from "./resource_watch.ts";
import type { ResourceContext } from "./resources.ts";
import type { ToolOutcome } from "./tool_call.ts";

/** What answers calls: the tools, and how they reach the world. */
export interface Backend {
  readonly tools: ToolSet;
  /** What tools of this caller work with; `signal` is each call's own. */
  readonly contextOf: (caller: CallerFacts) => Omit<ToolContext, "signal">;
  /** Tells when resources change. */
  readonly watch: Pick<ResourceWatch, "of">;
  /** The client of the exchange that all callers share. */
  readonly exchange: Exchange;
  readonly resources: Omit<ResourceContext, keyof ToolContext | "run">;
  /** Runs a tool; never throws. It comes with the tools, so that nothing of theirs is loaded before. */
  readonly run: (tool: Tool, args: unknown, context: ToolContext) => Awaitable<ToolOutcome>;
}
