import assert from "node:assert/strict";
import Big from "big.js";
import type { FaultRule } from "../../../src/simulation/api/faults.ts";
import { SIMULATED_KEYS } from "../../../src/simulation/api/simulated_keys.ts";
import { TestExchange, type TestExchangeOptions } from "../../support/exchange.ts";
import { inOrder, ReferenceClient } from "./reference_client.ts";

const { id: api_key_id, secret: api_key_secret } = SIMULATED_KEYS.trading;
const CREDENTIALS = { api_key_id, api_key_secret };

const urlOf = (exchange: TestExchange, path: string) => `${exchange.simulation.url.replace("http", "ws")}${path}`;

/** A simulation, and a client that has its snapshot. */
async function follow(
  pair: string,
  options: TestExchangeOptions = {},
): Promise<AsyncDisposableStack & { exchange: TestExchange; client: ReferenceClient }> {
  const stack = new AsyncDisposableStack();
  const exchange = stack.use(await TestExchange.start(options));
  const client = stack.use(new ReferenceClient(urlOf(exchange, `/api/1/stream/${pair}`), CREDENTIALS));
  await client.until(() => client.sequence > 0);
  return Object.assign(stack, { exchange, client });
}

/** Compares the book of the stream with that of REST, at the very sequence at which REST answered. */
async function compare(exchange: TestExchange, client: ReferenceClient, pair: string): Promise<void> {
  const response = await fetch(`${exchange.simulation.url}/api/1/orderbook?pair=${pair}`);
  const { asks, bids } = await response.json();
  const sequence = Number(response.headers.get("x-simulated-sequence"));
  assert.ok(sequence > 0);
  await client.reach(sequence);
  assert.equal(client.sequence, sequence);
  const plain = (rows: { price: string; volume: string }[]) =>
    rows.map(({ price, volume }) => ({ price: new Big(price).toFixed(), volume: new Big(volume).toFixed() }));
  assert.deepEqual(client.orders("ASK"), plain(asks).sort(inOrder("ASK")));
  assert.deepEqual(client.orders("BID"), plain(bids).sort(inOrder("BID")));
}

Deno.test("the market stream shows what REST shows, second by second, with own orders among the others", async () => {
  await using world = await follow("XBTZAR");
  const { exchange, client } = world;
  const rest = exchange.client;
  const own: string[] = [];
  for (let second = 0; second < 96; second++) {
    exchange.clock.now += 1_000 + second % 7 * 211;
    if (second % 6 === 0) {
      const { bid, ask } = await rest.call("getTicker", { pair: "XBTZAR" });
      // Some rest, some at the best price, some beyond it: then the model's quotes are hidden behind them.
      const away = [0.99, 1, 1.0005, 1.01][second / 6 % 4] ?? 1;
      const isBuy = second % 12 === 0;
      const price = new Big(isBuy ? bid : ask).times(isBuy ? away : 2 - away).round(0).toFixed();
      const type = isBuy ? "BID" : "ASK";
      const { order_id } = await rest.call("postLimitOrder", { pair: "XBTZAR", type, price, volume: "0.002" });
      own.push(order_id);
    }
    if (second % 15 === 14) await rest.call("stopOrder", { order_id: own.shift() ?? "" }).catch(() => {});
    await compare(exchange, client, "XBTZAR");
  }
  assert.deepEqual([...client.kinds.keys()].filter((kind) => kind !== "empty").sort(), ["create", "delete", "trade"]);
});

Deno.test("the market stream's trades are those of REST, each once and in order", async () => {
  await using world = await follow("XBTZAR");
  const { exchange, client } = world;
  const { ask } = await exchange.client.call("getTicker", { pair: "XBTZAR" });
  const price = new Big(ask).times(1.001).round(0).toFixed();
  await exchange.client.call("postLimitOrder", { pair: "XBTZAR", type: "BID", price, volume: "0.003" });
  exchange.clock.now += 600_000;
  const response = await fetch(`${exchange.simulation.url}/api/1/trades?pair=XBTZAR`);
  const { trades } = await response.json();
  await client.reach(Number(response.headers.get("x-simulated-sequence")));
  assert.ok(client.trades.length > 5);
  const newest = client.trades.toReversed();
  const expected = trades.slice(0, newest.length).map((
    { sequence, price, volume, is_buy }: { sequence: number; price: string; volume: string; is_buy: boolean },
  ) => ({ sequence, price: new Big(price).toFixed(), volume, is_buy }));
  assert.deepEqual(newest, expected);
});

Deno.test("the market stream shows an own order under its own id, until it is cancelled", async () => {
  await using world = await follow("ETHZAR");
  const { exchange, client } = world;
  const { bid } = await exchange.client.call("getTicker", { pair: "ETHZAR" });
  const price = new Big(bid).times(0.9).round(0).toFixed();
  const { order_id } = await exchange.client.call("postLimitOrder", {
    pair: "ETHZAR",
    type: "BID",
    price,
    volume: "0.01",
  });
  await client.until(() => client.ids.has(order_id));
  await exchange.client.call("stopOrder", { order_id });
  await client.until(() => !client.ids.has(order_id));
});

Deno.test("the market stream sends an update without content every five minutes", async () => {
  await using world = await follow("XBTZAR");
  const { exchange, client } = world;
  for (let minute = 0; minute < 6; minute++) {
    exchange.clock.now += 60_000;
    await compare(exchange, client, "XBTZAR");
  }
  assert.equal(client.kinds.get("empty"), 1);
});

Deno.test("the market stream sends an empty message when it is quiet", async () => {
  await using world = await follow("XBTZAR", { streamKeepAliveMs: 20 });
  await world.client.until(() => world.client.keepAlives >= 3);
});

