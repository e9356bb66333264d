/** Measurements, offline: `deno task bench` runs all, `deno task bench stdio` one, `deno task bench fairness=native,pings` part of one. Ratios count; machines differ. */

import { benchAccess } from "./access.ts";
import { benchFairness } from "./fairness.ts";
import { benchIsolation } from "./isolation.ts";
import { benchPlacement } from "./placement.ts";
import { benchStart } from "./start.ts";
import { benchMemory, benchStdio } from "./stdio.ts";
import { benchWebSocket } from "./ws.ts";

const BENCHES: Readonly<Record<string, (chosen?: readonly string[]) => Promise<void>>> = {
  start: benchStart,
  stdio: benchStdio,
  memory: benchMemory,
  isolation: benchIsolation,
  fairness: benchFairness,
  ws: benchWebSocket,
  access: benchAccess,
  placement: benchPlacement,
};

const chosen = Deno.args.length > 0 ? Deno.args : Object.keys(BENCHES);
for (const argument of chosen) {
  const [name = "", parts] = argument.split("=");
  const bench = BENCHES[name];
  if (bench === undefined) throw new RangeError(`Cannot run ${name}: expected ${Object.keys(BENCHES).join(", ")}`);
  await bench(parts?.split(","));
}
