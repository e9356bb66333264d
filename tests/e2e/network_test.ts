/** The program on the network, as people start it: WebSocket, Streamable HTTP and REST on one port, with limits. */

import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
import { WebSocketClientTransport } from "@modelcontextprotocol/sdk/client/websocket.js";
import assert from "node:assert/strict";
import { startSimulation } from "../../src/simulation/server.ts";
import type { RunningSimulation } from "../../src/simulation/server.ts";
import { lookUntil } from "../support/look_until.ts";
import { PROGRAMS, runProgram } from "./program.ts";
import { listenersOf, SERVED } from "./listeners.ts";
import { startServer } from "./servers.ts";
import type { Served } from "./listeners.ts";

/** A WebSocket whose answers arrive one at a time. */
async function connect(address: string, protocols: string[] = ["mcp"]) {
  const socket = new WebSocket(address, protocols);
  const answers: unknown[] = [];
  let wake = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<number>();
  socket.onmessage = ({ data }) => {
    answers.push(JSON.parse(data));
    wake.resolve();
    wake = Promise.withResolvers<void>();
  };
  socket.onclose = ({ code }) => closed.resolve(code);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });
  return {
    socket,
    closed: closed.promise,
    send: (message: unknown) => socket.send(typeof message === "string" ? message : JSON.stringify(message)),
    // deno-lint-ignore no-explicit-any
    async next(): Promise<any> {
      while (answers.length === 0) await wake.promise;
      return answers.shift();
    },
    async close() {
      socket.close();
      await closed.promise;
    },
  };
}

function direct(id: number | string, method: string, params: object = {}) {
  return { jsonrpc: "2.0", id, method, params };
}

function nameOf({ program, listener }: Served): string {
  return `luno-mcp-server --transport websocket --listener ${listener} (${program.name})`;
}

for (const program of PROGRAMS) {
  for (const listener of listenersOf(program)) {
    const name = nameOf({ program, listener });

    Deno.test(`${name} serves the v1 WebSocket client, both protocol revisions over HTTP, and REST at once`, async () => {
      await using server = await startServer(program, ["--listener", listener]);
      const v1 = new ClientV1({ name: "v1", version: "1" });
      await v1.connect(new WebSocketClientTransport(new URL(server.ws)));
      const legacy = new Client({ name: "legacy", version: "1" });
      await legacy.connect(new StreamableHTTPClientTransport(new URL(`${server.http}/mcp`)));
      const modern = new Client({ name: "modern", version: "1" }, { versionNegotiation: { mode: "auto" } });
      await modern.connect(new StreamableHTTPClientTransport(new URL(`${server.http}/mcp`)));
      assert.equal(modern.getNegotiatedProtocolVersion(), "2026-07-28");
      const call = { name: "get_crypto_price", arguments: { pair: "BTC/ZAR" } };
      for (const client of [v1, legacy, modern]) {
        assert.equal((await client.listTools()).tools.length, 20);
        assert.notEqual((await client.callTool(call)).isError, true);
      }
      const rest = await fetch(`${server.http}/v1/tools/get_ticker`, {
        method: "POST",
        body: JSON.stringify({ pair: "XBTZAR" }),
        headers: { "content-type": "application/json" },
      });
      assert.equal((await rest.json()).pair, "XBTZAR");
      const status = await (await fetch(`${server.http}/status`)).json();
      const [socket] = status.connections.filter((row: { transport: string }) => row.transport === "websocket");
      assert.deepEqual([socket.client, socket.era, socket.identity], ["v1", "legacy", "local"]);
      await Promise.all([v1.close(), legacy.close(), modern.close()]);
    });
  }
}

