import assert from "node:assert/strict";
import { Client as V1Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as V1Transport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { Server } from "@modelcontextprotocol/server";
import { MemorySessionStore } from "../../../src/state/shared/memory/session_store.ts";
import { createStreamableHttp } from "../../../src/transport/http/streamable_http.ts";
import type { HttpSession } from "../../../src/transport/http/http_session.ts";
import type { SessionEnd } from "../../../src/transport/http/session_keeping.ts";
import { ERAS } from "../../protocol/connections.ts";
import type { Era } from "../../protocol/connections.ts";
import { call, INITIALIZE, LEGACY_HEADERS, McpEndpoint, readAnswer } from "../mcp_endpoint.ts";
import type { Sent } from "../mcp_endpoint.ts";
import { toResponse } from "../../../src/transport/listeners/whole_answer.ts";
import { callerOf } from "../../support/callers.ts";

const IDLE_MS = 1_800_000;

const ENVELOPE = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientInfo": { name: "test", version: "1.0.0" },
  "io.modelcontextprotocol/clientCapabilities": {},
};

/** A call as a client of 2026-07-28 sends it. */
function modern(id: number, name: string, args: Record<string, unknown> = {}) {
  return {
    headers: { "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": name },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id,
      method: "tools/call",
      params: { name, arguments: args, _meta: ENVELOPE },
    }),
  };
}

/** A body in pieces, so that no length is declared; `isWhole` tells whether it ends. */
function streamed(pieces: readonly (string | Uint8Array)[], isWhole = true): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const piece of pieces) {
        controller.enqueue(typeof piece === "string" ? new TextEncoder().encode(piece) : new Uint8Array(piece));
      }
      if (isWhole) controller.close();
    },
  });
}

for (const era of Object.keys(ERAS) as Era[]) {
  Deno.test(`The official client lists and calls tools in ${era}, and leaves nothing behind`, async () => {
    await using endpoint = new McpEndpoint();
    const client = new Client({ name: "test", version: "1.0.0" }, { versionNegotiation: ERAS[era] });
    const transport = new StreamableHTTPClientTransport(new URL(endpoint.url));
    await client.connect(transport);
    assert.equal((await client.listTools()).tools.length, 2);
    const answers = await Promise.all(
      [1, 2, 3].map((n) => client.callTool({ name: "echo", arguments: { n } })),
    );
    assert.deepEqual(
      answers.map(({ content }) => content),
      [1, 2, 3].map((n) => [{ type: "text", text: `{"n":${n}}` }]),
    );
    assert.equal(endpoint.endpoint.sessions, era === "2025-11-25" ? 1 : 0);
    if (era === "2025-11-25") await transport.terminateSession();
    await client.close();
    await endpoint.until(() => endpoint.servers.size === 0);
    assert.equal(endpoint.endpoint.sessions, 0);
  });

  Deno.test(`A call that its client cancels in ${era} is aborted`, async () => {
    await using endpoint = new McpEndpoint();
    const client = new Client({ name: "test", version: "1.0.0" }, { versionNegotiation: ERAS[era] });
    await client.connect(new StreamableHTTPClientTransport(new URL(endpoint.url)));
    const cancel = new AbortController();
    const refused = assert.rejects(client.callTool({ name: "wait" }, { signal: cancel.signal }));
    await endpoint.until(() => endpoint.waiting === 1);
    cancel.abort();
    await refused;
    await endpoint.until(() => endpoint.waiting === 0);
    await client.close();
  });
}

Deno.test("The v1 client lists and calls tools, and ends its session", async () => {
  await using endpoint = new McpEndpoint();
  const client = new V1Client({ name: "test", version: "1.0.0" });
  const transport = new V1Transport(new URL(endpoint.url));
  await client.connect(transport as Parameters<V1Client["connect"]>[0]);
  assert.equal((await client.listTools()).tools.length, 2);
  const { content } = await client.callTool({ name: "echo", arguments: { pair: "XBTZAR" } });
  assert.deepEqual(content, [{ type: "text", text: '{"pair":"XBTZAR"}' }]);
  await transport.terminateSession();
  await client.close();
  await endpoint.until(() => endpoint.servers.size === 0);
});

/** A request that is wrong, and what it gets. */
interface BadInput {
  readonly init: Sent;
  readonly status: number;
  readonly code?: number;
  readonly id?: string | number | null;
}

