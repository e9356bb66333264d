/** A route of the paper exchange: the simulation's, with the identity whose paper accounts it accesses. */

import type { Call, Route } from "../api/route.ts";

/** One authorized request. */
export interface PaperCall extends Call {
  /** Empty for requests without a key, to public endpoints. */
  readonly identity: string;
}

/** One endpoint; `run` may be asynchronous. */
export type PaperRoute = Route<PaperCall>;
