import assert from "node:assert/strict";
import { startRedis } from "../state/shared/redis/redis_server.ts";
import { runProgram, SHIPPED } from "./program.ts";
import type { Program } from "./program.ts";
import { startServer } from "./servers.ts";
import type { RunningServer } from "./servers.ts";

/** How many of so many calls over REST a server answers. */
async function answered({ http }: RunningServer, calls: number): Promise<number> {
  let count = 0;
  for (let call = 0; call < calls; call++) {
    const init = { method: "POST", headers: { "content-type": "application/json" }, body: "{}" };
    const response = await fetch(`${http}/v1/tools/check_api_health`, init);
    await response.body?.cancel();
    if (response.status !== 429) count++;
  }
  return count;
}

/** A state folder of its own for each server. */
async function withFolders(use: (one: string, two: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  const [one, two] = [`${dir}/one`, `${dir}/two`];
  try {
    for (const folder of [one, two]) await Deno.mkdir(folder, { mode: 0o700 });
    await use(one, two);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

async function startSharing(program: Program, state: string, url: string): Promise<RunningServer> {
  const env = { LUNO_MCP_SHARED_URL: url };
  return await startServer(program, ["--rate-limit", "20", "--state", state], { env });
}

for (const program of SHIPPED) {
  Deno.test(`${program.name}: two servers with --shared-url share a client's limit, and each applies half of it when Redis is gone`, async () => {
    await using redis = await startRedis({ settings: ["requirepass canary-password"] });
    const url = redis.url.replace("redis://", "redis://:canary-password@");
    await withFolders(async (first, second) => {
      await using one = await startSharing(program, first, url);
      await using two = await startSharing(program, second, url);
      const together = await answered(one, 15) + await answered(two, 15);
      assert.ok(together >= 20 && together <= 24, `answered ${together} of 30`);
      await redis.stop();
      await Promise.all([one, two].map((server) => server.said(/shared state unavailable/)));
      const alone = await answered(one, 30);
      assert.ok(alone <= 12, `answered ${alone} of 30 alone`);
      for (const { lines } of [one, two]) assert.doesNotMatch(lines.join("\n"), /canary/);
    });
  });

  Deno.test(`${program.name}: --shared-url with a wrong password exits with code 2 and does not quote it`, async () => {
    await using redis = await startRedis({ settings: ["requirepass right"] });
    const env = { LUNO_MCP_SHARED_URL: redis.url.replace("redis://", "redis://:canary-password@") };
    await withFolders(async (folder) => {
      const args = ["--transport", "http", "--exchange", "simulated", "--port", "0", "--state", folder];
      const { code, stderr } = await runProgram(program, args, { env });
      assert.equal(code, 2, stderr);
      assert.match(
        stderr,
        /--shared-url: Cannot use redis:\/\/127\.0\.0\.1:\d+\/0 as it refuses this server: WRONGPASS/,
      );
      assert.doesNotMatch(stderr, /canary/);
    });
  });

  Deno.test(`${program.name}: a server starts while Redis is unreachable`, async () => {
    await withFolders(async (folder) => {
      await using server = await startSharing(program, folder, "redis://127.0.0.1:1");
      assert.equal(await answered(server, 3), 3);
    });
  });
}