const json = JSON.stringify;
const large = json(call(1, "echo", { text: "x".repeat(5_000) }));
const deep = `{"jsonrpc":"2.0","id":8,"method":"ping","params":{"a":${"[".repeat(500)}${"]".repeat(500)}}}`;

const BAD_INPUT: Readonly<Record<string, BadInput>> = {
  "another content type": {
    init: { body: "{}", headers: { "content-type": "text/plain" } },
    status: 415,
    code: -32600,
  },
  "no content type": { init: { body: streamed(["{}"]), headers: { "content-type": null } }, status: 415, code: -32600 },
  "a compressed body": { init: { body: "{}", headers: { "content-encoding": "gzip" } }, status: 415, code: -32600 },
  "no body": { init: {}, status: 400, code: -32700, id: null },
  "malformed JSON": { init: { body: '{"jsonrpc":' }, status: 400, code: -32700 },
  "malformed JSON with an id": {
    init: { body: '{"jsonrpc":"2.0","id":7,"method":' },
    status: 400,
    code: -32700,
    id: 7,
  },
  "two values": { init: { body: "{}{}" }, status: 400, code: -32700 },
  "invalid UTF-8": { init: { body: new Uint8Array([0x22, 0xff, 0x22]) }, status: 400, code: -32700 },
  "deep nesting": { init: { body: deep }, status: 400, code: -32600, id: 8 },
  "an empty batch": { init: { body: "[]" }, status: 400, code: -32600, id: null },
  "a batch of one": { init: { body: json([call(7, "echo")]) }, status: 400, code: -32600, id: 7 },
  "an id of null": { init: { body: json({ ...INITIALIZE, id: null }) }, status: 400, code: -32600, id: null },
  "no JSON-RPC": { init: { body: '{"id":5,"method":"ping"}' }, status: 400, code: -32600, id: 5 },
  "too large by its length": { init: { body: large }, status: 413, code: -32600 },
  "too large while it arrives": {
    init: { body: streamed(Array.from({ length: 50 }, () => "x".repeat(100)), false) },
    status: 413,
    code: -32600,
  },
  "no Accept that can be met": {
    init: { body: json(INITIALIZE), headers: { accept: "text/html" } },
    status: 406,
    code: -32000,
  },
  "initialize without parameters": {
    init: { body: json({ jsonrpc: "2.0", id: 1, method: "initialize" }) },
    status: 200,
    code: -32602,
    id: 1,
  },
  "no session": { init: { body: json(call(1, "echo")) }, status: 400, code: -32600 },
  "an unknown session": {
    init: { body: json(call(1, "echo")), headers: { "mcp-session-id": crypto.randomUUID() } },
    status: 404,
    code: -32001,
  },
  "GET without a session": { init: { method: "GET" }, status: 400, code: -32600 },
  "GET of an unknown session": {
    init: { method: "GET", headers: { "mcp-session-id": "__proto__" } },
    status: 404,
    code: -32001,
  },
  "DELETE without a session": { init: { method: "DELETE" }, status: 400, code: -32600 },
  "DELETE of an unknown session": {
    init: { method: "DELETE", headers: { "mcp-session-id": "1" } },
    status: 404,
    code: -32001,
  },
  "another method": { init: { method: "PUT", body: "{}" }, status: 405, code: -32600 },
  "a version that never was": {
    init: {
      ...modern(3, "echo"),
      headers: { "mcp-protocol-version": "2099-01-01" },
      body: json({
        ...call(3, "echo"),
        params: { name: "echo", _meta: { ...ENVELOPE, "io.modelcontextprotocol/protocolVersion": "2099-01-01" } },
      }),
    },
    status: 400,
    code: -32022,
    id: 3,
  },
};

for (const [name, { init, status, code, id }] of Object.entries(BAD_INPUT)) {
  Deno.test(`/mcp answers ${status} to ${name} and keeps nothing`, async () => {
    await using endpoint = new McpEndpoint();
    const response = await endpoint.send(init);
    const answer = await response.json();
    assert.equal(response.status, status, json(answer));
    assert.equal(answer.error.code, code, json(answer));
    if (id !== undefined) assert.equal(answer.id, id);
    if (status === 405) assert.equal(response.headers.get("allow"), "GET, POST, DELETE");
    assert.equal(endpoint.endpoint.sessions, 0);
    assert.equal(endpoint.servers.size, 0);
  });
}

