/** What serving tells whoever asked for it: where a server serves, and how it ended. */

import type { InstanceReport } from "./instances/instance_report.ts";
import type { TradingView } from "./trading_facts.ts";

/** A server that has begun to serve. */
export interface StartedServer {
  /** What begins the addresses of a network server, such as `https://localhost:8765`; absent on stdio. */
  readonly url?: string;
  /** What it says about itself in its state folder; absent where it uses none. */
  readonly report: InstanceReport | undefined;
  /** How trading stands; absent while it is off. */
  readonly trading: TradingView | undefined;
}

/** Called once, as soon as clients are served. */
export type Announce = (server: StartedServer) => Promise<void>;

/** How serving ended: as asked, or before it began, for every problem that stands in the way. */
export type Served =
  | { readonly ok: true }
  | { readonly ok: false; readonly cause: "settings" | "address"; readonly problems: readonly string[] };
