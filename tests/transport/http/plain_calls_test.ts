/** Plain calls over HTTP, answered without the SDK, against the SDK: the same status, type and bytes for the same request. */

import assert from "node:assert/strict";
import { directMethods } from "../../../src/protocol/direct_call.ts";
import { askingTools, listingOf } from "../../../src/protocol/listing.ts";
import { createServerFactory } from "../../../src/protocol/mcp_server.ts";
import { PlainCalls } from "../../../src/protocol/plain_calls.ts";
import { ReadyAnswers } from "../../../src/protocol/ready_answers.ts";
import type { Server } from "@modelcontextprotocol/server";
import type { Tool } from "../../../src/tools/tool.ts";
import { callerOfHttp } from "../../../src/transport/http/auth_info.ts";
import { backendOf } from "../../protocol/backend.ts";
import { TestExchange } from "../../support/exchange.ts";
import { call, INITIALIZE, McpEndpoint, readAnswer } from "../mcp_endpoint.ts";
import type { Json, Sent } from "../mcp_endpoint.ts";

const identity = { name: "luno-mcp-server", version: "1.2.3" };
const listing = listingOf(["market", "account", "server"]);

/** The same server twice: as it is, and with everything left to the SDK. */
class Both implements AsyncDisposable {
  readonly plain: McpEndpoint;
  readonly bare: McpEndpoint;
  /** Servers that were asked to answer a call. */
  servers = 0;
  /** Hears of each of them. */
  made: (server: Server) => void = () => {};
  readonly #exchange: TestExchange;

  private constructor(exchange: TestExchange, run?: Tool["run"]) {
    this.#exchange = exchange;
    const served = backendOf(exchange.context);
    const backend = () =>
      Promise.resolve(run === undefined ? served : { ...served, tools: { ...served.tools, find: toolThat(run) } });
    const createServer = createServerFactory({ identity, listing, backend });
    const factory = () => {
      this.servers++;
      const server = createServer(callerOfHttp);
      this.made(server);
      return server;
    };
    const calls = new PlainCalls({ identity, backend, methods: directMethods(listing), asking: askingTools(listing) });
    this.plain = new McpEndpoint({ factory, plain: { calls, ready: new ReadyAnswers({ identity, listing }) } });
    this.bare = new McpEndpoint({ factory });
  }

  /** With `run` in the place of every tool's own. */
  static async start(run?: Tool["run"]): Promise<Both> {
    return new Both(await TestExchange.start(), run);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.plain[Symbol.asyncDispose]();
    await this.bare[Symbol.asyncDispose]();
    await this.#exchange[Symbol.asyncDispose]();
  }
}

function toolThat(run: Tool["run"]): (name: string) => Tool | undefined {
  const { find } = backendOf({} as Parameters<typeof backendOf>[0]).tools;
  return (name) => {
    const tool = find(name);
    return tool && { ...tool, run };
  };
}

/** What is compared of a response: all but the headers of its connection and the id of its session. */
async function seen(response: Response): Promise<Json> {
  const headers = ["content-type", "cache-control", "x-accel-buffering", "retry-after", "allow"];
  return [response.status, ...headers.map((name) => response.headers.get(name)), await response.text()];
}

const MODERN_META = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientInfo": { name: "test", version: "1" },
  "io.modelcontextprotocol/clientCapabilities": { elicitation: {} },
};

const PRICE = { name: "get_crypto_price", arguments: { pair: "XBTZAR" } };

/** Parameters of `tools/call`, valid and broken. */
const PARAMS: Readonly<Record<string, Json>> = {
  "a price": PRICE,
  "a price by its alias": { ...PRICE, name: "get_ticker" },
  "a call without arguments": { name: "describe_capabilities" },
  "no arguments where one is needed": { name: "get_crypto_price" },
  "a pair that does not exist": { name: "get_crypto_price", arguments: { pair: "NOPE" } },
  "an argument of the wrong type": { name: "get_orderbook", arguments: { pair: "XBTZAR", depth: "ten" } },
  "an argument too many": { name: "get_crypto_price", arguments: { pair: "XBTZAR", more: 1 } },
  "a tool that does not exist": { name: "get_nothing", arguments: {} },
  "a tool that is not offered": { name: "place_order", arguments: {} },
  "a name of Object": { name: "constructor", arguments: {} },
  "a list of arguments": { name: "get_crypto_price", arguments: ["XBTZAR"] },
  "arguments of null": { name: "get_crypto_price", arguments: null },
  "no name": { arguments: {} },
  "a number for a name": { name: 7 },
  "an unknown parameter": { ...PRICE, more: true },
  "a task": { ...PRICE, task: { ttl: 1_000 } },
  "an answer to a question": { ...PRICE, inputResponses: {}, requestState: "x" },
  "no parameters": undefined,
  "members of _meta of others": { ...PRICE, _meta: { "example.com/trace": [1], "claudecode/toolUseId": "a" } },
  "a progress token": { ...PRICE, _meta: { progressToken: "t" } },
  "a progress token that is none": { ...PRICE, _meta: { progressToken: {} } },
  "a _meta that is none": { ...PRICE, _meta: "x" },
};