Deno.test("/mcp refuses each request of a batch", async () => {
  await using endpoint = new McpEndpoint();
  const response = await endpoint.send({ body: json([call(1, "echo"), call("b", "echo")]) });
  assert.equal(response.status, 400);
  const answers: { id: unknown; error: { code: number } }[] = await response.json();
  assert.deepEqual(answers.map(({ id, error }) => [id, error.code]), [[1, -32600], ["b", -32600]]);
});

Deno.test("/mcp answers 413 to a length that is too large before the body arrives", async () => {
  await using endpoint = new McpEndpoint();
  const headers = { ...LEGACY_HEADERS, "content-length": "4097" };
  const request = new Request(endpoint.url, { method: "POST", headers, body: streamed([], false) });
  const response = await endpoint.answer(request);
  assert.equal(response.status, 413);
});

Deno.test("/mcp answers 408 to a body that never ends", async () => {
  await using endpoint = new McpEndpoint({ bodyTimeoutMs: 20 });
  const response = await endpoint.send({ body: streamed(['{"jsonrpc"'], false) });
  assert.equal(response.status, 408);
  assert.equal((await response.json()).error.code, -32600);
});

Deno.test("A session belongs to one identity and does not exist for another", async () => {
  await using endpoint = new McpEndpoint();
  const session = await endpoint.initialize("alice");
  const as = (identity: string) => ({ headers: { "x-identity": identity } });
  for (const method of ["POST", "GET", "DELETE"]) {
    const body = method === "POST" ? { body: json(call(1, "echo")) } : {};
    const [foreign, unknown] = await Promise.all(
      [session, "none"].map((id) =>
        endpoint.send({ method, headers: { "mcp-session-id": id, "x-identity": "mallory" }, ...body })
      ),
    );
    assert.equal(foreign?.status, 404);
    assert.equal(await foreign?.text(), await unknown?.text());
  }
  const own = await endpoint.post(session, call(1, "echo", { n: 1 }), as("alice"));
  assert.equal((await readAnswer(own)).result.content[0].text, '{"n":1}');
});

