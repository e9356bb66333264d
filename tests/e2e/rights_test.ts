/** What admitted callers may do: lists, scopes, limits, sessions, and the end of a credential. */

import assert from "node:assert/strict";
import { ENTRANCES, secretOf } from "./access_rows.ts";
import { SERVED } from "./listeners.ts";
import { GuardedServer } from "./guarded_server.ts";
import { bearer, ENVELOPE, legacy, messageOf, modernCall, opening, restCall, toolsOf } from "./requests.ts";
import type { Answered, Json } from "./requests.ts";
import type { SocketClient } from "./socket_client.ts";
import { ISSUER, METADATA_URL, seconds, tokenOf } from "./tokens.ts";

/** Tokens and tickets that were presented to a server. */
const shown: string[] = [];

async function newToken(claims: Record<string, unknown> = {}): Promise<string> {
  const token = await tokenOf(claims);
  shown.push(token);
  return token;
}

/** A ticket for the sender of these headers. */
async function newTicket(server: GuardedServer, headers: Record<string, string>): Promise<string> {
  const { status, headers: answered, body } = await server.ask("/v1/tickets", { method: "POST", headers });
  assert.equal(status, 201, body);
  assert.equal(answered.get("cache-control"), "no-store");
  const { ticket, subprotocol, expires_in } = JSON.parse(body);
  assert.deepEqual([subprotocol, expires_in], [`ticket.${ticket}`, 30]);
  shown.push(ticket);
  return ticket;
}

function sessionOf({ status, headers, body }: Answered): { "Mcp-Session-Id": string } {
  assert.equal(status, 200, body);
  return { "Mcp-Session-Id": headers.get("mcp-session-id") ?? "" };
}

function names(items: readonly Json[]): string[] {
  return items.map(({ name }) => name);
}

/** Everything that a caller sees, over REST, WebSocket and Streamable HTTP. */
async function listsOf(server: GuardedServer, headers: Record<string, string>) {
  const rest = toolsOf(await server.ask("/v1/tools", { headers }));
  const { paths } = JSON.parse((await server.ask("/openapi.json", { headers })).body);
  await using socket = await (await server.connect(headers)).initialize();
  const body = { jsonrpc: "2.0", id: 1, method: "tools/list", params: { _meta: ENVELOPE } };
  const modern = { ...modernCall("", headers), body: JSON.stringify(body) };
  const { "Mcp-Name": _name, ...modernHeaders } = modern.headers ?? {};
  const stateless = await server.ask("/mcp", { ...modern, headers: { ...modernHeaders, "Mcp-Method": "tools/list" } });
  return {
    scopes: new Set(rest.map(({ scope }) => scope)),
    rest: names(rest),
    openApi: Object.keys(paths).flatMap((path) => /^\/v1\/tools\/(.+)$/.exec(path)?.[1] ?? []),
    socket: names((await socket.ask("tools/list")).result.tools),
    stateless: names(messageOf(stateless).result.tools),
    resources: (await socket.ask("resources/list")).result.resources.map(({ uri }: Json) => uri),
    templates: (await socket.ask("resources/templates/list")).result.resourceTemplates.length,
    prompts: names((await socket.ask("prompts/list")).result.prompts),
  };
}

const OPEN_RESOURCES = ["luno://status", "luno://endpoints"];
const ACCOUNT_RESOURCES = ["luno://wallets", "luno://transactions", "luno://balances", "luno://orders/open"];

/** Status of each transport for a caller that may read. */
const LET_IN: Readonly<Record<string, number>> = {
  "POST /mcp without a session": 400,
  "POST /v1/tickets": 201,
  "GET /status": 403,
  "a path that is none": 404,
  "an upgrade": 101,
};

/** Why a call over a WebSocket was refused. */
async function refusal(socket: SocketClient, method: string, params: object = {}): Promise<string | undefined> {
  const { error, result } = await socket.ask(method, params);
  if (result?.isError) return JSON.parse(result.content[0].text).error.code;
  return error?.data?.code ?? error?.code;
}

