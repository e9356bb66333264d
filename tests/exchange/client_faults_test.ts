/** Every way in which an exchange can be down, slow or lying, over real connections. */

import assert from "node:assert/strict";
import type { ExchangeErrorCode } from "../../src/exchange/errors.ts";
import { connect, failureOf } from "./clients.ts";
import { FakeClock } from "./fake_clock.ts";
import { http, type RawConnection, type RawHandler } from "./raw_server.ts";

const TICKER = '{"pair":"XBTZAR","timestamp":1790127000000,"bid":"1.00","ask":"2.00","last_trade":"1.50"}';
const REFUSED = '{"error":"Cannot find that order","error_code":"ErrOrderNotFound"}';
const ENDLESS = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

interface Fault {
  readonly name: string;
  readonly answer: (connection: RawConnection) => unknown;
  readonly code: ExchangeErrorCode;
  /** Attempts at a read. */
  readonly attempts: number;
  readonly retryable: boolean;
  /** What becomes of a write. */
  readonly outcome: "none" | "unknown";
}

const writes = (text: string) => (connection: RawConnection) => connection.write(text);

async function floods(connection: RawConnection): Promise<void> {
  await connection.write(ENDLESS);
  const chunk = `400\r\n${" ".repeat(1024)}\r\n`;
  for (let i = 0; i < 20; i++) await connection.write(chunk);
}

const faults: Fault[] = [
  {
    name: "429 without Retry-After",
    answer: writes(http(429, "")),
    code: "ERR_RATE_LIMITED",
    attempts: 3,
    retryable: true,
    outcome: "none",
  },
  {
    name: "500 with ErrInternal",
    answer: writes(http(500, '{"error":"x","error_code":"ErrInternal"}')),
    code: "ERR_UNAVAILABLE",
    attempts: 3,
    retryable: true,
    outcome: "unknown",
  },
  {
    name: "502 with an HTML page",
    answer: writes(http(502, "<html>Bad gateway</html>", { "content-type": "text/html" })),
    code: "ERR_UNAVAILABLE",
    attempts: 3,
    retryable: true,
    outcome: "unknown",
  },
  {
    name: "503 without a body",
    answer: writes(http(503, "")),
    code: "ERR_UNAVAILABLE",
    attempts: 3,
    retryable: true,
    outcome: "unknown",
  },
  {
    name: "403 with an HTML page",
    answer: writes(http(403, "<html>Blocked</html>")),
    code: "ERR_FORBIDDEN",
    attempts: 1,
    retryable: false,
    outcome: "none",
  },
  {
    name: "404 without a body",
    answer: writes(http(404, "")),
    code: "ERR_NOT_FOUND",
    attempts: 1,
    retryable: false,
    outcome: "none",
  },
  {
    name: "400 with a known code",
    answer: writes(http(400, REFUSED)),
    code: "ERR_NOT_FOUND",
    attempts: 1,
    retryable: false,
    outcome: "none",
  },
  {
    name: "200 with an error in the body",
    answer: writes(http(200, REFUSED)),
    code: "ERR_NOT_FOUND",
    attempts: 1,
    retryable: false,
    outcome: "none",
  },
  {
    name: "200 with an HTML page",
    answer: writes(http(200, "<html>Welcome</html>")),
    code: "ERR_ANSWER_INVALID",
    attempts: 3,
    retryable: true,
    outcome: "unknown",
  },
  {
    name: "200 without a body",
    answer: writes(http(200, "")),
    code: "ERR_ANSWER_INVALID",
    attempts: 3,
    retryable: true,
    outcome: "unknown",
  },
  {
    name: "200 with half of the JSON",
    answer: writes(http(200, TICKER.slice(0, 40))),
    code: "ERR_ANSWER_INVALID",
    attempts: 3,
    retryable: true,
    outcome: "unknown",
  },
  {
    name: "200 with wrong types",
    answer: writes(http(200, '{"pair":1,"order_id":[]}')),
    code: "ERR_ANSWER_INVALID",
    attempts: 1,
    retryable: false,
    outcome: "unknown",
  },
  {
    name: "200 with a bare list",
    answer: writes(http(200, "[]")),
    code: "ERR_ANSWER_INVALID",
    attempts: 1,
    retryable: false,
    outcome: "unknown",
  },
  {
    name: "a redirect",
    answer: writes(http(302, "", { location: "/elsewhere" })),
    code: "ERR_ANSWER_INVALID",
    attempts: 1,
    retryable: false,
    outcome: "unknown",
  },
  {
    name: "a length beyond the cap",
    answer: writes("HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n{"),
    code: "ERR_ANSWER_TOO_LARGE",
    attempts: 1,
    retryable: false,
    outcome: "unknown",
  },
  {
    name: "a body without a length that goes on beyond the cap",
    answer: floods,
    code: "ERR_ANSWER_TOO_LARGE",
    attempts: 1,
    retryable: false,
    outcome: "unknown",
  },
  {
    name: "a connection closed before the answer",
    answer: (connection) => connection.close(),
    code: "ERR_NETWORK",
    attempts: 3,
    retryable: true,
    outcome: "unknown",
  },
  {
    name: "a connection closed within the body",
    answer: async (connection) => {
      await connection.write("HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{");
      connection.close();
    },
    code: "ERR_NETWORK",
    attempts: 3,
    retryable: true,
    outcome: "unknown",
  },
  {
    name: "an answer that is no HTTP",
    answer: writes("hello\r\n\r\n"),
    code: "ERR_NETWORK",
    attempts: 3,
    retryable: true,
    outcome: "unknown",
  },
];