Deno.test("Session ids are random and never repeat", async () => {
  await using endpoint = new McpEndpoint();
  const ids = await Promise.all(Array.from({ length: 20 }, () => endpoint.initialize()));
  assert.equal(new Set(ids).size, 20);
  for (const id of ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

Deno.test("DELETE ends a session, its calls and its streams", async () => {
  await using endpoint = new McpEndpoint();
  const session = await endpoint.initialize();
  const stream = await endpoint.send({ method: "GET", headers: { "mcp-session-id": session } });
  const running = await endpoint.post(session, call(1, "wait"));
  await endpoint.until(() => endpoint.waiting === 1);
  const deleted = await endpoint.send({ method: "DELETE", headers: { "mcp-session-id": session } });
  assert.equal(deleted.status, 200);
  const [answer] = await Promise.all([readAnswer(running), deleted.text(), stream.text()]);
  assert.deepEqual([answer.id, answer.error.code, answer.error.data], [1, -32000, {
    code: "ERR_SESSION_ENDED",
    retryable: false,
  }]);
  await endpoint.until(() => endpoint.waiting === 0 && endpoint.servers.size === 0);
  const after = await endpoint.post(session, call(2, "echo"));
  assert.equal(after.status, 404);
  await after.text();
});

/** What `Accept` says, and the form of an answer to a 2025-era and to a 2026-era request. */
const ACCEPTS: readonly (readonly [accept: string | null, legacy: string, modern: string])[] = [
  [null, "events", "json"],
  ["", "events", "json"],
  ["*/*", "events", "json"],
  ["application/json, text/event-stream", "events", "json"],
  ["APPLICATION/JSON, Text/Event-Stream", "events", "json"],
  ["application/*, text/event-stream;q=0.9", "json", "json"],
  ["application/json; charset=utf-8", "json", "json"],
  ["application/json", "json", "json"],
  ["application/*", "json", "json"],
  ["text/event-stream", "events", "events"],
  ["text/*", "events", "events"],
  ["*/*, application/json;q=0", "events", "events"],
  ["text/event-stream;q=0, */*", "json", "json"],
  ["application/jsonx, text/event-stream-bogus", "406", "406"],
  ["text/html", "406", "406"],
  ["application/json;q=0, text/event-stream;q=0.0", "406", "406"],
  ["json", "406", "406"],
];

for (const [accept, legacy, stateless] of ACCEPTS) {
  Deno.test(`/mcp answers Accept ${accept} in an accepted form: ${legacy}, ${stateless}`, async () => {
    await using endpoint = new McpEndpoint();
    const session = await endpoint.initialize();
    // A request without the header cannot be made by fetch.
    const post = (headers: Record<string, string>, body: string) => {
      const all = new Headers({ ...LEGACY_HEADERS, ...headers });
      if (accept === null) all.delete("accept");
      else all.set("accept", accept);
      return endpoint.answer(new Request(endpoint.url, { method: "POST", headers: all, body }));
    };
    const { headers, body } = modern(2, "echo", { n: 2 });
    const answers = [
      await post({ "mcp-session-id": session }, json(call(2, "echo", { n: 2 }))),
      await post(headers, body),
    ];
    for (const [index, form] of [legacy, stateless].entries()) {
      const response = answers[index] ?? assert.fail();
      const type = response.headers.get("content-type");
      const seen = response.status === 406 ? "406" : type === "text/event-stream" ? "events" : "json";
      assert.equal(seen, form);
      const answer = await readAnswer(response);
      assert.equal(answer.id, 2);
      if (form !== "406") assert.equal(answer.result.content[0].text, '{"n":2}');
    }
  });
}

Deno.test("GET of a session's stream is 406 for a client that does not accept events", async () => {
  await using endpoint = new McpEndpoint();
  const session = await endpoint.initialize();
  const headers = { "mcp-session-id": session };
  const refused = await endpoint.send({ method: "GET", headers: { ...headers, accept: "application/json" } });
  assert.equal(refused.status, 406);
  await refused.text();
  const stream = await endpoint.send({ method: "GET", headers: { ...headers, accept: "text/*;q=0.5" } });
  assert.equal(stream.status, 200);
  await stream.body?.cancel();
});

Deno.test("A second stream of a session replaces the first, which may be lost", async () => {
  await using endpoint = new McpEndpoint();
  const session = await endpoint.initialize();
  const open = () => endpoint.send({ method: "GET", headers: { "mcp-session-id": session } });
  const first = await open();
  const second = await open();
  assert.equal(second.status, 200);
  assert.match(await first.text(), /^id: 0-1\n/);
  await second.body?.cancel();
});

Deno.test("A stream that was lost before its answer is resumed from its last event", async () => {
  await using endpoint = new McpEndpoint();
  const session = await endpoint.initialize();
  const headers = { "mcp-session-id": session };
  await endpoint.sendAndLeave(
    { headers, body: json(call(1, "wait")) },
    () => endpoint.until(() => endpoint.waiting === 1),
  );
  const again = await endpoint.send({ method: "GET", headers: { ...headers, "last-event-id": "2-1" } });
  assert.equal(again.status, 200);
  const deleted = await endpoint.send({ method: "DELETE", headers });
  const answer = await readAnswer(again);
  assert.deepEqual([answer.id, answer.error.data.code], [1, "ERR_SESSION_ENDED"]);
  await deleted.text();
});

Deno.test("A stream that was read to its end, or never was, cannot be resumed", async () => {
  await using endpoint = new McpEndpoint();
  const session = await endpoint.initialize();
  const headers = { "mcp-session-id": session };
  const answered = await (await endpoint.post(session, call(1, "echo"))).text();
  const id = /^id: (\S+)$/m.exec(answered)?.[1] ?? assert.fail();
  for (const lastId of [id, "99-1", "nonsense", "__proto__"]) {
    const response = await endpoint.send({ method: "GET", headers: { ...headers, "last-event-id": lastId } });
    assert.equal(response.status, 400, lastId);
    await response.text();
  }
});

Deno.test("A stream cannot be resumed from an event that was not sent yet, and its reader stays", async () => {
  await using endpoint = new McpEndpoint();
  const session = await endpoint.initialize();
  const headers = { "mcp-session-id": session };
  const own = await endpoint.send({ method: "GET", headers });
  for (const lastId of ["0-2", "0-999999999999999"]) {
    const response = await endpoint.send({ method: "GET", headers: { ...headers, "last-event-id": lastId } });
    assert.equal(response.status, 400, lastId);
    await response.text();
  }
  const [server] = endpoint.servers;
  await server?.notification({ method: "notifications/message", params: { level: "info", data: "hello" } });
  await (await endpoint.send({ method: "DELETE", headers })).text();
  assert.match(await own.text(), /^id: 0-2\ndata: .*hello/m);
});

Deno.test("Clients before 2025-11-25 get no event without data", async () => {
  await using endpoint = new McpEndpoint();
  const opening = { ...INITIALIZE, params: { ...INITIALIZE.params, protocolVersion: "2025-06-18" } };
  const response = await endpoint.send({ body: json(opening), headers: { "mcp-protocol-version": null } });
  await response.text();
  const headers = { "mcp-protocol-version": "2025-06-18" };
  const session = response.headers.get("mcp-session-id") ?? assert.fail();
  const answer = await (await endpoint.post(session, call(1, "echo"), { headers })).text();
  assert.match(answer, /^event: message\ndata: \{/);
});

Deno.test("initialize is answered whatever MCP-Protocol-Version says, other requests need a supported one", async () => {
  await using endpoint = new McpEndpoint();
  const headers = { "mcp-protocol-version": "2026-07-28" };
  const opened = await endpoint.send({ body: json(INITIALIZE), headers });
  assert.equal((await readAnswer(opened)).result.protocolVersion, "2025-11-25");
  const session = opened.headers.get("mcp-session-id") ?? assert.fail();
  const again = await endpoint.post(session, INITIALIZE);
  assert.equal(again.status, 400);
  assert.equal((await again.json()).id, 0);
  const unknown = await endpoint.post(session, call(4, "echo"), { headers: { "mcp-protocol-version": "1999-01-01" } });
  assert.equal(unknown.status, 400);
  assert.equal((await unknown.json()).id, 4);
});

Deno.test("A session ends once it was idle for longer than its limit, even before the timer runs", async () => {
  await using endpoint = new McpEndpoint();
  const session = await endpoint.initialize();
  endpoint.clock.now += IDLE_MS - 1;
  assert.equal((await readAnswer(await endpoint.post(session, call(1, "echo")))).id, 1);
  endpoint.clock.now += IDLE_MS - 1;
  assert.equal((await readAnswer(await endpoint.post(session, call(2, "echo")))).id, 2);
  endpoint.clock.now += IDLE_MS;
  const late = await endpoint.post(session, call(3, "echo"));
  assert.equal(late.status, 404);
  await late.text();
  assert.equal(endpoint.endpoint.sessions, 0);
  assert.equal(endpoint.servers.size, 0);
});

Deno.test("A notification keeps a session from being idle", async () => {
  await using endpoint = new McpEndpoint();
  const session = await endpoint.initialize();
  for (let times = 0; times < 3; times++) {
    endpoint.clock.now += IDLE_MS - 1;
    const response = await endpoint.post(session, { jsonrpc: "2.0", method: "notifications/initialized" });
    assert.equal(response.status, 202);
    await response.text();
  }
});

Deno.test("A session with an open stream is not idle", async () => {
  await using endpoint = new McpEndpoint();
  const session = await endpoint.initialize();
  const stream = await endpoint.send({ method: "GET", headers: { "mcp-session-id": session } });
  endpoint.clock.now += 10 * IDLE_MS;
  await endpoint.initialize("somebody else");
  assert.equal(endpoint.endpoint.sessions, 2);
  await stream.body?.cancel();
});

Deno.test("A timer ends idle sessions without any request", async () => {
  const ended: SessionEnd[] = [];
  const over = Promise.withResolvers<void>();
  const observer = {
    opened: () => {},
    closed(_session: HttpSession, reason: SessionEnd) {
      if (ended.push(reason) === 3) over.resolve();
    },
  };
  await using endpoint = new McpEndpoint({ idleMs: 20, now: () => performance.now(), observer });
  await Promise.all([endpoint.initialize("a"), endpoint.initialize("b"), endpoint.initialize("c")]);
  await over.promise;
  assert.deepEqual(ended, ["idle", "idle", "idle"]);
  assert.equal(endpoint.endpoint.sessions, 0);
});

Deno.test({
  name: "Sessions leave no timer behind, however they end",
  sanitizeOps: true,
  async fn() {
    const http = createStreamableHttp({
      factory: () => new Server({ name: "test", version: "1.0.0" }, { capabilities: {} }),
      store: new MemorySessionStore(),
      maxBodySize: 4_096,
      now: () => 0,
    });
    const send = async (init: RequestInit) => {
      const response = toResponse(await http.fetch(new Request("http://127.0.0.1/mcp", init), callerOf()));
      await response.text();
      return response.headers.get("mcp-session-id") ?? "";
    };
    const initialize = { method: "POST", headers: LEGACY_HEADERS, body: json(INITIALIZE) };
    const session = await send(initialize);
    await send({ method: "DELETE", headers: { "mcp-session-id": session } });
    assert.equal(http.sessions, 0);
    await send(initialize);
    await send(initialize);
    await http.close();
  },
});

Deno.test("When there is no room for another session, a client is told to retry, and room is made in time", async () => {
  await using endpoint = new McpEndpoint({ maxSessions: 2 });
  await endpoint.initialize("a");
  await endpoint.initialize("b");
  const full = await endpoint.send({ body: json(INITIALIZE), headers: { "x-identity": "c" } });
  assert.equal(full.status, 503);
  assert.equal(full.headers.get("retry-after"), "60");
  const answer = await full.json();
  assert.equal(answer.id, 0);
  assert.deepEqual(answer.error.data, { code: "ERR_BUSY", retryable: true, retryAfterMs: 60_000 });
  endpoint.clock.now += IDLE_MS;
  await endpoint.initialize("c");
  assert.equal(endpoint.endpoint.sessions, 1);
});

Deno.test("When there is no room, the longest idle session of whoever has most makes room for a client with fewer", async () => {
  await using endpoint = new McpEndpoint({ maxSessions: 4 });
  const sessions: [string, string][] = [];
  for (const identity of ["a", "greedy", "greedy", "greedy"]) {
    sessions.push([identity, await endpoint.initialize(identity)]);
    endpoint.clock.now++;
  }
  sessions.push(["b", await endpoint.initialize("b")]);
  const refused = await endpoint.send({ body: json(INITIALIZE), headers: { "x-identity": "b" } });
  assert.equal(refused.status, 503);
  await refused.text();
  const statuses: number[] = [];
  for (const [identity, session] of sessions) {
    const response = await endpoint.post(session, call(1, "echo"), { headers: { "x-identity": identity } });
    statuses.push(response.status);
    await response.text();
  }
  assert.deepEqual(statuses, [200, 404, 200, 200, 200]);
});

Deno.test("The longest idle session of an identity makes room; others' and busy ones stay", async () => {
  await using endpoint = new McpEndpoint({ maxSessionsOf: (identity) => identity === "a" ? 2 : 1 });
  const other = await endpoint.initialize("other");
  const busy = await endpoint.initialize("a");
  const stream = await endpoint.send({ method: "GET", headers: { "mcp-session-id": busy, "x-identity": "a" } });
  endpoint.clock.now++;
  const idle = await endpoint.initialize("a");
  endpoint.clock.now++;
  const newest = await endpoint.initialize("a");
  const statuses: number[] = [];
  for (const [session, identity] of [[other, "other"], [busy, "a"], [idle, "a"], [newest, "a"]] as const) {
    const response = await endpoint.post(session, call(1, "echo"), { headers: { "x-identity": identity } });
    statuses.push(response.status);
    await response.text();
  }
  assert.deepEqual(statuses, [200, 200, 404, 200]);
  const second = await endpoint.send({ method: "GET", headers: { "mcp-session-id": newest, "x-identity": "a" } });
  const refused = await endpoint.send({ body: json(INITIALIZE), headers: { "x-identity": "a" } });
  assert.equal(refused.status, 429);
  assert.equal((await refused.json()).id, 0);
  await Promise.all([stream.body?.cancel(), second.body?.cancel()]);
});

Deno.test("A client that disconnects aborts its requests, in both protocol revisions, and its session continues", async () => {
  await using endpoint = new McpEndpoint({ resumeMs: 1 });
  const session = await endpoint.initialize();
  const legacy = { headers: { "mcp-session-id": session }, body: json(call(1, "wait")) };
  for (const request of [legacy, modern(1, "wait"), legacy, modern(1, "wait")]) {
    await endpoint.sendAndLeave(request, () => endpoint.until(() => endpoint.waiting === 1));
    await endpoint.until(() => endpoint.waiting === 0);
  }
  await endpoint.until(() => endpoint.servers.size === 1);
  const again = await endpoint.post(session, call(1, "echo", { n: 2 }));
  assert.equal((await readAnswer(again)).result.content[0].text, '{"n":2}');
});

Deno.test("A cancelled call's stream ends without an answer, and its id can be used again", async () => {
  await using endpoint = new McpEndpoint();
  const session = await endpoint.initialize();
  const running = await endpoint.post(session, call("x", "wait"));
  await endpoint.until(() => endpoint.waiting === 1);
  const notification = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: "x" } };
  const accepted = await endpoint.post(session, notification);
  assert.equal(accepted.status, 202);
  await accepted.text();
  assert.doesNotMatch(await running.text(), /^data: ./m);
  assert.equal(endpoint.waiting, 0);
  assert.equal((await readAnswer(await endpoint.post(session, call("x", "echo")))).id, "x");
});

Deno.test("A cancellation that arrives together with another request of its id does not affect that one", async () => {
  await using endpoint = new McpEndpoint();
  const session = await endpoint.initialize();
  const post = (message: unknown) => {
    const headers = { ...LEGACY_HEADERS, "mcp-session-id": session };
    return endpoint.answer(new Request(endpoint.url, { method: "POST", headers, body: json(message) }));
  };
  for (let id = 0; id < 50; id++) {
    const cancel = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: id } };
    const [accepted, response] = await Promise.all([post(cancel), post(call(id, "echo", { id }))]);
    assert.equal(accepted?.status, 202);
    assert.equal((await readAnswer(response ?? assert.fail())).result.content[0].text, json({ id }));
  }
});

