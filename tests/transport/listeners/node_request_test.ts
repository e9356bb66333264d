import assert from "node:assert/strict";
import { createServer } from "node:http";
import { NodeRequest } from "../../../src/transport/listeners/node_request.ts";
import { RawPeer } from "../raw_peer.ts";

const BODY = JSON.stringify({ text: "x".repeat(100) });
const HEAD = `POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${BODY.length}\r\n\r\n`;

/** Asks for a body while only a part of it is there, after `ms`. */
async function bodyOfParts(first: string, { rest, waitMs }: { rest: string; waitMs: number }): Promise<string> {
  const asked = Promise.withResolvers<void>();
  const body = Promise.withResolvers<string>();
  const server = createServer(async (incoming, outgoing) => {
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    const reading = NodeRequest.of(incoming, outgoing)?.bytes();
    asked.resolve();
    body.resolve(new TextDecoder().decode(await reading));
    outgoing.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  using peer = await RawPeer.connect(address.port);
  await peer.write(first);
  await asked.promise;
  await peer.write(rest);
  const text = await body.promise;
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  return text;
}

for (const length of [0, 1, 50, BODY.length]) {
  for (const waitMs of [0, 20]) {
    Deno.test(`NodeRequest.bytes() waits for all of a body of which ${length} bytes came with its head, called ${waitMs} ms later`, async () => {
      const parts = { rest: BODY.slice(length), waitMs };
      assert.equal(await bodyOfParts(`${HEAD}${BODY.slice(0, length)}`, parts), BODY);
    });
  }
}

Deno.test("NodeRequest.bytes() returns all of a body that arrived in chunks before the call", async () => {
  const body = Promise.withResolvers<string>();
  const pieces = [BODY.slice(0, 40), BODY.slice(40, 70), BODY.slice(70)];
  const arrived = pieces.map(() => Promise.withResolvers<void>());
  const server = createServer(async (incoming, outgoing) => {
    let [piece, size] = [0, 0];
    for (const { resolve } of arrived) {
      size += pieces[piece++]?.length ?? 0;
      while (incoming.readableLength < size) await new Promise((resolve) => setTimeout(resolve, 1));
      resolve();
    }
    while (!incoming.complete) await new Promise((resolve) => setTimeout(resolve, 1));
    body.resolve(new TextDecoder().decode(await NodeRequest.of(incoming, outgoing)?.bytes()));
    outgoing.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  using peer = await RawPeer.connect(address.port);
  await peer.write(HEAD);
  for (const [index, piece] of pieces.entries()) {
    await peer.write(piece);
    await arrived[index]?.promise;
  }
  assert.equal(await body.promise, BODY);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
