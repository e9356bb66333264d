/** The application behind the listeners: paths, methods, who is let in. No socket is needed for most of it. */

import assert from "node:assert/strict";
import { MemoryRateLimit } from "../../../src/state/shared/memory/rate_limit.ts";
import { Registry } from "../../../src/session/registry.ts";
import { createApplication } from "../../../src/transport/http/application.ts";
import type { HttpParts } from "../../../src/transport/http/parts.ts";
import type { Application, Peer } from "../../../src/transport/listeners/listener.ts";
import { toResponse } from "../../../src/transport/listeners/whole_answer.ts";
import { callerOf, letIn } from "../../support/callers.ts";
import { LogRecords } from "../../support/log_records.ts";

const LOCAL: Peer = { address: "127.0.0.1", port: 5_000 };
const REMOTE: Peer = { address: "192.0.2.7", port: 5_000 };

interface Setup {
  readonly application: Application & { fetch(request: Request, peer: Peer): Promise<Response> };
  readonly registry: Registry;
  readonly rejections: string[];
}

function setup(parts: Partial<HttpParts> = {}): Setup {
  const registry = new Registry({
    maxConnections: 2,
    maxSockets: 6,
    maxConnectionsOf: () => 1,
    rateLimit: new MemoryRateLimit({ perMinute: () => 10, now: () => 0 }),
    now: () => 0,
  });
  const rejections: string[] = [];
  const application = createApplication({
    rules: { allowedHosts: ["mcp.example"], allowedOrigins: ["https://app.example"], allowLoopback: true },
    registry,
    websocket: true,
    authenticate: (_request, { address }) => Promise.resolve({ ok: true, caller: callerOf(address) }),
    issueTicket: () => "a-ticket",
    watch: () => () => {},
    openSocket: () => ({ text: () => {}, binary: () => {}, closed: () => {} }),
    mcp: (_request, { identity }) => Promise.resolve(new Response(`mcp for ${identity}`)),
    rest: (request) => Promise.resolve(new Response(`rest ${new URL(request.url).pathname}`)),
    metrics: () => Promise.resolve({ text: "metrics", contentType: "text/plain" }),
    status: () => Promise.resolve({ connections: [] }),
    isReady: () => true,
    isAccepting: () => true,
    isExchangeReachable: () => null,
    rejected: (reason) => rejections.push(reason),
    hint: "connect like this",
    ...parts,
  });
  const fetch = async (request: Request, peer: Peer) => toResponse(await application.fetch(request, peer));
  return { application: { ...application, fetch }, registry, rejections };
}

function request(
  path: string,
  { headers = {}, ...init }: RequestInit & { headers?: Record<string, string> } = {},
): Request {
  return new Request(`http://localhost:8765${path}`, { ...init, headers: { host: "localhost:8765", ...headers } });
}

const ROUTES: readonly [method: string, path: string, status: number, body: string][] = [
  ["GET", "/", 426, "connect like this\n"],
  ["GET", "/ws", 426, "connect like this\n"],
  ["POST", "/", 405, "Method not allowed\n"],
  ["DELETE", "/ws", 405, "Method not allowed\n"],
  ["POST", "/mcp", 200, "mcp for 127.0.0.1"],
  ["GET", "/mcp", 200, "mcp for 127.0.0.1"],
  ["POST", "/mcp/", 200, "mcp for 127.0.0.1"],
  ["GET", "/ws/", 426, "connect like this\n"],
  ["GET", "/v1/tools", 200, "rest /v1/tools"],
  ["GET", "/v1/tools/", 200, "rest /v1/tools/"],
  ["POST", "/v1/tools/get_ticker", 200, "rest /v1/tools/get_ticker"],
  ["GET", "/openapi.json", 200, "rest /openapi.json"],
  ["GET", "/healthz", 200, "ok\n"],
  ["GET", "/readyz", 200, "ready\n"],
  ["GET", "/healthz/", 200, "ok\n"],
  ["GET", "/readyz/", 200, "ready\n"],
  ["GET", "/metrics", 200, "metrics"],
  ["GET", "/metrics/", 200, "metrics"],
  ["GET", "/status/", 200, '{"connections":[]}'],
  ["GET", "/stat%75s", 200, '{"connections":[]}'],
  ["POST", "/%6Dcp", 200, "mcp for 127.0.0.1"],
  ["POST", "/v1/tools/get%5fticker", 200, "rest /v1/tools/get%5fticker"],
  ["POST", "/v1%2Ftools", 404, "Not found\n"],
  ["GET", "/status//", 404, "Not found\n"],
  ["GET", "/status", 200, '{"connections":[]}'],
  ["POST", "/status", 405, "Method not allowed\n"],
  ["POST", "/v1/tickets", 201, '{"ticket":"a-ticket","subprotocol":"ticket.a-ticket","expires_in":30}'],
  ["GET", "/nothing", 404, "Not found\n"],
  ["GET", "/v1", 404, "Not found\n"],
  ["GET", "/mcp/x", 404, "Not found\n"],
];