for (const { name, answer, code, attempts, retryable, outcome } of faults) {
  const handler: RawHandler = (_, connection) => answer(connection);
  const options = { maxBytes: 8192, breaker: { failures: 100 } };

  Deno.test(`ExchangeClient reads: ${name} gives ${code} after ${attempts} attempt(s)`, async () => {
    await using connected = connect(handler, options);
    const error = await failureOf(connected.client.call("getTicker", { pair: "XBTZAR" }));
    assert.deepEqual([error.code, error.retryable, error.outcome], [code, retryable, "none"], error.message);
    assert.equal(connected.server.requests.length, attempts);
    assert.match(error.message, /^Cannot read the ticker of one pair as /);
  });

  Deno.test(`ExchangeClient writes: ${name} gives ${code}, sent once, outcome ${outcome}`, async () => {
    await using connected = connect(handler, options);
    const error = await failureOf(
      connected.client.call("postMarketOrder", { pair: "XBTZAR", type: "BUY", counter_volume: "9" }),
    );
    assert.deepEqual([error.code, error.outcome], [code, outcome], error.message);
    assert.equal(error.retryable, outcome === "none" && code === "ERR_RATE_LIMITED");
    assert.equal(error.message.includes("look it up"), outcome === "unknown");
    assert.equal(connected.server.requests.length, 1);
  });
}

for (
  const [name, answer] of [
    ["no byte at all", () => {}],
    ["headers that never end", writes("HTTP/1.1 200 OK\r\ncontent-type: app")],
    ["a body that never ends", writes("HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{")],
  ] as const
) {
  Deno.test(`ExchangeClient gives ERR_TIMEOUT within the deadline for ${name}`, async () => {
    await using connected = connect((_, connection) => answer(connection));
    const { client, server } = connected;
    const read = await failureOf(client.call("getTicker", { pair: "XBTZAR" }, { deadlineMs: 2_000 }));
    assert.deepEqual([read.code, read.retryable, read.outcome], ["ERR_TIMEOUT", true, "none"]);
    const reads = server.requests.length;
    assert.ok(reads >= 1 && reads <= 3);
    const write = await failureOf(client.call("stopOrder", { order_id: "BX1" }, { deadlineMs: 1_000 }));
    assert.deepEqual([write.code, write.retryable, write.outcome], ["ERR_TIMEOUT", false, "unknown"]);
    assert.equal(server.requests.length, reads + 1);
  });
}

Deno.test("ExchangeClient reports that nothing happened when no connection was made", async () => {
  const connected = connect(() => {});
  await connected.server[Symbol.asyncDispose]();
  const error = await failureOf(connected.client.call("stopOrder", { order_id: "BX1" }));
  assert.deepEqual([error.code, error.outcome, error.retryable], ["ERR_NETWORK", "none", true]);
  connected.client.close();
});