Deno.test("An id that is in use in a session is refused, and the first call continues", async () => {
  await using endpoint = new McpEndpoint();
  const session = await endpoint.initialize();
  const other = await endpoint.initialize();
  const running = await endpoint.post(session, call(1, "wait"));
  await endpoint.until(() => endpoint.waiting === 1);
  const twice = await endpoint.post(session, call(1, "echo"));
  assert.equal(twice.status, 400);
  assert.deepEqual((await twice.json()).id, 1);
  assert.equal(endpoint.waiting, 1);
  assert.equal(
    (await readAnswer(await endpoint.post(other, call(1, "echo", { n: 3 })))).result.content[0].text,
    '{"n":3}',
  );
  await running.body?.cancel();
});

Deno.test("A call that is answered but not read yet can be cancelled or abandoned", async () => {
  await using endpoint = new McpEndpoint();
  const session = await endpoint.initialize();
  const post = (message: unknown) => {
    const headers = { ...LEGACY_HEADERS, "mcp-session-id": session };
    const request = new Request(endpoint.url, { method: "POST", headers, body: json(message) });
    return endpoint.answer(request);
  };
  const cancelled = await post(call(1, "echo"));
  const left = await post(call(2, "echo"));
  await (await post({ jsonrpc: "2.0", id: 3, method: "ping" })).text();
  const accepted = await post({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 1 } });
  assert.equal(accepted.status, 202);
  await left.body?.cancel();
  assert.equal((await readAnswer(cancelled)).id, 1);
  assert.equal((await readAnswer(await post(call(1, "echo")))).id, 1);
  assert.equal((await readAnswer(await post(call(2, "echo")))).id, 2);
});