for (const [method, path, status, body] of ROUTES) {
  Deno.test(`${method} ${path} answers ${status}`, async () => {
    const response = await setup().application.fetch(request(path, { method }), LOCAL);
    assert.deepEqual([response.status, await response.text()], [status, body]);
    if (status === 405) assert.equal(response.headers.get("allow"), "GET, HEAD");
    if (status === 426) assert.equal(response.headers.get("upgrade"), "websocket");
  });
}

for (const path of ["/healthz", "/readyz"]) {
  Deno.test(`${path} answers under any Host, since probes know only an address, but not to a foreign page`, async () => {
    const { application } = setup();
    const statusOf = async (headers: Record<string, string>) => {
      const response = await application.fetch(request(path, { headers }), LOCAL);
      await response.body?.cancel();
      return response.status;
    };
    assert.equal(await statusOf({ host: "10.1.2.3:8765" }), 200);
    assert.equal(await statusOf({ host: "10.1.2.3:8765", origin: "https://evil.example" }), 403);
    const upgrade = await application.upgrade(request(path, { headers: { host: "10.1.2.3:8765" } }), LOCAL);
    assert.equal(upgrade instanceof Response && upgrade.status, 404);
  });
}

Deno.test("a refused Host or Origin is logged with its value and the flag that would allow it", async () => {
  using records = LogRecords.start();
  const { application } = setup();
  for (const headers of [{ host: "evil.example" }, { origin: "https://evil.example" }]) {
    await (await application.fetch(request("/mcp", { headers }), LOCAL)).body?.cancel();
  }
  assert.deepEqual(records.all.map(({ rawMessage, properties }) => [rawMessage, properties]), [
    ["refused", {
      status: 403,
      reason: "host",
      value: "evil.example",
      allowed_by: "--allowed-hosts",
      address: "127.0.0.1",
      path: "/mcp",
    }],
    ["refused", {
      status: 403,
      reason: "origin",
      value: "https://evil.example",
      allowed_by: "--allowed-origins",
      address: "127.0.0.1",
      path: "/mcp",
    }],
  ]);
});

Deno.test("without WebSocket its paths answer 404", async () => {
  const { application } = setup({ websocket: false });
  assert.equal((await application.fetch(request("/ws"), LOCAL)).status, 404);
  const answer = await application.upgrade(request("/ws"), LOCAL);
  assert.equal(answer instanceof Response && answer.status, 404);
});

for (const path of ["/", "/mcp", "/v1/tools", "/openapi.json", "/status", "/nothing"]) {
  Deno.test(`${path} answers 403 to a foreign Host or Origin before anything runs`, async () => {
    const { application, rejections } = setup({ mcp: () => assert.fail("ran"), rest: () => assert.fail("ran") });
    const hosts = [{ host: "evil.example" }, { host: "127.0.0.1:evil.example" }, { origin: "https://evil.example" }, {
      origin: "null",
    }];
    for (const headers of hosts) {
      const response = await application.fetch(request(path, { headers }), LOCAL);
      assert.equal(response.status, 403, JSON.stringify(headers));
      await response.body?.cancel();
      const upgrade = await application.upgrade(request(path, { headers }), LOCAL);
      assert.equal(upgrade instanceof Response && upgrade.status, 403);
    }
    assert.equal(rejections.length, 8);
  });
}