Deno.test("sequences of the market stream continue after a time without listeners", async () => {
  await using world = await follow("XBTZAR");
  const { exchange, client } = world;
  client[Symbol.dispose]();
  await client.closed.promise;
  using again = new ReferenceClient(urlOf(exchange, "/api/1/stream/XBTZAR"), CREDENTIALS);
  await again.until(() => again.sequence > 0);
  assert.ok(again.sequence > client.sequence);
});

/** What the stream says before it closes. */
async function refusal(path: string, first: unknown, options: TestExchangeOptions = {}): Promise<unknown> {
  await using exchange = await TestExchange.start(options);
  const socket = new WebSocket(urlOf(exchange, path));
  const messages: unknown[] = [];
  socket.onmessage = ({ data }) => messages.push(JSON.parse(data));
  if (first !== undefined) {
    socket.onopen = () => socket.send(typeof first === "string" ? first : JSON.stringify(first));
  }
  const { code } = await new Promise<CloseEvent>((resolve) => socket.onclose = resolve);
  return { messages, code };
}

for (
  const [name, path, first, expected, options] of [
    ["an unknown pair", "/api/1/stream/NOPEUSDT", CREDENTIALS, { error_code: "invalid_market", error: "NOPEUSDT" }],
    ["a pair in lower case", "/api/1/stream/xbtzar", CREDENTIALS, { error_code: "invalid_market", error: "xbtzar" }],
    ["a first message that is no JSON", "/api/1/stream/XBTZAR", "hello", {
      error_code: "invalid_credentials",
      error: "you provided an invalid credentials message",
    }],
    ["a wrong secret", "/api/1/userstream", { api_key_id, api_key_secret: "wrong" }, {
      error_code: "invalid_credentials",
      error: "you provided an invalid credentials message",
    }],
    ["no credentials", "/api/1/userstream", undefined, {
      error_code: "auth_timeout",
      error: "you took too long to provide credentials",
    }, { streamAuthTimeoutMs: 10 }],
    ["one session too many", "/api/1/stream/XBTZAR", CREDENTIALS, {
      error_code: "session_limit_exceeded",
      error: "session limit exceeded",
    }, { streamSessions: 0 }],
  ] as const
) {
  Deno.test(`a stream says why it ends: ${name}`, async () => {
    assert.deepEqual(await refusal(path, first, options), { messages: [expected], code: 1000 });
  });
}

Deno.test("a request to a stream without a WebSocket upgrade answers 426", async () => {
  await using exchange = await TestExchange.start();
  const response = await fetch(`${exchange.simulation.url}/api/1/stream/XBTZAR`);
  assert.equal(response.status, 426);
  await response.body?.cancel();
});

/** The code with which a stream ends that a fault befalls. */
async function endOf(fault: FaultRule, options: TestExchangeOptions = {}): Promise<number> {
  await using world = await follow("XBTZAR", options);
  const { exchange, client } = world;
  exchange.simulation.faults.set([fault]);
  exchange.clock.now += 10_000;
  await exchange.client.call("getTicker", { pair: "XBTZAR" });
  return (await client.closed.promise).code;
}

Deno.test("a fault ends a stream with a close code, or by a reset without one", async () => {
  assert.equal(await endOf({ kind: "stream_close", code: 4001 }), 4001);
  // So the runtime's own client calls a connection that ended without a closing handshake.
  assert.equal(await endOf({ kind: "stream_close" }, { connectionResets: true }), 0);
});

Deno.test("a fault keeps a stream silent and its connection open, while others continue", async () => {
  await using world = await follow("XBTZAR");
  const { exchange, client } = world;
  const { sequence } = client;
  exchange.simulation.faults.set([{ kind: "stream_silence", times: 1 }]);
  exchange.clock.now += 1_000;
  await exchange.client.call("getTicker", { pair: "XBTZAR" });
  using other = new ReferenceClient(urlOf(exchange, "/api/1/stream/XBTZAR"), CREDENTIALS);
  await other.until(() => other.sequence > sequence);
  exchange.clock.now += 1_000;
  await compare(exchange, other, "XBTZAR");
  assert.equal(client.sequence, sequence);
  assert.equal(client.isOpen, true);
});

Deno.test("a fault delays messages of a stream, in order", async () => {
  await using world = await follow("XBTZAR");
  const { exchange, client } = world;
  exchange.simulation.faults.set([{ kind: "stream_delay", ms: 20, times: 3 }]);
  exchange.clock.now += 10_000;
  await compare(exchange, client, "XBTZAR");
});

Deno.test("a fault adds a burst of updates each second, and leaves the book unchanged", async () => {
  await using world = await follow("XBTZAR");
  const { exchange, client } = world;
  exchange.simulation.faults.set([{ kind: "stream_burst", updates: 1_000 }]);
  const { sequence } = client;
  exchange.clock.now += 1_000;
  await compare(exchange, client, "XBTZAR");
  assert.ok(client.sequence - sequence >= 1_000);
});

Deno.test("a fault adds updates several times a second, without any reader polling", async () => {
  await using world = await follow("XBTZAR");
  const { exchange, client } = world;
  exchange.simulation.faults.set([{ kind: "stream_burst", updates: 2, everyMs: 20 }]);
  exchange.clock.now += 1_000;
  await compare(exchange, client, "XBTZAR");
  const { sequence } = client;
  for (const added of [0, 2]) {
    exchange.clock.now += 10;
    await compare(exchange, client, "XBTZAR");
    assert.equal(client.sequence, sequence + added);
  }
  exchange.clock.now += 20;
  await client.reach(sequence + 4);
});
