/** An endpoint of the paper exchange: the simulation's, with the identity whose paper accounts it is about. */

import type { Call, Route } from "../api/route.ts";

/** One request on its way into a route. */
export interface PaperCall extends Call {
  /** Empty for who brings no key, to public endpoints. */
  readonly identity: string;
}

/** One endpoint; `run` may answer later. */
export type PaperRoute = Route<PaperCall>;
