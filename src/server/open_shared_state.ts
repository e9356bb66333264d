/** Opens what may be lost: limits of clients, and sessions over HTTP, which may outlive the server where that is asked for. */

import { join } from "node:path";
import { getLogger } from "../logging/logger.ts";
import type { Config } from "../config/server_settings.ts";
import type { RateLimit, RateLimitOptions } from "../session/rate_limit.ts";
import type { SessionStore } from "../session/session_store.ts";
import { missingFolder, stateFolder } from "../state/folder.ts";
import { MemoryRateLimit } from "../state/shared/memory/rate_limit.ts";
import { MemorySessionStore } from "../state/shared/memory/session_store.ts";
import type { World } from "../world.ts";

const log = getLogger(["luno-mcp-server", "serve"]);

/** A session counts as used only now and then, so it is kept for longer than it may be idle. */
const KEPT_IDLE_TIMES = 2;

/** The shared state of one server. */
export interface SharedState {
  readonly sessions: SessionStore;
  createRateLimit(options: RateLimitOptions): RateLimit;
  /** Ends the use of it. */
  close(): Promise<void>;
}

/** Opens it, or answers every problem at once. */
export async function openSharedState(
  config: Config,
  world: World,
): Promise<{ ok: true; shared: SharedState } | { ok: false; problems: string[] }> {
  const createRateLimit = (options: RateLimitOptions) => new MemoryRateLimit(options);
  if (!config.keepSessions) {
    const shared = { sessions: new MemorySessionStore(), createRateLimit, close: () => Promise.resolve() };
    return { ok: true, shared };
  }
  const opened = await openLastingSessions(config, world);
  if (!opened.ok) return opened;
  const { sessions } = opened;
  return { ok: true, shared: { sessions, createRateLimit, close: () => sessions.close() } };
}

async function openLastingSessions({ state, stateTimeout, idleTimeout }: Config, world: World) {
  const folder = state ?? stateFolder(world.env);
  if (folder === undefined) return { ok: false as const, problems: [missingFolder(", as sessions are kept there")] };
  const [{ openSessions, SHARED_FILE }, { StateError }] = await Promise.all([
    import("../state/shared/sqlite/open_sessions.ts"),
    import("../state/state_error.ts"),
  ]);
  const path = join(folder, SHARED_FILE);
  const { now, monotonic, shutdown: signal } = world;
  try {
    const sessions = await openSessions({
      path,
      idleMs: KEPT_IDLE_TIMES * idleTimeout * 1_000,
      now,
      monotonic,
      signal,
      timeoutMs: stateTimeout * 1_000,
      onWait: () => log.warning("waiting for shared.db, which another server uses", { path, timeout_s: stateTimeout }),
    });
    return { ok: true as const, sessions };
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    return { ok: false as const, problems: [`--keep-sessions: ${error.message}`] };
  }
}
