/** What a server says about itself when it starts, in the words of `status`. */

import type { LazyBackend } from "../server/lazy_backend.ts";
import { formatRows, serverRows } from "./server_rows.ts";
import type { Row } from "./server_rows.ts";
import { haltLine } from "./halt_words.ts";

/** Lines for its banner; `routes` stand first. A server that uses no state folder trades nothing. */
export function startRows(
  { presence, trading }: Pick<LazyBackend, "presence" | "trading">,
  now: number,
  routes: readonly Row[] = [],
): string[] {
  const report = presence?.report;
  // Figures that begin with the start say nothing yet.
  const exchange = report && { ...report.exchange, calls_left: null };
  const own: readonly Row[] = report === undefined || exchange === undefined
    ? [["trading", "off (read-only)"]]
    : serverRows({ ...report, exchange, connections: null }, now);
  const halt: readonly Row[] = trading === undefined ? [] : [["halt", haltLine(trading.facts())]];
  return formatRows([...routes, ...own, ...halt], "  ");
}
