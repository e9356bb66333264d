/** Clients written for the older server: plain methods, integer ids, no handshake, no headers. */

import assert from "node:assert/strict";
import { PROGRAMS, readLines, startProgram } from "./program.ts";
import { startServer } from "./servers.ts";

/** The pairs that such a client watches by default. */
const PAIRS = ["XBTZAR", "ETHZAR", "XRPZAR", "LTCZAR", "BCHZAR", "BTCNGN", "ETHNGN"];

/** One request and its answer. */
interface Channel extends AsyncDisposable {
  send(text: string): Promise<void>;
  next(): Promise<string>;
}

class OlderClient {
  readonly #channel: Channel;
  #id = 0;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  // deno-lint-ignore no-explicit-any
  async request(method: string, params: object = {}): Promise<any> {
    const id = ++this.#id;
    await this.#channel.send(JSON.stringify({ jsonrpc: "2.0", method, params, id }));
    const response = JSON.parse(await this.#channel.next());
    assert.equal(response.id, id);
    assert.equal(response.error, undefined, JSON.stringify(response.error));
    return response.result;
  }

  /** Subscribes to a pair, waits until a price is pushed, and ends the subscription. */
  async followPrice(pair: string): Promise<void> {
    const members = ["pair", "ask", "bid", "last_trade", "rolling_24_hour_volume", "timestamp"];
    const price = await this.request("subscribe", { pair });
    assert.deepEqual(Object.keys(price), members);
    const { id, method, params } = JSON.parse(await this.#channel.next());
    assert.deepEqual([id, method, Object.keys(params), params.pair], [undefined, "price_update", members, pair]);
    assert.notDeepEqual({ ...params, timestamp: 0 }, { ...price, timestamp: 0 });
    await this.#channel.send(
      JSON.stringify({ jsonrpc: "2.0", method: "unsubscribe", params: { pair }, id: ++this.#id }),
    );
    // Prices that were in flight arrive before the answer, and none after it.
    for (;;) {
      const message = JSON.parse(await this.#channel.next());
      if (message.method === "price_update") continue;
      assert.deepEqual([message.id, message.result], [this.#id, { pair, success: true }]);
      return;
    }
  }

  /** The text of its price display for one pair. */
  async priceLine(pair: string): Promise<string> {
    const price = await this.request("get_crypto_price", { pair });
    const time = new Date((price["timestamp"] / 1_000) * 1_000).toISOString();
    return `${price["pair"]}: ${price["bid"]} / ${price["ask"]}, last ${price["last_trade"]} at ${time}`;
  }
}

async function checkClient(client: OlderClient): Promise<void> {
  const capabilities = await client.request("describe_capabilities");
  assert.equal(capabilities["name"], "luno-mcp-server");
  assert.match(`${capabilities["version"]} ${capabilities["description"]}`, /^\d\S+ \S/);
  for (const method of capabilities["methods"]) assert.match(method, /^[a-z_]+$/);
  for (const pair of PAIRS) {
    assert.match(await client.priceLine(pair), /^[A-Z]{6}: [\d.]+ \/ [\d.]+, last [\d.]+ at 20/);
  }
  await client.followPrice("XBTZAR");
  const { balance } = await client.request("get_account_balance");
  assert.ok(balance.every((row: Record<string, string>) => row["account_id"] && row["asset"] && row["reserved"]));
  assert.ok((await client.request("get_market_overview"))["markets"].length > PAIRS.length);
  const { maker_fee, taker_fee } = await client.request("get_fees", { pair: "XBTZAR" });
  assert.match(`${maker_fee} ${taker_fee}`, /^-?0(\.\d+)? 0(\.\d+)?$/);
  const [{ account_id }] = balance;
  const ledger = await client.request("get_transaction_history", { account_id, min_row: 1, max_row: 10 });
  assert.equal(ledger["id"], account_id);
  assert.equal(ledger["transactions"].length > 0, true);
}

/** An order's life, with trading that needs no confirmation. */
async function checkOrder(client: OlderClient): Promise<void> {
  const { bid } = await client.request("get_crypto_price", { pair: "XBTZAR" });
  const price = String(Math.floor(Number(bid) * 0.97));
  const { order_id } = await client.request("place_order", { type: "BID", pair: "XBTZAR", price, volume: "0.001" });
  const order = await client.request("get_order_status", { order_id });
  assert.deepEqual(
    [order["order_id"], order["type"], order["state"], order["limit_price"], order["limit_volume"]],
    [order_id, "BID", "PENDING", price, "0.001"],
  );
  assert.equal((await client.request("cancel_order", { order_id }))["success"], true);
  assert.equal((await client.request("get_order_status", { order_id }))["state"], "COMPLETE");
}

const TRADING = ["--trading", "auto"];

for (const program of PROGRAMS) {
  Deno.test(`a client of the older server works over WebSocket, one frame per message (${program.name})`, async () => {
    const state = await Deno.makeTempDir();
    {
      await using server = await startServer(program, [...TRADING, "--state", state]);
      await using channel = await openSocket(server.ws);
      const client = new OlderClient(channel);
      await checkClient(client);
      await checkOrder(client);
    }
    await Deno.remove(state, { recursive: true });
  });

  Deno.test(`a client of the older server works over stdio, one line per message (${program.name})`, async () => {
    const state = await Deno.makeTempDir();
    {
      const child = startProgram(program, ["--exchange", "simulated", ...TRADING, "--state", state]);
      await using channel = openProcess(child);
      const client = new OlderClient(channel);
      await checkClient(client);
      await checkOrder(client);
    }
    await Deno.remove(state, { recursive: true });
  });
}

async function openSocket(url: string): Promise<Channel> {
  const socket = new WebSocket(url);
  const received: string[] = [];
  let more = Promise.withResolvers<void>();
  socket.addEventListener("message", ({ data }) => {
    received.push(String(data));
    more.resolve();
  });
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", () => reject(new Error(`Cannot connect to ${url}`)));
  });
  return {
    send: (text) => Promise.resolve(socket.send(text)),
    async next() {
      while (received.length === 0) {
        await more.promise;
        more = Promise.withResolvers<void>();
      }
      return received.shift() ?? "";
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => socket.addEventListener("close", resolve));
      socket.close();
      await closed;
    },
  };
}

function openProcess(child: Deno.ChildProcess): Channel {
  const writer = child.stdin.getWriter();
  const answers = readLines(child.stdout);
  const drained = child.stderr.pipeTo(new WritableStream());
  return {
    send: (text) => writer.write(new TextEncoder().encode(`${text}\n`)),
    next: async () => String((await answers.next()).value),
    async [Symbol.asyncDispose]() {
      await writer.close();
      for await (const _rest of answers);
      await Promise.all([child.status, drained]);
    },
  };
}
