import type { CallerFacts } from "../tools/tool.ts";

/** Whoever started the process, and may do everything that it can. */
export const LOCAL_CALLER: CallerFacts = { identity: "local", allows: () => true };
