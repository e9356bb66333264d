/** What a server reports to the command that started it: its addresses, and how it ended. */

import type { InstanceReport } from "./instances/instance_report.ts";
import type { TradingView } from "./trading_facts.ts";

/** A server that has begun to serve. */
export interface StartedServer {
  /** The start of a network server's addresses, such as `https://localhost:8765`; absent on stdio. */
  readonly url?: string;
  /** Its report in the state folder; absent when it uses none. */
  readonly report: InstanceReport | undefined;
  /** The state of trading; absent while it is off. */
  readonly trading: TradingView | undefined;
}

/** Called once, as soon as clients are served. */
export type Announce = (server: StartedServer) => Promise<void>;

/** How serving ended: regularly, or before it began, with every problem. */
export type Served =
  | { readonly ok: true }
  | { readonly ok: false; readonly cause: "settings" | "address"; readonly problems: readonly string[] };