Deno.test("Sessions with the same ids never see each other's answers", async () => {
  await using endpoint = new McpEndpoint();
  const sessions = await Promise.all(Array.from({ length: 8 }, (_, n) => endpoint.initialize(`client ${n}`)));
  await Promise.all(sessions.map(async (session, n) => {
    for (let id = 0; id < 20; id++) {
      const headers = { "x-identity": `client ${n}` };
      const answer = await readAnswer(await endpoint.post(session, call(id, "echo", { n, id }), { headers }));
      assert.deepEqual([answer.id, JSON.parse(answer.result.content[0].text)], [id, { n, id }]);
    }
  }));
});

Deno.test("An open stream is kept alive with comments", async () => {
  await using endpoint = new McpEndpoint({ keepAliveMs: 5 });
  const session = await endpoint.initialize();
  const stream = await endpoint.send({ method: "GET", headers: { "mcp-session-id": session } });
  assert.equal(stream.headers.get("content-type"), "text/event-stream");
  const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
  assert.equal((await reader?.read())?.value, "id: 0-1\nretry: 1000\ndata: \n\n");
  assert.match((await reader?.read())?.value ?? "", /^: keepalive\n\n/);
  await reader?.cancel();
});

Deno.test("A request over the limit is answered 429 with its id; pings and cancellations are exempt", async () => {
  const asked: string[] = [];
  const error = { code: -32000, message: "Too many", data: { code: "ERR_RATE_LIMIT", retryAfterMs: 1_500 } };
  await using endpoint = new McpEndpoint({
    admit(request, { identity }) {
      asked.push(`${identity} ${request?.method}`);
      return request?.method === "tools/call" ? error : undefined;
    },
  });
  const session = await endpoint.initialize();
  const refused = await endpoint.post(session, call("r", "echo"));
  assert.equal(refused.status, 429);
  assert.equal(refused.headers.get("retry-after"), "2");
  assert.deepEqual(await refused.json(), { jsonrpc: "2.0", id: "r", error });
  await (await endpoint.post(session, { jsonrpc: "2.0", id: 1, method: "ping" })).text();
  await (await endpoint.post(session, { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 9 } }))
    .text();
  assert.deepEqual(asked, ["local initialize", "local tools/call"]);
});