for (const { program, listener } of SERVED) {
  const name = nameOf({ program, listener });

  Deno.test(`${name} answers direct calls without a handshake, with their own ids`, async () => {
    await using server = await startServer(program, ["--listener", listener]);
    const peer = await connect(server.ws);
    assert.equal(peer.socket.protocol, "mcp");
    peer.send(direct("a", "describe_capabilities"));
    assert.equal((await peer.next()).result.server, "luno-mcp-server");
    peer.send(direct("b", "get_ticker", { pair: "ZAR/BTC" }));
    const refused = await peer.next();
    assert.deepEqual([refused.id, refused.error.data.code], ["b", "ERR_PAIR_UNKNOWN"]);
    peer.send(direct("c", "no_such_method"));
    assert.deepEqual([(await peer.next()).error.code], [-32601]);
    await peer.close();
  });

  Deno.test(`${name} answers every kind of malformed text and continues`, async () => {
    await using server = await startServer(program, ["--listener", listener, "--max-message-size", "4096"]);
    const peer = await connect(server.ws, []);
    assert.equal(peer.socket.protocol, "");
    const deep = `{"jsonrpc":"2.0","id":4,"method":"describe_capabilities","params":{"x":${"[".repeat(1_500)}${
      "]".repeat(1_500)
    }}}`;
    const cases: [string, number | null, number][] = [
      ["garbage", null, -32700],
      ['{"jsonrpc":"2.0","id":1,"method":', 1, -32700],
      ['[{"jsonrpc":"2.0","id":2,"method":"ping"}]', 2, -32600],
      ['{"jsonrpc":"2.0","id":null,"method":"ping"}', null, -32600],
      ['{"jsonrpc":"2.0","id":3,"method":"get_ticker","params":[1]}', 3, -32602],
      ["", null, -32700],
      [deep, 4, -32600],
      ['{"jsonrpc":"2.0","id":5,"method":"get_ticker","params":{"pair":"\\ud800"}}', 5, -32602],
    ];
    for (const [text, id, code] of cases) {
      peer.send(text);
      const answer = await peer.next();
      assert.deepEqual([answer.id, answer.error?.code], [id, code], text.slice(0, 60));
    }
    peer.send(direct(9, "describe_capabilities"));
    assert.ok((await peer.next()).result);
    await peer.close();
  });

  Deno.test(`${name} closes with 1009 on an oversized message and 1003 on a binary one, others unaffected`, async () => {
    await using server = await startServer(program, ["--listener", listener, "--max-message-size", "2048"]);
    const other = await connect(server.ws);
    const large = await connect(server.ws);
    large.send("x".repeat(5_000));
    assert.equal(await large.closed, 1009);
    const binary = await connect(server.ws);
    binary.socket.send(new Uint8Array([1, 2, 3]));
    assert.equal(await binary.closed, 1003);
    other.send(direct(1, "describe_capabilities"));
    assert.ok((await other.next()).result);
    await other.close();
  });

  Deno.test(`${name} applies a client's rate limit across reconnects and all transports`, async () => {
    await using server = await startServer(program, ["--listener", listener, "--rate-limit", "3"]);
    const first = await connect(server.ws);
    for (const id of [1, 2, 3]) {
      first.send(direct(id, "describe_capabilities"));
      assert.ok((await first.next()).result);
    }
    await first.close();
    const second = await connect(server.ws);
    second.send(direct(4, "describe_capabilities"));
    const refused = await second.next();
    assert.deepEqual([refused.id, refused.error.data.code], [4, "ERR_TOO_MANY_REQUESTS"]);
    assert.ok(refused.error.data.retryAfterMs > 0);
    second.send(direct(5, "ping"));
    assert.ok((await second.next()).result);
    await second.close();
    const rest = await fetch(`${server.http}/v1/tools/describe_capabilities`, {
      method: "POST",
      body: "{}",
      headers: { "content-type": "application/json" },
    });
    assert.equal(rest.status, 429);
    assert.ok(Number(rest.headers.get("retry-after")) >= 1);
    await rest.body?.cancel();
    const mcp = await fetch(`${server.http}/mcp`, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json, text/event-stream" },
      body: JSON.stringify({
        jsonrpc: "2.0",
        id: 6,
        method: "initialize",
        params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "t", version: "1" } },
      }),
    });
    assert.deepEqual([mcp.status, (await mcp.json()).id], [429, 6]);
  });

  Deno.test(`${name} refuses a connection beyond its maximum`, async () => {
    await using server = await startServer(program, ["--listener", listener, "--max-connections-per-client", "2"]);
    const open = [await connect(server.ws), await connect(server.ws)];
    await assert.rejects(connect(server.ws));
    await open[0]?.close();
    let third;
    for (let attempt = 0; third === undefined && attempt < 100; attempt++) {
      third = await connect(server.ws).catch(() => undefined);
    }
    assert.ok(third !== undefined, "the place that became free is not given away");
    await Promise.all([third.close(), open[1]?.close()]);
  });

  Deno.test(`${name} never mixes up the answers of clients that use the same ids`, async () => {
    await using server = await startServer(program, [
      "--listener",
      listener,
      "--rate-limit",
      "1000000",
      "--max-queue",
      "1000",
    ]);
    const pairs = ["XBTZAR", "ETHZAR", "XRPZAR", "SOLZAR", "LTCZAR", "XBTUSDT", "ETHUSDT", "ETHXBT"];
    await Promise.all(Array.from({ length: 16 }, async (_, client) => {
      const peer = await connect(server.ws);
      for (let id = 0; id < 50; id++) {
        const wrong = `no such pair ${client}-${id}`;
        peer.send(
          direct(
            id,
            id % 10 === 0 ? "get_ticker" : "get_market_overview",
            id % 10 === 0 ? { pair: wrong } : { pairs: [pairs[client % 8]] },
          ),
        );
      }
      for (let count = 0; count < 50; count++) {
        const answer = await peer.next();
        if (answer.id % 10 === 0) {
          assert.ok(answer.error.message.includes(`${client}-${answer.id}`), JSON.stringify(answer));
        } else assert.equal(answer.result?.markets[0].pair, pairs[client % 8], JSON.stringify(answer));
      }
      await peer.close();
    }));
  });

  Deno.test(`${name} completes running calls on SIGTERM, closes with 1001 and exits with 0`, async () => {
    await using server = await startServer(program, ["--listener", listener]);
    const peer = await connect(server.ws);
    peer.send(direct(1, "get_price_range", { pair: "XBTZAR", days: 90 }));
    peer.send(direct(2, "ping"));
    assert.equal((await peer.next()).id, 2);
    server.child.kill("SIGTERM");
    assert.ok((await peer.next()).result, "the running call was not finished");
    assert.equal(await peer.closed, 1001);
    assert.equal((await server.child.status).code, 0);
  });

  Deno.test(`${name} drains: while not ready it still serves, and its clients are closed with 1012`, async () => {
    await using server = await startServer(program, ["--listener", listener, "--drain-time", "2"]);
    const peers = await Promise.all(Array.from({ length: 8 }, () => connect(server.ws)));
    server.child.kill("SIGTERM");
    await lookUntil((ready) => !ready, () => isReady(server.http), "the server never stopped to be ready");
    const probe = await fetch(`${server.http}/readyz`);
    await probe.body?.cancel();
    assert.equal(probe.status, 404);
    const late = await connect(server.ws);
    late.send(direct(1, "ping"));
    assert.equal((await late.next()).id, 1);
    assert.deepEqual(await Promise.all([...peers, late].map(({ closed }) => closed)), Array(9).fill(1012));
    assert.equal((await server.child.status).code, 0);
  });

  Deno.test(`${name} answers requests over REST that arrived before SIGTERM`, async () => {
    await using exchange = await HeldExchange.start();
    const args = ["--listener", listener, "--api-url", exchange.url];
    await using server = await startServer(program, args, { exchange: "live" });
    const answer = fetch(`${server.http}/v1/tools/get_crypto_price`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ pair: "ETHZAR" }),
    });
    await exchange.asked;
    server.child.kill("SIGTERM");
    await lookUntil((ready) => !ready, () => isReady(server.http), "the server never stopped to be ready");
    exchange.release();
    const response = await answer;
    assert.deepEqual([response.status, (await response.json()).pair], [200, "ETHZAR"]);
    assert.equal((await server.child.status).code, 0);
  });
}