for (const path of ["/metrics", "/status"]) {
  Deno.test(`${path} answers 403 to a caller without server:admin, and names the missing scope`, async () => {
    const { application } = setup({ authenticate: letIn });
    const response = await application.fetch(request(path), REMOTE);
    assert.equal(response.status, 403);
    assert.match(response.headers.get("www-authenticate") ?? "", /error="insufficient_scope"/);
    assert.match(await response.text(), /ERR_SCOPE_MISSING/);
  });
}

Deno.test("nothing but health is answered to a caller that is not admitted, and every refusal is the same", async () => {
  const denial = { status: 401, reason: "unknown", address: "192.0.2.7", hasCredential: true } as const;
  const { application, rejections } = setup({
    authenticate: () => Promise.resolve({ ok: false, denial }),
    mcp: () => assert.fail("ran"),
    rest: () => assert.fail("ran"),
    status: () => assert.fail("ran"),
    issueTicket: () => assert.fail("ran"),
  });
  const refused = ["/", "/mcp", "/v1/tools", "/v1/tickets", "/status", "/metrics", "/openapi.json", "/nothing"];
  const bodies = new Set<string>();
  for (const path of refused) {
    const response = await application.fetch(request(path, { method: "POST" }), REMOTE);
    assert.deepEqual([response.status, response.headers.get("www-authenticate")], [
      401,
      'Bearer realm="luno-mcp-server", error="invalid_token"',
    ]);
    bodies.add(await response.text());
  }
  assert.equal(bodies.size, 1);
  const upgrade = await application.upgrade(request("/ws"), REMOTE);
  assert.equal(upgrade instanceof Response && upgrade.status, 401);
  assert.deepEqual(new Set(rejections), new Set(["access"]));
  assert.equal((await application.fetch(request("/healthz"), REMOTE)).status, 200);
});

Deno.test("/readyz answers 404 while the server drains, and upgrades are still accepted", async () => {
  const { application } = setup({ isReady: () => false });
  assert.equal((await application.fetch(request("/readyz"), LOCAL)).status, 404);
  assert.equal((await application.fetch(request("/healthz"), LOCAL)).status, 200);
  assert.ok(!(await application.upgrade(request("/ws"), LOCAL) instanceof Response));
});

Deno.test("upgrades are refused with Retry-After while the server ends", async () => {
  const { application } = setup({ isReady: () => false, isAccepting: () => false });
  const answer = await application.upgrade(request("/ws"), LOCAL);
  assert.ok(answer instanceof Response);
  assert.deepEqual([answer.status, answer.headers.get("retry-after")], [503, "5"]);
});

Deno.test("/readyz depends on the exchange only when configured to", async () => {
  for (const [reachable, status] of [[true, 200], [false, 503], [null, 503]] as const) {
    const { application } = setup({ isExchangeReachable: () => reachable });
    assert.equal((await application.fetch(request("/readyz?exchange"), LOCAL)).status, status);
    assert.equal((await application.fetch(request("/readyz"), LOCAL)).status, 200);
  }
  const { application } = setup({ isReady: () => false, isExchangeReachable: () => true });
  assert.equal((await application.fetch(request("/readyz?exchange"), LOCAL)).status, 404);
});

Deno.test("an upgrade is accepted with the subprotocol mcp when it is offered, and without when it is not", async () => {
  const { application } = setup();
  const offered = await application.upgrade(
    request("/ws", { headers: { "sec-websocket-protocol": "chat, mcp" } }),
    LOCAL,
  );
  assert.equal(offered instanceof Response ? undefined : offered.protocol, "mcp");
  for (const headers of [{}, { "sec-websocket-protocol": "chat, mcpx" }]) {
    const other = await application.upgrade(request("/", { headers }), LOCAL);
    assert.ok(!(other instanceof Response) && other.protocol === undefined);
  }
});

