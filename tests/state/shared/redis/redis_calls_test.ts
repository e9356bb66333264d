import assert from "node:assert/strict";
import { CallBudget } from "../../../../src/exchange/budget.ts";
import type { Priority } from "../../../../src/exchange/endpoint.ts";
import { DEADLINE_MS } from "../../../../src/state/shared/redis/connection.ts";
import type { RedisState } from "../../../../src/state/shared/redis/open_redis.ts";
import { openRedis } from "./redis_installation.ts";
import { startRedis } from "./redis_server.ts";
import type { RedisServer } from "./redis_server.ts";

const now = () => performance.now();

/** Longer than an answer of Redis may take, shorter than a call flows in. */
const MAX_WAIT_MS = 500;

/** When a drain ends at last, in milliseconds. */
const LONGEST_DRAIN_MS = 2_000;

function budgetOf(state: RedisState, limitPerMinute: number): CallBudget {
  const supply = state.createCallSupply({ name: "exchange", limitPerMinute, now });
  return new CallBudget({ limitPerMinute, now, supply, maxWaitMs: MAX_WAIT_MS });
}

/** Takes until there is no call for a while; answers how many there were. */
async function drain(budget: CallBudget, priority: Priority): Promise<number> {
  const startedMs = now();
  for (let taken = 0;;) {
    const turn = await budget.take(priority);
    // A slow machine may not have heard from Redis yet; in the long run calls flow in.
    if (!turn.ok && (turn.retryAfterMs > DEADLINE_MS || now() - startedMs > LONGEST_DRAIN_MS)) return taken;
    if (!turn.ok) continue;
    turn.reservation.use();
    taken++;
  }
}

/** How many of `perMinute` flow in until now, and one on its way. */
function flowedIn(perMinute: number, sinceMs: number): number {
  return Math.ceil((now() - sinceMs) * perMinute / 60_000) + 1;
}

async function withServers(
  count: number,
  use: (redis: RedisServer, servers: RedisState[]) => Promise<void>,
  options: { readonly deadlineMs?: number } = {},
): Promise<void> {
  await using redis = await startRedis();
  const servers = await Promise.all(Array.from({ length: count }, () => openRedis(redis.url, options)));
  try {
    await Promise.all(servers.map(({ servers }) => servers.beat()));
    await use(redis, servers);
  } finally {
    await Promise.all(servers.map((server) => server.close()));
  }
}

Deno.test("Servers on one Redis share the calls to the exchange: a fifth of a minute's at once, the rest as it refills", async () => {
  await withServers(3, async (_, servers) => {
    // One flows in each 0.75 s.
    const startedMs = now();
    const counts = await Promise.all(servers.map((server) => drain(budgetOf(server, 100), "cancel")));
    const sum = counts.reduce((a, b) => a + b, 0);
    assert.ok(sum >= 20 && sum <= 20 + flowedIn(80, startedMs), `made ${counts.join(" + ")}`);
  });
});

Deno.test("Across all servers reads leave calls for orders, and orders for cancels", async () => {
  await withServers(2, async (_, [one, two]) => {
    assert.ok(one !== undefined && two !== undefined);
    const [first, second] = [budgetOf(one, 100), budgetOf(two, 100)];
    const startedMs = now();
    const counts = [
      await drain(first, "market"),
      await drain(second, "market"),
      await drain(second, "account"),
      await drain(first, "order"),
      await drain(second, "cancel"),
    ];
    const [markets = 0, more = 0, accounts = 0, orders = 0, cancels = 0] = counts;
    const most = 16 + flowedIn(80, startedMs);
    assert.ok(markets + more <= most && markets >= 14, `reads made ${markets} + ${more} of 20`);
    assert.ok(accounts >= 1 && orders >= 1 && cancels >= 1, `made ${counts.join(", ")}`);
  });
});

Deno.test("A call that was reserved and not made goes to the next in the queue", async () => {
  await withServers(1, async (_, [server]) => {
    assert.ok(server);
    const budget = budgetOf(server, 10);
    const reserved = [await budget.take("cancel"), await budget.take("cancel")];
    const waiting = budget.take("cancel");
    const [turn] = reserved;
    assert.ok(turn?.ok);
    // The next one flows in after 7.5 s, so that it would be refused.
    turn.reservation.release();
    assert.ok((await waiting).ok);
  });
});

Deno.test("Redis away or frozen: each server uses its share of the calls, and reads wait, since the others may have used the minute's", async () => {
  await withServers(2, async (redis, [one, two]) => {
    assert.ok(one !== undefined && two !== undefined);
    // Of 100 calls 80 flow in, 40 of them at each server; a fifth of those is left for orders and cancels.
    const [first, second] = [budgetOf(one, 100), budgetOf(two, 100)];
    redis.freeze();
    const frozenMs = now();
    assert.ok(await drain(first, "cancel") <= 8 + flowedIn(40, frozenMs));
    redis.thaw();
    await redis.stop();
    while (two.connection.isUsable) await new Promise((resolve) => setTimeout(resolve, 10));
    const awayMs = now();
    const reads = await drain(second, "market");
    assert.ok(reads <= flowedIn(40, awayMs), `${reads} reads at once`);
    const cancels = await drain(second, "cancel");
    assert.ok(cancels >= 8 && cancels <= 8 + flowedIn(40, awayMs), `${cancels} cancels`);
  }, { deadlineMs: DEADLINE_MS });
});

Deno.test("Redis away: a server that knows of no other uses the whole budget", async () => {
  await withServers(1, async (redis, [server]) => {
    assert.ok(server);
    await redis.stop();
    while (server.connection.isUsable) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(await drain(budgetOf(server, 100), "cancel"), 100);
  }, { deadlineMs: DEADLINE_MS });
});
