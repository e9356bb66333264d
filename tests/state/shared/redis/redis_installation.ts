/** Redis as the behaviour suite takes it. */

import { RedisState } from "../../../../src/state/shared/redis/open_redis.ts";
import { readRedisAddress } from "../../../../src/state/redis_address.ts";
import { IDLE_MS } from "../../shared_engines.ts";
import type { SharedInstallation } from "../../shared_engines.ts";
import { startRedis } from "./redis_server.ts";

/** Long enough for a machine that does much else; a test of what is not answered in time takes the usual one. */
const PATIENT_MS = 10_000;

/** Opens the state at an address; `ca` is the authority that it trusts. */
export async function openRedis(
  url: string,
  { ca, deadlineMs = PATIENT_MS }: { readonly ca?: string; readonly deadlineMs?: number } = {},
): Promise<RedisState> {
  const address = readRedisAddress(url);
  if (!address.ok) throw new TypeError(address.problem);
  return await RedisState.open({
    access: { address: address.value, ...(ca === undefined ? {} : { ca }) },
    deadlineMs,
    random: () => 0.5,
    monotonic: () => performance.now(),
  });
}

/** The rights that docs/scaling.md gives an ACL user. */
export async function documentedRights(): Promise<string> {
  const text = await Deno.readTextFile(new URL("../../../../docs/scaling.md", import.meta.url));
  return /`(\+evalsha [^`]*)`/.exec(text)?.[1]?.replaceAll("\n", " ") ?? "";
}

/** What is left for a Redis that is nearly full, in bytes. */
const ROOM = 2_700_000;

/** Starts a Redis of its own. */
export async function startRedisInstallation(): Promise<SharedInstallation> {
  const redis = await startRedis({ settings: ["maxmemory-policy noeviction"] });
  const opened: { close(): Promise<void> }[] = [];
  const openServer = async () => {
    const state = await openRedis(redis.url);
    opened.push(state);
    return state;
  };
  const installation: SharedInstallation = {
    async open({ isFull = false } = {}) {
      if (isFull) {
        const used = Number(/used_memory:(\d+)/.exec(await redis.command("INFO", "memory"))?.[1]);
        await redis.command("CONFIG", "SET", "maxmemory", String(used + ROOM));
      }
      const state = await openServer();
      const now = () => performance.now();
      const { store: resumptions, ends } = state.createResumptions({ idleMs: IDLE_MS, keptMs: IDLE_MS });
      return {
        limit: (perMinute) => state.createRateLimit({ perMinute, now }),
        sessions: state.createSessionStore({ idleMs: IDLE_MS }),
        resumptions,
        ends,
      };
    },
    // A server that dies takes its connection along, wherever it runs.
    async start() {
      const state = await openServer();
      const sessions = state.createSessionStore({ idleMs: IDLE_MS });
      return {
        save: async (session) => void await sessions.save(session),
        async append(session, event) {
          const log = sessions.eventsOf(session);
          await log.begin("1", 7);
          await log.append("1", event);
        },
        close: () => state.close(),
        kill: () => Promise.resolve(state.connection.close()),
      };
    },
    closeAll: async () => void await Promise.all(opened.splice(0).map((state) => state.close())),
    // Redis goes by its own clock.
    pass: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    async [Symbol.asyncDispose]() {
      await installation.closeAll();
      await redis[Symbol.asyncDispose]();
    },
  };
  return installation;
}