Deno.test("A body that is not a message counts against the limit, and is answered 429 beyond it", async () => {
  let left = 2;
  const error = { code: -32000, message: "Too many", data: { code: "ERR_RATE_LIMIT", retryAfterMs: 1_500 } };
  await using endpoint = new McpEndpoint({
    admit: (request) => request === undefined && left-- <= 0 ? error : undefined,
  });
  const headers = { "content-type": "application/json", "accept": "application/json, text/event-stream" };
  const statuses: number[] = [];
  for (const body of ["{", "[]", '{"jsonrpc":"2.0","id":7,"method":5}', "{"]) {
    const response = await endpoint.send({ method: "POST", headers, body });
    statuses.push(response.status);
    await response.body?.cancel();
  }
  assert.deepEqual(statuses, [400, 400, 429, 429]);
});

Deno.test("The observer sees sessions begin and end, and their details", async () => {
  const seen: unknown[] = [];
  const observer = {
    opened: ({ identity, client }: HttpSession) => seen.push(["opened", identity, client]),
    closed: ({ identity, client, inFlight }: HttpSession, reason: SessionEnd) =>
      seen.push(["closed", identity, client?.name, inFlight, reason]),
  };
  {
    await using endpoint = new McpEndpoint({ observer });
    const session = await endpoint.initialize("a");
    await endpoint.initialize("b");
    await (await endpoint.send({ method: "DELETE", headers: { "mcp-session-id": session, "x-identity": "a" } })).text();
  }
  assert.deepEqual(seen, [
    ["opened", "a", undefined],
    ["opened", "b", undefined],
    ["closed", "a", "test", 0, "deleted"],
    ["closed", "b", "test", 0, "shutdown"],
  ]);
});

