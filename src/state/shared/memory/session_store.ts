/** Sessions of a process that keeps none for others: they end with it. */

import type { SessionStore } from "../../../session/session_store.ts";
import { MemoryEventLog } from "./event_log.ts";

/** Keeps the events of streams alone. */
export class MemorySessionStore implements SessionStore {
  save(): void {}

  take(): undefined {}

  touch(): void {}

  remove(): void {}

  eventsOf(): MemoryEventLog {
    return new MemoryEventLog();
  }
}
