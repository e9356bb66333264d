import assert from "node:assert/strict";
import { CallBudget } from "../../src/exchange/budget.ts";
import { ExchangeClient } from "../../src/exchange/client.ts";
import { assertNoSecret, CANARY, connect, failureOf } from "./clients.ts";
import { FakeClock } from "./fake_clock.ts";
import { http } from "./raw_server.ts";

const TICKER = JSON.stringify({
  pair: "XBTZAR",
  timestamp: 1790127000000,
  bid: "1403128.00",
  ask: "1407088.00",
  last_trade: "1407042.00",
  rolling_24_hour_volume: "31.50",
  status: "ACTIVE",
  new_field: true,
});

const ORDER = JSON.stringify({
  order_id: "BXGMHMJXVEZK6NS",
  pair: "XBTZAR",
  side: "BUY",
  type: "LIMIT",
  status: "PENDING",
  limit_price: "1390000.00",
  limit_volume: "0.005",
  base: "0.00",
  counter: "0.00",
  base_account_id: 0,
  creation_timestamp: 1790127260000,
}).replace('"base_account_id":0', '"base_account_id":8557520073699984185');

const limitOrder = { pair: "XBTZAR", type: "BID", volume: "0.001", price: "1300000" } as const;

Deno.test("ExchangeClient.call() returns a checked value, in Luno's field names and plain decimals", async () => {
  await using connected = connect((_, connection) => connection.write(http(200, TICKER)));
  assert.deepEqual(await connected.client.call("getTicker", { pair: "XBTZAR" }), {
    pair: "XBTZAR",
    timestamp: 1790127000000,
    bid: "1403128",
    ask: "1407088",
    last_trade: "1407042",
    rolling_24_hour_volume: "31.5",
    status: "ACTIVE",
  });
});

Deno.test("ExchangeClient.call() keeps ids beyond 2^53 exact", async () => {
  await using connected = connect((_, connection) => connection.write(http(200, ORDER)));
  const order = await connected.client.call("getOrder", { id: "BXGMHMJXVEZK6NS" });
  assert.equal(order.base_account_id, "8557520073699984185");
});

const NAMED = JSON.stringify({ ...JSON.parse(ORDER), client_order_id: "a;b" });

Deno.test("ExchangeClient sends its key only where one is needed", async () => {
  await using connected = connect((request, connection) =>
    connection.write(http(200, request.target.startsWith("/api/1/ticker") ? TICKER : NAMED))
  );
  await connected.client.call("getTicker", { pair: "XBTZAR" });
  await connected.client.call("getOrder", { client_order_id: "a;b" });
  const [open, closed] = connected.server.requests;
  assert.equal(open?.headers.get("authorization"), null);
  assert.equal(closed?.headers.get("authorization"), `Basic ${btoa(`${CANARY.id}:${CANARY.secret}`)}`);
  assert.equal(closed?.target, "/api/exchange/3/order?client_order_id=a%3Bb");
});

Deno.test("ExchangeClient never shows its key, however it is printed", async () => {
  await using connected = connect((_, connection) => connection.write(http(401, "Unauthorized")));
  assertNoSecret(connected.client);
  const error = await failureOf(connected.client.call("getBalances", {}));
  assert.equal(error.code, "ERR_CREDENTIALS_REFUSED");
  assert.match(error.message, /LUNO_API_KEY and LUNO_API_SECRET/);
  assertNoSecret(connected.client.status());
});

Deno.test("ExchangeClient without a key sends nothing that needs one, and names the variables to set", async () => {
  await using connected = connect((_, connection) => connection.write(http(200, TICKER)), { credentials: undefined });
  assert.equal(connected.client.hasCredentials, false);
  const error = await failureOf(connected.client.call("getCandles", { pair: "XBTZAR", since: 0, duration: 60 }));
  assert.equal(error.code, "ERR_CREDENTIALS_MISSING");
  assert.match(error.message, /LUNO_API_KEY and LUNO_API_SECRET/);
  assert.equal(connected.server.requests.length, 0);
  assert.equal((await connected.client.call("getTicker", { pair: "XBTZAR" })).status, "ACTIVE");
});

