import assert from "node:assert/strict";
import { createServer } from "node:net";
import { formatDecimal } from "../../../src/money/decimals.ts";
import Big from "big.js";
import { TestExchange } from "../../support/exchange.ts";
import type { FaultRule } from "../../../src/simulation/api/faults.ts";
import { FakeClock } from "../fake_clock.ts";
import { BrokenUpstream, HeardStream } from "./streams.ts";

const SNAPSHOT = {
  sequence: "100",
  asks: [{ id: "BXASK", price: "2765.00", volume: "3.925038" }],
  bids: [{ id: "BXBID", price: "2762.00", volume: "0.026792" }],
  status: "ACTIVE",
  timestamp: 1_790_127_197_639,
};
const EMPTY = { trade_updates: [], create_update: null, delete_update: null, status_update: null, timestamp: 1 };
const update = (sequence: number, change: object = {}) =>
  JSON.stringify({ ...EMPTY, sequence: String(sequence), ...change });
const snapshot = (change: object = {}) => JSON.stringify({ ...SNAPSHOT, ...change });

/** Compares the stream's book with that of REST at the sequence at which REST answered. */
async function compare(exchange: TestExchange, heard: HeardStream, pair = "XBTZAR"): Promise<void> {
  const response = await fetch(`${exchange.simulation.url}/api/1/orderbook?pair=${pair}`);
  const { asks, bids } = await response.json();
  await heard.sequence(BigInt(response.headers.get("x-simulated-sequence") ?? "0"));
  const plain = (rows: { price: string; volume: string }[]) => {
    const levels = Map.groupBy(rows, ({ price }) => formatDecimal(new Big(price)));
    return [...levels].map(([price, orders]) => ({
      price,
      volume: formatDecimal(orders.reduce((sum, { volume }) => sum.plus(volume), new Big(0))),
    }));
  };
  const { book } = heard.stream;
  assert.deepEqual(book?.top("ask", 1_000), plain(asks));
  assert.deepEqual(book?.top("bid", 1_000), plain(bids));
}

for (
  const [name, faults] of [
    ["no faults", []],
    ["gaps", [{ kind: "stream_gap", probability: 0.05 }]],
    ["repetitions", [{ kind: "stream_repeat", probability: 0.05 }]],
    ["garbage", [{ kind: "stream_garbage", probability: 0.05 }]],
    ["closed connections", [{ kind: "stream_close", code: 1000, probability: 0.05 }]],
    ["bursts", [{ kind: "stream_burst", updates: 400 }]],
    ["errors that pass", [{ kind: "stream_error", code: "internal", text: "try again", probability: 0.05 }]],
  ] as const satisfies readonly (readonly [string, readonly FaultRule[]])[]
) {
  Deno.test(`MarketStream's book equals that of REST at every sequence under ${name}`, async () => {
    await using exchange = await TestExchange.start();
    const clock = new FakeClock();
    // Pauses between connections take no time; everything else waits for a clock that stands still.
    const sleep: typeof clock.sleep = (milliseconds, signal) =>
      milliseconds === 0 ? Promise.resolve() : clock.sleep(milliseconds, signal);
    await using heard = new HeardStream(exchange.simulation.url, { clock, sleep, random: () => 0 });
    await heard.live();
    for (let round = 0; round < 30; round++) {
      exchange.simulation.faults.set(faults);
      exchange.clock.now += 1_000;
      await exchange.client.call("getTicker", { pair: "XBTZAR" });
      // A loss is found out with the next update, which is a sound one.
      exchange.simulation.faults.set([]);
      exchange.clock.now += 1_000;
      await compare(exchange, heard);
    }
    const isFaulty = faults.length > 0 && name !== "bursts";
    assert.equal(heard.stream.status.snapshots > 1, isFaulty);
  });
}

