/** What other MCP servers are known to get wrong: each on a running server, behind either listener. */

import assert from "node:assert/strict";
import { PROGRAMS } from "./program.ts";
import { listenersOf } from "./listeners.ts";
import { GuardedServer } from "./guarded_server.ts";
import { bearer, ENVELOPE, legacy, messageOf, modernCall, opening, restCall } from "./requests.ts";
import type { Answered, Asked, Json } from "./requests.ts";

/** Allowed beside loopback, to be matched by whatever only looks alike. */
const ALLOWED = ["--allowed-hosts", "mcp.example", "--allowed-origins", "https://app.example,http://localhost:5173"];

/** What is tested here needs more calls and connections of one client than a server gives it by default. */
const LIMITS = ["--rate-limit", "100000", "--max-connections-per-client", "50"];

const OTHER_HOSTS = [
  "evil.example",
  "mcp.example.evil.example",
  "evil-mcp.example",
  "xmcp.example",
  "mcp.exampl",
  "mcp.example@evil.example",
  "localhost.evil.example",
  "127.0.0.1.evil.example",
  "127.0.0.1:evil",
  "localhost, evil.example",
  "",
];

const OTHER_ORIGINS = [
  "https://evil.example",
  "https://app.example.evil.example",
  "https://evil-app.example",
  "https://app.exampl",
  "http://app.example",
  "https://app.example:8443",
  "https://app.example@evil.example",
  "https://app.example/",
  "http://localhost.evil.example",
  "http://localhost:3000",
  "http://127.0.0.1:1234",
  "http://[::1]:1",
  "null",
  "",
];

/** A text of JSON that `JSON.stringify` cannot write: members in this order, each as often as it stands there. */
function objectOf(members: readonly (readonly [name: string, value: unknown])[]): string {
  return `{${members.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(",")}}`;
}

/** Puts a text of JSON in the place of `"@"`. */
function withParams(message: Record<string, unknown>, params: string): string {
  return JSON.stringify({ ...message, params: "@" }).replace('"@"', params);
}

const CALL = { jsonrpc: "2.0", id: 1, method: "tools/call" };
const ALLOWED_TOOL = "describe_capabilities";
const DENIED_TOOL = "get_accounts";

/** Two names for one member of `tools/call`; none of them may run what the caller may not use. */
const AMBIGUOUS_NAMES: Readonly<Record<string, readonly (readonly [string, unknown])[]>> = {
  "an allowed tool, then a denied one": [["name", ALLOWED_TOOL], ["name", DENIED_TOOL]],
  "a denied tool, then an allowed one": [["name", DENIED_TOOL], ["name", ALLOWED_TOOL]],
  "a denied tool in capitals after": [["name", ALLOWED_TOOL], ["Name", DENIED_TOOL]],
  "a denied tool in capitals before": [["NAME", DENIED_TOOL], ["name", ALLOWED_TOOL]],
  "a denied tool with NUL": [["name", ALLOWED_TOOL], ["name\u0000", DENIED_TOOL]],
  "a name that ends with NUL": [["name", `${DENIED_TOOL}\u0000`]],
  "a name in other case": [["name", "Get_Accounts"]],
  "a denied tool by inheritance": [["__proto__", { name: DENIED_TOOL }], ["name", ALLOWED_TOOL]],
  "arguments twice": [["name", ALLOWED_TOOL], ["arguments", { name: DENIED_TOOL }], ["arguments", {}]],
};

const ACCOUNTS = /account_id/;

/** Fails if an answer shows accounts. */
function assertHidden(text: string, row: string): void {
  assert.ok(!ACCOUNTS.test(text), `${row}: ${text.slice(0, 300)}`);
}

type Steps = Readonly<Record<string, (server: GuardedServer) => Promise<void>>>;

