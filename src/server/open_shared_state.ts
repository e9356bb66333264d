/**
 * Opens state that may be lost: rate limits, which several servers may share, and HTTP sessions, which may outlive the
 * server. Without such settings, both belong to this process alone.
 */

import { join } from "node:path";
import { getLogger } from "../logging/logger.ts";
import type { Config } from "../config/server_settings.ts";
import type { ConnectionPlaces } from "../session/connection_places.ts";
import type { RateLimit, RateLimitOptions } from "../session/rate_limit.ts";
import type { ResumptionStore } from "../session/resumption_store.ts";
import { NO_BOARD } from "../session/session_board.ts";
import type { SessionBoard } from "../session/session_board.ts";
import type { SessionEnds } from "../session/session_ends.ts";
import type { SessionStore } from "../session/session_store.ts";
import { missingFolder, stateFolder } from "../state/folder.ts";
import { MemoryRateLimit } from "../state/shared/memory/rate_limit.ts";
import { MemoryResumptionStore } from "../state/shared/memory/resumptions.ts";
import { MemorySessionStore } from "../state/shared/memory/session_store.ts";
import type { LastingSessions } from "../state/shared/sqlite/open_sessions.ts";
import type { RedisState } from "../state/shared/redis/open_redis.ts";
import type { World } from "../world.ts";

const log = getLogger(["luno-mcp-server", "serve"]);

/** A session's use is recorded only occasionally, so it is kept longer than it may be idle. */
const KEPT_IDLE_TIMES = 2;

/** The same when other servers may use it meanwhile, in milliseconds. */
const KEPT_LONGER_MS = 60_000;

/** The shared state of one server. */
export interface SharedState {
  readonly sessions: SessionStore;
  /** WebSocket sessions that can be resumed. */
  readonly resumptions: ResumptionStore;
  /** Ends sessions of both kinds. */
  readonly ends: SessionEnds;
  /** The lists of sessions that servers publish to each other. */
  readonly board: SessionBoard;
  createRateLimit(options: RateLimitOptions): RateLimit;
  /** Connections over all servers; absent when each counts its own. */
  readonly places?: ConnectionPlaces;
  /** The source of calls to an exchange; absent when this process counts them alone. */
  readonly createCallSupply?: RedisState["createCallSupply"];
  /** Market feeds that servers share; absent when each has its own streams. */
  readonly createMarketFeeds?: RedisState["createMarketFeeds"];
  /** Ends the use of it. */
  close(): Promise<void>;
}

/** Opens it, or returns every problem. */
export async function openSharedState(
  config: Config,
  world: World,
): Promise<{ ok: true; shared: SharedState } | { ok: false; problems: string[] }> {
  const problems: string[] = [];
  const redis = config.sharedUrl === undefined ? undefined : await openRedis(config, world, problems);
  const kept = config.keepSessions ? await openKeptSessions(config, world, problems) : undefined;
  const close = async () => void await Promise.all([redis?.close(), kept?.close()]);
  if (problems.length > 0) {
    await close();
    return { ok: false, problems };
  }
  const createRateLimit: SharedState["createRateLimit"] = (options) =>
    redis === undefined ? new MemoryRateLimit(options) : redis.createRateLimit(options);
  const idleMs = config.idleTimeout * 1_000 + KEPT_LONGER_MS;
  const sessions = redis?.createSessionStore({ idleMs }) ?? kept ?? new MemorySessionStore();
  const overAll: Pick<SharedState, "createCallSupply" | "createMarketFeeds" | "places"> = redis === undefined ? {} : {
    createCallSupply: (options) => redis.createCallSupply(options),
    createMarketFeeds: (options) => redis.createMarketFeeds(options),
    places: redis.places,
  };
  const { resumptions, ends } = resumptionsOf({ redis, kept, idleMs, monotonic: world.monotonic });
  const board = redis?.createSessionBoard() ?? NO_BOARD;
  return { ok: true, shared: { sessions, resumptions, ends, board, createRateLimit, ...overAll, close } };
}

function resumptionsOf(
  { redis, kept, idleMs, monotonic }: {
    readonly redis: RedisState | undefined;
    readonly kept: LastingSessions | undefined;
    readonly idleMs: number;
    readonly monotonic: () => number;
  },
): Pick<SharedState, "resumptions" | "ends"> {
  if (redis !== undefined) {
    const { store, ends } = redis.createResumptions({ idleMs });
    return { resumptions: store, ends };
  }
  if (kept !== undefined) return { resumptions: kept.resumptions, ends: kept.ends };
  const memory = new MemoryResumptionStore(monotonic);
  return { resumptions: memory, ends: memory };
}

/**
 * An unreachable Redis is not a problem: it may come back. One that refuses this server must be fixed by the operator.
 */
async function openRedis(config: Config, world: World, problems: string[]): Promise<RedisState | undefined> {
  const [{ RedisState }, { readSharedAccess }, { redisName }] = await Promise.all([
    import("../state/shared/redis/open_redis.ts"),
    import("../config/shared_access.ts"),
    import("../state/redis_address.ts"),
  ]);
  const access = await readSharedAccess(config, problems);
  if (access === undefined) return undefined;
  const { monotonic, random = Math.random } = world;
  const redis = await RedisState.open({ access, monotonic, random });
  const { refusal } = redis.connection;
  if (refusal !== undefined) {
    problems.push(`--shared-url: Cannot use ${redisName(access.address)} as it refuses this server: ${refusal}`);
  }
  return redis;
}

async function openKeptSessions(
  { state, stateTimeout, idleTimeout }: Config,
  { env, now, monotonic, shutdown: signal }: World,
  problems: string[],
): Promise<LastingSessions | undefined> {
  const folder = state ?? stateFolder(env);
  if (folder === undefined) {
    problems.push(missingFolder(", as sessions are kept there"));
    return undefined;
  }
  const [{ openSessions, SHARED_FILE }, { StateError }] = await Promise.all([
    import("../state/shared/sqlite/open_sessions.ts"),
    import("../state/state_error.ts"),
  ]);
  const path = join(folder, SHARED_FILE);
  const timeout = { timeoutMs: stateTimeout * 1_000, monotonic, signal };
  const onWait = () =>
    log.warning("waiting for shared.db, which another server uses", { path, timeout_s: stateTimeout });
  try {
    return await openSessions({ path, idleMs: KEPT_IDLE_TIMES * idleTimeout * 1_000, now, ...timeout, onWait });
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    problems.push(`--keep-sessions: ${error.message}`);
    return undefined;
  }
}
