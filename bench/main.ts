/**
 * Measurements, offline: `deno task bench` runs all, `deno task bench stdio` one, `deno task bench
 * fairness=native,pings` part of one. Prints one line of JSON per figure, which `real` does only with `--json`. Compare
 * ratios; machines differ.
 */

import { benchAccess } from "./access.ts";
import { benchDatabase } from "./database.ts";
import { benchFairness } from "./fairness.ts";
import { benchIsolation } from "./isolation.ts";
import { benchMarket } from "./market.ts";
import { benchPlacement } from "./placement.ts";
import { benchRecord } from "./record/record.ts";
import { benchReal } from "./real/real.ts";
import { benchShared } from "./shared.ts";
import { benchStart } from "./start.ts";
import { benchMemory, benchStdio } from "./stdio.ts";
import { benchWebSocket } from "./ws.ts";

const isJson = Deno.args.includes("--json");

const BENCHES: Readonly<Record<string, (chosen?: readonly string[]) => Promise<void>>> = {
  start: benchStart,
  stdio: benchStdio,
  memory: benchMemory,
  isolation: benchIsolation,
  fairness: benchFairness,
  ws: benchWebSocket,
  access: benchAccess,
  placement: benchPlacement,
  database: benchDatabase,
  record: benchRecord,
  market: benchMarket,
  shared: benchShared,
  real: (parts) => benchReal(parts, { isJson }),
};

const names = Deno.args.filter((argument) => argument !== "--json");
for (const argument of names.length > 0 ? names : Object.keys(BENCHES)) {
  const [name = "", parts] = argument.split("=");
  const bench = BENCHES[name];
  if (bench === undefined) throw new RangeError(`Cannot run ${name}: expected ${Object.keys(BENCHES).join(", ")}`);
  await bench(parts?.split(","));
}