Deno.test("an upgrade of a client with too many connections answers 429, of a full server 503, both with Retry-After", async () => {
  const { application, registry, rejections } = setup();
  const start = (identity: string) => ({ identity, address: identity, carrier: "websocket" as const });
  registry.open(start(LOCAL.address));
  const busy = await application.upgrade(request("/ws"), LOCAL);
  registry.open(start("192.0.2.9"));
  const full = await application.upgrade(request("/ws"), REMOTE);
  const answers = [busy, full].map((answer) =>
    answer instanceof Response ? [answer.status, answer.headers.get("retry-after")] : []
  );
  assert.deepEqual(answers, [[429, "5"], [503, "5"]]);
  assert.deepEqual(rejections, ["client_full", "server_full"]);
});

Deno.test("a socket that opens when others of its client have taken all slots is closed with 1013", async () => {
  const { application, registry, rejections } = setup();
  const accepted = await application.upgrade(request("/ws"), LOCAL);
  assert.ok(!(accepted instanceof Response));
  registry.open({ identity: LOCAL.address, address: LOCAL.address, carrier: "websocket" });
  const closes: unknown[] = [];
  const close = (...how: unknown[]) => closes.push(how);
  const socket = { bufferedAmount: 0, send() {}, close, cut: close, terminate() {} };
  accepted.open(socket).text("{}");
  assert.deepEqual(closes, [[1013, "Too many connections of this client"]]);
  assert.deepEqual([rejections, registry.size], [["client_full"], 1]);
});

Deno.test("every request over HTTP has a price, by its connection and identity, and is answered 429 without the budget", async () => {
  const prices: string[] = [];
  const afford: HttpParts["afford"] = ({ address, port }, identity) => {
    prices.push(`${address} ${port} ${identity}`);
    return prices.length <= 3 ? { ok: true } : { ok: false, retryAfterMs: 1_200 };
  };
  const { application } = setup({ afford });
  const statuses: number[] = [];
  const preflight = { method: "OPTIONS", headers: { "access-control-request-method": "POST" } };
  const requests = ["/healthz", "/v1/tools", "/status", "/mcp", "/readyz"].map((path) => request(path));
  for (const each of [...requests, request("/mcp", preflight)]) {
    const response = await application.fetch(each, LOCAL);
    statuses.push(response.status);
    if (response.status === 429) {
      assert.deepEqual([response.headers.get("retry-after"), response.headers.get("connection")], ["2", "close"]);
    }
    await response.body?.cancel();
  }
  assert.deepEqual(statuses, [200, 200, 200, 429, 429, 429]);
  assert.deepEqual(new Set(prices), new Set(["127.0.0.1 5000 undefined", "127.0.0.1 5000 127.0.0.1"]));
});

Deno.test("a refusal closes its connection, as does a missing path for unauthenticated callers, an answer does not", async () => {
  const denied = { status: 401 as const, reason: "unknown", address: "192.0.2.7", hasCredential: false };
  const authenticate = () => Promise.resolve({ ok: false as const, denial: denied });
  const rules = { allowedHosts: ["localhost"], allowedOrigins: [], allowLoopback: false };
  const endings = async (application: Setup["application"], ...requests: Request[]) =>
    await Promise.all(requests.map(async (each) => {
      const response = await application.fetch(each, LOCAL);
      await response.body?.cancel();
      return [response.status, response.headers.get("connection")];
    }));
  assert.deepEqual(
    await endings(setup({ authenticate }).application, request("/status"), request("/x", { headers: { host: "no" } })),
    [[401, "close"], [403, "close"]],
  );
  assert.deepEqual(
    await endings(setup().application, request("/nothing"), request("/"), request("/healthz"), request("/v1/tools")),
    [[404, null], [426, "upgrade, close"], [200, null], [200, null]],
  );
  assert.deepEqual(await endings(setup({ rules }).application, request("/nothing")), [[404, "close"]]);
});

