/** Operators who list the sessions of several servers, and end some. */

import assert from "node:assert/strict";
import { WebSocket } from "ws";
import { RESUMPTION_KEY } from "../../src/protocol/resumption.ts";
import { startRedis } from "../state/shared/redis/redis_server.ts";
import { lookUntil } from "../support/look_until.ts";
import { runProgram, SHIPPED } from "./program.ts";
import type { Program } from "./program.ts";
import { bearer, INITIALIZE_PARAMS } from "./requests.ts";
import type { Json } from "./requests.ts";
import { startServer } from "./servers.ts";
import type { RunningServer } from "./servers.ts";
import { SocketClient } from "./socket_client.ts";

interface Keys {
  readonly operator: string;
  readonly alice: string;
  readonly bob: string;
}

async function createKeys(program: Program, state: string): Promise<Keys> {
  const create = async (name: string, scopes: string) => {
    const { code, stdout, stderr } = await runProgram(program, [
      "keys",
      "create",
      name,
      ...["--scopes", scopes],
      ...["--state", state],
    ]);
    assert.equal(code, 0, stderr);
    return stdout.trim();
  };
  return {
    operator: await create("operator", "server:admin"),
    alice: await create("alice", "market:read"),
    bob: await create("bob", "market:read"),
  };
}

/** Runs `sessions` as an operator does. */
async function sessions(program: Program, { ws }: RunningServer, key: string, ...words: readonly string[]) {
  const { code, stdout, stderr } = await runProgram(program, ["sessions", ...words, "--json", "--uri", ws], {
    env: { LUNO_MCP_TOKEN: key },
  });
  return { code, stderr, answer: stdout === "" ? undefined : JSON.parse(stdout) as Json };
}

/** A client over WebSocket with a session that can be resumed. */
async function open({ ws }: RunningServer, key: string, token?: string): Promise<{ client: SocketClient; said: Json }> {
  const client = await SocketClient.open(new WebSocket(ws, ["mcp"], { headers: bearer(key) }));
  const _meta = { [RESUMPTION_KEY]: token === undefined ? {} : { token } };
  const { result } = await client.ask("initialize", { ...INITIALIZE_PARAMS, _meta });
  return { client, said: result._meta[RESUMPTION_KEY] };
}

/** A request of a session over HTTP, or its opening. */
async function post({ http }: RunningServer, key: string, session?: string): Promise<Response> {
  const message = session === undefined
    ? { jsonrpc: "2.0", id: 1, method: "initialize", params: INITIALIZE_PARAMS }
    : { jsonrpc: "2.0", id: 2, method: "ping" };
  const headers = {
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
    ...bearer(key),
    ...(session === undefined ? {} : { "mcp-session-id": session }),
  };
  const response = await fetch(`${http}/mcp`, { method: "POST", headers, body: JSON.stringify(message) });
  await response.text();
  return response;
}

