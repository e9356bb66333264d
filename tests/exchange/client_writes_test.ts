/** A write is sent exactly once, even when a kept-alive connection breaks after the body was read. */

import assert from "node:assert/strict";
import { connect, failureOf } from "./clients.ts";
import { http, type RawHandler, RawServer } from "./raw_server.ts";
import { fetchOnce, sendRequest } from "../../src/exchange/wire.ts";

/** Answers everything and keeps connections alive, but breaks off after having read what holds `volume=13`. */
const breaksOnThirteen: RawHandler = ({ body }, connection) =>
  body.includes("volume=13") ? connection.close() : connection.write(http(200, '{"order_id":"BX1","success":true}'));

function unlucky({ requests }: RawServer): number {
  return requests.filter(({ body }) => body.includes("volume=13")).length;
}

Deno.test("ExchangeClient sends an order once when the connection breaks after the exchange has read the request", async () => {
  await using connected = connect(breaksOnThirteen);
  const { client, server } = connected;
  const order = { pair: "XBTZAR", type: "BID", price: "1300000" } as const;
  for (const volume of ["1", "2"]) await client.call("postLimitOrder", { ...order, volume });
  const error = await failureOf(client.call("postLimitOrder", { ...order, volume: "13", client_order_id: "a-1" }));
  assert.deepEqual([error.code, error.outcome, error.retryable], ["ERR_NETWORK", "unknown", false]);
  assert.equal(unlucky(server), 1);
});

Deno.test("fetchOnce() sends a body once, even over a connection that was kept", async () => {
  await using server = new RawServer(breaksOnThirteen);
  using client = Deno.createHttpClient({});
  const { signal } = new AbortController();
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const post = (body: string) =>
    sendRequest({ method: "POST", url: server.url, headers, body }, {
      fetch: fetchOnce,
      client,
      signal,
      maxBytes: 1_000,
    });
  await post("volume=1");
  await assert.rejects(post("volume=13"), TypeError);
  assert.equal(unlucky(server), 1);
  const [sent] = server.requests;
  assert.deepEqual(["content-length", "content-type"].map((name) => sent?.headers.get(name)), [
    "8",
    "application/x-www-form-urlencoded",
  ]);
});

Deno.test("RawServer sees the same order twice from a pooled fetch, so the previous test is able to fail", async () => {
  await using server = new RawServer(breaksOnThirteen);
  using client = Deno.createHttpClient({});
  const post = (body: string) => fetch(server.url, { method: "POST", body, client }).then((answer) => answer.text());
  await post("volume=1");
  await assert.rejects(post("volume=13"));
  assert.equal(unlucky(server), 2);
});
