/** Clients over WebSocket that resume their session: at the same server, at another one, and after a restart. */

import assert from "node:assert/strict";
import { WebSocket } from "ws";
import { RESUMPTION_KEY } from "../../src/protocol/resumption.ts";
import { SIMULATED_KEYS } from "../../src/simulation/api/simulated_keys.ts";
import { TestExchange } from "../support/exchange.ts";
import { lookUntil } from "../support/look_until.ts";
import { startRedis } from "../state/shared/redis/redis_server.ts";
import { lines, readLines, runProgram, SHIPPED, startProgram } from "./program.ts";
import type { Program } from "./program.ts";
import { INITIALIZE_PARAMS } from "./requests.ts";
import type { Json } from "./requests.ts";
import { startServer } from "./servers.ts";
import type { RunningServer } from "./servers.ts";
import { SocketClient } from "./socket_client.ts";

const TICKER = "luno://market/XBTZAR/ticker";

/** A state folder with keys, and an exchange with an account: what servers share. */
class Ground implements AsyncDisposable {
  readonly exchange: TestExchange;
  readonly keys: Readonly<Record<"alice" | "bob", string>>;
  readonly #program: Program;
  readonly #state: string;

  private constructor(program: Program, parts: Pick<Ground, "exchange" | "keys"> & { readonly state: string }) {
    this.#program = program;
    this.exchange = parts.exchange;
    this.keys = parts.keys;
    this.#state = parts.state;
  }

  static async prepare(program: Program): Promise<Ground> {
    const state = await Deno.makeTempDir();
    const create = async (name: string) => {
      const { code, stdout, stderr } = await runProgram(program, [
        "keys",
        "create",
        name,
        "--scopes",
        "market:read,account:read",
        "--state",
        state,
      ]);
      assert.equal(code, 0, stderr);
      return stdout.trim();
    };
    const keys = { alice: await create("alice"), bob: await create("bob") };
    return new Ground(program, { state, keys, exchange: await TestExchange.start() });
  }

  /** Starts a server that logs everything, on a free port. */
  async serve(...args: readonly string[]): Promise<RunningServer> {
    return await this.serveAt(0, ...args);
  }