Deno.test("MarketStream sends its credentials first, on the path of its pair", async () => {
  await using upstream = await BrokenUpstream.start(({ socket }) => socket.send(snapshot()));
  await using heard = new HeardStream(upstream.url);
  await heard.live();
  const [reader] = upstream.readers;
  assert.equal(reader?.path, "/api/1/stream/XBTZAR");
  assert.deepEqual(JSON.parse(reader?.credentials ?? ""), {
    api_key_id: "simulated_key",
    api_key_secret: "simulated_secret_not_a_real_one",
  });
});

/** What a stream makes of an upstream's first connection, and whether it then follows the second, which is sound. */
async function problemOf(serve: (send: (text: string | Uint8Array) => void) => void): Promise<string | undefined> {
  await using upstream = await BrokenUpstream.start(({ socket }, count) => {
    if (count === 1) serve((text) => socket.send(text));
    else socket.send(snapshot({ sequence: "900" }));
  });
  await using heard = new HeardStream(upstream.url);
  await heard.until(() => heard.problems.length > 0);
  assert.equal(heard.stream.status.isLive, false);
  await heard.clock.advance(60_000);
  await heard.sequence(900n);
  assert.deepEqual(heard.stream.book?.top("ask", 9), [{ price: "2765", volume: "3.925038" }]);
  return heard.problems[0]?.code;
}

for (
  const [name, code, messages] of [
    ["a sequence that is missing", "gap", [snapshot(), update(101), update(103)]],
    ["a sequence that goes back", "sequence_back", [snapshot(), update(101), update(100)]],
    ["a level below zero", "negative_volume", [
      snapshot(),
      update(101, { trade_updates: [{ sequence: 1, base: "4", counter: "1", maker_order_id: "BXASK" }] }),
    ]],
    ["a trade with an unknown maker", "unknown_maker", [
      snapshot(),
      update(101, { trade_updates: [{ sequence: 1, base: "4", counter: "1", maker_order_id: "BXNONE" }] }),
    ]],
    ["a crossed book", "crossed", [snapshot({ bids: SNAPSHOT.asks.map((order) => ({ ...order, id: "BX1" })) })]],
    ["garbage in place of a snapshot", "garbage", ["<html>"]],
    ["garbage in place of an update", "garbage", [snapshot(), '{"sequence":"101"']],
    ["a list in place of an update", "garbage", [snapshot(), "[1]"]],
    ["an update without a sequence", "garbage", [snapshot(), JSON.stringify({ ...EMPTY, sequence: "1e9" })]],
    ["an update before the snapshot", "garbage", [update(101)]],
    ["a second snapshot", "garbage", [snapshot(), snapshot()]],
    ["a snapshot with an order that cannot be read", "unreadable_order", [
      snapshot({ bids: [{ id: "BX", price: "1" }] }),
    ]],
    ["a session too many", "session_limit", ['{"error_code":"","error":"session limit exceeded"}']],
    ["credentials that came too late", "auth_timeout", ['{"error_code":"auth_timeout","error":"too long"}']],
    ["an error with an unknown code", "refused", ['{"error_code":"maintenance","error":"later"}']],
  ] as const
) {
  Deno.test(`MarketStream reconnects after ${name}`, async () => {
    assert.equal(await problemOf((send) => messages.forEach(send)), code);
  });
}

Deno.test("MarketStream reconnects after a binary message", async () => {
  assert.equal(await problemOf((send) => send(new Uint8Array([123, 125]))), "garbage");
});

Deno.test("MarketStream reconnects after a message larger than 16 MiB", async () => {
  assert.equal(await problemOf((send) => send(`"${"x".repeat(17 * 1024 * 1024)}"`)), "frame_too_large");
});

Deno.test("MarketStream reconnects after a connection that breaks", async () => {
  await using upstream = await BrokenUpstream.start(({ socket }, count) => {
    socket.send(snapshot({ sequence: `${count}00` }));
    if (count === 1) setTimeout(() => socket.terminate(), 5);
  });
  await using heard = new HeardStream(upstream.url);
  await heard.until(() => heard.problems.length > 0);
  assert.equal(heard.problems[0]?.code, "closed");
  assert.match(heard.problems[0]?.detail ?? "", /^1006/);
  await heard.clock.advance(1_000);
  await heard.sequence(200n);
});