Deno.test("ExchangeClient refuses an address with more than an origin, or that would carry a key unencrypted", () => {
  const build = (url: string, credentials?: typeof CANARY) => new ExchangeClient({ url, credentials }).close();
  for (const url of ["", "api.luno.com", "https://api.luno.com/api", "https://a:b@api.luno.com", "ftp://127.0.0.1"]) {
    assert.throws(() => build(url), TypeError, url);
  }
  assert.throws(() => build("http://api.luno.com", CANARY), TypeError);
  assert.throws(() => build("http://127.0.0.1.evil.example", CANARY), TypeError);
  for (const url of ["https://api.luno.com", "http://localhost:9000", "http://[::1]:9000", "http://127.0.0.1:9"]) {
    build(url, CANARY);
  }
});

Deno.test("ExchangeClient.call() sends nothing for invalid parameters or a signal that is already aborted", async () => {
  await using connected = connect((_, connection) => connection.write(http(200, TICKER)));
  const { client, server } = connected;
  assert.equal((await failureOf(client.call("getTicker", { pair: "btc/zar" }))).code, "ERR_ARGUMENT_REFUSED");
  const signal = AbortSignal.abort();
  assert.equal((await failureOf(client.call("getTicker", { pair: "XBTZAR" }, { signal }))).code, "ERR_CANCELLED");
  assert.equal(server.requests.length, 0);
});

Deno.test("ExchangeClient.call() ends at once when its caller aborts, and closes the connection", async () => {
  const caller = new AbortController();
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepted = listener.accept().then(async (connection) => {
    const buffer = new Uint8Array(4096);
    await connection.read(buffer);
    caller.abort();
    while ((await connection.read(buffer).catch(() => null)) !== null);
    connection.close();
    resolve();
  });
  const client = new ExchangeClient({ url: `http://127.0.0.1:${listener.addr.port}`, credentials: CANARY });
  const error = await failureOf(client.call("getBalances", {}, { signal: caller.signal }));
  assert.deepEqual([error.code, error.outcome], ["ERR_CANCELLED", "none"]);
  await closed;
  await accepted;
  client.close();
  listener.close();
});

Deno.test("ExchangeClient.call() reports a write that is cancelled after it was sent as unknown", async () => {
  const caller = new AbortController();
  await using connected = connect(() => caller.abort());
  const error = await failureOf(connected.client.call("postLimitOrder", limitOrder, { signal: caller.signal }));
  assert.deepEqual([error.code, error.outcome, error.retryable], ["ERR_CANCELLED", "unknown", false]);
});

Deno.test("ExchangeClient.call() stops its delay when its caller aborts", async () => {
  const caller = new AbortController();
  const clock = new FakeClock();
  await using connected = connect((_, connection) => connection.write(http(503, "")), {
    sleep: (milliseconds, signal) => {
      queueMicrotask(() => caller.abort());
      return clock.sleep(milliseconds, signal);
    },
  });
  const error = await failureOf(connected.client.call("getTicker", { pair: "XBTZAR" }, { signal: caller.signal }));
  assert.equal(error.code, "ERR_CANCELLED");
  assert.equal(connected.server.requests.length, 1);
});

Deno.test("ExchangeClient.close() ends calls in flight and refuses later ones", async () => {
  await using connected = connect(() => connected.client.close());
  assert.equal((await failureOf(connected.client.call("getBalances", {}))).code, "ERR_CANCELLED");
  assert.equal((await failureOf(connected.client.call("getBalances", {}))).code, "ERR_CANCELLED");
  connected.client.close();
});

