/** What every engine of rate limits promises. */

import assert from "node:assert/strict";
import type { RateLimit } from "../../../src/session/rate_limit.ts";
import type { SharedPromises } from "../shared_engines.ts";

/** Takes until a request is refused; answers how many were not, and when the next one may come. */
async function takeAll(limit: RateLimit, key: string): Promise<{ taken: number; retryAfterMs: number }> {
  for (let taken = 0;; taken++) {
    const admission = await limit.take(key);
    if (!admission.ok) return { taken, retryAfterMs: admission.retryAfterMs };
  }
}

/** By what is promised. */
export const LIMIT_PROMISES: SharedPromises = {
  "RateLimit.take() allows a burst of a key's calls per minute, then says when the next is allowed": async (
    installation,
  ) => {
    const limit = (await installation.open()).limit(() => 2);
    const { taken, retryAfterMs } = await takeAll(limit, "ann");
    assert.equal(taken, 2);
    assert.ok(retryAfterMs > 0 && retryAfterMs <= 30_000, `retryAfterMs is ${retryAfterMs}`);
  },

  "RateLimit.take() allows a call at the time that it named": async (installation) => {
    const limit = (await installation.open()).limit(() => 600);
    await installation.pass((await takeAll(limit, "ann")).retryAfterMs);
    assert.deepEqual(await limit.take("ann"), { ok: true });
  },

  "RateLimit.take() counts each key separately, by its own limit": async (installation) => {
    const limit = (await installation.open()).limit((key) => key === "ann" ? 1 : 3);
    assert.equal((await takeAll(limit, "ann")).taken, 1);
    assert.equal((await takeAll(limit, "bob")).taken, 3);
  },

  "RateLimit.take() applies a limit that was lowered": async (installation) => {
    const current = { perMinute: 100 };
    const limit = (await installation.open()).limit(() => current.perMinute);
    assert.deepEqual(await limit.take("ann"), { ok: true });
    current.perMinute = 2;
    assert.ok((await takeAll(limit, "ann")).taken <= 2);
  },

  "RateLimit.use() and keysAbove() name the heaviest users": async (installation) => {
    const limit = (await installation.open()).limit(() => 10);
    await takeAll(limit, "ann");
    await limit.take("bob");
    assert.ok(limit.use("ann") > 0.9 && limit.use("bob") < 0.5 && limit.use("cyd") === 0);
    assert.deepEqual(limit.keysAbove(0.5), ["ann"]);
  },
};
