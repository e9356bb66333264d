/**
 * A client that sends as fast as the server reads, and reconnects whenever it is cut off: `flooder.ts KIND PORT KEY`.
 * It is a process of its own, so that its work takes no time from the measured ones. Reports that it is ready, starts
 * at a byte of its stdin, and ends when that ends. Then prints how many mebibytes it has written, how many answers it
 * has read, and how many connections it has opened. Part of what it has written is in buffers, and a server that has
 * ended a connection may read on and discard: only answers, which notifications do not get, show how much was
 * processed.
 */

import { writeSync } from "node:fs";
import { AnswerCount } from "./answer_count.ts";
import { frameOf, OPCODE, upgradeRequest } from "../tests/transport/raw_peer.ts";

/** About as much as a socket accepts at once, in bytes. */
const CHUNK = 65_536;

/** Pause before reconnecting to a server that refuses, in milliseconds. */
const PAUSE_MS = 20;

interface Flood {
  /** Sent first, and answered before anything else is sent. */
  readonly opening?: string;
  /** Sent repeatedly. */
  readonly piece: Uint8Array;
}

const [kind = "", port = "", key = ""] = Deno.args;
const authorization = { "Authorization": `Bearer ${key}` };
const opening = upgradeRequest(authorization);
const call = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "describe_capabilities", arguments: {} } };
const request = (lines: readonly string[]) =>
  new TextEncoder().encode([...lines, "Host: localhost", "", ""].join("\r\n"));

/** What is sent, by the name of the flood. */
const FLOODS: Readonly<Record<string, Flood>> = {
  calls: { opening, piece: frameOf(OPCODE.text, JSON.stringify(call)) },
  pings: { opening, piece: frameOf(OPCODE.text, '{"jsonrpc":"2.0","id":1,"method":"ping"}') },
  notifications: { opening, piece: frameOf(OPCODE.text, '{"jsonrpc":"2.0","method":"notifications/initialized"}') },
  garbage: { opening, piece: frameOf(OPCODE.text, "{") },
  "empty texts": { opening, piece: frameOf(OPCODE.text, "") },
  "ping frames": { opening, piece: frameOf(OPCODE.ping, "x") },
  "large messages": { opening, piece: frameOf(OPCODE.text, JSON.stringify({ ...call, text: "x".repeat(1_000_000) })) },
  "pipelined unauthenticated requests": { piece: request(["GET /status HTTP/1.1"]) },
  "pipelined probes": { piece: request(["GET /healthz HTTP/1.1"]) },
  "pipelined reads": { piece: request(["GET /v1/tools HTTP/1.1", `Authorization: Bearer ${key}`]) },
};

const flood = FLOODS[kind];
if (flood === undefined) throw new RangeError(`Cannot send ${kind}: expected ${Object.keys(FLOODS).join(", ")}`);
const pieces = Math.max(1, Math.floor(CHUNK / flood.piece.length));
const chunk = new Uint8Array(flood.piece.length * pieces);
for (let index = 0; index < pieces; index++) chunk.set(flood.piece, index * flood.piece.length);

let [bytes, answers, connections] = [0, 0, 0];
writeSync(1, "ready\n");
await Deno.stdin.read(new Uint8Array(1));
void Deno.stdin.read(new Uint8Array(1)).then(() => {
  writeSync(1, `${JSON.stringify({ sentMiB: bytes / 1_048_576, answers, connections })}\n`);
  Deno.exit();
});
for (;;) {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
  connections++;
  if (await isLetIn(connection, flood.opening)) await sendAll(connection);
  else await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}

async function isLetIn(connection: Deno.Conn, opening: string | undefined): Promise<boolean> {
  if (opening === undefined) return true;
  try {
    await connection.write(new TextEncoder().encode(opening));
    const buffer = new Uint8Array(1_024);
    const count = await connection.read(buffer) ?? 0;
    return new TextDecoder().decode(buffer.subarray(0, count)).startsWith("HTTP/1.1 101 ");
  } catch {
    return false; // The server has closed the connection.
  }
}

/** Sends until the server closes the connection, and reads the answers, since a server may wait for that. */
async function sendAll(connection: Deno.Conn): Promise<void> {
  let isCut = false;
  void (async () => {
    const buffer = new Uint8Array(CHUNK);
    const count = new AnswerCount(flood?.opening === undefined ? "http" : "frames");
    for (;;) {
      const size = await connection.read(buffer).catch(() => null);
      if (size === null) break;
      answers += count.push(buffer.subarray(0, size));
    }
    isCut = true;
  })();
  try {
    while (!isCut) {
      for (let written = 0; written < chunk.length;) {
        const count = await connection.write(chunk.subarray(written));
        written += count;
        bytes += count;
      }
    }
  } catch {
    // The connection was closed.
  }
}
