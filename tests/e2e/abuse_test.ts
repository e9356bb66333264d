/** A hostile or broken peer must not affect anybody else. */

import assert from "node:assert/strict";
import { PROGRAMS } from "./program.ts";
import type { Program } from "./program.ts";
import { listenersOf } from "./listeners.ts";
import { startServer } from "./servers.ts";
import type { RunningServer } from "./servers.ts";

/** Sends the server a request over a separate connection. */
async function isServed({ http }: RunningServer): Promise<boolean> {
  using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  const response = await fetch(`${http}/healthz`, { client, signal: AbortSignal.timeout(60_000) });
  await response.body?.cancel();
  return response.status === 200;
}

/** Resident memory of the server in MiB, as it reports it, once it has opened what a first call needs. */
async function residentMiB({ http }: RunningServer): Promise<number> {
  const called = await fetch(`${http}/v1/tools/get_market_overview`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{}",
  });
  await called.body?.cancel();
  const metrics = await (await fetch(`${http}/metrics`)).text();
  return Number(/^process_resident_memory_bytes (\S+)$/m.exec(metrics)?.[1]) / 1_048_576;
}

/** Opens a WebSocket by hand, so that it can send invalid data. */
async function openRaw({ ws }: RunningServer): Promise<Deno.TcpConn> {
  const { port } = new URL(ws);
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
  const key = btoa("0123456789abcdef");
  const lines = [
    "GET /ws HTTP/1.1",
    `Host: localhost:${port}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    `Sec-WebSocket-Key: ${key}`,
    "",
    "",
  ];
  await connection.write(new TextEncoder().encode(lines.join("\r\n")));
  const answer = new TextDecoder().decode(await readSome(connection));
  assert.match(answer, /^HTTP\/1\.1 101/);
  return connection;
}

async function readSome(connection: Deno.TcpConn): Promise<Uint8Array> {
  const buffer = new Uint8Array(65_536);
  return buffer.subarray(0, await connection.read(buffer) ?? 0);
}

/** A masked frame; `opcode` 1 is text, 0 a continuation. */
function frame(payload: Uint8Array, { opcode = 1, isLast = true } = {}): Uint8Array {
  const head = new Uint8Array(14);
  head[0] = (isLast ? 0x80 : 0) | opcode;
  head[1] = 0x80 | 127;
  new DataView(head.buffer).setBigUint64(2, BigInt(payload.length));
  return new Uint8Array([...head.subarray(0, 10), 0, 0, 0, 0, ...payload]);
}

async function withServer(
  program: Program,
  args: readonly string[],
  body: (server: RunningServer) => Promise<void>,
): Promise<void> {
  await using server = await startServer(program, args);
  await body(server);
  assert.ok(await isServed(server), "others are not served any more");
}

for (const program of PROGRAMS) {
  for (const listener of listenersOf(program)) {
    Deno.test(`--listener ${listener} serves others beside silent connections (${program.name})`, () =>
      withServer(program, ["--listener", listener], async (server) => {
        const { port } = new URL(server.ws);
        const silent = await Promise.all(
          Array.from({ length: 40 }, () => Deno.connect({ hostname: "127.0.0.1", port: Number(port) })),
        );
        for (const connection of silent.slice(0, 20)) {
          await connection.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: loc"));
        }
        const cut = Promise.race(silent.map((connection) => connection.read(new Uint8Array(1)).catch(() => null)));
        assert.ok(
          await Promise.race([isServed(server), cut.then(() => false)]),
          "served only after a silent one was cut",
        );
        for (const connection of silent) connection.close();
      }));

    Deno.test(`--listener ${listener} drops a client that sends requests and never reads, within bounded memory (${program.name})`, () =>
      withServer(
        program,
        ["--listener", listener, "--rate-limit", "10000000", "--max-queue", "100000"],
        async (server) => {
          const connection = await openRaw(server);
          const before = await residentMiB(server);
          const call = { jsonrpc: "2.0", method: "get_market_overview", params: { limit: 500 } };
          const frames: Uint8Array[] = [];
          for (let id = 0; id < 4_000; id++) {
            frames.push(frame(new TextEncoder().encode(JSON.stringify({ ...call, id }))));
          }
          // Writes after the drop may fail.
          for (const bytes of frames) await connection.write(bytes).catch(() => {});
          await server.said(/client stopped reading; disconnecting/);
          assert.ok(await residentMiB(server) - before < 150, "more than 150 MiB");
          connection.close();
        },
      ));

    Deno.test(`--listener ${listener} keeps serving and recovers when it runs out of file descriptors (${program.name})`, async () => {
      const limited: Program = {
        name: program.name,
        command: "sh",
        args: ["-c", 'ulimit -n 64 && exec "$@"', "sh", program.command, ...program.args],
      };
      await withServer(
        limited,
        ["--listener", listener, "--max-connections", "1000", "--ping-interval", "1"],
        async (server) => {
          const { port } = new URL(server.ws);
          const open: Deno.TcpConn[] = [];
          for (let count = 0; count < 120; count++) {
            const connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) }).catch(() => undefined);
            if (connection !== undefined) open.push(connection);
          }
          for (const connection of open) connection.close();
          for (let attempt = 0; attempt < 100; attempt++) {
            if (await isServed(server).catch(() => false)) return;
            await new Promise((resolve) => setTimeout(resolve, 50));
          }
          assert.fail("the server does not recover");
        },
      );
    });
  }

  if (!listenersOf(program).includes("hardened")) continue;

  Deno.test(`--listener hardened cuts off a message that grows by fragments before it is stored (${program.name})`, () =>
    withServer(program, ["--listener", "hardened", "--max-message-size", "65536"], async (server) => {
      const before = await residentMiB(server);
      const connection = await openRaw(server);
      const piece = new Uint8Array(16_384).fill(0x61);
      let isCut = false;
      for (let count = 0; count < 4_000 && !isCut; count++) {
        isCut = await connection.write(frame(piece, { opcode: count === 0 ? 1 : 0, isLast: false })).then(
          () => false,
          () => true,
        );
      }
      const answer = await readSome(connection).catch(() => new Uint8Array());
      assert.ok(isCut || answer[0] === 0x88, "not closed");
      assert.ok(await residentMiB(server) - before < 32, "more than 32 MiB");
      connection.close();
    }));
}
