import assert from "node:assert/strict";
import { z } from "zod";
import { EXCHANGE_CODES } from "../../../src/errors/exchange_codes.ts";
import { ExchangeError } from "../../../src/exchange/errors.ts";
import type { ExchangeErrorCode } from "../../../src/exchange/errors.ts";
import { listingOf } from "../../../src/protocol/listing.ts";
import type { Backend } from "../../../src/protocol/backend_port.ts";
import { createRest } from "../../../src/transport/http/rest.ts";
import { catalogue, selectTools } from "../../../src/tools/catalogue.ts";
import { ArgumentError, READS_SERVER } from "../../../src/tools/tool.ts";
import type { Tool, ToolGroup } from "../../../src/tools/tool.ts";
import { backendOf } from "../../protocol/backend.ts";
import { TestExchange } from "../../support/exchange.ts";
import type { Json } from "../../support/exchange.ts";
import { serveHttp } from "../http_server.ts";
import type { HttpServer } from "../http_server.ts";

const GROUPS: readonly ToolGroup[] = ["market", "account", "server"];
const JSON_TYPE = { "content-type": "application/json" };
const identity = { name: "luno-mcp-server", version: "1.2.3" };

function serveRest(backend: () => Promise<Backend>, groups = GROUPS, bodyTimeoutMs = 30_000): HttpServer {
  return serveHttp(createRest({ identity, listing: listingOf(groups), backend, maxBodySize: 1_024, bodyTimeoutMs }));
}

/** A backend whose every tool does this. */
async function withTool(run: Tool["run"]): Promise<{ backend: () => Promise<Backend>; exchange: TestExchange }> {
  const exchange = await TestExchange.start();
  const tool: Tool = {
    name: "describe_capabilities",
    title: "Test",
    description: "Test",
    group: "server",
    scope: "market:read",
    annotations: READS_SERVER,
    input: z.object({}),
    output: z.object({}),
    run,
  };
  const backend = { ...backendOf(exchange.context), tools: { ...selectTools(GROUPS), find: () => tool } };
  return { backend: () => Promise.resolve(backend), exchange };
}

function never(): Promise<Backend> {
  throw new Error("The backend was opened");
}

/** A body in pieces, so that no length is declared. */
function endless(piece: string): ReadableStream<Uint8Array> {
  return new ReadableStream({ pull: (controller) => controller.enqueue(new TextEncoder().encode(piece)) });
}

async function problemOf(response: Response): Promise<Json> {
  const problem = await response.json();
  assert.equal(response.headers.get("content-type"), "application/problem+json");
  assert.equal(problem.status, response.status);
  assert.equal(problem.type, "about:blank");
  for (const member of ["title", "detail", "code"]) assert.equal(typeof problem[member], "string", member);
  assert.notEqual(problem.title, "Error");
  assert.equal(typeof problem.retryable, "boolean");
  return problem;
}

Deno.test("POST /v1/tools/{name} returns the tool's plain result, by name and by alias", async () => {
  await using exchange = await TestExchange.start();
  await using server = serveRest(() => Promise.resolve(backendOf(exchange.context)));
  const expected = await exchange.answer("get_crypto_price", { pair: "XBTZAR" });
  for (const name of ["get_crypto_price", "get_ticker"]) {
    const response = await fetch(`${server.url}/v1/tools/${name}`, {
      method: "POST",
      headers: { "content-type": "application/json; charset=utf-8" },
      body: '{"pair":"XBTZAR"}',
    });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("cache-control"), null);
    assert.deepEqual(await response.json(), expected);
  }
});

Deno.test("POST /v1/tools/{name} sends cache-control: no-store with answers that differ between clients", async () => {
  await using exchange = await TestExchange.start();
  await using server = serveRest(() => Promise.resolve(backendOf(exchange.context)));
  const init = { method: "POST", headers: JSON_TYPE, body: "{}" };
  const response = await fetch(`${server.url}/v1/tools/get_balances`, init);
  assert.deepEqual([response.status, response.headers.get("cache-control")], [200, "no-store"]);
  await response.body?.cancel();
});

