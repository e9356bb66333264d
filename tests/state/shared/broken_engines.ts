/** Engines in memory broken on purpose, by what is wrong with them, each with the promise that it breaks. */

import { MemoryEventLog } from "../../../src/state/shared/memory/event_log.ts";
import { MemoryRateLimit } from "../../../src/state/shared/memory/rate_limit.ts";
import type { KeptSession, SessionStore } from "../../../src/session/session_store.ts";
import type { SharedInstallation, SharedServer } from "../shared_engines.ts";

/** An engine, and where the suite must find it out. */
export interface BrokenEngine {
  readonly start: () => SharedInstallation;
  readonly purpose: "limits" | "events" | "sessions";
  readonly promise: RegExp;
}

/** Keeps the first event of a stream alone. */
class ForgetfulLog extends MemoryEventLog {
  override append(name: string, event: { readonly number: number; readonly text: string }): void {
    if (event.number === 1) super.append(name, event);
  }
}

/** By what is wrong. */
export const BROKEN_SHARED_ENGINES: Readonly<Record<string, BrokenEngine>> = {
  "admits one more than a limit": {
    start: () => startWith({ limit: (perMinute) => limitOf((key) => perMinute(key) + 1) }),
    purpose: "limits",
    promise: /as many at once/,
  },
  "loses an event that it was told to keep": {
    start: () => startWith({ sessions: sessionsOf({ eventsOf: () => new ForgetfulLog() }) }),
    purpose: "events",
    promise: /what was appended to a stream, in order/,
  },
  "answers a session to another identity": {
    start: () => startWith({ sessions: sessionsOf({}) }),
    purpose: "sessions",
    promise: /no session of another identity/,
  },
};

function limitOf(perMinute: (key: string) => number): MemoryRateLimit {
  return new MemoryRateLimit({ perMinute, now: () => 0 });
}

/** Sessions in a map, which asks nobody who is there. */
function sessionsOf(different: Partial<SessionStore>): SessionStore {
  const sessions = new Map<string, KeptSession>();
  return {
    save: (session) => void sessions.set(session.id, session),
    take(id) {
      const session = sessions.get(id);
      return session && { ...session, times: 1 };
    },
    touch: () => undefined,
    remove: (id) => void sessions.delete(id),
    eventsOf: () => new MemoryEventLog(),
    ...different,
  };
}

function startWith(different: Partial<SharedServer>): SharedInstallation {
  return {
    open: () => Promise.resolve({ limit: limitOf, sessions: sessionsOf({}), ...different }),
    start: () => Promise.reject(new TypeError("Memory ends with its process")),
    closeAll: () => Promise.resolve(),
    pass: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
