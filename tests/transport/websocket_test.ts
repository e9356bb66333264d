import assert from "node:assert/strict";
import type { Socket } from "../../src/transport/listeners/listener.ts";
import { SocketTransport } from "../../src/transport/websocket.ts";
import type { SocketTransportOptions } from "../../src/transport/websocket.ts";

/** The listener's end: what the transport did to the socket. */
class TestSocket implements Socket {
  readonly sent: string[] = [];
  bufferedAmount = 0;
  isTerminated = false;
  readonly cuts: unknown[] = [];
  readonly closed = Promise.withResolvers<[code: number, reason: string]>();

  send(text: string): void {
    this.sent.push(text);
  }

  close(code: number, reason: string): void {
    this.closed.resolve([code, reason]);
  }

  cut(...how: unknown[]): void {
    this.cuts.push(how);
  }

  terminate(): void {
    this.isTerminated = true;
  }
}

function open(options: Partial<SocketTransportOptions> = {}) {
  const socket = new TestSocket();
  const transport = new SocketTransport(socket, { firstMessageMs: 60_000, idleMs: 60_000, ...options });
  return { socket, transport, handler: transport.handler() };
}

Deno.test("SocketTransport closes a connection that sends nothing after its upgrade", async () => {
  const { socket } = open({ firstMessageMs: 1 });
  assert.deepEqual(await socket.closed.promise, [1008, "no message after the upgrade"]);
});

Deno.test("SocketTransport closes a connection that has become silent", async () => {
  const { socket, transport, handler } = open({ firstMessageMs: 1, idleMs: 1 });
  handler.text('{"jsonrpc":"2.0","method":"notifications/initialized"}');
  assert.deepEqual(await socket.closed.promise, [1008, "idle for too long"]);
  assert.ok(transport.isClosed);
});

Deno.test("SocketTransport does not consider a client that waits for an answer silent", async () => {
  const clock = { now: 0 };
  const looked = Promise.withResolvers<void>();
  const now = () => {
    if (clock.now === 1_000_000) looked.resolve();
    return clock.now;
  };
  const { socket, transport, handler } = open({ firstMessageMs: 1, idleMs: 5, now });
  handler.text('{"jsonrpc":"2.0","id":1,"method":"tools/list"}');
  clock.now = 1_000_000;
  await looked.promise;
  assert.ok(!transport.isClosed);
  void transport.send({ jsonrpc: "2.0", id: 1, result: {} });
  clock.now = 2_000_000;
  assert.deepEqual(await socket.closed.promise, [1008, "idle for too long"]);
});

Deno.test("SocketTransport closes with 1003 on a binary frame", async () => {
  const { socket, handler } = open();
  handler.binary();
  assert.deepEqual(await socket.closed.promise, [1003, "expected text frames"]);
});

Deno.test("SocketTransport cuts off a client that does not read, and sends it nothing more", () => {
  const { socket, transport, handler } = open();
  handler.text('{"jsonrpc":"2.0","id":1,"method":"tools/list"}');
  socket.bufferedAmount = 9 * 1_048_576;
  void transport.send({ jsonrpc: "2.0", id: 1, result: {} });
  assert.deepEqual([socket.isTerminated, transport.isClosed, socket.sent.length], [true, true, 0]);
});

Deno.test("SocketTransport ends with its socket, and cancels what runs", () => {
  const { transport, handler } = open();
  let isClosed = false;
  transport.onclose = () => isClosed = true;
  handler.closed(1006, "");
  assert.ok(isClosed && transport.isClosed);
});

Deno.test("SocketTransport cuts off a client with 1008 as soon as its budget is used up, and reads nothing more of it", () => {
  const prices: number[] = [];
  const afford = (characters: number) => prices.push(characters) <= 5;
  const { socket, transport, handler } = open({ afford });
  const delivered: unknown[] = [];
  transport.onmessage = (message) => delivered.push(message);
  for (const text of ['{"jsonrpc":"2.0","id":1,"method":"ping"}', '{"jsonrpc":"2.0","method":"x"}', "{", ""]) {
    handler.text(text);
  }
  handler.control?.();
  assert.deepEqual([prices, delivered.length, transport.isClosed], [[40, 30, 1, 0, 0], 2, false]);
  handler.text('{"jsonrpc":"2.0","method":"x"}');
  assert.deepEqual([socket.cuts, transport.isClosed], [[[1008, "too many messages"]], true]);
  handler.text('{"jsonrpc":"2.0","method":"x"}');
  handler.control?.();
  assert.deepEqual([prices.length, delivered.length, socket.cuts.length], [6, 2, 1]);
});

Deno.test("SocketTransport holds the clocks while it handles a message, also one whose handling fails", () => {
  const steps: string[] = [];
  const clocks = { hold: () => void steps.push("hold"), release: () => void steps.push("release") };
  const observer = {
    received({ id }: { readonly id: string | number }) {
      steps.push(`received ${id}`);
      if (id === 2) throw new TypeError("canary");
    },
    answered() {},
    refused() {},
  };
  const { transport, handler } = open({ clocks, observer });
  handler.text('{"jsonrpc":"2.0","id":1,"method":"tools/list"}');
  assert.throws(() => handler.text('{"jsonrpc":"2.0","id":2,"method":"tools/list"}'), /canary/);
  assert.deepEqual(steps, ["hold", "received 1", "release", "hold", "received 2", "release"]);
  void transport.close();
});