Deno.test("POST /v1/tools/{name} accepts U+FFFD, which is valid UTF-8", async () => {
  await using exchange = await TestExchange.start();
  await using server = serveRest(() => Promise.resolve(backendOf(exchange.context)));
  const init = { method: "POST", headers: JSON_TYPE, body: '{"pair":"\ufffd"}' };
  const { code } = await problemOf(await fetch(`${server.url}/v1/tools/get_crypto_price`, init));
  assert.notEqual(code, "ERR_BODY_INVALID");
});

Deno.test("POST /v1/tools/{name} treats an empty body as no arguments", async () => {
  await using exchange = await TestExchange.start();
  await using server = serveRest(() => Promise.resolve(backendOf(exchange.context)));
  const init = { method: "POST", headers: JSON_TYPE };
  const response = await fetch(`${server.url}/v1/tools/describe_capabilities`, init);
  assert.equal(response.status, 200);
  assert.equal((await response.json()).server, "luno-mcp-server");
});

Deno.test("GET /v1/tools lists what is offered, without aliases and without opening the backend", async () => {
  await using server = serveRest(never, ["market"]);
  const response = await fetch(`${server.url}/v1/tools`);
  assert.equal(response.headers.get("content-type"), "application/json");
  const { tools } = await response.json();
  const market = catalogue.filter(({ group }) => group === "market");
  assert.deepEqual(tools.map(({ name }: Json) => name), market.map(({ name }) => name));
  assert.deepEqual([tools[0].group, tools[0].scope, tools[0].inputSchema.type], ["market", "market:read", "object"]);
});

Deno.test("GET /openapi.json describes what is offered; HEAD returns only the headers", async () => {
  await using server = serveRest(never, ["market"]);
  const document = await (await fetch(`${server.url}/openapi.json`)).json();
  assert.deepEqual([document.openapi, document.info.version], ["3.1.0", "1.2.3"]);
  assert.ok("/v1/tools/get_crypto_price" in document.paths);
  const head = await fetch(`${server.url}/openapi.json`, { method: "HEAD" });
  assert.deepEqual([head.status, await head.text()], [200, ""]);
});

Deno.test("POST /v1/tools/{name} without a body and a content type is a call without arguments", async () => {
  const { backend, exchange } = await withTool((args) => Promise.resolve(args));
  await using _exchange = exchange;
  await using server = serveRest(backend);
  const response = await fetch(`${server.url}/v1/tools/describe_capabilities`, { method: "POST" });
  assert.deepEqual([response.status, await response.json()], [200, {}]);
});

/** A request that is wrong, and what it gets; nothing of it reaches a tool. */
const BAD_INPUT: Readonly<
  Record<string, [path: string, init: RequestInit, status: number, code: string, allow?: string]>