  async serveAt(port: number, ...args: readonly string[]): Promise<RunningServer> {
    const { id, secret } = SIMULATED_KEYS.trading;
    const env = { LUNO_API_KEY: id, LUNO_API_SECRET: secret };
    const api = ["--api-url", this.exchange.simulation.url, "--market-data", "rest"];
    const all = [...api, "--state", this.#state, "--log-level", "debug", "--access-log", "all", ...args];
    return await startServer(this.#program, all, { exchange: "live", env, port });
  }

  /** Starts a bridge to a server, with alice's key. */
  bridge({ ws }: RunningServer): BridgedClient {
    return new BridgedClient(startProgram(this.#program, ["bridge", ws], { env: { LUNO_MCP_TOKEN: this.keys.alice } }));
  }

  async connect({ ws }: RunningServer, who: keyof Ground["keys"] = "alice"): Promise<SocketClient> {
    const headers = { authorization: `Bearer ${this.keys[who]}` };
    return await SocketClient.open(new WebSocket(ws, ["mcp"], { headers }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.exchange[Symbol.asyncDispose]();
    await Deno.remove(this.#state, { recursive: true });
  }
}

/** A client on stdio, in front of a bridge. */
class BridgedClient implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: AsyncIterator<string>;
  /** Notifications that arrived before an answer. */
  readonly told: string[] = [];

  constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#writer = child.stdin.getWriter();
    this.#lines = readLines(child.stdout)[Symbol.asyncIterator]();
    void child.stderr.pipeTo(new WritableStream());
  }

  async send(message: object): Promise<void> {
    await this.#writer.write(new TextEncoder().encode(lines({ jsonrpc: "2.0", ...message })));
  }

  async next(): Promise<Json> {
    const { value } = await this.#lines.next();
    return JSON.parse(value);
  }

  async ask(id: number, method: string, params: object): Promise<Json> {
    await this.send({ id, method, params });
    for (;;) {
      const message = await this.next();
      if (message.id === id) return message;
      this.told.push(message.params.uri);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close();
    await this.#child.status;
    await this.#lines.return?.();
  }
}

/** Opens or resumes a session; returns what the answer says of it. */
async function open(client: SocketClient, token?: string): Promise<Json> {
  const _meta = { [RESUMPTION_KEY]: token === undefined ? {} : { token } };
  const { result } = await client.ask("initialize", { ...INITIALIZE_PARAMS, _meta }, "open");
  client.send({ jsonrpc: "2.0", method: "notifications/initialized" });
  return result._meta[RESUMPTION_KEY];
}

async function subscribe(client: SocketClient, ...uris: readonly string[]): Promise<void> {
  for (const uri of uris) {
    const answer = await client.ask("resources/subscribe", { uri });
    assert.deepEqual(answer.result, {}, JSON.stringify(answer));
  }
}

/** The addresses of the next notifications. */
async function told(client: SocketClient, count: number): Promise<string[]> {
  const uris = [];
  while (uris.length < count) uris.push((await client.next()).params.uri);
  return uris;
}

/** An order with its fills, as its resource shows it. */
async function orderOf(client: SocketClient, uri: string): Promise<Json> {
  const { result } = await client.ask("resources/read", { uri });
  return JSON.parse(result.contents[0].text);
}

const BID = { pair: "XBTZAR", type: "BID", volume: "0.001", price: "900000" } as const;

for (const program of SHIPPED) {
  Deno.test(`a client resumes at another server when its own ends, and learns what changed meanwhile (${program.name})`, async () => {
    await using redis = await startRedis();
    await using ground = await Ground.prepare(program);
    const shared = ["--shared-url", redis.url, "--drain-time", "1"];
    await using one = await ground.serve(...shared);
    await using two = await ground.serve(...shared);
    const { bid: price } = await ground.exchange.answer("get_crypto_price", { pair: "XBTZAR" });
    const { order_id } = await ground.exchange.client.call("postLimitOrder", { ...BID, price });
    const order = `luno://orders/${order_id}`;
    const first = await ground.connect(one);
    const { token, resumed } = await open(first);
    assert.equal(resumed, false);
    await subscribe(first, order, TICKER);
    assert.deepEqual((await orderOf(first, order)).trades, []);

    one.child.kill("SIGTERM");
    assert.equal((await first.closed).code, 1012);
    const filled = await lookUntil(
      ({ filled_volume }: Json) => filled_volume === BID.volume,
      async () => {
        ground.exchange.clock.now += 60_000;
        return await ground.exchange.answer("get_order_status", { order_id });
      },
      "the order was not filled",
    );

    await using foreign = await ground.connect(two, "bob");
    assert.equal((await open(foreign, token)).error.code, "ERR_RESUMPTION_UNKNOWN");
    await using second = await ground.connect(two);
    const next = await open(second, token);
    assert.equal(next.resumed, true);
    await second.ask("ping");
    assert.deepEqual(await told(second, 2), [order, TICKER], "each is told of once");
    const { trades, status } = await orderOf(second, order);
    assert.equal(status, filled.status);
    const volumes = trades.map(({ volume }: Json) => Number(volume));
    const sum = volumes.reduce((sum: number, volume: number) => sum + volume, 0);
    assert.equal(sum.toFixed(6), Number(BID.volume).toFixed(6), "each fill is there once");
    await using third = await ground.connect(two);
    assert.equal((await open(third, token)).error.code, "ERR_RESUMPTION_UNKNOWN", "it was used");

    ground.exchange.clock.now += 3_600_000;
    assert.deepEqual(await told(second, 1), [TICKER], "changes are told as before");
    for (const { lines } of [one, two]) {
      for (const secret of [token, next.token]) assert.ok(!lines.join("\n").includes(secret), "a token was logged");
    }
  });

  Deno.test(`of several clients that present one token at two servers at once, one resumes; other connections are closed (${program.name})`, async () => {
    await using redis = await startRedis();
    await using ground = await Ground.prepare(program);
    await using one = await ground.serve("--shared-url", redis.url);
    await using two = await ground.serve("--shared-url", redis.url);
    const first = await ground.connect(one);
    const { token } = await open(first);
    await subscribe(first, TICKER);
    const clients = await Promise.all([one, two, one, two].map((server) => ground.connect(server)));
    const connected = new Set(clients);
    for (const client of clients) void client.closed.then(() => connected.delete(client));
    const outcomes = await Promise.allSettled(clients.map((client) => open(client, token)));
    assert.ok(outcomes.every((outcome) => outcome.status === "rejected" || outcome.value.resumed));
    assert.equal((await first.closed).code, 4002);
    const look = () => new Promise<number>((resolve) => setImmediate(() => resolve(connected.size)));
    await lookUntil((count: number) => count === 1, look, "more than one goes on");
    const [last] = connected;
    assert.ok(await last?.ask("ping"));
    for (const client of clients) await client[Symbol.asyncDispose]();
  });

  Deno.test(`a client resumes after its server was killed: over Redis, and with --keep-sessions at the next one (${program.name})`, async () => {
    await using redis = await startRedis();
    for (const args of [["--shared-url", redis.url], ["--keep-sessions"]]) {
      await using ground = await Ground.prepare(program);
      let token: string;
      {
        await using one = await ground.serve(...args);
        const client = await ground.connect(one);
        ({ token } = await open(client));
        await subscribe(client, TICKER);
        one.child.kill("SIGKILL");
        assert.equal((await client.closed).code, 1006);
      }
      await using two = await ground.serve(...args);
      await using client = await ground.connect(two);
      assert.equal((await open(client, token)).resumed, true, args.join(" "));
      assert.deepEqual(await told(client, 1), [TICKER]);
    }
  });

  Deno.test(`a client whose connection broke resumes at the same server; one that closed its session does not (${program.name})`, async () => {
    await using ground = await Ground.prepare(program);
    await using server = await ground.serve();
    const first = await ground.connect(server);
    const { token } = await open(first);
    await subscribe(first, TICKER);
    await first.break();
    const second = await ground.connect(server);
    const next = await open(second, token);
    assert.equal(next.resumed, true);
    assert.deepEqual(await told(second, 1), [TICKER]);
    await second[Symbol.asyncDispose]();
    await using third = await ground.connect(server);
    assert.equal((await open(third, next.token)).error.code, "ERR_RESUMPTION_UNKNOWN");
  });

  Deno.test(`a client behind bridge sees nothing of a server that ends except what changed meanwhile (${program.name})`, async () => {
    await using redis = await startRedis();
    await using ground = await Ground.prepare(program);
    const shared = ["--shared-url", redis.url, "--drain-time", "1"];
    const one = await ground.serve(...shared);
    await using client = ground.bridge(one);
    await client.ask(0, "initialize", INITIALIZE_PARAMS);
    await client.send({ method: "notifications/initialized" });
    const { order_id } = await ground.exchange.client.call("postLimitOrder", BID);
    const order = `luno://orders/${order_id}`;
    for (const [id, uri] of [order, TICKER].entries()) {
      assert.deepEqual((await client.ask(id + 1, "resources/subscribe", { uri })).result, {});
    }
    const read = async (id: number) => {
      const { result } = await client.ask(id, "resources/read", { uri: order });
      return JSON.parse(result.contents[0].text).status;
    };
    const before = await read(10);
    one.child.kill("SIGTERM");
    await one.child.status;
    await ground.exchange.client.call("stopOrder", { order_id });
    const port = Number(new URL(one.http).port);
    await one[Symbol.asyncDispose]();
    await using _two = await ground.serveAt(port, ...shared);
    // The next words are about the resumed session; the connection may open before or after this call.
    assert.notEqual(await read(11), before);
    // The first server accepts connections while it drains, so a resource may be notified once for each of two
    // connections.
    while (new Set(client.told).size < 2) client.told.push((await client.next()).params.uri);
    await read(12);
    assert.deepEqual(new Set(client.told), new Set([order, TICKER]));
  });
}