for (const program of PROGRAMS) {
  Deno.test(`luno-mcp-server off loopback starts only with explicit permission (${program.name})`, async () => {
    const run = await runProgram(program, [
      "--transport",
      "websocket",
      "--host",
      "0.0.0.0",
      "--port",
      "0",
      "--exchange",
      "simulated",
    ]);
    assert.equal(run.code, 2);
    for (
      const problem of [/^--ssl-cert, --ssl-key: .*--unsafe-expose/m, /^--auth: .*keys create NAME.*--unsafe-expose/m]
    ) {
      assert.match(run.stderr, problem);
    }
  });

  Deno.test(`luno-mcp-server names the address in use and exits with 69 (${program.name})`, async () => {
    const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const args = [
      "--transport",
      "websocket",
      "--host",
      "127.0.0.1",
      "--port",
      String(taken.addr.port),
      "--exchange",
      "simulated",
    ];
    const run = await runProgram(program, args);
    taken.close();
    assert.equal(run.code, 69, run.stderr);
    assert.match(run.stderr, new RegExp(`127.0.0.1:${taken.addr.port} is not available`));
  });
}

async function isReady(url: string): Promise<boolean> {
  const response = await fetch(`${url}/readyz`).catch(() => undefined);
  await response?.body?.cancel();
  return response?.status === 200;
}

/** A simulated exchange behind a relay that holds requests for tickers back until the test releases them. */
class HeldExchange implements AsyncDisposable {
  readonly #gate = Promise.withResolvers<void>();
  readonly #asked = Promise.withResolvers<void>();
  readonly #simulation: RunningSimulation;
  readonly #relay: Deno.HttpServer<Deno.NetAddr>;

  private constructor(simulation: RunningSimulation) {
    this.#simulation = simulation;
    this.#relay = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
      const { pathname, search } = new URL(request.url);
      // A server reads the ticker of XBTZAR by itself.
      if (pathname.includes("ticker") && search.includes("ETHZAR")) {
        this.#asked.resolve();
        await this.#gate.promise;
      }
      return await fetch(`${simulation.url}${pathname}${search}`);
    });
  }

  static async start(): Promise<HeldExchange> {
    return new HeldExchange(await startSimulation({ connectionResets: false, rateLimitPerMinute: 0 }));
  }

  get url(): string {
    return `http://127.0.0.1:${this.#relay.addr.port}`;
  }

  /** Resolves when the ticker of ETHZAR was asked for. */
  get asked(): Promise<void> {
    return this.#asked.promise;
  }

  release(): void {
    this.#gate.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#gate.resolve();
    await this.#relay.shutdown();
    await this.#simulation.stop();
  }
}
