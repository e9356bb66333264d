import assert from "node:assert/strict";
import { readArguments } from "../../src/cli/arguments.ts";
import { bridge } from "../../src/cli/bridge.ts";
import { servingTools, TestServer } from "../client/test_server.ts";
import { INITIALIZE, lines, toolCall } from "../e2e/program.ts";
import { type Json, TestExchange } from "../support/exchange.ts";
import { TestWorld } from "./world.ts";

function answersById(world: TestWorld): Map<unknown, Json> {
  return new Map((world.stdout.messages as Json[]).map((message) => [message.id, message]));
}

Deno.test("bridge connects a client on stdio to a server over WebSocket and ends with its input", async () => {
  await using exchange = await TestExchange.start();
  await using server = await TestServer.start({ serve: servingTools(exchange.context) });
  const world = new TestWorld();
  world.stdin.type(
    lines(...INITIALIZE, toolCall(1, "get_crypto_price", { pair: "XBTZAR" }), { jsonrpc: "1.0", id: 2 }),
  );
  world.stdin.end();
  assert.equal(await bridge({}, { world, problems: [], operands: [server.url] }), 0);
  const answers = answersById(world);
  assert.equal(answers.get("init").result.serverInfo.name, "luno-mcp-server");
  assert.equal(answers.get(1).result.structuredContent.pair, "XBTZAR");
  assert.equal(answers.get(2).error.code, -32600);
  assert.equal(answers.size, 3);
  assert.equal(world.stderr.text, "");
});

Deno.test("bridge ends at a signal and answers open requests", async () => {
  const taken = Promise.withResolvers<void>();
  await using server = await TestServer.start({ serve: (socket) => socket.on("message", () => taken.resolve()) });
  const world = new TestWorld();
  const running = bridge({}, { world, problems: [], operands: [server.url] });
  world.stdin.type(lines(toolCall(1, "get_fees")));
  await taken.promise;
  world.interrupt();
  assert.equal(await running, 0);
  assert.equal(answersById(world).get(1).error.data.code, "ERR_CONNECTION_LOST");
});

Deno.test("bridge sends its token, and ends with 1 and an answer when it is refused", async () => {
  const tokens: unknown[] = [];
  await using server = await TestServer.start({
    serve: () => {},
    refuse({ headers }) {
      tokens.push(headers.authorization);
      return "401 Unauthorized";
    },
  });
  const world = new TestWorld({ env: { LUNO_MCP_TOKEN: "token-canary" } });
  world.stdin.type(lines(toolCall("a", "get_fees")));
  assert.equal(await bridge({}, { world, problems: [], operands: [server.url] }), 1);
  assert.deepEqual(tokens, ["Bearer token-canary"]);
  const { error } = answersById(world).get("a");
  assert.deepEqual(error.data, { code: "ERR_NOT_CONNECTED", safeToRepeat: true });
  assert.match(error.message, /HTTP status 401/);
  assert.match(world.stderr.text, /server rejected the connection/);
  assert.ok(!(world.stderr.text + world.stdout.text).includes("canary"));
});

Deno.test("bridge refuses a bad address and a token over clear text, without starting", async () => {
  for (
    const [operands, problem] of [
      [["https://server.example"], /expected a ws or wss address/],
      [["wss://user:canary@server.example"], /expected a ws or wss address .*"wss:\/\/\[redacted\]@server.example"/],
      [["ws://server.example"], /expected wss, as a token travels along/],
    ] as const
  ) {
    const world = new TestWorld({ env: { LUNO_MCP_TOKEN: "token-canary" } });
    assert.equal(await bridge({}, { world, problems: [], operands }), 2);
    assert.match(world.stderr.text, problem);
    assert.ok(!world.stderr.text.includes("canary"));
    assert.equal(world.stdout.text, "");
  }
});

Deno.test("bridge reports once that its address is missing", async () => {
  const world = new TestWorld({ args: ["bridge"] });
  const read = readArguments(world.args);
  assert.ok(read.kind === "run");
  assert.equal(await bridge({}, { world, problems: read.problems, operands: read.invocation.operands }), 2);
  assert.equal(world.stderr.text, "bridge: expected bridge <ws address>\n\nSee luno-mcp-server bridge --help\n");
});
