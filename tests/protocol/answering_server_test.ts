import assert from "node:assert/strict";
import { InMemoryTransport } from "@modelcontextprotocol/client";
import type { JSONRPCMessage } from "@modelcontextprotocol/server";
import { AnsweringServer } from "../../src/protocol/answering_server.ts";

const IDENTITY = { name: "test", version: "1" };

/** A server and a client that is nothing but messages. */
async function connect() {
  const server = new AnsweringServer(IDENTITY, { capabilities: { tools: {}, prompts: {} } });
  server.setRequestHandler("tools/list", () => ({ tools: [] }));
  server.setRequestHandler("prompts/list", () => {
    throw Object.assign(new Error("postgres://alice:secret@host"), { code: -32_000 });
  });
  server.setRequestHandler("tools/call", async ({ params }, { mcpReq }) => {
    const answer = await mcpReq.elicitInput({
      message: params.name,
      requestedSchema: { type: "object", properties: {} },
    });
    return { content: [{ type: "text", text: answer.action }] };
  });
  const [client, side] = InMemoryTransport.createLinkedPair();
  const received: JSONRPCMessage[] = [];
  let more = Promise.withResolvers<void>();
  client.onmessage = (message) => {
    received.push(message);
    more.resolve();
    more = Promise.withResolvers<void>();
  };
  await server.connect(side);
  return {
    /** Sends messages as they are, and answers what comes back for the last one. */
    async ask(...messages: unknown[]): Promise<JSONRPCMessage> {
      for (const message of messages) await client.send(message as JSONRPCMessage);
      while (received.length === 0) await more.promise;
      return received.shift() ?? assert.fail();
    },
    [Symbol.asyncDispose]: () => server.close(),
  };
}

const request = (id: number, method: string, params: unknown = {}) => ({ jsonrpc: "2.0", id, method, params });

const INITIALIZE = request(0, "initialize", {
  protocolVersion: "2025-11-25",
  capabilities: { elicitation: {} },
  clientInfo: IDENTITY,
});

Deno.test("AnsweringServer answers a request that the SDK would drop", async () => {
  await using peer = await connect();
  assert.deepEqual(await peer.ask(request(1, "tools/list", { _meta: { progressToken: null } })), {
    jsonrpc: "2.0",
    id: 1,
    error: { code: -32602, message: "Invalid params: expected _meta as the protocol has it" },
  });
});

Deno.test("AnsweringServer answers invalid parameters with -32602 and a sentence", async () => {
  await using peer = await connect();
  assert.deepEqual(await peer.ask(request(1, "tools/list", { cursor: 7 })), {
    jsonrpc: "2.0",
    id: 1,
    error: { code: -32602, message: "Invalid params: cursor must be a string: current value is 7" },
  });
});

Deno.test("AnsweringServer does not reveal the message of an unexpected error", async () => {
  await using peer = await connect();
  assert.deepEqual(await peer.ask(request(1, "prompts/list")), {
    jsonrpc: "2.0",
    id: 1,
    error: { code: -32603, message: "Internal error: the reason is in the server's log" },
  });
});

Deno.test("AnsweringServer ends a call whose client sends an invalid answer to a question", async () => {
  await using peer = await connect();
  await peer.ask(INITIALIZE);
  const question = await peer.ask(
    { jsonrpc: "2.0", method: "notifications/initialized" },
    request(1, "tools/call", { name: "sure?" }),
  );
  assert.ok("method" in question && "id" in question && question.method === "elicitation/create");
  const answer = await peer.ask({ jsonrpc: "2.0", id: question.id, result: { action: "accept", _meta: 7 } });
  assert.ok("error" in answer && answer.id === 1);
});
