/** What answers calls, over a test's exchange. */

import type { Backend } from "../../src/protocol/backend_port.ts";
import { callTool } from "../../src/protocol/tool_call.ts";
import { selectTools } from "../../src/tools/catalogue.ts";
import type { ToolContext, ToolGroup } from "../../src/tools/tool.ts";

/** A backend with the tools of some groups, all by default. */
export function backendOf(
  { signal: _perCall, caller: _perCaller, ...context }: ToolContext,
  groups: readonly ToolGroup[] = ["market", "account", "server"],
): Backend {
  return {
    tools: selectTools(groups),
    contextOf: (caller) => ({ ...context, caller }),
    exchange: context.exchange,
    resources: { config: {}, uptimeMs: () => 1_234.5 },
    run: callTool,
    watch: { of: () => Promise.resolve(undefined) },
  };
}
