/** Engines of shared state as the behaviour suite takes them: an installation of each, and what can happen to it. */

import type { RateLimit } from "../../src/session/rate_limit.ts";
import type { SessionStore } from "../../src/session/session_store.ts";
import { MemoryRateLimit } from "../../src/state/shared/memory/rate_limit.ts";
import { MemorySessionStore } from "../../src/state/shared/memory/session_store.ts";

/** One server's use of an installation. */
export interface SharedServer {
  /** A limit; servers that name it alike share it where the engine is shared. */
  limit(perMinute: (key: string) => number): RateLimit;
  readonly sessions: SessionStore;
}

/** Shared state of one engine, in a place of its own. */
export interface SharedInstallation extends AsyncDisposable {
  /** Opens it for one more server. */
  open(): Promise<SharedServer>;
  /** Lets this much time go by. */
  pass(milliseconds: number): Promise<void>;
}

/** Starts an installation of each engine. */
export const SHARED_ENGINES: Readonly<Record<string, () => Promise<SharedInstallation>>> = {
  memory: startMemory,
};

/** What every engine opens, though memory shares nothing between servers. */
function startMemory(): Promise<SharedInstallation> {
  const clock = { now: 0 };
  const now = () => clock.now;
  return Promise.resolve({
    open: () =>
      Promise.resolve({
        limit: (perMinute) => new MemoryRateLimit({ perMinute, now }),
        sessions: new MemorySessionStore(),
      }),
    pass(milliseconds) {
      clock.now += milliseconds;
      return Promise.resolve();
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });
}
