import assert from "node:assert/strict";
import Big from "big.js";
import type { UserEvent } from "../../../src/exchange/stream/user_frames.ts";
import { readUserFrame } from "../../../src/exchange/stream/user_frames.ts";
import { UserStream } from "../../../src/exchange/stream/user_stream.ts";
import type { StreamProblem } from "../../../src/exchange/stream/stream_problem.ts";
import { TestExchange } from "../../support/exchange.ts";
import { FakeClock } from "../fake_clock.ts";
import { BrokenUpstream, partsOf } from "./streams.ts";

const EXAMPLES = new URL("../../../../shared/luno-api/examples/", import.meta.url);
const example = (name: string) => Deno.readTextFileSync(new URL(`${name}.json`, EXAMPLES));

/** A user stream, and everything that it told. */
class HeardUser implements AsyncDisposable {
  readonly clock: FakeClock;
  readonly stream: UserStream;
  readonly events: UserEvent[] = [];
  readonly connections: { mayHaveMissed: boolean }[] = [];
  readonly problems: StreamProblem[] = [];
  #told = Promise.withResolvers<void>();

  constructor(url: string) {
    this.clock = new FakeClock();
    const tell = <Item>(list: Item[]) => (item: Item) => {
      list.push(item);
      const { resolve } = this.#told;
      this.#told = Promise.withResolvers();
      resolve();
    };
    this.stream = new UserStream(partsOf(url, this.clock), {
      event: tell(this.events),
      connected: tell(this.connections),
      lost: tell(this.problems),
    });
  }

  async until(isThere: () => boolean): Promise<void> {
    while (!isThere()) await this.#told.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stream.close();
  }
}

Deno.test("UserStream reports an order's states and fills, and both ledgers, as REST shows them", async () => {
  await using exchange = await TestExchange.start();
  const { client } = exchange;
  // The simulated exchange keeps what happens from its first request on.
  const { ask } = await client.call("getTicker", { pair: "XBTZAR" });
  await using heard = new HeardUser(exchange.simulation.url);
  const price = new Big(ask).times(1.01).round(0).toFixed();
  // The exchange says nothing of credentials that it accepts: what comes first tells that it has.
  let orderId = "";
  while (heard.events.length === 0) {
    ({ order_id: orderId } = await client.call("postLimitOrder", {
      pair: "XBTZAR",
      type: "BID",
      price,
      volume: "0.001",
    }));
    await Promise.race([heard.until(() => heard.events.length > 0), new Promise((resolve) => setTimeout(resolve, 50))]);
  }
  const isOf = (event: UserEvent) =>
    event.type === "order_status"
      ? event.status.order_id === orderId
      : event.type === "order_fill" && event.fill.order_id === orderId;
  await heard.until(() =>
    heard.events.some((event) => event.type === "order_status" && isOf(event) && event.status.status === "COMPLETE")
  );
  const states = heard.events.flatMap((event) =>
    event.type === "order_status" && isOf(event) ? [event.status.status] : []
  );
  assert.deepEqual(states, ["AWAITING", "COMPLETE"]);
  const fills = heard.events.flatMap((event) => event.type === "order_fill" && isOf(event) ? [event.fill] : []);
  const order = await client.call("getOrderV2", { id: orderId });
  const last = fills.at(-1);
  assert.equal(last?.base_fill, order.base);
  assert.equal(last?.counter_fill, order.counter);
  assert.equal(last?.base_fee, order.fee_base);
  const sum = fills.reduce((total, { base_delta }) => total.plus(base_delta), new Big(0));
  assert.equal(sum.toFixed(), order.base);

  const { balance } = await client.call("getBalances", {});
  const rows = heard.events.flatMap((event) => event.type === "balance" ? [event.balance] : []);
  for (const id of new Set(rows.map(({ account_id }) => account_id))) {
    assert.ok(BigInt(id) > 2n ** 53n);
    const account = balance.find(({ account_id }) => account_id === id);
    const row = rows.filter(({ account_id }) => account_id === id).at(-1);
    assert.equal(row?.balance, account?.balance);
    assert.equal(row?.available, new Big(account?.balance ?? 0).minus(account?.reserved ?? 0).toFixed());
  }
});

Deno.test("UserStream reports once what happened while it was disconnected, and that nothing is missing", async () => {
  await using exchange = await TestExchange.start();
  const { client } = exchange;
  await using heard = new HeardUser(exchange.simulation.url);
  const price = "100000";
  const place = async () =>
    (await client.call("postLimitOrder", { pair: "XBTZAR", type: "BID", price, volume: "0.001" })).order_id;
  const statusOf = (id: string) =>
    heard.events.flatMap((event) =>
      event.type === "order_status" && event.status.order_id === id ? [event.status.status] : []
    );
  let first = "";
  while (heard.events.length === 0) {
    first = await place();
    await Promise.race([heard.until(() => heard.events.length > 0), new Promise((resolve) => setTimeout(resolve, 50))]);
  }
  await heard.until(() => statusOf(first).length === 2);
  assert.deepEqual(heard.connections, [{ mayHaveMissed: true }]);
  exchange.simulation.faults.set([{ kind: "stream_close", path: "/api/1/userstream", times: 1, code: 1000 }]);
  await client.call("stopOrder", { order_id: first });
  await heard.until(() => heard.problems.length > 0);
  const second = await place();
  await heard.clock.advance(1_000);
  await heard.until(() => statusOf(second).length === 2);
  assert.deepEqual(statusOf(first), ["AWAITING", "PENDING", "COMPLETE"]);
  assert.deepEqual(statusOf(second), ["AWAITING", "PENDING"]);
  assert.deepEqual(heard.connections, [{ mayHaveMissed: true }, { mayHaveMissed: false }]);
});