Deno.test("ExchangeClient.status() reports budget, latency and the difference of the clocks", async () => {
  const date = new Date("2026-11-22T10:00:05Z");
  await using connected = connect(
    (_, connection) => connection.write(http(200, TICKER, { date: date.toUTCString() })),
    {
      now: () => 0,
      wallClock: () => date.getTime() - 5_000,
    },
  );
  const { client } = connected;
  const untouched = client.status();
  assert.deepEqual(untouched, {
    budget: { limitPerMinute: 300, remaining: 300 },
    breaker: { state: "closed", openForMs: 0 },
    clock: null,
    lastLatencyMs: null,
    host: new URL(connected.server.url).host,
    reachability: { reachable: null, since: null, problem: null },
    silentForMs: Infinity,
  });
  await client.call("getTicker", { pair: "XBTZAR" });
  const { budget, clock, lastLatencyMs } = client.status();
  assert.equal(budget.remaining, 299);
  assert.deepEqual(clock, { skewMs: 5_000, ageMs: 0, jumpMs: 0 });
  assert.ok(lastLatencyMs !== null && lastLatencyMs >= 0);
});

Deno.test("ExchangeClient.simulationId is that of the simulated exchange that answered last, whatever comes between", async () => {
  const ids = [undefined, "0123456789abcdef", undefined, "evil", "fedcba9876543210"];
  await using connected = connect((_, connection) => {
    const id = ids.shift();
    return connection.write(http(200, TICKER, id === undefined ? {} : { "x-simulated-exchange": id }));
  });
  const seen: (string | null)[] = [connected.client.simulationId];
  for (let i = 0; i < 5; i++) {
    await connected.client.call("getTicker", { pair: "XBTZAR" });
    seen.push(connected.client.simulationId);
  }
  const [first, second] = ["0123456789abcdef", "fedcba9876543210"];
  assert.deepEqual(seen, [null, null, first, first, first, second]);
});

Deno.test("ExchangeClient counts every attempt, and clients share one budget", async () => {
  const budget = new CallBudget({ limitPerMinute: 10 });
  await using first = connect((_, connection) => connection.write(http(500, "")), { budget });
  await using second = connect((_, connection) => connection.write(http(200, TICKER)), { budget });
  await failureOf(first.client.call("getTicker", { pair: "XBTZAR" }));
  await second.client.call("getTicker", { pair: "XBTZAR" });
  assert.equal(first.server.requests.length, 3);
  assert.equal(budget.remaining, 6);
});

Deno.test("ExchangeClient.call() says when to retry when the budget is used up, and cancels are still sent", async () => {
  const budget = new CallBudget({ limitPerMinute: 5 });
  await using connected = connect((_, connection) => connection.write(http(200, '{"success":true}')), { budget });
  for (let i = 0; i < 4; i++) await budget.take("market");
  const error = await failureOf(connected.client.call("getTicker", { pair: "XBTZAR" }));
  assert.deepEqual([error.code, error.retryable, error.outcome], ["ERR_BUDGET_EXHAUSTED", true, "none"]);
  assert.ok(error.retryAfterMs !== undefined && error.retryAfterMs > 50_000);
  assert.deepEqual(await connected.client.call("stopOrder", { order_id: "BX1" }), { success: true });
});

Deno.test("ExchangeClient.call() with a reservation sends its request before anything else can happen", async () => {
  await using connected = connect((_, connection) => connection.write(http(200, JSON.stringify({ order_id: "BXA" }))));
  let handedOver = 0;
  const { url } = connected.server;
  const client = new ExchangeClient({
    url,
    credentials: CANARY,
    budget: new CallBudget({ limitPerMinute: 1 }),
    fetch: (...request) => {
      handedOver++;
      return fetch(...request);
    },
  });
  try {
    const reservation = await client.reserve("postLimitOrder");
    const failure = await failureOf(client.reserve("postLimitOrder"));
    assert.equal(failure.code, "ERR_BUDGET_EXHAUSTED");
    const call = client.call("postLimitOrder", limitOrder, { reservation });
    assert.equal(handedOver, 1);
    await call;
  } finally {
    client.close();
  }
});
