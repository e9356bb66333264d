/** Three servers of the program on one Redis and one exchange: which one reads its stream, and what clients receive. */

import assert from "node:assert/strict";
import { startRedis } from "../state/shared/redis/redis_server.ts";
import { lookUntil } from "../support/look_until.ts";
import { SHIPPED } from "./program.ts";
import type { Program } from "./program.ts";
import { startServer } from "./servers.ts";
import type { RunningServer } from "./servers.ts";
import { TradingWorld } from "./trading_world.ts";

interface Market {
  readonly role: string | undefined;
  readonly source: string;
  readonly ageMs: number;
}

/** Reads a book at a server, and which server reads its stream. */
async function marketOf({ http }: RunningServer): Promise<Market> {
  const init = { method: "POST", headers: { "content-type": "application/json" }, body: '{"pair":"XBTZAR"}' };
  const { source, age_ms: ageMs } = await (await fetch(`${http}/v1/tools/get_order_book`, init)).json();
  const { exchange } = await (await fetch(`${http}/status`)).json();
  return { role: exchange.usage.streams[0]?.sharing?.role, source, ageMs };
}

/** Waits until one of the servers leads, the others follow it, and all of them answer from the stream. */
async function oneLeader(servers: readonly RunningServer[]): Promise<RunningServer> {
  const wanted = [...servers.slice(1).map(() => "follower"), "leader"].join(" ");
  const markets = await lookUntil(
    (seen) =>
      seen.map(({ role }) => role).sort().join(" ") === wanted && seen.every(({ source }) => source === "stream"),
    () => Promise.all(servers.map(marketOf)),
    "no single leader",
  );
  return servers[markets.findIndex(({ role }) => role === "leader")] ?? assert.fail();
}

/** Starts a server on a separate machine. */
async function serve(program: Program, { exchange, env }: TradingWorld, redisUrl: string): Promise<RunningServer> {
  const state = await Deno.makeTempDir();
  const args = ["--state", state, "--api-url", exchange.url, "--drain-time", "1", "--rate-limit", "1000000"];
  const server = await startServer(program, args, {
    exchange: "live",
    env: { ...env, LUNO_MCP_SHARED_URL: redisUrl },
  });
  return {
    ...server,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await Deno.remove(state, { recursive: true });
    },
  };
}

for (const program of SHIPPED) {
  Deno.test(`${program.name}: servers with --shared-url read one stream, whichever of them ends, dies or freezes`, async () => {
    await using redis = await startRedis();
    await using world = await TradingWorld.start();
    await using started = new AsyncDisposableStack();
    const servers: RunningServer[] = [];
    const add = async () => {
      const server = started.use(await serve(program, world, redis.url));
      servers.push(server);
    };
    const remove = (server: RunningServer) => void servers.splice(servers.indexOf(server), 1);
    for (let each = 0; each < 3; each++) await add();

    const ended = await oneLeader(servers);
    ended.child.kill("SIGTERM");
    assert.equal((await ended.child.status).code, 0);
    remove(ended);
    await ended.said(/no longer reading the exchange's stream for all servers/);

    const killed = await oneLeader(servers);
    killed.child.kill("SIGKILL");
    await killed.child.status;
    remove(killed);
    await add();

    const frozen = await oneLeader(servers);
    frozen.child.kill("SIGSTOP");
    await oneLeader(servers.filter((server) => server !== frozen));
    frozen.child.kill("SIGCONT");
    assert.notEqual(await oneLeader(servers), frozen);

    const metrics = await (await fetch(`${servers[0]!.http}/metrics`)).text();
    assert.match(metrics, /^luno_mcp_feed_role\{pair="XBTZAR",role="\w+"\} 1$/m);
  });
}