Deno.test("StreamableHttp.close() ends sessions, streams and calls of both protocol revisions; later requests are answered 503", async () => {
  await using endpoint = new McpEndpoint();
  const session = await endpoint.initialize();
  const stream = await endpoint.send({ method: "GET", headers: { "mcp-session-id": session } });
  const legacy = endpoint.post(session, call(1, "wait")).then((response) => response.text());
  const stateless = endpoint.send(modern(1, "wait")).then((response) => response.text());
  await endpoint.until(() => endpoint.waiting === 2);
  await endpoint.endpoint.close();
  await Promise.all([stream.text(), legacy, stateless]);
  await endpoint.until(() => endpoint.waiting === 0 && endpoint.servers.size === 0);
  assert.equal(endpoint.endpoint.sessions, 0);
  const late = await endpoint.send({ body: json(INITIALIZE) });
  assert.equal(late.status, 503);
  await late.text();
});

Deno.test("Many rounds of calls in both protocol revisions leave no server object behind", async () => {
  await using endpoint = new McpEndpoint();
  for (let round = 0; round < 30; round++) {
    const session = await endpoint.initialize();
    await (await endpoint.post(session, call(1, "echo"))).text();
    await (await endpoint.send(modern(1, "echo"))).text();
    await (await endpoint.send({ method: "DELETE", headers: { "mcp-session-id": session } })).text();
  }
  await endpoint.until(() => endpoint.servers.size === 0);
  assert.equal(endpoint.endpoint.sessions, 0);
});
