/** Engines of shared state as the behaviour suite takes them: an installation of each, and what can happen to it. */

import { join } from "node:path";
import type { LoggedEvent } from "../../src/session/event_log.ts";
import type { RateLimit } from "../../src/session/rate_limit.ts";
import type { ResumptionStore } from "../../src/session/resumption_store.ts";
import type { SessionEnds } from "../../src/session/session_ends.ts";
import type { KeptSession, SessionStore } from "../../src/session/session_store.ts";
import { MemoryRateLimit } from "../../src/state/shared/memory/rate_limit.ts";
import { MemoryResumptionStore } from "../../src/state/shared/memory/resumptions.ts";
import { MemorySessionStore } from "../../src/state/shared/memory/session_store.ts";
import { openSessions } from "../../src/state/shared/sqlite/open_sessions.ts";
import { startRedisInstallation } from "./shared/redis/redis_installation.ts";
import { startSessionsProcess } from "./shared/sessions_process.ts";

/** How long an unused session is kept. */
export const IDLE_MS = 2_000;

/** One server's use of an installation. */
export interface SharedServer {
  /** A limit; servers share it where the engine is shared. */
  limit(perMinute: (key: string) => number): RateLimit;
  readonly sessions: SessionStore;
  readonly resumptions: ResumptionStore;
  readonly ends: SessionEnds;
}

/** A server in a process of its own, which answers when something is kept. */
export interface SharedProcess {
  save(session: KeptSession): Promise<void>;
  /** Appends to the stream `1`, which answers request 7. */
  append(session: string, event: LoggedEvent): Promise<void>;
  close(): Promise<void>;
  kill(): Promise<void>;
}

/** Shared state of one engine, in a place of its own. */
export interface SharedInstallation extends AsyncDisposable {
  /** Opens it for one more server, where there is no room for much if told so. */
  open(options?: { readonly isFull?: boolean }): Promise<SharedServer>;
  /** Starts a server that can be killed. */
  start(): Promise<SharedProcess>;
  /** Ends the use of all servers that were opened. */
  closeAll(): Promise<void>;
  /** Lets this much time go by. */
  pass(milliseconds: number): Promise<void>;
}

/** Promises of one purpose, by what is promised. */
export type SharedPromises = Readonly<Record<string, (installation: SharedInstallation) => Promise<void>>>;

/** An engine, and what it is for. */
interface SharedEngine {
  readonly start: () => Promise<SharedInstallation>;
  readonly is: readonly ("limits" | "events" | "sessions" | "resumptions")[];
}

/** By name. */
export const SHARED_ENGINES: Readonly<Record<string, SharedEngine>> = {
  memory: { start: startMemory, is: ["limits", "events", "resumptions"] },
  sqlite: { start: startSqlite, is: ["events", "sessions", "resumptions"] },
  redis: { start: startRedisInstallation, is: ["limits", "events", "sessions", "resumptions"] },
};

function startMemory(): Promise<SharedInstallation> {
  const clock = { now: 0 };
  const now = () => clock.now;
  const resumptions = new MemoryResumptionStore(now, IDLE_MS);
  return Promise.resolve({
    open: () =>
      Promise.resolve({
        limit: (perMinute) => new MemoryRateLimit({ perMinute, now }),
        sessions: new MemorySessionStore(),
        resumptions,
        ends: resumptions,
      }),
    start: () => Promise.reject(new TypeError("Memory ends with its process")),
    closeAll: () => Promise.resolve(),
    pass(milliseconds) {
      clock.now += milliseconds;
      return Promise.resolve();
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });
}

const OWN_WORKER = new URL("./shared/sessions_worker.ts", import.meta.url);

async function startSqlite(): Promise<SharedInstallation> {
  const dir = await Deno.makeTempDir();
  const path = join(dir, "shared.db");
  const clock = { now: Date.UTC(2026, 10, 29) };
  const opened: { close(): Promise<void> }[] = [];
  const installation: SharedInstallation = {
    async open({ isFull = false } = {}) {
      const clocks = { now: () => clock.now, timeoutMs: 0, monotonic: () => 0 };
      const options = { path, idleMs: IDLE_MS, resumableMs: IDLE_MS, ...clocks };
      const sessions = await openSessions(options, isFull ? { worker: OWN_WORKER, engine: "full" } : {});
      opened.push(sessions);
      const limit = () => new MemoryRateLimit({ perMinute: () => 1, now: () => clock.now });
      const { resumptions, ends } = sessions;
      return { sessions, resumptions, ends, limit };
    },
    start() {
      const process = startSessionsProcess({ path, idleMs: IDLE_MS, now: clock.now });
      opened.push(process);
      return Promise.resolve(process);
    },
    closeAll: async () => void await Promise.all(opened.splice(0).map((server) => server.close())),
    pass(milliseconds) {
      clock.now += milliseconds;
      return Promise.resolve();
    },
    async [Symbol.asyncDispose]() {
      await installation.closeAll();
      await Deno.remove(dir, { recursive: true });
    },
  };
  return installation;
}
