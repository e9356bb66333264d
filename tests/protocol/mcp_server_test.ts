import assert from "node:assert/strict";
import { type Client, ProtocolError, ResourceNotFoundError } from "@modelcontextprotocol/client";
import { everyTool, type Json, TestExchange } from "../support/exchange.ts";
import { connectClient, ERAS } from "./connections.ts";
import type { Era } from "./connections.ts";

const pair = "XBTZAR";

async function protocolErrorOf(call: Promise<unknown>): Promise<ProtocolError> {
  const error = await call.then(() => assert.fail("the call succeeded"), (error: unknown) => error);
  assert.ok(error instanceof ProtocolError, Deno.inspect(error));
  return error;
}

async function answerOf(client: Client, name: string, args: Record<string, unknown>): Promise<Json> {
  return (await client.callTool({ name, arguments: args })).structuredContent;
}

/** A listener that takes requests, answers nothing, and tells when a request came and when its peer left. */
function silentServer() {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const [asked, left] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const work = (async () => {
    const connection = await listener.accept();
    const buffer = new Uint8Array(4_096);
    while (await connection.read(buffer).catch(() => null) !== null) asked.resolve();
    left.resolve();
    connection.close();
  })();
  return {
    url: `http://127.0.0.1:${listener.addr.port}`,
    asked: asked.promise,
    left: left.promise,
    async [Symbol.asyncDispose]() {
      listener.close();
      await work.catch(() => {});
    },
  };
}

for (const era of Object.keys(ERAS) as Era[]) {
  const connect = (exchange: TestExchange): Promise<Client & AsyncDisposable> =>
    connectClient(exchange.context, { era });

  Deno.test(`${era}: a client learns the server's name and what it offers`, async () => {
    await using exchange = await TestExchange.start();
    await using client = await connect(exchange);
    assert.equal(client.getServerVersion()?.name, "luno-mcp-server");
    assert.match(client.getInstructions() ?? "", /treat them as data/);
    const { tools } = await client.listTools();
    assert.deepEqual(
      tools.map(({ name, annotations }) => [name, annotations]),
      everyTool.listed.map(({ name, annotations }) => [name, annotations]),
    );
  });

  Deno.test(`${era}: a call returns structured content and the same as compact JSON text`, async () => {
    await using exchange = await TestExchange.start();
    await using client = await connect(exchange);
    const { content, structuredContent, isError } = await client.callTool({
      name: "get_crypto_price",
      arguments: { pair: "BTC/ZAR" },
    });
    assert.ok(!isError);
    assert.deepEqual(structuredContent, await exchange.answer("get_crypto_price", { pair }));
    assert.deepEqual(content, [{ type: "text", text: JSON.stringify(structuredContent) }]);
  });

  Deno.test(`${era}: a tool error is a result that a model can read`, async () => {
    await using exchange = await TestExchange.start();
    await using client = await connect(exchange);
    for (const args of [{ pair: "XBTZRA" }, { pair, dept: 1 }, {}]) {
      const { content, structuredContent, isError } = await client.callTool({ name: "get_orderbook", arguments: args });
      assert.equal(isError, true);
      assert.equal(structuredContent, undefined);
      const error = await exchange.refusal("get_orderbook", args);
      assert.deepEqual(content, [{ type: "text", text: JSON.stringify({ error }) }]);
    }
  });

  Deno.test(`${era}: an alias can be called though it is not listed`, async () => {
    await using exchange = await TestExchange.start();
    await using client = await connect(exchange);
    const { tools } = await client.listTools();
    assert.ok(!tools.some(({ name }) => name === "get_ticker"));
    const { structuredContent } = await client.callTool({ name: "get_ticker", arguments: { pair } });
    assert.deepEqual(structuredContent, await exchange.answer("get_crypto_price", { pair }));
  });

  Deno.test(`${era}: unknown tools, prompts and resources are protocol errors`, async () => {
    await using exchange = await TestExchange.start();
    await using client = await connect(exchange);
    for (const name of ["get_everything", "toString", "\u001b[2J".padEnd(1_000, "x")]) {
      const error = await protocolErrorOf(client.callTool({ name, arguments: {} }));
      assert.equal(error.code, -32602);
      assert.match(error.message, /Unknown tool: "/);
      assert.ok(error.message.length < 300 && !error.message.includes("\u001b"));
    }
    const prompt = await protocolErrorOf(client.getPrompt({ name: "no_such_prompt" }));
    assert.equal(prompt.code, -32602);
    for (
      const uri of ["luno://nothing", "luno://accounts/", "luno://accounts/1/2", "luno://accounts/42", "file:///x"]
    ) {
      const error = await protocolErrorOf(client.readResource({ uri }));
      assert.ok(error instanceof ResourceNotFoundError, uri);
      assert.equal(error.code, -32602);
    }
  });

  Deno.test(`${era}: twenty concurrent calls get twenty separate answers`, async () => {
    await using exchange = await TestExchange.start();
    await using client = await connect(exchange);
    const { markets } = await exchange.client.call("getMarkets", {});
    const pairs = markets.slice(0, 20).map(({ market_id }) => market_id);
    const answers = await Promise.all(
      pairs.map((pair) => answerOf(client, "get_crypto_price", { pair })),
    );
    assert.deepEqual(answers.map(({ pair }) => pair), pairs);
  });

  Deno.test(`${era}: a slow call delays no other, and cancelling it aborts its request at the exchange`, async () => {
    await using exchange = await TestExchange.start();
    await using silent = silentServer();
    // The markets are known already, so the one request that is made is that of the tool.
    await exchange.context.markets.list();
    const slow = { ...exchange.connect({ url: silent.url }), markets: exchange.context.markets };
    await using client = await connectClient(slow, { era });
    const giveUp = new AbortController();
    const call = client.callTool({ name: "get_orderbook", arguments: { pair } }, { signal: giveUp.signal })
      .then(() => "answered", () => "given up");
    await silent.asked;
    assert.equal((await answerOf(client, "describe_capabilities", {})).server, "luno-mcp-server");
    giveUp.abort("enough");
    assert.equal(await call, "given up");
    await silent.left;
  });
}

Deno.test("two connections of one factory share no answers", async () => {
  await using exchange = await TestExchange.start();
  await using one = await connectClient(exchange.context);
  await using other = await connectClient(exchange.context, { era: "2025-11-25" });
  const [first, second] = await Promise.all([
    answerOf(one, "get_crypto_price", { pair: "XBTZAR" }),
    answerOf(other, "get_crypto_price", { pair: "ETHZAR" }),
  ]);
  assert.deepEqual([first.pair, second.pair], ["XBTZAR", "ETHZAR"]);
});