Deno.test("a page on an allowed origin may read answers, and send preflight requests", async () => {
  const { application } = setup();
  const headers = { origin: "https://app.example", "access-control-request-method": "POST" };
  const preflight = await application.fetch(request("/mcp", { method: "OPTIONS", headers }), LOCAL);
  assert.equal(preflight.headers.get("access-control-allow-origin"), "https://app.example");
  const answer = await application.fetch(request("/v1/tools", { headers }), LOCAL);
  assert.equal(answer.headers.get("access-control-allow-origin"), "https://app.example");
  const without = await application.fetch(request("/v1/tools"), LOCAL);
  assert.equal(without.headers.get("access-control-allow-origin"), null);
  await Promise.all([answer, without].map((response) => response.body?.cancel()));
});

Deno.test("a client's requests over HTTP count as its connections until they are answered", async () => {
  const gate = Promise.withResolvers<Response>();
  const { application, rejections } = setup({ rest: () => gate.promise });
  const call = () => application.fetch(request("/v1/tools/get_ticker", { method: "POST" }), LOCAL);
  const running = call();
  const refused = await call();
  const problem: { code?: string; retryable?: boolean } = await refused.json();
  assert.deepEqual([refused.status, refused.headers.get("retry-after"), problem.code, problem.retryable], [
    429,
    "5",
    "ERR_BUSY",
    true,
  ]);
  assert.deepEqual(rejections, ["client_full"]);
  assert.equal((await application.fetch(request("/healthz"), LOCAL)).status, 200);
  gate.resolve(new Response("done"));
  assert.equal((await running).status, 200);
  assert.equal((await call()).status, 200);
});

Deno.test("an open stream counts as a connection until its reader leaves", async () => {
  const streams: ReadableStream[] = [];
  const mcp = () => {
    const stream = new ReadableStream();
    streams.push(stream);
    return Promise.resolve(new Response(stream, { headers: { "content-type": "text/event-stream" } }));
  };
  const { application } = setup({ mcp });
  const open = () => application.fetch(request("/mcp"), LOCAL);
  const first = await open();
  assert.equal((await open()).status, 429);
  await first.body?.cancel();
  const again = await open();
  assert.equal(again.status, 200);
  await again.body?.cancel();
});

Deno.test("an upgrade of a client that was just cut off is refused with 429 and when to retry, and no other", async () => {
  const { application, rejections } = setup({ pauseMs: (identity) => identity === LOCAL.address ? 1_200 : 0 });
  const refused = await application.upgrade(request("/ws"), LOCAL);
  assert.ok(refused instanceof Response);
  assert.deepEqual([refused.status, refused.headers.get("retry-after")], [429, "2"]);
  assert.deepEqual(rejections, ["client_full"]);
  assert.ok(!(await application.upgrade(request("/ws"), REMOTE) instanceof Response));
  assert.equal((await application.fetch(request("/v1/tools"), LOCAL)).status, 200);
});

Deno.test("/v1/sessions lists and ends only what was meant: a query that is unknown or repeated is refused", async () => {
  const ended: unknown[] = [];
  const { application } = setup({
    authenticate: () => Promise.resolve({ ok: true, caller: callerOf("key:operator", ["server:admin"]) }),
    sessions: {
      list: (identity) => Promise.resolve({ of: identity ?? "all" }),
      end: (target) => Promise.resolve(ended.push(target)),
    },
  });
  const ask = async (method: string, path: string) => {
    const response = await application.fetch(request(`/v1/sessions${path}`, { method }), LOCAL);
    return { status: response.status, body: await response.json() };
  };
  assert.deepEqual(await ask("GET", "?identity=key:a"), { status: 200, body: { of: "key:a" } });
  assert.equal((await ask("DELETE", "?identity=key:a")).status, 200);
  const refused = { "?identty=key:a": /has "identty"/, "?identity=key:a&identity=key:b": /expected one identity/ };
  for (const [query, says] of Object.entries(refused)) {
    for (const method of ["GET", "DELETE"]) {
      const { status, body } = await ask(method, query);
      assert.equal(status, 400);
      assert.match(body.detail, says);
    }
  }
  assert.deepEqual(ended, [{ identity: "key:a" }]);
});