Deno.test("ExchangeClient answers a read that succeeds at the second attempt", async () => {
  await using connected = connect((_, connection) =>
    connected.server.requests.length === 1 ? connection.close() : connection.write(http(200, TICKER))
  );
  assert.equal((await connected.client.call("getTicker", { pair: "XBTZAR" })).bid, "1");
  assert.deepEqual(connected.pauses, [300]);
});

Deno.test("ExchangeClient abandons a silent connection in time for a second attempt", async () => {
  await using connected = connect(
    (_, connection) => connected.server.requests.length > 1 && connection.write(http(200, TICKER)),
    { random: () => 0 },
  );
  assert.equal((await connected.client.call("getTicker", { pair: "XBTZAR" }, { deadlineMs: 6_000 })).bid, "1");
  assert.equal(connected.server.requests.length, 2);
});

Deno.test("ExchangeClient waits as long as Retry-After asks, but never beyond its deadline", async () => {
  let retryAfter = "3";
  await using connected = connect((_, connection) =>
    connection.write(http(429, '{"error":"slow","error_code":"ErrTooManyRequests"}', { "retry-after": retryAfter }))
  );
  const first = await failureOf(connected.client.call("getTicker", { pair: "XBTZAR" }));
  assert.deepEqual(connected.pauses, [3_000, 3_000]);
  assert.deepEqual([first.code, first.lunoCode, first.retryAfterMs], ["ERR_RATE_LIMITED", "ErrTooManyRequests", 3_000]);
  retryAfter = "11";
  const second = await failureOf(connected.client.call("getTicker", { pair: "XBTZAR" }));
  assert.equal(connected.pauses.length, 2);
  assert.equal(second.retryAfterMs, 11_000);
});

Deno.test("ExchangeClient treats a 204 as success of a write and as no answer to a read", async () => {
  await using connected = connect((_, connection) => connection.write("HTTP/1.1 204 No Content\r\n\r\n"));
  assert.deepEqual(await connected.client.call("updateAccountName", { id: "1", name: "new" }), { success: true });
  assert.equal((await failureOf(connected.client.call("listOrders", {}))).code, "ERR_ANSWER_INVALID");
});

Deno.test("ExchangeClient keeps the exchange's message separate, short and printable", async () => {
  const body = JSON.stringify({ error: `Ignore all\u001b[2J orders${"!".repeat(1000)}`, error_code: "Err<b>" });
  await using connected = connect((_, connection) =>
    connection.write(http(400, body, { "x-luno-trace-id": "40911b58cc00a99c" }))
  );
  const error = await failureOf(connected.client.call("getTicker", { pair: "XBTZAR" }));
  assert.deepEqual([error.code, error.lunoCode, error.traceId], ["ERR_EXCHANGE", undefined, "40911b58cc00a99c"]);
  assert.equal(error.message, "Cannot read the ticker of one pair as the exchange refused it (status 400)");
  assert.equal(error.detail?.length, 300);
  assert.match(error.detail ?? "", /^Ignore all \[2J orders!/);
});

Deno.test("ExchangeClient holds calls back while the exchange is down, still tries cancels, then recovers", async () => {
  const clock = new FakeClock();
  let isDown = true;
  await using connected = connect(
    (request, connection) =>
      connection.write(isDown ? http(503, "") : http(200, request.method === "GET" ? TICKER : '{"success":true}')),
    { now: clock.now, maxAttempts: 1, breaker: { failures: 2, pauseMs: 10_000 } },
  );
  const { client, server } = connected;
  const read = () => client.call("getTicker", { pair: "XBTZAR" });
  await failureOf(read());
  await failureOf(read());
  const held = await failureOf(read());
  assert.deepEqual([held.code, held.retryable, held.retryAfterMs], ["ERR_UNAVAILABLE", true, 10_000]);
  const order = await failureOf(client.call("postMarketOrder", { pair: "XBTZAR", type: "SELL", base_volume: "1" }));
  assert.deepEqual([order.code, order.outcome, order.retryable], ["ERR_UNAVAILABLE", "none", true]);
  assert.equal(server.requests.length, 2);
  assert.equal(client.status().breaker.state, "open");
  isDown = false;
  assert.deepEqual(await client.call("stopOrder", { order_id: "BX1" }), { success: true });
  await clock.advance(10_000);
  assert.equal((await read()).bid, "1");
  assert.deepEqual(client.status().breaker, { state: "closed", openForMs: 0 });
});
