import assert from "node:assert/strict";
import type { RedisState } from "../../../../src/state/shared/redis/open_redis.ts";
import { call, McpEndpoint, readAnswer } from "../../../transport/mcp_endpoint.ts";
import { openRedis } from "./redis_installation.ts";
import { startRedis } from "./redis_server.ts";
import type { RedisServer } from "./redis_server.ts";

/** A server of a service: its endpoint, and what it shares. */
interface Member extends AsyncDisposable {
  readonly endpoint: McpEndpoint;
  readonly state: RedisState;
}

async function startMember(redis: RedisServer): Promise<Member> {
  const state = await openRedis(redis.url);
  const endpoint = new McpEndpoint({ store: state.createSessionStore({ idleMs: 60_000 }) });
  return {
    endpoint,
    state,
    async [Symbol.asyncDispose]() {
      await endpoint[Symbol.asyncDispose]();
      await state.close();
    },
  };
}

function takeUp({ endpoint }: Member, session: string, lastId: string): Promise<Response> {
  return endpoint.send({ method: "GET", headers: { "mcp-session-id": session, "last-event-id": lastId } });
}

Deno.test("Any server answers a session that another one opened, for its identity only", async () => {
  await using redis = await startRedis();
  await using one = await startMember(redis);
  await using two = await startMember(redis);
  const session = await one.endpoint.initialize("ann");
  const as = (identity: string) => ({ headers: { "x-identity": identity } });
  for (const [at, { endpoint }] of [two, one, two].entries()) {
    const answer = await readAnswer(await endpoint.post(session, call(at, "echo", { at }), as("ann")));
    assert.equal(answer.result.content[0].text, JSON.stringify({ at }));
  }
  await using three = await startMember(redis);
  for (const { endpoint } of [two, three]) {
    const foreign = await endpoint.post(session, call(9, "echo"), as("bob"));
    assert.equal(foreign.status, 404);
    await foreign.text();
  }
});

Deno.test("A call's stream is resumed at another server while the call runs, and answered there", async () => {
  await using redis = await startRedis();
  await using one = await startMember(redis);
  await using two = await startMember(redis);
  const session = await one.endpoint.initialize();
  await one.endpoint.sendAndLeave(
    { headers: { "mcp-session-id": session }, body: JSON.stringify(call("lost", "wait")) },
    () => one.endpoint.until(() => one.endpoint.waiting === 1),
  );
  const again = await takeUp(two, session, "2-1");
  assert.equal(again.status, 200);
  one.endpoint.finish();
  const text = await again.text();
  assert.deepEqual([...text.matchAll(/^id: (\S+)$/gm)].map(([, id]) => id), ["2-2"]);
  assert.match(text, /"id":"lost"/);
  assert.match(text, /"content"/);
});

Deno.test("A call whose server has died is answered at another one", async () => {
  await using redis = await startRedis();
  await using two = await startMember(redis);
  const one = await startMember(redis);
  const session = await one.endpoint.initialize();
  await one.endpoint.sendAndLeave(
    { headers: { "mcp-session-id": session }, body: JSON.stringify(call("lost", "wait")) },
    () => one.endpoint.until(() => one.endpoint.waiting === 1),
  );
  // What a killed server leaves: nothing is said any more, and after a while it is one of the servers no longer.
  one.state.connection.close();
  const again = await takeUp(two, session, "2-1");
  await redis.command("ZREM", "luno-mcp-server:servers", one.state.servers.id);
  const answer = await readAnswer(again);
  assert.deepEqual([answer.id, answer.error.data.code], ["lost", "ERR_SESSION_ENDED"]);
  await one[Symbol.asyncDispose]();
});

Deno.test("The client's own stream moves with it: nothing is missing or duplicated", async () => {
  await using redis = await startRedis();
  await using one = await startMember(redis);
  await using two = await startMember(redis);
  const session = await one.endpoint.initialize();
  const own = await one.endpoint.send({ method: "GET", headers: { "mcp-session-id": session } });
  const say = async ({ endpoint }: Member, data: string) => {
    const params = { level: "info" as const, data };
    for (const server of endpoint.servers) await server.notification({ method: "notifications/message", params });
  };
  for (const data of ["a", "b", "c"]) await say(one, data);
  await readUntil(own, /^id: 0-4$/m);
  const again = await takeUp(two, session, "0-2");
  // What the server before still says is no longer this stream's.
  await say(one, "late");
  await say(two, "d");
  const text = await readUntil(again, /^id: 0-5$/m);
  assert.deepEqual(dataIn(text), ["b", "c", "d"]);
  await say(two, "e");
  assert.deepEqual(dataIn(await readUntil(await takeUp(one, session, "0-4"), /^id: 0-6$/m)), ["d", "e"]);
});

Deno.test("A session that is deleted at one server ends everywhere, and a watch at one is a watch at all", async () => {
  await using redis = await startRedis();
  await using one = await startMember(redis);
  await using two = await startMember(redis);
  const session = await one.endpoint.initialize();
  const headers = { "mcp-session-id": session };
  await (await two.endpoint.post(session, call(1, "echo"))).text();
  await one.state.servers.beat();
  await one.endpoint.until(() => one.endpoint.servers.size === 1);
  const subscribe = { jsonrpc: "2.0", id: 2, method: "resources/subscribe", params: { uri: "a:1" } };
  await (await two.endpoint.post(session, subscribe)).text();
  await one.state.servers.beat();
  await one.endpoint.until(() => one.endpoint.subscriptions.has("a:1"));
  await (await two.endpoint.send({ method: "DELETE", headers })).text();
  await one.state.servers.beat();
  await one.endpoint.until(() => one.endpoint.servers.size === 0);
  const response = await one.endpoint.post(session, call(3, "echo"));
  assert.equal(response.status, 404);
  await response.text();
});

Deno.test("Redis away: sessions continue at the servers that have them", async () => {
  await using redis = await startRedis();
  await using one = await startMember(redis);
  const session = await one.endpoint.initialize();
  await redis.stop();
  const answer = await readAnswer(await one.endpoint.post(session, call(1, "echo", { at: 1 })));
  assert.equal(answer.result.content[0].text, '{"at":1}');
});

/** What the notifications of a stream say. */
function dataIn(text: string): (string | undefined)[] {
  return [...text.matchAll(/"data":"(\w+)"/g)].map(([, data]) => data);
}

/** Reads until something was written, then leaves. */
async function readUntil(response: Response, pattern: RegExp): Promise<string> {
  let text = "";
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    if (pattern.test(text)) break;
  }
  return text;
}
