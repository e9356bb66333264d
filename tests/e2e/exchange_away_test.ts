/** A server whose exchange goes away and comes back, as its clients see it. */

import { Client } from "@modelcontextprotocol/client";
import assert from "node:assert/strict";
import { WebSocketClientTransport } from "../../src/client/transport.ts";
import { SIMULATED_KEYS } from "../../src/simulation/api/simulated_keys.ts";
import { startSimulation } from "../../src/simulation/server.ts";
import type { Json } from "../support/exchange.ts";
import { lookUntil } from "../support/look_until.ts";
import { SHIPPED } from "./program.ts";
import { startServer } from "./servers.ts";
import type { RunningServer } from "./servers.ts";
import { callTool } from "./trading_world.ts";

const PAIR = { pair: "XBTZAR", depth: 5 };
const BOOK = "luno://market/XBTZAR/orderbook";

const ENV = { LUNO_API_KEY: SIMULATED_KEYS.trading.id, LUNO_API_SECRET: SIMULATED_KEYS.trading.secret };

/** A client that watches a book over one connection, and reads it. */
class BookReader {
  readonly transport: WebSocketClientTransport;
  readonly #client = new Client({ name: "test", version: "1" }, { versionNegotiation: { mode: "legacy" } });
  told = 0;

  constructor({ ws }: RunningServer) {
    this.transport = new WebSocketClientTransport({ url: new URL(ws) });
    this.#client.setNotificationHandler("notifications/resources/updated", () => void this.told++);
  }

  async open(): Promise<void> {
    await this.#client.connect(this.transport);
    await this.#client.subscribeResource({ uri: BOOK });
  }

  async book(): Promise<Json> {
    return (await this.#client.callTool({ name: "get_orderbook", arguments: PAIR })).structuredContent;
  }

  /** The first book with this source. */
  async bookFrom(source: string): Promise<Json> {
    return await lookUntil((book) => book?.source === source, () => this.book(), `no book from ${source}`);
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}

for (const program of SHIPPED) {
  Deno.test(`while the exchange is away clients get old books marked as such, then new ones, over the same connection (${program.name})`, async () => {
    const exchange = await startSimulation({ connectionResets: false });
    const port = Number(new URL(exchange.url).port);
    const args = ["--api-url", exchange.url, "--rate-limit", "1000000"];
    await using server = await startServer(program, args, { exchange: "live", env: ENV });
    const reader = new BookReader(server);
    await reader.open();
    const known = await reader.bookFrom("stream");
    assert.equal(known.stale, undefined);

    await exchange.stop();
    const old = await reader.bookFrom("cache");
    const older = await lookUntil(({ age_ms }) => age_ms > old.age_ms, () => reader.book(), "it grew no older");
    const overHttp = await callTool(server, "get_orderbook", PAIR);
    for (const book of [old, older, overHttp]) {
      assert.deepEqual([book.source, book.stale], ["cache", true]);
      assert.deepEqual([book.time, book.bids, book.asks], [old.time, old.bids, old.asks]);
    }
    assert.ok(Date.parse(old.time) >= Date.parse(known.time));

    const again = await startSimulation({ port, connectionResets: false });
    try {
      const fresh = await reader.bookFrom("stream");
      assert.equal(fresh.stale, undefined);
      assert.ok(Date.parse(fresh.time) > Date.parse(old.time));
      const { told } = reader;
      await lookUntil((count) => count > told, async () => (await reader.book(), reader.told), "nobody was told again");
      assert.equal(reader.transport.cause, undefined);
      const { connections } = await (await fetch(`${server.http}/status`)).json();
      assert.equal(connections.length, 1);
      await reader.close();
    } finally {
      await again.stop();
    }
  });
}
