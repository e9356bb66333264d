import type { CallObserver } from "../monitoring/observed_call.ts";
import type { Backend } from "../protocol/backend_port.ts";
import { whenAnswered } from "../timing/awaitable.ts";
import type { ToolOutcome } from "../protocol/tool_call.ts";

/** Notifies observers of every answered call; more may be added while calls run. `monotonic` is in milliseconds. */
export function observeCalls(
  run: Backend["run"],
  { observers, monotonic }: { observers: Iterable<CallObserver>; monotonic: () => number },
): Backend["run"] {
  return (tool, args, context) => {
    const startedMs = monotonic();
    const tell = (outcome: ToolOutcome) => {
      const { caller: { identity, connection }, requestId } = context;
      const call = { tool: tool.name, identity, connection, requestId, outcome, durationMs: monotonic() - startedMs };
      for (const observe of observers) observe(call);
      return outcome;
    };
    return whenAnswered(run(tool, args, context), tell);
  };
}