for (
  const [name, first, code] of [
    ["an unknown pair", '{"error_code":"invalid_market","error":"XBTZAR"}', "invalid_market"],
    ["wrong credentials", '{"error_code":"invalid_credentials","error":"no"}', "invalid_credentials"],
  ] as const
) {
  Deno.test(`MarketStream gives up for ${name}`, async () => {
    await using upstream = await BrokenUpstream.start(({ socket }) => {
      socket.send(first);
      socket.close(1000);
    });
    await using heard = new HeardStream(upstream.url);
    await heard.until(() => heard.problems.length > 0);
    assert.equal(heard.stream.refusal?.code, code);
    await heard.clock.advance(600_000);
    assert.equal(upstream.readers.length, 1);
  });
}

Deno.test("MarketStream gives up for an unknown pair and wrong credentials of the simulated exchange", async () => {
  await using exchange = await TestExchange.start();
  await using unknown = new HeardStream(exchange.simulation.url, { pair: "NOPEZAR" });
  await using wrong = new HeardStream(exchange.simulation.url, {
    credentials: { id: "simulated_key", secret: "wrong" },
  });
  await unknown.until(() => unknown.problems.length > 0);
  await wrong.until(() => wrong.problems.length > 0);
  assert.equal(unknown.stream.refusal?.code, "invalid_market");
  assert.equal(wrong.stream.refusal?.code, "invalid_credentials");
});

Deno.test("MarketStream abandons a connection whose snapshot never comes, though it sends keep-alives", async () => {
  await using upstream = await BrokenUpstream.start(({ socket }, count) =>
    socket.send(count === 1 ? '""' : snapshot())
  );
  await using heard = new HeardStream(upstream.url);
  await upstream.connected(1);
  await heard.clock.advance(14_000);
  assert.equal(heard.problems.length, 0);
  await heard.clock.advance(1_000);
  await heard.until(() => heard.problems.length > 0);
  assert.equal(heard.problems[0]?.code, "snapshot_timeout");
  await heard.clock.advance(1_000);
  await heard.live();
});

Deno.test("MarketStream abandons a connection that opens and stays silent, and is stale meanwhile", async () => {
  await using upstream = await BrokenUpstream.start(({ socket }) => socket.send(snapshot()), { autoPong: false });
  await using heard = new HeardStream(upstream.url);
  await heard.live();
  await heard.clock.advance(44_000);
  assert.equal(heard.stream.status.ageMs, 44_000);
  assert.equal(heard.stream.status.isLive, true);
  await heard.clock.advance(1_000);
  await heard.until(() => heard.problems.length > 0);
  assert.equal(heard.problems[0]?.code, "silent");
  assert.equal(heard.stream.status.isLive, false);
  // The last book is still there, and its age tells how old it is.
  assert.equal(heard.stream.book?.sequence, 100n);
  assert.equal(heard.stream.status.ageMs, 45_000);
  await heard.clock.advance(1_000);
  await upstream.connected(2);
});