> = {
  "an unknown route": ["/v1/nothing", {}, 404, "ERR_ROUTE_UNKNOWN"],
  "a deeper route": ["/v1/tools/get_fees/x", {}, 404, "ERR_ROUTE_UNKNOWN"],
  "an unknown tool": ["/v1/tools/get_rich", { method: "POST" }, 404, "ERR_TOOL_UNKNOWN"],
  "a prototype's name": ["/v1/tools/__proto__", { method: "POST" }, 404, "ERR_TOOL_UNKNOWN"],
  "GET of a tool": ["/v1/tools/get_fees", {}, 405, "ERR_METHOD", "POST"],
  "POST of the list": ["/v1/tools", { method: "POST" }, 405, "ERR_METHOD", "GET, HEAD"],
  "DELETE of the document": ["/openapi.json", { method: "DELETE" }, 405, "ERR_METHOD", "GET, HEAD"],
  "no content type": ["/v1/tools/get_fees", { method: "POST", body: new Blob(["{}"]) }, 415, "ERR_CONTENT_TYPE"],
  "a form": [
    "/v1/tools/get_fees",
    { method: "POST", body: new URLSearchParams({ pair: "XBTZAR" }) },
    415,
    "ERR_CONTENT_TYPE",
  ],
  "a list": ["/v1/tools/get_fees", { method: "POST", headers: JSON_TYPE, body: "[]" }, 400, "ERR_BODY_INVALID"],
  "null": ["/v1/tools/get_fees", { method: "POST", headers: JSON_TYPE, body: "null" }, 400, "ERR_BODY_INVALID"],
  "malformed JSON": ["/v1/tools/get_fees", { method: "POST", headers: JSON_TYPE, body: "{" }, 400, "ERR_BODY_INVALID"],
  "deep nesting": [
    "/v1/tools/get_fees",
    { method: "POST", headers: JSON_TYPE, body: '{"a":'.repeat(101) + "1" + "}".repeat(101) },
    400,
    "ERR_BODY_INVALID",
  ],
  "invalid UTF-8": [
    "/v1/tools/get_fees",
    { method: "POST", headers: JSON_TYPE, body: new Uint8Array([0x7b, 0x22, 0xc0, 0x22, 0x3a, 0x31, 0x7d]) },
    400,
    "ERR_BODY_INVALID",
  ],
  "a character of UTF-8 that was cut off": [
    "/v1/tools/get_fees",
    {
      method: "POST",
      headers: JSON_TYPE,
      body: new Uint8Array([0x7b, 0x22, 0xf0, 0x9f, 0x98, 0x22, 0x3a, 0x31, 0x7d]),
    },
    400,
    "ERR_BODY_INVALID",
  ],
  "too large by its length": [
    "/v1/tools/get_fees",
    { method: "POST", headers: JSON_TYPE, body: `{"pair":"${"x".repeat(1_100)}"}` },
    413,
    "ERR_BODY_TOO_LARGE",
  ],
  "too large while it arrives": [
    "/v1/tools/get_fees",
    { method: "POST", headers: JSON_TYPE, body: endless("x".repeat(200)) },
    413,
    "ERR_BODY_TOO_LARGE",
  ],
};

for (const [name, [path, init, status, code, allow]] of Object.entries(BAD_INPUT)) {
  Deno.test(`REST answers ${status} ${code} to ${name}`, async () => {
    await using server = serveRest(never);
    const response = await fetch(server.url + path, init);
    const problem = await problemOf(response);
    assert.deepEqual([problem.status, problem.code], [status, code]);
    if (allow !== undefined) assert.equal(response.headers.get("allow"), allow);
  });
}

Deno.test("REST answers 408 to a body that never ends", async () => {
  await using server = serveRest(never, GROUPS, 20);
  const body = new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode("{")) });
  const response = await fetch(`${server.url}/v1/tools/get_fees`, { method: "POST", headers: JSON_TYPE, body });
  const { code, retryable } = await problemOf(response);
  assert.deepEqual([response.status, code, retryable], [408, "ERR_BODY_TIMEOUT", true]);
});

Deno.test("A tool that is not offered is unknown, its aliases too", async () => {
  await using exchange = await TestExchange.start();
  await using server = serveRest(() => Promise.resolve(backendOf(exchange.context, ["market"])), ["market"]);
  for (const name of ["get_accounts", "get_balances"]) {
    const response = await fetch(`${server.url}/v1/tools/${name}`, { method: "POST", headers: JSON_TYPE });
    assert.equal((await problemOf(response)).code, "ERR_TOOL_UNKNOWN");
  }
});

