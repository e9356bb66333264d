/** A client that sends as much as it can must not stop the others, whoever it is. */

import assert from "node:assert/strict";
import { frameOf, OPCODE, RawPeer, upgradeRequest } from "../transport/raw_peer.ts";
import { GuardedServer } from "./guarded_server.ts";
import { PROGRAMS } from "./program.ts";
import { listenersOf } from "./listeners.ts";
import { startServer } from "./servers.ts";

/** With `--rate-limit 1` a connection may send 602 messages a minute. */
const BUDGET = 602;

const FLOODS: Readonly<Record<string, Uint8Array>> = {
  calls: frameOf(OPCODE.text, '{"jsonrpc":"2.0","id":1,"method":"describe_capabilities"}'),
  pings: frameOf(OPCODE.text, '{"jsonrpc":"2.0","id":1,"method":"ping"}'),
  notifications: frameOf(OPCODE.text, '{"jsonrpc":"2.0","method":"notifications/initialized"}'),
  cancellations: frameOf(
    OPCODE.text,
    '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"none"}}',
  ),
  garbage: frameOf(OPCODE.text, "{"),
  "empty texts": frameOf(OPCODE.text, ""),
};

/** A text whose answer shows that everything before it was read. */
const LAST = frameOf(OPCODE.text, '{"jsonrpc":"2.0","id":"last","method":"ping"}');

async function lastAnswered(peer: RawPeer): Promise<void> {
  for (;;) {
    const frame = await peer.frame();
    assert.equal(frame?.opcode, OPCODE.text, "closed too early");
    if (new TextDecoder().decode(frame.payload).includes('"id":"last"')) return;
  }
}

for (const program of PROGRAMS) {
  for (const listener of listenersOf(program)) {
    Deno.test(`--listener ${listener} closes a client that sends more than its budget with 1008 (${program.name})`, async (t) => {
      await using server = await startServer(program, ["--listener", listener, "--rate-limit", "1"]);
      let isFirst = true;
      for (const [name, frame] of Object.entries(FLOODS)) {
        await t.step(name, async () => {
          using peer = await RawPeer.open(Number(new URL(server.ws).port));
          const send = async (count: number) => {
            for (let sent = 0; sent < count; sent++) await peer.write(frame);
          };
          // A client that was cut off before begins with less.
          await send(isFirst ? BUDGET - 100 : 40);
          isFirst = false;
          await peer.write(LAST);
          await lastAnswered(peer);
          await send(200);
          const code = await peer.closeCode();
          // The native listener drops a client that keeps sending, often before it has sent the code.
          assert.ok(code === 1008 || (listener === "native" && code === undefined), `${code}`);
          await server.said(/client sends too much; disconnecting/);
        });
      }
      assert.equal(await (await fetch(`${server.http}/healthz`)).text(), "ok\n");
    });
  }

  for (const listener of listenersOf(program)) {
    Deno.test(`--listener ${listener} closes 200 clients with 1001 at SIGTERM, and logs that (${program.name})`, async () => {
      const args = ["--listener", listener, "--max-connections", "300"];
      await using server = await startServer(program, args);
      const port = Number(new URL(server.ws).port);
      const peers = await Promise.all(Array.from({ length: 200 }, () => RawPeer.open(port)));
      await Promise.all(peers.map((peer) => peer.write(LAST).then(() => lastAnswered(peer))));
      server.child.kill("SIGTERM");
      const codes = await Promise.all(peers.map(async (peer) => {
        const code = await peer.closeCode();
        await peer.write(frameOf(OPCODE.close, new Uint8Array([0x03, 0xe9])));
        return code;
      }));
      assert.deepEqual(new Set(codes), new Set([1001]));
      await server.child.status;
      await Promise.all(peers.map((peer) => peer.end()));
      for (const peer of peers) peer[Symbol.dispose]();
      await server.ended;
      assert.equal(server.lines.filter((line) => /disconnected .*code=1001/.test(line)).length, 200);
    });
  }

  if (!listenersOf(program).includes("hardened")) continue;

  Deno.test(`a key that was cut off cannot upgrade again at once, and others can (${program.name})`, async () => {
    await using server = await GuardedServer.start(program, { listener: "hardened" });
    const upgrade = async (key: string) => {
      const peer = await RawPeer.connect(server.port);
      await peer.write(upgradeRequest({ Authorization: `Bearer ${key}` }));
      return { peer, head: await peer.head() };
    };
    const { peer, head } = await upgrade(server.market);
    assert.match(head, /^HTTP\/1\.1 101 /);
    const frame = frameOf(OPCODE.text, '{"jsonrpc":"2.0","method":"notifications/initialized"}');
    for (let sent = 0; sent < 900; sent++) await peer.write(frame);
    assert.equal(await peer.closeCode(), 1008);
    const again = await upgrade(server.market);
    assert.match(again.head, /^HTTP\/1\.1 429 [\s\S]*retry-after: [1-4]\r\n/i);
    const other = await upgrade(server.reader);
    assert.match(other.head, /^HTTP\/1\.1 101 /);
    for (const each of [peer, again.peer, other.peer]) each[Symbol.dispose]();
  });

  Deno.test(`--listener hardened serves others beside 200 connections that send no request (${program.name})`, async () => {
    await using server = await startServer(program, ["--listener", "hardened"]);
    const port = Number(new URL(server.ws).port);
    const idle = await Promise.all(Array.from({ length: 200 }, () => RawPeer.connect(port)));
    for (let count = 0; count < 50; count++) {
      using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
      const response = await fetch(`http://127.0.0.1:${port}/v1/tools`, { client });
      assert.equal(response.status, 200);
      await response.body?.cancel();
    }
    using peer = await RawPeer.open(port);
    await peer.write(LAST);
    await lastAnswered(peer);
    for (const connection of idle) connection[Symbol.dispose]();
  });

  Deno.test(`--listener hardened serves others beside a key that keeps every connection open (${program.name})`, async () => {
    await using server = await GuardedServer.start(program, { listener: "hardened" });
    const text = `GET /v1/tools HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${server.market}\r\n\r\n`;
    const kept: RawPeer[] = [];
    for (let count = 0; count < 150; count++) {
      const peer = await RawPeer.connect(server.port);
      kept.push(peer);
      await peer.write(text);
      assert.match(await peer.head(), /^HTTP\/1\.1 200 /, `request ${count}`);
    }
    const headers = { authorization: `Bearer ${server.reader}` };
    const response = await fetch(`${server.httpUrl}/v1/tools`, { headers });
    assert.equal(response.status, 200);
    await response.body?.cancel();
    for (const connection of kept) connection[Symbol.dispose]();
  });
}
