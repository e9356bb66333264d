import assert from "node:assert/strict";
import { startRedis } from "../state/shared/redis/redis_server.ts";
import { INITIALIZE, runProgram, SHIPPED, toolCall } from "./program.ts";
import { startServer } from "./servers.ts";
import type { RunningServer } from "./servers.ts";

/** Posts one message; returns the session's id and the answer. */
async function post({ http }: RunningServer, message: object, session?: string) {
  const response = await fetch(`${http}/mcp`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      ...(session === undefined ? {} : { "mcp-session-id": session }),
    },
    body: JSON.stringify(message),
  });
  return { status: response.status, id: response.headers.get("mcp-session-id") ?? "", text: await response.text() };
}

for (const program of SHIPPED) {
  Deno.test(`${program.name}: with --keep-sessions a client resumes after its server was killed, without it opens a new session`, async () => {
    const dir = await Deno.makeTempDir();
    try {
      for (const [kept, flags] of [[true, ["--keep-sessions"]], [false, []]] as const) {
        const args = ["--state", dir, ...flags];
        let session: string;
        {
          await using server = await startServer(program, args);
          session = (await post(server, INITIALIZE[0])).id;
          await post(server, INITIALIZE[1], session);
          server.child.kill("SIGKILL");
        }
        await using server = await startServer(program, args);
        const { status, text } = await post(server, toolCall(1, "get_ticker", { pair: "XBTZAR" }), session);
        assert.equal(status, kept ? 200 : 404, text);
        if (kept) assert.match(text, /"pair":"XBTZAR"/);
      }
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  });

  Deno.test(`${program.name}: with --shared-url any server answers a session, also after the one that opened it was killed`, async () => {
    await using redis = await startRedis();
    const dir = await Deno.makeTempDir();
    try {
      const start = async (name: string) => {
        await Deno.mkdir(`${dir}/${name}`, { mode: 0o700 });
        return await startServer(program, ["--state", `${dir}/${name}`, "--shared-url", redis.url]);
      };
      await using one = await start("one");
      await using two = await start("two");
      const session = (await post(one, INITIALIZE[0])).id;
      await post(two, INITIALIZE[1], session);
      assert.match((await post(two, toolCall(1, "get_ticker", { pair: "XBTZAR" }), session)).text, /"pair":"XBTZAR"/);
      one.child.kill("SIGKILL");
      assert.match((await post(two, toolCall(2, "get_ticker", { pair: "ETHZAR" }), session)).text, /"pair":"ETHZAR"/);
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  });

  Deno.test(`${program.name}: --keep-sessions refuses a state folder whose sessions another server keeps`, async () => {
    const dir = await Deno.makeTempDir();
    try {
      const args = ["--transport", "http", "--exchange", "simulated", "--port", "0", "--keep-sessions", "--state", dir];
      await using _server = await startServer(program, ["--keep-sessions", "--state", dir]);
      const { code, stderr } = await runProgram(program, [...args, "--state-timeout", "0"]);
      assert.equal(code, 2);
      assert.match(stderr, /--keep-sessions: Cannot use .*shared\.db as another process has kept it locked for 0 s/);
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  });
}