/** What else a client may send along, over good headers of its revision. */
const HEADERS: Readonly<Record<string, Readonly<Record<string, string | null>>>> = {
  "as they should be": {},
  "no protocol version": { "mcp-protocol-version": null },
  "a protocol version that is not served": { "mcp-protocol-version": "2019-01-01" },
  "the protocol version of the other revision": { "mcp-protocol-version": "2025-06-18" },
  "a protocol version to come": { "mcp-protocol-version": "2099-01-01" },
  "no method": { "mcp-method": null },
  "another method": { "mcp-method": "tools/list" },
  "no name": { "mcp-name": null },
  "another name": { "mcp-name": "get_fees" },
  "a name in Base64": { "mcp-name": "=?base64?Z2V0X2NyeXB0b19wcmljZQ==?=" },
  "no session": { "mcp-session-id": null },
  "a session that is none": { "mcp-session-id": "7" },
};

const ACCEPTS = ["application/json", "text/event-stream", "text/html"];

/** Sends the same to both and compares; `isAt` says which part of the corpus it is. */
async function compare(both: Both, isAt: string, sendTo: (endpoint: McpEndpoint) => Promise<Response>): Promise<void> {
  assert.deepEqual(await seen(await sendTo(both.plain)), await seen(await sendTo(both.bare)), isAt);
}

async function sessionsOf(both: Both): Promise<(endpoint: McpEndpoint) => string> {
  const [plain, bare] = [await both.plain.initialize(), await both.bare.initialize()];
  return (endpoint) => endpoint === both.plain ? plain : bare;
}

function modernCall(id: string | number, params: Json, meta: Json = {}): Json {
  const _meta = typeof params?._meta === "string" ? params._meta : { ...MODERN_META, ...params?._meta, ...meta };
  return { jsonrpc: "2.0", id, method: "tools/call", params: { ...params, _meta } };
}

function modernHeaders(name: unknown): Readonly<Record<string, string>> {
  const named = typeof name === "string" ? { "mcp-name": name } : {};
  return { "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", ...named };
}

for (const accept of ACCEPTS) {
  // Before 2025-11-25, whose streams begin with an event without data; that is compared below.
  const legacy = { accept, "mcp-protocol-version": "2025-06-18" };

  Deno.test(`calls of 2025 are answered like the SDK's to ${accept}`, async () => {
    await using both = await Both.start();
    const version = { ...INITIALIZE, params: { ...INITIALIZE.params, protocolVersion: "2025-06-18" } };
    const ids = new Map<McpEndpoint, string>();
    for (const endpoint of [both.plain, both.bare]) {
      const opened = await endpoint.send({ body: JSON.stringify(version) });
      await opened.text();
      ids.set(endpoint, opened.headers.get("mcp-session-id") ?? "");
    }
    for (const [what, params] of Object.entries(PARAMS)) {
      const message = { jsonrpc: "2.0", id: what, method: "tools/call", params };
      await compare(both, what, (at) => at.post(ids.get(at) ?? "", message, { headers: legacy }));
    }
    for (const [what, headers] of Object.entries(HEADERS)) {
      const init = { headers: { ...legacy, ...headers } };
      await compare(both, what, (at) => at.post(ids.get(at) ?? "", call(1, PRICE.name, PRICE.arguments), init));
    }
  });

  Deno.test(`calls of 2026-07-28 are answered like the SDK's to ${accept}`, async () => {
    await using both = await Both.start();
    for (const [what, params] of Object.entries(PARAMS)) {
      const body = JSON.stringify(modernCall(what, params));
      const headers = { ...modernHeaders(params?.name), accept };
      await compare(both, what, (at) => at.send({ headers, body }));
    }
    for (const [what, more] of Object.entries(HEADERS)) {
      const headers = { ...modernHeaders(PRICE.name), accept, ...more };
      await compare(both, what, (at) => at.send({ headers, body: JSON.stringify(modernCall(7, PRICE)) }));
    }
  });
}

Deno.test("an envelope of 2026-07-28 is accepted or refused like the SDK's, whatever it contains", async () => {
  await using both = await Both.start();
  const odd = [undefined, null, 7, "x", [], {}, { name: 1 }, { name: "a", version: "1", icons: [{}] }, "2025-11-25"];
  for (const key of Object.keys(MODERN_META)) {
    for (const value of odd) {
      const body = JSON.stringify(modernCall(1, PRICE, { [key]: value }));
      const headers: Sent["headers"] = { ...modernHeaders(PRICE.name), accept: "application/json" };
      await compare(both, `${key} ${JSON.stringify(value)}`, (at) => at.send({ headers, body }));
    }
  }
});

