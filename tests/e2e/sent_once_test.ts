/** An order whose connection breaks leaves the program once, in whatever runtime it runs. */

import assert from "node:assert/strict";
import { http, RawServer } from "../exchange/raw_server.ts";
import type { RawRequest } from "../exchange/raw_server.ts";
import { PROGRAMS } from "./program.ts";
import { startServer } from "./servers.ts";
import { callTool, TradingWorld } from "./trading_world.ts";

/** Has the exchange answer a request, as the text to send. */
async function answerOf(exchange: string, { method, target, headers, body }: RawRequest): Promise<string> {
  const kept = ["authorization", "content-type"].flatMap((name): [string, string][] => {
    const value = headers.get(name);
    return value === null ? [] : [[name, value]];
  });
  const response = await fetch(exchange + target, { method, headers: kept, ...(method === "GET" ? {} : { body }) });
  const told = ["date", "x-simulated-exchange"].map((name) => [name, response.headers.get(name) ?? ""]);
  return http(response.status, await response.text(), Object.fromEntries(told));
}

for (const program of PROGRAMS) {
  Deno.test(`a server sends an order once when the connection breaks after the exchange has acted (${program.name})`, async () => {
    await using world = await TradingWorld.start();
    await using relay = new RawServer(async (request, connection) => {
      const answer = await answerOf(world.exchange.url, request);
      if (request.target === "/api/1/postorder") return connection.close();
      await connection.write(answer);
    });
    const flags = ["--trading", "auto", "--state", world.state, "--api-url", relay.url, "--market-data", "rest"];
    await using server = await startServer(program, flags, { exchange: "live", env: world.env });
    const { status } = await callTool(server, "place_order", await world.resting());
    const requests = relay.requests.filter(({ target }) => target === "/api/1/postorder");
    assert.deepEqual([status, requests.length, world.orders.length], ["placed", 1, 1]);
  });
}
