import assert from "node:assert/strict";
import { sessions } from "../../src/cli/sessions.ts";
import { http, RawServer } from "../exchange/raw_server.ts";
import { runnerOf } from "./trading_commands.ts";

const run = runnerOf(sessions);

/** A server that answers every request with one body. */
function answering(body: string): RawServer {
  return new RawServer((_request, connection) => connection.write(http(200, body)));
}

Deno.test("sessions reports that a server with unexpected answers is not a luno-mcp server", async () => {
  for (const body of ['{"count":"many"}', "<html></html>", "null", ""]) {
    await using server = answering(body);
    for (const operands of [["list"], ["end", "0123456789abcdef"]]) {
      const { code, stderr } = await run({ uri: server.url.replace("http", "ws") }, { operands });
      assert.equal(code, 1);
      assert.match(stderr, /^Cannot read the answer of 127\.0\.0\.1:\d+: expected this program's server, with a key/);
    }
  }
});

Deno.test("sessions reports in its own words that nothing listens at an address", async () => {
  const server = answering("");
  const uri = server.url.replace("http", "ws");
  await server[Symbol.asyncDispose]();
  const { code, stderr } = await run({ uri });
  assert.equal(code, 1);
  assert.match(stderr, /^Cannot reach the server http:\/\/127\.0\.0\.1:\d+: connection refused\n$/);
});

Deno.test("sessions suggests the nearest of its subcommands", async () => {
  const { code, stderr } = await run({}, { operands: ["lst"] });
  assert.equal(code, 2);
  assert.match(stderr, /^lst: expected list or end, did you mean list\n/);
});