Deno.test("UserStream reports that something may be missing after more than the exchange keeps", async () => {
  await using upstream = await BrokenUpstream.start(({ socket }, count) => {
    socket.send('""');
    if (count === 1) socket.close(1001);
  });
  await using heard = new HeardUser(upstream.url);
  await heard.until(() => heard.problems.length > 0);
  assert.equal(heard.stream.status.problem?.code, "closed");
  heard.clock.jump(300_000);
  await heard.clock.advance(1_000);
  await heard.until(() => heard.connections.length === 2);
  assert.deepEqual(heard.connections, [{ mayHaveMissed: true }, { mayHaveMissed: true }]);
  const { isLive, gaps, connections, problem } = heard.stream.status;
  assert.deepEqual([isLive, gaps, connections, problem], [true, 1, 2, null]);
});

Deno.test("UserStream counts as disconnected until the exchange has served it, however many connections were opened meanwhile", async () => {
  await using upstream = await BrokenUpstream.start(({ socket }, count) => {
    if (count === 1 || count === 4) socket.send('""');
    if (count < 4) socket.close(1001);
  });
  await using heard = new HeardUser(upstream.url);
  for (const losses of [1, 2, 3]) {
    await heard.until(() => heard.problems.length === losses);
    heard.clock.jump(150_000);
    await heard.clock.advance(8_000);
  }
  await heard.until(() => heard.connections.length === 2);
  assert.deepEqual(heard.connections, [{ mayHaveMissed: true }, { mayHaveMissed: true }]);
  assert.equal(heard.stream.status.gaps, 1);
});

Deno.test("UserStream reconnects after invalid data, and skips members that the exchange may add", async () => {
  const fill = example("stream-user-order-fill");
  await using upstream = await BrokenUpstream.start(({ socket }, count) => {
    if (count === 1) socket.send("{}");
    socket.send(JSON.stringify({ type: "order_news", timestamp: 1, order_news_update: {} }));
    socket.send('""');
    socket.send(fill);
    socket.send(fill);
  });
  await using heard = new HeardUser(upstream.url);
  await heard.until(() => heard.problems.length > 0);
  assert.equal(heard.problems[0]?.code, "garbage");
  await heard.clock.advance(1_000);
  await heard.until(() => heard.events.length > 0);
  assert.equal(heard.events.length, 1);
});

Deno.test("UserStream keeps a connection that sends only answers to pings", async () => {
  await using upstream = await BrokenUpstream.start(() => {});
  await using heard = new HeardUser(upstream.url);
  while (heard.clock.sleeping === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  for (let round = 0; round < 5; round++) {
    assert.equal(heard.stream.status.isLive, round > 0);
    await heard.clock.advance(20_000);
    while (heard.stream.status.ageMs > 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assert.deepEqual([heard.problems, heard.connections], [[], [{ mayHaveMissed: true }]]);
});

Deno.test("UserStream abandons a connection without a sign of life for 45 seconds, and opens another", async () => {
  await using upstream = await BrokenUpstream.start(({ socket }, count) => {
    if (count === 1) socket.pause();
    else socket.send('""');
  });
  await using heard = new HeardUser(upstream.url);
  while (heard.clock.sleeping === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  await heard.clock.advance(44_000);
  assert.equal(heard.problems.length, 0);
  await heard.clock.advance(2_000);
  await heard.until(() => heard.problems.length > 0);
  assert.deepEqual([heard.problems[0]?.code, heard.connections], ["silent", []]);
  await heard.clock.advance(1_000);
  await heard.until(() => heard.connections.length > 0);
  assert.equal(heard.stream.status.isLive, true);
});

Deno.test("readUserFrame() reads the reference's examples, with exact account ids", () => {
  const balance = readUserFrame(example("stream-user-balance-update"));
  assert.ok(balance.kind === "event" && balance.event.type === "balance");
  assert.equal(balance.event.balance.account_id, "8203463422864003664");
  const status = readUserFrame(example("stream-user-order-status"));
  assert.ok(status.kind === "event" && status.event.type === "order_status");
  assert.equal(status.event.status.status, "AWAITING");
  const [, fill] = JSON.parse(example("stream-user-real-values"));
  const read = readUserFrame(JSON.stringify(fill));
  assert.ok(read.kind === "event" && read.event.type === "order_fill");
  assert.equal(read.event.fill.counter_fill, "11.967");
  assert.equal(read.event.fill.counter_fee, "0");
});