/** Methods that are answered ready-made in one revision or in both, and one that is not. */
const READY_METHODS = [
  "tools/list",
  "prompts/list",
  "resources/list",
  "resources/templates/list",
  "server/discover",
  "ping",
  "no/such",
];

/** Parameters of such requests, beside the envelope. */
const LIST_PARAMS: readonly Json[] = [{}, { more: 1 }, { cursor: "x" }, { cursor: 7 }, { _meta: { progressToken: 1 } }];

Deno.test("lists, pings and discoveries are answered like the SDK's, in both revisions", async () => {
  await using both = await Both.start();
  const session = await sessionsOf(both);
  const json = { accept: "application/json" };
  for (const method of READY_METHODS) {
    for (const params of [undefined, ...LIST_PARAMS]) {
      const what = `${method} ${JSON.stringify(params)}`;
      const legacy = { jsonrpc: "2.0", id: what, method, params };
      await compare(both, what, (at) => at.post(session(at), legacy, { headers: json }));
      const modern = { ...legacy, params: { ...params, _meta: { ...MODERN_META, ...params?._meta } } };
      const headers = {
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": method,
        accept: "application/json, text/event-stream",
      };
      await compare(both, what, (at) => at.send({ headers, body: JSON.stringify(modern) }));
    }
    for (const [what, more] of Object.entries(HEADERS)) {
      const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: { _meta: MODERN_META } });
      const headers = { "mcp-protocol-version": "2026-07-28", "mcp-method": method, ...json, ...more };
      await compare(both, `${method}: ${what}`, (at) => at.send({ headers, body }));
      const legacy = { jsonrpc: "2.0", id: 1, method };
      await compare(
        both,
        `${method}: ${what}`,
        (at) => at.post(session(at), legacy, { headers: { ...json, ...more } }),
      );
    }
  }
});

Deno.test("sessions are opened like the SDK's, in every form and revision, valid and invalid", async () => {
  await using both = await Both.start();
  const openings: readonly Json[] = [
    {},
    ...["2025-06-18", "2024-11-05", "2099-01-01", ""].map((protocolVersion) => ({ protocolVersion })),
    { protocolVersion: 7 },
    { clientInfo: { name: "x" } },
    { capabilities: { roots: null } },
    { _meta: { progressToken: 1 } },
    { _meta: { ...MODERN_META, "io.modelcontextprotocol/protocolVersion": "2025-11-25" } },
  ];
  for (const accept of ["application/json", "text/event-stream", "application/json, text/event-stream", "text/html"]) {
    for (const more of openings) {
      const body = JSON.stringify({ ...INITIALIZE, params: { ...INITIALIZE.params, ...more } });
      await compare(both, `${accept} ${JSON.stringify(more)}`, (at) => at.send({ headers: { accept }, body }));
    }
  }
});

Deno.test("a session's server object is created when it is needed, and knows what its client said at the opening", async () => {
  await using both = await Both.start();
  const { plain } = both;
  const heard: unknown[] = [];
  both.made = (server) =>
    server.oninitialized = () => heard.push([server.getClientVersion()?.name, server.getNegotiatedProtocolVersion()]);
  const session = await plain.initialize();
  await (await plain.post(session, { jsonrpc: "2.0", method: "notifications/initialized" })).text();
  assert.equal(both.servers, 0);
  const prompt = {
    jsonrpc: "2.0",
    id: 1,
    method: "prompts/get",
    params: { name: "market_brief", arguments: { pair: "XBTZAR" } },
  };
  const answers = await Promise.all([1, 2, 3].map((id) => plain.post(session, { ...prompt, id })));
  for (const answer of answers) assert.ok("result" in await readAnswer(answer));
  assert.deepEqual([both.servers, heard], [1, [["test", "2025-11-25"]]]);
  await (await plain.post(session, { jsonrpc: "2.0", method: "notifications/roots/list_changed" })).text();
});

Deno.test("a request is answered even when no server object can be created for its session", async () => {
  await using both = await Both.start();
  both.made = () => assert.fail("no room");
  const session = await both.plain.initialize();
  for (const id of [1, 2]) {
    const answer = await readAnswer(
      await both.plain.post(session, { jsonrpc: "2.0", id, method: "prompts/get", params: { name: "x" } }),
    );
    assert.equal(answer.error.code, -32603);
  }
});