type Steps = Readonly<Record<string, (server: GuardedServer) => Promise<void>>>;

const RIGHTS: Steps = {
  async "accepts a key and a token on every transport"(server) {
    for (const credential of [server.reader, await newToken()]) {
      for (const [entrance, knock] of Object.entries(ENTRANCES)) {
        const { status, body } = await knock(server, bearer(credential));
        assert.equal(status, LET_IN[entrance] ?? 200, `${entrance}: ${body}`);
      }
    }
  },

  async "serves public information to everybody"(server) {
    for (const path of ["/healthz", "/readyz"]) assert.equal((await server.ask(path)).status, 200);
    for (const path of ["/.well-known/oauth-protected-resource", new URL(METADATA_URL).pathname]) {
      const { resource, authorization_servers } = JSON.parse((await server.ask(path)).body);
      assert.deepEqual([resource, authorization_servers], ["https://luno.example/mcp", [ISSUER]]);
      assert.equal((await server.ask(path, { method: "POST" })).status, 405);
    }
  },

  async "shows /status and /metrics to callers with server:admin, and names the missing scope to others"(server) {
    for (const path of ["/status", "/metrics"]) {
      assert.equal((await server.ask(path, { headers: bearer(server.admin) })).status, 200);
      const { status, headers, body } = await server.ask(path, { headers: bearer(server.reader) });
      assert.deepEqual([status, JSON.parse(body).code], [403, "ERR_SCOPE_MISSING"]);
      assert.match(headers.get("www-authenticate") ?? "", /insufficient_scope.*account:read server:admin"$/);
    }
    const { body } = await server.ask("/status", { headers: bearer(server.admin) });
    assert.deepEqual(JSON.parse(body).identity_sources, ["keys", "tokens"]);
  },

  async "lists only what the caller may use"(server) {
    const reader = await listsOf(server, bearer(server.reader));
    assert.deepEqual(reader.scopes, new Set(["market:read", "account:read"]));
    assert.deepEqual(reader.resources, [...OPEN_RESOURCES, ...ACCOUNT_RESOURCES]);
    const market = await listsOf(server, bearer(server.market));
    assert.deepEqual(market.scopes, new Set(["market:read"]));
    assert.deepEqual([market.resources, market.templates, market.prompts], [OPEN_RESOURCES, 4, ["market_brief"]]);
    const admin = await listsOf(server, bearer(server.admin));
    assert.deepEqual(admin.resources, ["luno://config", ...reader.resources]);
    for (const { rest, ...lists } of [reader, market, admin]) {
      for (const list of [lists.openApi, lists.socket, lists.stateless]) assert.deepEqual(list.sort(), rest.sort());
    }
  },

  async "refuses a call beyond the scopes on every transport, and logs it"(server) {
    const headers = bearer(server.market);
    await using socket = await (await server.connect(headers)).initialize();
    for (const tool of ["get_accounts", "get_balances"]) {
      assert.equal(await refusal(socket, tool), "ERR_SCOPE_MISSING");
      assert.equal(await refusal(socket, "tools/call", { name: tool, arguments: {} }), "ERR_SCOPE_MISSING");
      const rest = await server.ask(`/v1/tools/${tool}`, restCall(headers));
      assert.deepEqual([rest.status, JSON.parse(rest.body).code], [403, "ERR_SCOPE_MISSING"]);
      const { result } = messageOf(await server.ask("/mcp", modernCall(tool, headers)));
      assert.match(result.content[0].text, /ERR_SCOPE_MISSING/);
    }
    const [hidden, none] = await Promise.all(
      ["luno://wallets", "luno://nothing"].map(async (uri) => {
        await using asking = await (await server.connect(headers)).initialize();
        return JSON.stringify(await asking.ask("resources/read", { uri })).replaceAll(uri, "URI");
      }),
    );
    assert.equal(hidden, none);
    assert.ok((await socket.ask("prompts/get", { name: "portfolio_review", arguments: {} })).error);
    const completion = {
      ref: { type: "ref/resource", uri: "luno://accounts/{id}" },
      argument: { name: "id", value: "" },
    };
    assert.deepEqual((await socket.ask("completion/complete", completion)).result.completion.values, []);
    assert.equal(await refusal(socket, "describe_capabilities"), undefined);
    await server.said(/scope denied identity="key:market" scope="account:read" tool="get_accounts"/);
  },

  async "tells a token over Streamable HTTP which scope the next call needs"(server) {
    const headers = bearer(await newToken({ scope: "market:read" }));
    const session = sessionOf(await server.ask("/mcp", opening(headers)));
    const call = { name: "get_accounts", arguments: {} };
    for (
      const asked of [
        modernCall("get_accounts", headers),
        legacy("tools/call", { params: call, headers: { ...headers, ...session }, id: 2 }),
      ]
    ) {
      const { status, headers: answered, body } = await server.ask("/mcp", asked);
      assert.deepEqual([status, JSON.parse(body).code], [403, "ERR_SCOPE_MISSING"]);
      assert.equal(
        answered.get("www-authenticate"),
        `Bearer realm="luno-mcp-server", error="insufficient_scope", resource_metadata="${METADATA_URL}", ` +
          'scope="market:read account:read"',
      );
    }
    const stepped = bearer(await newToken({ scope: "market:read account:read" }));
    assert.ok(messageOf(await server.ask("/mcp", modernCall("get_accounts", stepped))).result.structuredContent);
    const again = legacy("tools/call", { params: call, headers: { ...stepped, ...session }, id: 3 });
    assert.ok(messageOf(await server.ask("/mcp", again)).result.structuredContent);
  },

  async "narrows by header and by parameter, never widens, and refuses an unknown scope"(server) {
    const scopesOf = async (credential: string, narrowing: Record<string, string>, query = "") => {
      const headers = { ...bearer(credential), ...narrowing };
      const tools = toolsOf(await server.ask(`/v1/tools${query}`, { headers }));
      return [...new Set(tools.map(({ scope }) => scope))].sort();
    };
    const header = (text: string) => ({ "X-Luno-Scopes": text });
    assert.deepEqual(await scopesOf(server.reader, {}), ["account:read", "market:read"]);
    assert.deepEqual(await scopesOf(server.reader, header("account:read")), ["account:read"]);
    assert.deepEqual(await scopesOf(server.reader, {}, "?scopes=account:read"), ["account:read"]);
    assert.deepEqual(await scopesOf(server.reader, header("account:read"), "?scopes=market:read"), []);
    assert.deepEqual(await scopesOf(server.market, header("account:read server:admin")), []);
    assert.deepEqual(await scopesOf(await newToken(), header("server:admin,market:read")), ["market:read"]);
    const narrowed = { ...bearer(server.admin), ...header("market:read") };
    assert.equal((await server.ask("/status", { headers: narrowed })).status, 403);
    await using socket = await server.connect(bearer(server.reader), { path: "/ws?scopes=market:read,server:admin" });
    assert.equal(await refusal(socket, "get_accounts"), "ERR_SCOPE_MISSING");
    assert.equal(await refusal(socket, "describe_capabilities"), undefined);
    const unknown = { ...bearer(server.reader), ...header("market:write") };
    assert.equal((await server.ask("/v1/tools", { headers: unknown })).status, 400);
    assert.equal((await server.upgrade(bearer(server.reader), "/ws?scopes=all")).status, 400);
  },

  async "opens one WebSocket with a ticket, which it never repeats"(server) {
    const ticket = await newTicket(server, { ...bearer(server.reader), "X-Luno-Scopes": "market:read" });
    await using socket = await server.connect({}, { protocols: [`ticket.${ticket}`, "mcp"] });
    assert.equal(socket.protocol, "mcp");
    assert.equal(await refusal(socket, "describe_capabilities"), undefined);
    assert.equal(await refusal(socket, "get_accounts"), "ERR_SCOPE_MISSING");
    const protocols = { "Sec-WebSocket-Protocol": `mcp, ticket.${ticket}` };
    assert.equal((await server.upgrade(protocols)).status, 401);
    assert.equal((await server.upgrade({ ...protocols, ...bearer(server.reader) })).status, 401);
    const alone = await server.upgrade({
      "Sec-WebSocket-Protocol": `ticket.${await newTicket(server, bearer(server.reader))}`,
    });
    assert.deepEqual([alone.status, alone.headers.get("sec-websocket-protocol")], [101, null]);
  },

  async "accepts a ticket only for a WebSocket"(server) {
    const protocols = { "Sec-WebSocket-Protocol": `ticket.${await newTicket(server, bearer(server.reader))}` };
    assert.equal((await server.ask("/v1/tools", { headers: protocols })).status, 401);
    assert.equal((await server.ask("/v1/tickets", { method: "POST", headers: protocols })).status, 401);
    assert.equal((await server.upgrade(protocols)).status, 101);
  },

  async "gives an identity 20 tickets at a time"(server) {
    const headers = bearer(server.folder.addKey("greedy", ["market:read"]));
    for (let count = 0; count < 20; count++) await newTicket(server, headers);
    assert.equal((await server.ask("/v1/tickets", { method: "POST", headers })).status, 429);
  },

  async "answers another identity's session as one that does not exist"(server) {
    const owner = bearer(server.reader);
    const session = sessionOf(await server.ask("/mcp", opening(owner)));
    const unknown = { "Mcp-Session-Id": crypto.randomUUID() };
    for (const other of [server.market, server.admin, await newToken({ sub: "reader" })]) {
      for (const method of ["POST", "GET", "DELETE"]) {
        const [theirs, none] = await Promise.all([session, unknown].map((id) => {
          const asked = legacy("tools/list", { params: {}, headers: { ...bearer(other), ...id } });
          return server.ask("/mcp", method === "POST" ? asked : { method, headers: asked.headers ?? {} });
        }));
        assert.deepEqual([theirs?.status, theirs?.body], [404, none?.body], method);
        assert.equal(none?.status, 404);
      }
    }
    const again = await server.ask("/mcp", legacy("tools/list", { params: {}, headers: { ...owner, ...session } }));
    assert.ok(messageOf(again).result.tools.length > 0);
  },
};

/** A stream of events for the sender of these headers; `ended` resolves with it. */
async function openStream(server: GuardedServer, headers: Record<string, string>): Promise<{ ended: Promise<string> }> {
  const session = sessionOf(await server.ask("/mcp", opening(headers)));
  const response = await fetch(`${server.httpUrl}/mcp`, {
    headers: { ...headers, ...session, accept: "text/event-stream", "mcp-protocol-version": "2025-11-25" },
  });
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  return { ended: response.text().catch(() => "cut") };
}

const ENDINGS: Steps = {
  async "ends connections with a key that is revoked, and nothing else"(server) {
    const headers = bearer(server.folder.addKey("victim", ["market:read"]));
    const socket = await server.connect(headers);
    await using other = await server.connect(bearer(server.reader));
    const stream = await openStream(server, headers);
    assert.equal(await refusal(socket, "describe_capabilities"), undefined);
    await server.folder.keys("revoke", "victim");
    assert.deepEqual(await socket.closed, { code: 1008, reason: "credential revoked" });
    await stream.ended;
    assert.equal((await server.upgrade(headers)).status, 401);
    assert.equal(await refusal(other, "describe_capabilities"), undefined);
    await server.said(/credential no longer valid .*identity="key:victim" reason="revoked"/);
  },

  async "ends connections with a key that was replaced, once its overlap is over"(server) {
    const before = bearer(server.folder.addKey("turner", ["market:read"]));
    const socket = await server.connect(before);
    const after = bearer(await server.folder.keys("rotate", "turner", "--overlap", "0m"));
    assert.deepEqual(await socket.closed, { code: 1008, reason: "credential revoked" });
    assert.equal((await server.upgrade(before)).status, 401);
    assert.equal((await server.upgrade(after)).status, 101);
  },

  async "ends connections with a token that expires"(server) {
    const headers = bearer(await newToken({ exp: seconds() + 1 }));
    const socket = await server.connect(headers);
    const stream = await openStream(server, headers);
    assert.deepEqual(await socket.closed, { code: 1008, reason: "credential expired" });
    await stream.ended;
    assert.equal((await server.upgrade(headers)).status, 401);
  },

  async "withdraws rights and restores them on SIGHUP, also on open connections"(server) {
    await using socket = await server.connect(bearer(server.reader));
    assert.equal(await refusal(socket, "get_accounts"), undefined);
    await server.grant({ "key:reader": { scopes: ["market:read", "server:admin"] } });
    assert.equal(await refusal(socket, "get_accounts"), "ERR_SCOPE_MISSING");
    assert.equal((await server.ask("/status", { headers: bearer(server.reader) })).status, 403);
    await server.grant({});
    assert.equal(await refusal(socket, "get_accounts"), undefined);
  },

  async "keeps its rights when the file is invalid, and reports everything that is wrong with it"(server) {
    await server.grant({ "key:reader": { scopes: ["market:read"] } });
    await server.folder.write("access.json", '{"identities":{"reader":{},"key:reader":{"scopes":["all"],"rate":1}}}');
    server.hangUp();
    const line = await server.said(/keeping the previous access and policy files/);
    for (const place of ["identities.reader", "identities.key:reader.scopes.0", "identities.key:reader.rate"]) {
      assert.ok(line.includes(place), line);
    }
    await using socket = await server.connect(bearer(server.reader));
    assert.equal(await refusal(socket, "get_accounts"), "ERR_SCOPE_MISSING");
    await server.grant({});
  },

  async "limits an identity to its own rate, on all of its connections together"(server) {
    const headers = bearer(server.folder.addKey("hasty", ["market:read"]));
    await server.grant({ "key:hasty": { rate_limit: 3 } });
    await using one = await server.connect(headers);
    await using other = await server.connect(headers);
    for (const socket of [one, other, one]) assert.equal(await refusal(socket, "describe_capabilities"), undefined);
    assert.equal(await refusal(other, "describe_capabilities"), "ERR_TOO_MANY_REQUESTS");
    assert.equal((await server.ask("/v1/tools/describe_capabilities", restCall(headers))).status, 429);
    await using reader = await server.connect(bearer(server.reader));
    assert.equal(await refusal(reader, "describe_capabilities"), undefined);
    await server.grant({});
  },

  async "limits an identity to its own number of connections"(server) {
    await server.grant({ "key:market": { max_connections: 1 } });
    const headers = bearer(server.market);
    await using _open = await server.connect(headers);
    assert.equal((await server.upgrade(headers)).status, 429);
    assert.equal((await server.ask("/v1/tools", { headers })).status, 429);
    assert.equal((await server.upgrade(bearer(server.reader))).status, 101);
    await server.grant({});
  },

  async "limits an identity to its own number of concurrent requests"(server) {
    await server.grant({ "key:market": { max_in_flight: 1 } });
    await using socket = await server.connect(bearer(server.market));
    const methods = ["get_historical_prices", "describe_capabilities", "get_market_overview", "describe_capabilities"];
    for (const [id, method] of methods.entries()) {
      const params = method === "get_historical_prices" ? { pair: "ETHZAR", interval: "1h" } : {};
      socket.send({ jsonrpc: "2.0", id, method, params });
    }
    for (const id of methods.keys()) assert.equal((await socket.next()).id, id);
    await server.grant({});
  },
};

for (const { program, listener } of SERVED) {
  Deno.test(`--listener ${listener} (${program.name})`, async (test) => {
    shown.length = 0;
    await using server = await GuardedServer.start(program, { listener });
    for (const [promise, keep] of Object.entries({ ...RIGHTS, ...ENDINGS })) {
      await test.step(promise, () => keep(server));
    }
    await test.step("writes down no key, token or ticket", async () => {
      const log = await server.log();
      assert.match(log, /connected/);
      for (const secret of [server.reader, server.market, server.admin, ...shown].map(secretOf)) {
        assert.ok(!log.includes(secret), secret);
      }
    });
  });
}
