import assert from "node:assert/strict";
import { join } from "node:path";
import type { Server } from "@modelcontextprotocol/server";
import { openSessions } from "../../../src/state/shared/sqlite/open_sessions.ts";
import type { LastingSessions } from "../../../src/state/shared/sqlite/open_sessions.ts";
import { call, INITIALIZE, McpEndpoint, readAnswer } from "../mcp_endpoint.ts";
import type { Json } from "../mcp_endpoint.ts";

/** Sessions in a file, of one server after the other. */
async function withSessions(use: (sessions: LastingSessions) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  const options = { now: () => 0, monotonic: () => 0, idleMs: 60_000, timeoutMs: 0 };
  const sessions = await openSessions({ path: join(dir, "shared.db"), ...options });
  try {
    await use(sessions);
  } finally {
    await sessions.close();
    await Deno.remove(dir, { recursive: true });
  }
}

/** Calls a tool and leaves when it runs. */
async function callAndLeave(endpoint: McpEndpoint, session: string, message: Json): Promise<void> {
  const running = endpoint.waiting + 1;
  await endpoint.sendAndLeave(
    { headers: { "mcp-session-id": session }, body: JSON.stringify(message) },
    () => endpoint.until(() => endpoint.waiting === running),
  );
}

/** Takes a stream up after an event. */
function takeUp(endpoint: McpEndpoint, session: string, lastId: string): Promise<Response> {
  return endpoint.send({ method: "GET", headers: { "mcp-session-id": session, "last-event-id": lastId } });
}

Deno.test("A kept session continues at the next server: its client's identity, rights and watches", async () => {
  await withSessions(async (store) => {
    let session: string;
    const opening = { ...INITIALIZE.params, capabilities: { elicitation: { form: {} } } };
    {
      await using before = new McpEndpoint({ store });
      const opened = await before.send({ body: JSON.stringify({ ...INITIALIZE, params: opening }) });
      await opened.text();
      session = opened.headers.get("mcp-session-id") ?? assert.fail();
      for (const [id, method, uri] of [[1, "subscribe", "a:1"], [2, "subscribe", "a:2"], [3, "unsubscribe", "a:1"]]) {
        const message = { jsonrpc: "2.0", id, method: `resources/${method}`, params: { uri } };
        await (await before.post(session, message)).text();
      }
    }
    await using after = new McpEndpoint({ store });
    const answers = await Promise.all(
      [4, 5].map(async (id) => await readAnswer(await after.post(session, call(id, "echo", { id })))),
    );
    assert.deepEqual(answers.map(({ id, result }) => [id, result.content[0].text]), [[4, '{"id":4}'], [5, '{"id":5}']]);
    const [server, ...others] = after.servers;
    assert.equal(others.length, 0);
    assert.deepEqual(server?.getClientCapabilities(), { elicitation: { form: {} } });
    assert.deepEqual(server?.getClientVersion(), INITIALIZE.params.clientInfo);
    assert.deepEqual([...after.subscriptions], ["a:2"]);
  });
});

Deno.test("A kept session does not exist for another identity, nor after it was deleted", async () => {
  await withSessions(async (store) => {
    let session: string;
    {
      await using before = new McpEndpoint({ store });
      session = await before.initialize("ann");
    }
    await using after = new McpEndpoint({ store });
    const as = (identity: string) => ({ headers: { "x-identity": identity } });
    for (const [identity, status] of [["bob", 404], ["ann", 200]] as const) {
      const response = await after.post(session, call(1, "echo"), as(identity));
      assert.equal(response.status, status, identity);
      await response.text();
    }
    const headers = { "mcp-session-id": session, "x-identity": "ann" };
    assert.equal((await after.send({ method: "DELETE", headers })).status, 200);
    await using last = new McpEndpoint({ store });
    const response = await last.post(session, call(2, "echo"), as("ann"));
    assert.equal(response.status, 404);
    await response.text();
  });
});

Deno.test("A stream is resumed at the next server exactly where it was lost: no event is missing or duplicated", async () => {
  await withSessions(async (store) => {
    let session: string;
    {
      await using before = new McpEndpoint({ store });
      session = await before.initialize();
      const own = await before.send({ method: "GET", headers: { "mcp-session-id": session } });
      const [server] = before.servers;
      for (const data of ["a", "b", "c"]) await say(server, data);
      assert.deepEqual(await readIds(own, 4), ["0-1", "0-2", "0-3", "0-4"]);
    }
    await using after = new McpEndpoint({ store });
    const tooFar = await takeUp(after, session, "0-999999999999999");
    assert.equal(tooFar.status, 400);
    await tooFar.text();
    const again = await takeUp(after, session, "0-2");
    const [server] = after.servers;
    await say(server, "d");
    assert.deepEqual(await readIds(again, 3), ["0-3", "0-4", "0-5"]);
  });
});

Deno.test("A call that ran when its server was stopped, or died, is answered at the next one", async () => {
  await withSessions(async (store) => {
    for (const dies of [false, true]) {
      const before = new McpEndpoint({ store });
      const session = await before.initialize();
      await callAndLeave(before, session, call("lost", "wait"));
      // One that is never closed leaves what one leaves that was killed.
      if (!dies) await before[Symbol.asyncDispose]();
      {
        await using after = new McpEndpoint({ store });
        const answer = await readAnswer(await takeUp(after, session, "2-1"));
        assert.deepEqual([answer.id, answer.error.data.code], ["lost", "ERR_SESSION_ENDED"]);
        const forged = await takeUp(after, session, "3-1");
        assert.equal(forged.status, 400);
        await forged.text();
        const answered = await (await after.post(session, call(1, "echo"))).text();
        assert.match(answered, /^id: 1x1-1$/m, "a name of the server before must not come again");
      }
      if (dies) await before[Symbol.asyncDispose]();
    }
  });
});

/** Reads the ids of so many events, then leaves. */
async function readIds(response: Response, count: number): Promise<string[]> {
  const ids: string[] = [];
  for await (const text of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    ids.push(...[...text.matchAll(/^id: (\S+)$/gm)].map(([, id = ""]) => id));
    if (ids.length >= count) break;
  }
  return ids;
}

/** Has a server tell its client something that belongs to no request. */
async function say(server: Server | undefined, data: string): Promise<void> {
  await server?.notification({ method: "notifications/message", params: { level: "info", data } });
}
