/** Sessions of a single process, which end with it. */

import type { SessionStore } from "../../../session/session_store.ts";
import { MemoryEventLog } from "./event_log.ts";

/** Stores only the events of streams. */
export class MemorySessionStore implements SessionStore {
  save(): void {}

  take(): undefined {}

  touch(): void {}

  remove(): void {}

  eventsOf(): MemoryEventLog {
    return new MemoryEventLog();
  }
}