Deno.test("MarketStream abandons a connection that answers pings and sends no message for a minute", async () => {
  await using upstream = await BrokenUpstream.start(({ socket }) => socket.send(snapshot()));
  await using heard = new HeardStream(upstream.url);
  await heard.live();
  for (let second = 0; second < 60 && heard.problems.length === 0; second++) {
    await heard.clock.advance(1_000);
    // Pongs come by a real socket.
    if (second % 20 === 19) await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await heard.until(() => heard.problems.length > 0);
  assert.match(heard.problems[0]?.detail ?? "", /no message/);
});

Deno.test("MarketStream's book is as old as the last message, even if pings are answered since", async () => {
  await using upstream = await BrokenUpstream.start(({ socket }) => socket.send(snapshot()));
  await using heard = new HeardStream(upstream.url);
  await heard.live();
  const pinged = new Promise((resolve) => upstream.readers[0]?.socket.once("ping", resolve));
  await heard.clock.advance(20_000);
  await pinged;
  // Its own answer to a ping is behind the exchange's, on the same connection.
  const ponged = new Promise((resolve) => upstream.readers[0]?.socket.once("pong", resolve));
  upstream.readers[0]?.socket.ping();
  await ponged;
  assert.equal(heard.stream.status.ageMs, 20_000);
  upstream.readers[0]?.socket.send('""');
  while (heard.stream.status.ageMs > 0) await new Promise((resolve) => setTimeout(resolve, 1));
});

Deno.test("MarketStream's book is as old as the last update before a gap", async () => {
  await using upstream = await BrokenUpstream.start(({ socket }) => socket.send(snapshot()));
  await using heard = new HeardStream(upstream.url);
  await heard.live();
  await heard.clock.advance(5_000);
  upstream.readers[0]?.socket.send(update(102));
  await heard.until(() => heard.problems.length > 0);
  assert.equal(heard.stream.status.ageMs, 5_000);
});

Deno.test("MarketStream pings every 20 seconds", async () => {
  const pings: number[] = [];
  await using upstream = await BrokenUpstream.start(({ socket }) => {
    socket.on("ping", () => pings.push(heard.clock.now()));
    socket.send(snapshot());
  });
  await using heard: HeardStream = new HeardStream(upstream.url);
  await heard.live();
  await heard.clock.advance(19_000);
  await heard.clock.advance(1_000);
  while (pings.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.deepEqual(pings, [20_000]);
});

Deno.test("MarketStream waits twice as long after each failure, up to a minute", async () => {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  {
    const pauses: number[] = [];
    const clock = new FakeClock();
    const sleep: typeof clock.sleep = (milliseconds) => {
      pauses.push(milliseconds);
      return Promise.resolve();
    };
    await using heard = new HeardStream(`ws://127.0.0.1:${port}`, { clock, sleep });
    await heard.until(() => heard.problems.length >= 9);
    assert.deepEqual(pauses.slice(0, 8), [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    assert.equal(heard.problems[0]?.code, "unreachable");
  }
  await new Promise((resolve) => server.close(resolve));
});

Deno.test("MarketStream never shows its secret in a problem", async () => {
  await using upstream = await BrokenUpstream.start(({ socket, credentials }) => {
    socket.send(JSON.stringify({ error_code: "maintenance", error: credentials }));
    socket.close(4000, credentials.slice(0, 100));
  });
  await using heard = new HeardStream(upstream.url);
  await heard.until(() => heard.problems.length > 0);
  assert.doesNotMatch(JSON.stringify(heard.problems), /simulated_secret/);
});

Deno.test("a snapshot of 20,000 orders lets timers run while it is read", async () => {
  const row = (name: string, price: number) => ({ id: name, price: `${price}.00`, volume: "0.5" });
  const bids = Array.from({ length: 19_000 }, (_, index) => row(`BXB${index}`, 1_400_000 - index));
  const asks = Array.from({ length: 1_000 }, (_, index) => row(`BXA${index}`, 1_500_000 + index));
  let turns = 0;
  const timer = setInterval(() => turns++, 0);
  await using upstream = await BrokenUpstream.start(({ socket }) => {
    socket.send(snapshot({ bids, asks }));
    for (let sequence = 101; sequence <= 400; sequence++) socket.send(update(sequence));
    turns = 0;
  });
  await using heard = new HeardStream(upstream.url);
  await heard.live();
  clearInterval(timer);
  assert.ok(turns >= 15, `${turns} turns`);
  await heard.sequence(400n);
  assert.equal(heard.stream.book?.size, 20_000);
});
