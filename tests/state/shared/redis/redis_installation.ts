/** Redis as the behaviour suite takes it. */

import { MemorySessionStore } from "../../../../src/state/shared/memory/session_store.ts";
import { RedisState } from "../../../../src/state/shared/redis/open_redis.ts";
import { readRedisAddress } from "../../../../src/state/redis_address.ts";
import type { SharedInstallation } from "../../shared_engines.ts";
import { startRedis } from "./redis_server.ts";

/** Opens the state at an address; `ca` is the authority that it trusts. */
export async function openRedis(url: string, { ca }: { readonly ca?: string } = {}): Promise<RedisState> {
  const address = readRedisAddress(url);
  if (!address.ok) throw new TypeError(address.problem);
  return await RedisState.open({
    access: { address: address.value, ...(ca === undefined ? {} : { ca }) },
    random: () => 0.5,
    monotonic: () => performance.now(),
  });
}

/** Starts a Redis of its own. */
export async function startRedisInstallation(): Promise<SharedInstallation> {
  const redis = await startRedis();
  const opened: { close(): Promise<void> }[] = [];
  const installation: SharedInstallation = {
    async open() {
      const state = await openRedis(redis.url);
      opened.push(state);
      const now = () => performance.now();
      return { limit: (perMinute) => state.createRateLimit({ perMinute, now }), sessions: new MemorySessionStore() };
    },
    start: () => Promise.reject(new TypeError("not yet")),
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
