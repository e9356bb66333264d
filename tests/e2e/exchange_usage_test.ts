/** What a running server reports of the calls that it makes and saves, the same everywhere. */

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { WebSocketClientTransport } from "@modelcontextprotocol/sdk/client/websocket.js";
import assert from "node:assert/strict";
import { lookUntil } from "../support/look_until.ts";
import { runProgram, SHIPPED } from "./program.ts";
import { startServer } from "./servers.ts";

const PAIR = JSON.stringify({ pair: "XBTZAR" });

for (const program of SHIPPED) {
  Deno.test(`a server reports which calls it saved, and the state of its streams (${program.name})`, async () => {
    const state = await Deno.makeTempDir();
    try {
      await using server = await startServer(program, ["--state", state]);
      const call = async (tool: string, body: string) => {
        const headers = { "content-type": "application/json" };
        return await (await fetch(`${server.http}/v1/tools/${tool}`, { method: "POST", headers, body })).json();
      };
      const isFromStream = ({ source }: { source: string }) => source === "stream";
      await lookUntil(isFromStream, () => call("get_order_book", PAIR), "the book never came from a stream");

      const health = await call("check_api_health", "{}");
      assert.ok(
        health.calls_sent > 0 && health.calls_sent <= health.calls_per_minute - health.calls_left,
        JSON.stringify(health),
      );
      assert.ok(health.calls_saved.stream >= 1, JSON.stringify(health));
      const [stream, ...others] = health.streams;
      assert.deepEqual([stream.pair, stream.live, stream.gaps, stream.reconnects, others], ["XBTZAR", true, 0, 0, []]);
      assert.ok(stream.age_ms >= 0, JSON.stringify(stream));

      const watcher = new Client({ name: "v1", version: "1" });
      await watcher.connect(new WebSocketClientTransport(new URL(server.ws)));
      await watcher.subscribeResource({ uri: "luno://balances" });
      const { user_streams: [own] } = await call("check_api_health", "{}");
      assert.deepEqual([own.account, own.gaps, own.problem], ["main", 0, null]);

      const { exchange } = await (await fetch(`${server.http}/status`)).json();
      assert.equal(exchange.usage.streams[0].pair, "XBTZAR");
      assert.equal(exchange.usage.user_streams[0].account, "main");
      assert.ok(exchange.usage.calls_sent >= health.calls_sent, JSON.stringify(exchange));

      const metrics = await (await fetch(`${server.http}/metrics`)).text();
      const saved = Number(/luno_mcp_exchange_calls_saved_total\{by="stream"\} (\d+)/.exec(metrics)?.[1]);
      assert.ok(saved >= health.calls_saved.stream, metrics);
      assert.match(metrics, /^luno_mcp_stream_up\{pair="XBTZAR"\} 1$/m);
      assert.match(metrics, /^luno_mcp_user_stream_up\{account="main"\} [01]$/m);
      await watcher.close();

      const look = async () => (await runProgram(program, ["status", "--state", state, "--json"])).stdout;
      const isTold = (text: string) => JSON.parse(text).servers[0].exchange.usage?.streams.length === 1;
      await lookUntil(isTold, look, "status never told of the stream");
    } finally {
      await Deno.remove(state, { recursive: true });
    }
  });
}
