/** What every engine of shared state promises, each promise as a function that fails where it is broken. */

import { EVENT_PROMISES } from "./shared/event_promises.ts";
import { LIMIT_PROMISES } from "./shared/limit_promises.ts";
import { RESUMPTION_PROMISES } from "./shared/resumption_promises.ts";
import { SESSION_PROMISES } from "./shared/session_promises.ts";

/** By what an engine is for. */
export const SHARED_PROMISES = {
  limits: LIMIT_PROMISES,
  events: EVENT_PROMISES,
  sessions: SESSION_PROMISES,
  resumptions: RESUMPTION_PROMISES,
} as const;