Deno.test("Invalid arguments are answered 400 with the fields, and with suggestions", async () => {
  await using exchange = await TestExchange.start();
  await using server = serveRest(() => Promise.resolve(backendOf(exchange.context)));
  const post = (body: string) =>
    fetch(`${server.url}/v1/tools/get_crypto_price`, { method: "POST", headers: JSON_TYPE, body });
  const unfit = await problemOf(await post('{"pair":"XBTZAR","depht":3}'));
  assert.deepEqual([unfit.status, unfit.code], [400, "ERR_INVALID_ARGUMENT"]);
  assert.deepEqual(unfit.fields, [{ field: "depht", problem: "unknown argument: known are pair" }]);
  const misspelt = await problemOf(await post('{"pair":"XBTZRA"}'));
  assert.deepEqual([misspelt.status, misspelt.code], [400, "ERR_PAIR_UNKNOWN"]);
  assert.ok(misspelt.suggestions.includes("XBTZAR"));
});

Deno.test("Every error of the exchange has its status, the exchange's message and when to retry", async () => {
  let code: ExchangeErrorCode = "ERR_EXCHANGE";
  const { backend, exchange } = await withTool(() =>
    Promise.reject(
      new ExchangeError("Ours", { code, retryable: true, retryAfterMs: 1_200, lunoCode: "ErrX", status: 418 }),
    )
  );
  await using _exchange = exchange;
  await using server = serveRest(backend);
  for (code of Object.keys(EXCHANGE_CODES) as ExchangeErrorCode[]) {
    const init = { method: "POST", headers: JSON_TYPE };
    const response = await fetch(`${server.url}/v1/tools/describe_capabilities`, init);
    const problem = await problemOf(response);
    assert.deepEqual([problem.code, problem.status], [code, EXCHANGE_CODES[code].http]);
    assert.deepEqual([problem.detail, problem.retryable, problem.retry_after_ms], ["Ours", true, 1_200]);
    assert.deepEqual(problem.exchange, { code: "ErrX", status: 418 });
    assert.equal(response.headers.get("retry-after"), "2");
  }
});

Deno.test("An internal error is answered 500 and reveals nothing, wherever it happens", async () => {
  const { backend, exchange } = await withTool(() => Promise.reject(new Error("secret")));
  await using _exchange = exchange;
  for (const broken of [backend, () => Promise.reject(new Error("secret"))]) {
    await using server = serveRest(broken);
    const init = { method: "POST", headers: JSON_TYPE };
    const problem = await problemOf(await fetch(`${server.url}/v1/tools/describe_capabilities`, init));
    assert.deepEqual([problem.status, problem.code], [500, "ERR_INTERNAL"]);
    assert.ok(!JSON.stringify(problem).includes("secret"));
  }
});

Deno.test("A refused argument is answered 400 with its suggestions", async () => {
  const { backend, exchange } = await withTool(() => Promise.reject(new ArgumentError("account_id", "unknown", ["1"])));
  await using _exchange = exchange;
  await using server = serveRest(backend);
  const init = { method: "POST", headers: JSON_TYPE };
  const problem = await problemOf(await fetch(`${server.url}/v1/tools/describe_capabilities`, init));
  assert.deepEqual([problem.status, problem.fields[0].field, problem.suggestions], [400, "account_id", ["1"]]);
});

Deno.test("A client that disconnects aborts its call", async () => {
  const started = Promise.withResolvers<void>();
  const aborted = Promise.withResolvers<void>();
  const { backend, exchange } = await withTool((_input, { signal }) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => {
        aborted.resolve();
        reject(new ExchangeError("Cancelled", { code: "ERR_CANCELLED" }));
      }, { once: true });
      started.resolve();
    })
  );
  await using _exchange = exchange;
  await using server = serveRest(backend);
  const leave = new AbortController();
  const init = { method: "POST", headers: JSON_TYPE, signal: leave.signal };
  const left = assert.rejects(fetch(`${server.url}/v1/tools/describe_capabilities`, init), { name: "AbortError" });
  await started.promise;
  leave.abort();
  await Promise.all([left, aborted.promise]);
});