Deno.test("lists, pings and discoveries need no server object of the SDK", async () => {
  await using both = await Both.start();
  const { plain } = both;
  const session = await plain.initialize();
  const before = both.servers;
  for (const method of READY_METHODS.slice(0, 4)) {
    const headers = { "mcp-protocol-version": "2026-07-28", "mcp-method": method };
    const modern = { jsonrpc: "2.0", id: 1, method, params: { _meta: MODERN_META } };
    const answers = [
      await plain.post(session, { jsonrpc: "2.0", id: 1, method }),
      await plain.send({ headers, body: JSON.stringify(modern) }),
    ];
    for (const answer of answers) assert.ok("result" in await readAnswer(answer), method);
  }
  assert.equal(both.servers, before);
});

Deno.test("a plain call needs no server object of the SDK, and is one value when its client accepts any form", async () => {
  await using both = await Both.start();
  const { plain } = both;
  const session = await plain.initialize();
  const before = both.servers;
  const answers = [
    await plain.post(session, call(1, PRICE.name, PRICE.arguments)),
    await plain.send({ headers: modernHeaders(PRICE.name), body: JSON.stringify(modernCall(2, PRICE)) }),
  ];
  assert.deepEqual(answers.map(({ headers }) => headers.get("content-type")), ["application/json", "application/json"]);
  // A session is named in the answer to its opening.
  assert.equal(answers[0]?.headers.get("mcp-session-id"), null);
  for (const answer of answers) assert.equal((await readAnswer(answer)).result.structuredContent.pair, "XBTZAR");
  assert.equal(both.servers, before);
});

Deno.test("a plain call of 2025-11-25 whose client accepts only events is one event with the SDK's answer", async () => {
  await using both = await Both.start();
  const session = await sessionsOf(both);
  const init = { headers: { accept: "text/event-stream" } };
  const [plain, bare] = await Promise.all([both.plain, both.bare].map(async (at) => {
    const response = await at.post(session(at), call(1, PRICE.name, PRICE.arguments), init);
    return await response.text();
  }));
  assert.match(plain ?? "", /^event: message\ndata: [^\n]+\n\n$/);
  assert.equal(/^data: (\{.*)$/m.exec(plain ?? "")?.[1], /^data: (\{.*)$/m.exec(bare ?? "")?.[1]);
});

/** Waits until it is aborted. */
function waiting(begun: () => void): Tool["run"] {
  return (_input, { signal }) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(new Error("aborted")), { once: true });
      begun();
    });
}

Deno.test("a plain call that runs in a session is cancelled, refused a second time and ended with it", async () => {
  const begun = Promise.withResolvers<void>();
  let calls = 0;
  await using both = await Both.start(waiting(() => ++calls === 2 && begun.resolve()));
  const { plain } = both;
  const session = await plain.initialize();
  const [cancelled, ended] = [1, 2].map((id) => plain.post(session, call(id, PRICE.name, PRICE.arguments)));
  await begun.promise;
  const again = await plain.post(session, call(1, PRICE.name, PRICE.arguments));
  assert.match((await readAnswer(again)).error.message, /id is in use/);
  const params = { requestId: 1 };
  await plain.post(session, { jsonrpc: "2.0", method: "notifications/cancelled", params });
  assert.equal((await readAnswer(await cancelled!)).error.message, "Cancelled by the client");
  await (await plain.send({ method: "DELETE", headers: { "mcp-session-id": session } })).text();
  assert.equal((await readAnswer(await ended!)).error.data.code, "ERR_SESSION_ENDED");
});

/** The runtime hears of a client's leaving only after requests of at most 512 bytes. */
const SHORT_META = { "io.modelcontextprotocol/clientInfo": undefined };

Deno.test("a plain call is aborted when its client disconnects, in both revisions, and when the server closes", async () => {
  const begun = Promise.withResolvers<void>();
  const aborted = Promise.withResolvers<void>();
  let [calls, aborts] = [0, 0];
  await using both = await Both.start((_input, { signal }) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => {
        if (++aborts === 2) aborted.resolve();
        reject(new Error("aborted"));
      }, { once: true });
      if (++calls === 3) begun.resolve();
    })
  );
  const { plain } = both;
  const session = await plain.initialize();
  const leaving = [
    { headers: { "mcp-session-id": session }, body: JSON.stringify(call(1, PRICE.name, PRICE.arguments)) },
    { headers: modernHeaders(PRICE.name), body: JSON.stringify(modernCall(2, PRICE, SHORT_META)) },
  ].map((request) => plain.sendAndLeave(request, () => begun.promise));
  const staying = plain.send({ headers: modernHeaders(PRICE.name), body: JSON.stringify(modernCall(3, PRICE)) });
  await Promise.all(leaving);
  await aborted.promise;
  await plain.endpoint.close();
  const answer = await staying;
  assert.equal(answer.status, 503);
  assert.match((await readAnswer(answer)).error.message, /shutting down/);
});