for (const program of SHIPPED) {
  Deno.test(`an operator sees the sessions of all servers at any of them, and can end them there (${program.name})`, async () => {
    await using redis = await startRedis();
    const state = await Deno.makeTempDir();
    try {
      const keys = await createKeys(program, state);
      const args = ["--state", state, "--shared-url", redis.url];
      await using one = await startServer(program, args);
      await using two = await startServer(program, args);
      const alice = await open(one, keys.alice);
      await using bob = (await open(one, keys.bob)).client;
      const gone = await open(one, keys.alice);
      await gone.client.break();
      const http = (await post(one, keys.alice)).headers.get("mcp-session-id") ?? assert.fail();

      const list = async () => (await sessions(program, two, keys.operator)).answer;
      const seen = await lookUntil(({ count }: Json) => count === 4, list, "not all sessions were seen");
      const rows = seen.sessions.map(({ identity, transport, state }: Json) => [identity, transport, state].join());
      assert.deepEqual(rows.toSorted(), [
        "key:alice,http,open",
        "key:alice,websocket,open",
        "key:alice,websocket,waiting",
        "key:bob,websocket,open",
      ]);
      for (const row of seen.sessions) {
        assert.match(row.id, /^[0-9a-f]{16}$/);
        assert.equal(row.server, seen.sessions[0].server);
      }
      const status = await fetch(`${two.http}/status`, { headers: bearer(keys.operator) });
      assert.equal((await status.json()).sessions.count, 4);
      const those = await sessions(program, two, keys.operator, "list", "--identity", "key:bob");
      assert.deepEqual([those.answer.count, those.answer.sessions[0].identity], [1, "key:bob"]);

      const idOf = (transport: string, state: string) =>
        seen.sessions.find((row: Json) =>
          row.identity === "key:alice" && row.transport === transport && row.state === state
        ).id;
      // If Redis was too slow once, the command says so, and is repeated.
      const end = async (...words: readonly string[]) =>
        (await lookUntil(
          ({ code }: { readonly code: number }) => code === 0,
          () => sessions(program, two, keys.operator, "end", ...words),
          "the sessions were not ended",
        ) as Json).answer;
      assert.deepEqual(await end(idOf("websocket", "open")), { ended_here: 0, everywhere: true });
      const { code, reason } = await alice.client.closed;
      assert.deepEqual([code, reason], [4001, "the operator has ended the session"]);
      for (const server of [one, two]) {
        const { client, said } = await open(server, keys.alice, alice.said.token);
        assert.equal(said.error.code, "ERR_RESUMPTION_UNKNOWN");
        await client[Symbol.asyncDispose]();
      }

      assert.equal((await post(one, keys.alice, http)).status, 200);
      await end("--identity", "key:alice");
      const look = async () => (await post(one, keys.alice, http)).status;
      await lookUntil((status: number) => status === 404, look, "the session over HTTP goes on");
      assert.equal((await post(two, keys.alice, http)).status, 404);
      const back = await open(two, keys.alice, gone.said.token);
      assert.equal(back.said.error.code, "ERR_RESUMPTION_UNKNOWN");
      await back.client[Symbol.asyncDispose]();
      assert.deepEqual((await bob.ask("ping")).result, {}, "another identity's session goes on");
      await two.said(/sessions ended by an operator.*key:operator/);
      await one.said(/sessions ended by an operator.*another server/);
    } finally {
      await Deno.remove(state, { recursive: true });
    }
  });

  Deno.test(`sessions are listed and ended only with server:admin, under useful names (${program.name})`, async () => {
    const state = await Deno.makeTempDir();
    try {
      const keys = await createKeys(program, state);
      await using server = await startServer(program, ["--state", state]);
      const { client } = await open(server, keys.alice);
      const refused = await sessions(program, server, keys.alice);
      assert.equal(refused.code, 1);
      assert.match(refused.answer.error.message, /HTTP status 403/);
      const ask = async (method: string, rest: string, key: string) => {
        const response = await fetch(`${server.http}/v1/sessions${rest}`, { method, headers: bearer(key) });
        await response.text();
        return response.status;
      };
      assert.equal(await ask("DELETE", "?identity=key:alice", keys.alice), 403);
      for (const rest of ["", "/xyz", "/0011223344556677?identity=key:alice", "?identity="]) {
        assert.equal(await ask("DELETE", rest, keys.operator), 400, rest);
      }
      assert.equal(await ask("POST", "", keys.operator), 405);
      for (const words of [["end"], ["end", "xyz"], ["stop"], ["list", "more"]]) {
        assert.equal((await sessions(program, server, keys.operator, ...words)).code, 2, words.join(" "));
      }
      const { answer } = await sessions(program, server, keys.operator);
      const id = answer.sessions.find(({ identity }: Json) => identity === "key:alice").id;
      const ended = await sessions(program, server, keys.operator, "end", id);
      assert.deepEqual(ended.answer, { ended_here: 1, everywhere: true });
      assert.equal((await client.closed).code, 4001);
    } finally {
      await Deno.remove(state, { recursive: true });
    }
  });
}
