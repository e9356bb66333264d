import type { CallObserver } from "../monitoring/observed_call.ts";
import type { Backend } from "../protocol/backend_port.ts";

/** Tells observers of every call when it has its answer; they may join while calls run. `monotonic` is in milliseconds. */
export function observeCalls(
  run: Backend["run"],
  { observers, monotonic }: { observers: Iterable<CallObserver>; monotonic: () => number },
): Backend["run"] {
  return async (tool, args, context) => {
    const startedMs = monotonic();
    const outcome = await run(tool, args, context);
    const { caller: { identity, connection }, requestId } = context;
    const call = { tool: tool.name, identity, connection, requestId, outcome, durationMs: monotonic() - startedMs };
    for (const observe of observers) observe(call);
    return outcome;
  };
}
