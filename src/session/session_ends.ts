/** Ending sessions from outside, at all servers. Engines stand in `state/shared/`. */

import type { Awaitable } from "../timing/awaitable.ts";

/** Which sessions: one, or all that an identity has now. */
export type SessionTarget = { readonly id: string } | { readonly identity: string };

/** Voids what is kept of sessions, and tells the other servers. */
export interface SessionEnds {
  /** Nobody goes on with these any more; answers whether that is certain. Those that are open are their servers' to end. */
  end(target: SessionTarget): Awaitable<boolean>;
  /** Has `listener` hear within seconds what was ended at other servers. Absent where there are no others. */
  watch?(listener: (target: SessionTarget) => void): () => void;
}
