import assert from "node:assert/strict";
import { SIMULATED_KEYS } from "../../src/simulation/api/simulated_keys.ts";
import { type RunningSimulation, type ServerOptions, startSimulation } from "../../src/simulation/server.ts";
import { START_MS } from "./simulated_client.ts";

const AUTHORIZATION = `Basic ${btoa(`${SIMULATED_KEYS.trading.id}:${SIMULATED_KEYS.trading.secret}`)}`;

async function withServer(options: ServerOptions, test: (server: RunningSimulation) => Promise<void>): Promise<void> {
  const server = await startSimulation({ now: () => START_MS, ...options });
  try {
    await test(server);
  } finally {
    await server.stop();
  }
}

/** Sends one request over a bare socket and answers all bytes, and how the connection ended. */
async function rawGet(url: string, path: string): Promise<{ text: string; end: "closed" | "reset" }> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(url).port) });
  const decoder = new TextDecoder();
  let text = "";
  try {
    await connection.write(new TextEncoder().encode(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`));
    for await (const chunk of connection.readable) text += decoder.decode(chunk, { stream: true });
    return { text, end: "closed" };
  } catch (error) {
    assert.ok(error instanceof Deno.errors.ConnectionReset, String(error));
    return { text, end: "reset" };
  }
}

for (const connectionResets of [true, false]) {
  Deno.test(`startSimulation() serves the API over HTTP, connectionResets ${connectionResets}`, async () => {
    await withServer({ connectionResets }, async ({ url }) => {
      const ticker = await fetch(`${url}/api/1/ticker?pair=XBTZAR`);
      assert.equal((await ticker.json()).pair, "XBTZAR");
      assert.ok(ticker.headers.has("date"));
      const order = await fetch(`${url}/api/1/postorder`, {
        method: "POST",
        headers: { authorization: AUTHORIZATION },
        body: new URLSearchParams({ pair: "XBTZAR", type: "BID", volume: "0.001", price: "1000000" }),
      });
      assert.match((await order.json()).order_id, /^BX/);
    });
  });
}

Deno.test("startSimulation() identifies its exchange in every answer: a restart with the same seed is another one", async () => {
  const told = async ({ url }: RunningSimulation) => {
    const answers = await Promise.all(["/api/1/tickers", "/api/1/balance", "/none"].map((path) => fetch(url + path)));
    const ids = answers.map(({ headers }) => headers.get("x-simulated-exchange"));
    await Promise.all(answers.map((answer) => answer.body?.cancel()));
    return ids;
  };
  await withServer({ seed: 1 }, async (first) => {
    await withServer({ seed: 1 }, async (second) => {
      assert.match(first.id, /^[0-9a-f]{16}$/);
      assert.deepEqual(await told(first), [first.id, first.id, first.id]);
      assert.deepEqual(await told(second), [second.id, second.id, second.id]);
      assert.notEqual(first.id, second.id);
    });
  });
});

Deno.test("a reset fault resets the connection without a byte of an answer", async () => {
  await withServer({ faults: [{ kind: "reset", times: 1 }] }, async ({ url }) => {
    assert.deepEqual(await rawGet(url, "/api/1/tickers"), { text: "", end: "reset" });
    assert.match((await rawGet(url, "/api/1/tickers")).text, /^HTTP\/1\.1 200 OK/);
  });
});

Deno.test("a reset fault without connectionResets cuts the connection after the headers", async () => {
  await withServer({ connectionResets: false, faults: [{ kind: "reset" }] }, async ({ url }) => {
    const { text } = await rawGet(url, "/api/1/tickers");
    assert.match(text, /content-length: 1\r\n/);
    assert.ok(text.endsWith("\r\n\r\n"));
  });
});

Deno.test("faults can be changed over HTTP while the server runs", async () => {
  await withServer({}, async ({ url, faults }) => {
    const body = JSON.stringify([{ kind: "html", status: 502 }]);
    await (await fetch(`${url}/_sim/faults`, { method: "PUT", body })).body?.cancel();
    const answer = await fetch(`${url}/api/1/tickers`);
    assert.equal(answer.status, 502);
    await answer.body?.cancel();
    assert.equal(faults.rules.length, 1);
  });
});

Deno.test("stop() ends delayed requests, frees the port and settles finished", async () => {
  const server = await startSimulation({ now: () => START_MS, faults: [{ kind: "delay", ms: 60_000 }] });
  const waiting = assert.rejects(fetch(`${server.url}/api/1/tickers`));
  await fetch(`${server.url}/_sim/faults`).then((response) => response.body?.cancel());
  await server.stop();
  await server.finished;
  await waiting;
  const again = await startSimulation({ now: () => START_MS, port: Number(new URL(server.url).port) });
  await again.stop();
});

Deno.test("startSimulation() stops when its signal aborts", async () => {
  const controller = new AbortController();
  const server = await startSimulation({ now: () => START_MS, signal: controller.signal });
  controller.abort();
  await server.finished;
});

Deno.test("startSimulation() refuses an address off the loopback interface", async () => {
  await assert.rejects(startSimulation({ hostname: "0.0.0.0" }), RangeError);
});

Deno.test("startSimulation() fails when its port is in use", async () => {
  await withServer({}, async ({ url }) => {
    const port = Number(new URL(url).port);
    for (const connectionResets of [true, false]) {
      await assert.rejects(startSimulation({ port, connectionResets }), { code: "EADDRINUSE" });
    }
  });
});
