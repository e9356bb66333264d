/** Engines in memory broken on purpose, by what is wrong with them, each with the promise that it breaks. */

import { MemoryEventLog } from "../../../src/state/shared/memory/event_log.ts";
import { MemoryRateLimit } from "../../../src/state/shared/memory/rate_limit.ts";
import type { ResumptionStore } from "../../../src/session/resumption_store.ts";
import { MemoryResumptionStore } from "../../../src/state/shared/memory/resumptions.ts";
import type { KeptSession, SessionStore } from "../../../src/session/session_store.ts";
import type { SharedInstallation, SharedServer } from "../shared_engines.ts";

/** An engine, and where the suite must find it out. */
export interface BrokenEngine {
  readonly start: () => SharedInstallation;
  readonly purpose: "limits" | "events" | "sessions" | "resumptions";
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
    promise: /a burst of a key's calls/,
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
  "resumes a session with a used token": {
    start: () => startWith({ resumptions: resumptionsOf({ isReusable: true }) }),
    purpose: "resumptions",
    promise: /continues it under another digest/,
  },
  "loses a session whose next token got lost": {
    start: () => startWith({ resumptions: resumptionsOf({ isUsedUp: true }) }),
    purpose: "resumptions",
    promise: /next token its client never got/,
  },
  "resumes a session of another identity": {
    start: () => startWith({ resumptions: resumptionsOf({ isShared: true }) }),
    purpose: "resumptions",
    promise: /no session of another identity, which can still be resumed/,
  },
};

/** Sessions in memory that asks too little of who resumes them. */
function resumptionsOf({ isReusable = false, isShared = false, isUsedUp = false }): ResumptionStore {
  const store = new MemoryResumptionStore(() => 0);
  const identities = new Map<string, string>();
  return {
    keep(digest, session) {
      identities.set(digest, session.identity);
      return store.keep(digest, session);
    },
    update: (digest, subscriptions) => store.update(digest, subscriptions),
    touch: (digests) => store.touch(digests),
    remove: (digest) => store.remove(digest),
    take(digest, { identity, next }) {
      const taken = store.take(digest, { identity: isShared ? identities.get(digest) ?? "" : identity, next });
      if (isUsedUp) store.confirm(next);
      return taken;
    },
    confirm: (digest) => isReusable ? undefined : store.confirm(digest),
  };
}

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
    open() {
      const resumptions = new MemoryResumptionStore(() => 0);
      return Promise.resolve({
        limit: limitOf,
        sessions: sessionsOf({}),
        resumptions,
        ends: resumptions,
        ...different,
      });
    },
    start: () => Promise.reject(new TypeError("Memory ends with its process")),
    closeAll: () => Promise.resolve(),
    pass: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