const WEAKNESSES: Steps = {
  async "a missing check of Host on the handshake and on requests: only exact names are accepted"(server) {
    const headers = bearer(server.reader);
    for (const Host of ["localhost", "127.0.0.1", `localhost:${server.port}`, "mcp.example", "MCP.example:1234"]) {
      assert.equal((await server.upgrade({ ...headers, Host })).status, 101, Host);
      assert.equal((await server.ask("/v1/tools", { headers: { ...headers, Host } })).status, 200, Host);
    }
    for (const Host of OTHER_HOSTS) {
      for (
        const { status } of [
          await server.upgrade({ ...headers, Host }),
          await server.ask("/v1/tools", { headers: { ...headers, Host } }),
        ]
      ) assert.ok([400, 403].includes(status), `${Host}: ${status}`);
    }
  },

  async "a missing check of Origin on the handshake and on requests, and lists matched by prefix"(server) {
    const headers = bearer(server.reader);
    for (const Origin of ["https://app.example", "http://localhost:5173"]) {
      assert.equal((await server.upgrade({ ...headers, Origin })).status, 101, Origin);
    }
    for (const Origin of OTHER_ORIGINS) {
      assert.equal((await server.upgrade({ ...headers, Origin })).status, 403, Origin);
      const asked = { headers: { ...headers, Origin } };
      const { status, headers: answered } = await server.ask("/v1/tools", asked);
      assert.deepEqual([status, answered.get("access-control-allow-origin")], [403, null], Origin);
    }
  },

  async "a token of a page's own origin: Host and Origin are checked before any credential"(server) {
    const bad = { ...bearer("wrong"), Host: "evil.example" };
    assert.equal((await server.upgrade(bad)).status, 403);
    assert.equal((await server.ask("/v1/tools", { headers: bad })).status, 403);
  },

  async "sessions that are not tied to identities: another's is an unknown one"(server) {
    const opened = await server.ask("/mcp", opening(bearer(server.reader)));
    const session = { "Mcp-Session-Id": opened.headers.get("mcp-session-id") ?? "" };
    assert.equal(session["Mcp-Session-Id"].length, 36);
    const hijack = legacy("tools/list", { params: {}, headers: { ...bearer(server.admin), ...session } });
    assert.equal((await server.ask("/mcp", hijack)).status, 404);
    const anonymous = await server.ask("/mcp", legacy("tools/list", { params: {}, headers: session }));
    assert.equal(anonymous.status, 401);
  },

  async "a server object that clients share: concurrent requests with equal ids get their own answers"(server) {
    const pairs = ["XBTZAR", "ETHZAR"];
    const sockets = await Promise.all(
      pairs.map(async () => (await server.connect(bearer(server.reader))).initialize()),
    );
    const sessions = await Promise.all(pairs.map(async (_pair, index) => {
      const headers = bearer(index === 0 ? server.reader : server.market);
      const { headers: answered } = await server.ask("/mcp", opening(headers));
      return { ...headers, "Mcp-Session-Id": answered.get("mcp-session-id") ?? "" };
    }));
    const asked = pairs.flatMap((pair, index) =>
      Array.from({ length: 20 }, async (_, id) => {
        const params = { name: "get_ticker", arguments: { pair } };
        sockets[index]?.send({ jsonrpc: "2.0", id, method: "tools/call", params });
        const { result, id: answeredId } = messageOf(
          await server.ask("/mcp", legacy("tools/call", { params, headers: sessions[index] ?? {}, id })),
        );
        assert.deepEqual([answeredId, result.structuredContent.pair], [id, pair]);
      })
    );
    await Promise.all(asked);
    for (const [index, socket] of sockets.entries()) {
      const ids = new Set<number>();
      for (let count = 0; count < 20; count++) {
        const { id, result } = await socket.next();
        assert.equal(result.structuredContent.pair, pairs[index]);
        ids.add(id);
      }
      assert.equal(ids.size, 20);
      await socket[Symbol.asyncDispose]();
    }
  },

  async "another's request cancelled by its id: a cancellation stays on its connection"(server) {
    await using victim = await (await server.connect(bearer(server.reader))).initialize();
    await using other = await (await server.connect(bearer(server.reader))).initialize();
    const params = { name: "get_historical_prices", arguments: { pair: "XBTZAR", interval: "1d" } };
    victim.send({ jsonrpc: "2.0", id: "same", method: "tools/call", params });
    other.send({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: "same" } });
    assert.ok((await victim.next()).result.structuredContent);
  },

  async "expensive URI templates: a huge address is answered like any unknown one, and others meanwhile"(server) {
    await using socket = await (await server.connect(bearer(server.reader))).initialize();
    const uris = [
      `luno://accounts/${"1".repeat(900_000)}`,
      `luno://accounts/${"{id}".repeat(200_000)}`,
      `luno://accounts/${"1/".repeat(400_000)}`,
      `luno://${"%2e".repeat(250_000)}`,
      `luno://accounts/{?${"a,".repeat(300_000)}}`,
    ];
    const unknown = await socket.ask("resources/read", { uri: "luno://nothing" });
    for (const uri of uris) {
      const { error } = await socket.ask("resources/read", { uri });
      assert.equal(error.code, unknown.error.code);
      assert.ok(JSON.stringify(error).length < 1_000);
    }
    assert.ok((await socket.ask("resources/read", { uri: "luno://status" })).result);
  },

  async "thousands of headers on the handshake: they are refused, and others are served"(server) {
    for (const count of [2_000, 20_000]) {
      const many = Object.fromEntries(Array.from({ length: count }, (_, index) => [`X-${index}`, "x".repeat(20)]));
      const { status } = await server.upgrade({ ...bearer(server.reader), ...many });
      assert.ok([0, 400, 431].includes(status), String(status));
      assert.equal((await server.upgrade(bearer(server.reader))).status, 101);
    }
  },

  async "ambiguous tool names: what is checked is what runs, over WebSocket"(server) {
    await using socket = await (await server.connect(bearer(server.market))).initialize();
    for (const [row, members] of Object.entries(AMBIGUOUS_NAMES)) {
      socket.send(withParams(CALL, objectOf(members)));
      assertHidden(JSON.stringify(await socket.next()), row);
      socket.send(withParams(CALL, objectOf([...members, ["_meta", ENVELOPE]])));
      assertHidden(JSON.stringify(await socket.next()), row);
    }
  },

  async "ambiguous tool names: what is checked is what runs, over Streamable HTTP"(server) {
    const headers = bearer(server.market);
    const opened = await server.ask("/mcp", opening(headers));
    const session = { "Mcp-Session-Id": opened.headers.get("mcp-session-id") ?? "" };
    for (const [row, members] of Object.entries(AMBIGUOUS_NAMES)) {
      const old = legacy("tools/call", { params: {}, headers: { ...headers, ...session } });
      const answers: Answered[] = [await server.ask("/mcp", { ...old, body: withParams(CALL, objectOf(members)) })];
      for (const name of [ALLOWED_TOOL, DENIED_TOOL]) {
        const body = withParams(CALL, objectOf([...members, ["_meta", ENVELOPE]]));
        answers.push(await server.ask("/mcp", { ...modernCall(name, headers), body }));
      }
      for (const { body } of answers) assertHidden(body, row);
    }
  },

  async "headers that name another tool than the body: such a request does not run"(server) {
    const headers = bearer(server.reader);
    const asked = modernCall(ALLOWED_TOOL, headers);
    const before = await server.calls();
    for (
      const name of [DENIED_TOOL, ALLOWED_TOOL.toUpperCase(), `${ALLOWED_TOOL} `, `${ALLOWED_TOOL}, ${DENIED_TOOL}`]
    ) {
      const lying: Asked = { ...asked, body: (asked.body ?? "").replace(ALLOWED_TOOL, name) };
      assert.equal((await server.ask("/mcp", lying)).status, 400, name);
    }
    const otherMethod: Asked = { ...asked, body: (asked.body ?? "").replace("tools/call", "tools/list") };
    assert.equal((await server.ask("/mcp", otherMethod)).status, 400);
    assert.equal(await server.calls(), before);
  },

  async "ambiguous methods, ids and versions: one of them is used, or the message is invalid"(server) {
    await using socket = await (await server.connect(bearer(server.market))).initialize();
    const denied = (members: readonly (readonly [string, unknown])[]) =>
      objectOf([["jsonrpc", "2.0"], ["id", 7], ["params", {}], ...members]);
    for (
      const [row, text] of Object.entries({
        "method twice": denied([["method", ALLOWED_TOOL], ["method", DENIED_TOOL]]),
        "method twice, the other way round": denied([["method", DENIED_TOOL], ["method", ALLOWED_TOOL]]),
        "method in capitals": denied([["method", ALLOWED_TOOL], ["Method", DENIED_TOOL]]),
        "method with NUL": denied([["method", ALLOWED_TOOL], ["method\u0000", DENIED_TOOL]]),
        "a method that ends with NUL": denied([["method", `${DENIED_TOOL}\u0000`]]),
        "jsonrpc twice": denied([["method", ALLOWED_TOOL], ["jsonrpc", "1.0"]]),
        "jsonrpc in capitals": denied([["method", DENIED_TOOL], ["JSONRPC", "2.0"]]),
      })
    ) {
      socket.send(text);
      assertHidden(JSON.stringify(await socket.next()), row);
    }
    socket.send(objectOf([["jsonrpc", "2.0"], ["id", 1], ["id", 2], ["method", ALLOWED_TOOL]]));
    assert.equal((await socket.next()).id, 2);
    socket.send(objectOf([["jsonrpc", "2.0"], ["id", 1], ["Id", 2], ["method", ALLOWED_TOOL]]));
    const { id, error } = await socket.next();
    assert.deepEqual([id, error.code], [1, -32600]);
  },

  async "ambiguous arguments: a key in another case or with NUL is unknown"(server) {
    const ask = async (body: string): Promise<{ status: number; answer: Json }> => {
      const answered = await server.ask("/v1/tools/get_crypto_price", restCall(bearer(server.market), body));
      return { status: answered.status, answer: JSON.parse(answered.body) };
    };
    const twice = await ask(objectOf([["pair", "ETHZAR"], ["pair", "XBTZAR"]]));
    assert.deepEqual([twice.status, twice.answer.pair], [200, "XBTZAR"]);
    for (const name of ["Pair", "PAIR", "pair\u0000", "pair ", "\u0440air"]) {
      const { status, answer } = await ask(objectOf([["pair", "XBTZAR"], [name, "ETHZAR"]]));
      assert.deepEqual([status, answer.code], [400, "ERR_INVALID_ARGUMENT"], name);
    }
    const inherited = await ask('{"pair":"XBTZAR","__proto__":{"pair":"ETHZAR"}}');
    assert.ok(inherited.status === 400 || inherited.answer.pair === "XBTZAR");
  },

  async "tools by another path: a denied one stays denied in every spelling"(server) {
    assert.match((await server.ask("/v1/tools/get_accounts", restCall(bearer(server.reader)))).body, ACCOUNTS);
    const headers = bearer(server.market);
    for (
      const path of [
        "/v1/tools/get_accounts",
        "/v1/tools/get%5Faccounts",
        "/v1/tools/get_accounts%00",
        "/v1/tools/GET_ACCOUNTS",
        "/v1/tools/x/../get_accounts",
        "/v1/tools//get_accounts",
        "/v1/tools/get_accounts/",
        "/v1/tools/describe_capabilities/../get_accounts",
        "//v1/tools/get_accounts",
      ]
    ) {
      const { status, body } = await server.ask(path, restCall(headers));
      assert.ok([400, 403, 404].includes(status), `${path}: ${status}`);
      assertHidden(body, path);
      assert.equal((await server.ask(path, restCall())).status, 401, path);
    }
  },

  async "paths that resemble open routes: they are not open"(server) {
    for (
      const path of [
        "/healthz/../status",
        "/healthz//",
        "/healthz/status",
        "/healthz%2f..%2fstatus",
        "/.well-known/",
        "/Healthz",
        "/status;/healthz",
      ]
    ) {
      const { status, body } = await server.ask(path);
      assert.ok(status === 401 || status === 400, `${path}: ${status} ${body.slice(0, 100)}`);
    }
    const { body } = await server.ask("/.well-known/oauth-protected-resource/../../status");
    assert.ok(!body.includes("uptime_ms"));
  },
};

for (const program of PROGRAMS) {
  for (const listener of listenersOf(program)) {
    Deno.test(`--listener ${listener} (${program.name}) does not have`, async (test) => {
      await using server = await GuardedServer.start(program, { listener, args: [...ALLOWED, ...LIMITS] });
      for (const [weakness, probe] of Object.entries(WEAKNESSES)) await test.step(weakness, () => probe(server));
    });
  }
}
