/** Checks whether the call budget is within what the exchange allows. */

import { callsPerMinute } from "../../config/in_force.ts";
import type { ExchangeClient } from "../../exchange/client.ts";
import type { InstanceReport } from "../../server/instances/instance_report.ts";
import { lookAtFolder } from "../../server/instances/folder_use.ts";
import { broken, ok, warning } from "./check.ts";
import type { CheckContext, CheckResult } from "./check.ts";

const NAME = "call budget";

/** Calls per minute that Luno allows. */
const LUNO_CALLS_PER_MINUTE = 300;

/** Checks the settings, and the servers of the state folder that call the same exchange. */
export function checkBudget(
  client: ExchangeClient,
  { url, context: { loaded, folder } }: { url: URL; context: CheckContext },
): CheckResult {
  if (client.callCounts.some(({ outcome }) => outcome === "rate_limited")) {
    return broken(
      NAME,
      "the exchange accepts no more calls for now",
      "wait a minute; programs that use the same key or address share its calls: give each a part by --api-rate-limit",
    );
  }
  const instances = folder === undefined ? [] : lookAtFolder(folder).instances;
  const running = instances.flatMap(({ isAlive, report }) => isAlive && report !== undefined ? [report] : [])
    .filter(({ exchange }) => exchange.host === url.host);
  return describeBudget(url, { limit: loaded.ok ? callsPerMinute(loaded) : LUNO_CALLS_PER_MINUTE, running });
}

/** Servers with the same key share its calls without coordinating. `limit` is this set-up's, per minute. */
export function describeBudget(
  { hostname }: Pick<URL, "hostname">,
  { limit, running }: { limit: number; running: readonly Pick<InstanceReport, "pid" | "exchange">[] },
): CheckResult {
  const words = running.flatMap(({ pid, exchange: { calls_left: left, calls_per_minute: all } }) =>
    left === null || all === null ? [] : [`, process ${pid} has ${left} of ${all} left`]
  );
  const text = `${limit} calls a minute${words.join("")}`;
  const together = running.reduce((sum, { exchange }) => sum + (exchange.calls_per_minute ?? 0), 0);
  const most = Math.max(limit, together);
  if (!/(^|\.)luno\.com$/.test(hostname) || most <= LUNO_CALLS_PER_MINUTE) return ok(NAME, text);
  return warning(
    NAME,
    `${text}: together ${most}, where Luno allows ${LUNO_CALLS_PER_MINUTE}`,
    "lower --api-rate-limit of each server, so that all together stay within it",
  );
}
