/** One WebSocket on bare TCP that calls tools: requests are prepared, answers only searched for their ids. */

import { frameOf, OPCODE, upgradeRequest } from "../../tests/transport/raw_peer.ts";
import { idOf } from "./answer_id.ts";
import type { LoadPlan } from "./load.ts";
import type { Wire } from "./wire.ts";

const OPENING = {
  jsonrpc: "2.0",
  id: 0,
  method: "initialize",
  params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "bench", version: "1" } },
};

/** An open WebSocket. */
export class SocketWire implements Wire {
  readonly #connection: Deno.Conn;
  readonly #plan: LoadPlan;
  /** By id, and by which of the calls it is. */
  readonly #requests: readonly (readonly Uint8Array[])[];
  readonly #buffer = new Uint8Array(65_536);
  #rest: Uint8Array = new Uint8Array();
  /** The index of the next call. */
  #turn: number;

  private constructor(connection: Deno.Conn, plan: LoadPlan, turn: number) {
    this.#connection = connection;
    this.#plan = plan;
    this.#turn = turn;
    this.#requests = Array.from(
      { length: plan.inFlight },
      (_, id) =>
        plan.calls.map((params) =>
          frameOf(OPCODE.text, JSON.stringify({ jsonrpc: "2.0", id, method: "tools/call", params }))
        ),
    );
  }

  /** Connects and initializes; `turn` is the first call to make. */
  static async open(plan: LoadPlan, turn: number): Promise<SocketWire> {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port: plan.port });
    connection.setNoDelay();
    const wire = new SocketWire(connection, plan, turn);
    await wire.#shakeHands();
    await wire.#write([frameOf(OPCODE.text, JSON.stringify(OPENING))]);
    while ((await wire.#texts()).length === 0);
    return wire;
  }

  /** Sends calls until so long after `startedMs`, and waits for their answers. */
  async run(startedMs: number, ms: number): Promise<{ calls: number; bytes: number }> {
    const { everyMs = 0, inFlight } = this.#plan;
    let [calls, bytes] = [0, 0];
    let pending = inFlight;
    if (everyMs > 0) await sleep(Math.random() * everyMs);
    await this.#write(Array.from({ length: inFlight }, (_, id) => this.#next(id)));
    while (pending > 0) {
      const texts = await this.#texts();
      const ids = texts.map(idOf);
      for (const { length } of texts) bytes += length;
      calls += texts.length;
      if (everyMs > 0) await sleep(everyMs);
      if (performance.now() - startedMs >= ms) pending -= ids.length;
      else if (ids.length > 0) await this.#write(ids.map((id) => this.#next(id)));
    }
    return { calls, bytes };
  }

  close(): void {
    this.#connection.close();
  }

  #next(id: number): Uint8Array {
    const { calls } = this.#plan;
    const request = this.#requests[id]?.[this.#turn++ % calls.length];
    if (request === undefined) throw new Error(`The server answered ${id}, which it was not asked`);
    return request;
  }

  async #shakeHands(): Promise<void> {
    await this.#write([new TextEncoder().encode(upgradeRequest())]);
    let head = "";
    while (!head.includes("\r\n\r\n")) {
      const count = await this.#connection.read(this.#buffer);
      if (count === null) throw new Error(`The server ended the connection: ${head}`);
      head += new TextDecoder("latin1").decode(this.#buffer.subarray(0, count));
    }
    if (!head.startsWith("HTTP/1.1 101")) throw new Error(`The server refused: ${head}`);
  }

  async #write(frames: readonly Uint8Array[]): Promise<void> {
    const bytes = frames.length === 1 && frames[0] !== undefined ? frames[0] : joined(frames);
    for (let written = 0; written < bytes.length;) written += await this.#connection.write(bytes.subarray(written));
  }

  /** The texts that the next bytes complete, valid until more are read. */
  async #texts(): Promise<Uint8Array[]> {
    const count = await this.#connection.read(this.#buffer);
    if (count === null) throw new Error("The server ended the connection");
    const come = this.#buffer.subarray(0, count);
    const bytes = this.#rest.length === 0 ? come : joined([this.#rest, come]);
    const texts: Uint8Array[] = [];
    let at = 0;
    for (let frame = frameAt(bytes, at); frame !== undefined; frame = frameAt(bytes, at)) {
      if (frame.opcode === OPCODE.text) texts.push(bytes.subarray(frame.start, frame.end));
      if (frame.opcode === OPCODE.close) throw new Error("The server closed the connection");
      at = frame.end;
    }
    this.#rest = bytes.slice(at);
    return texts;
  }
}

function frameAt(bytes: Uint8Array, at: number): { opcode: number; start: number; end: number } | undefined {
  const [first, short] = [bytes[at], bytes[at + 1]];
  if (first === undefined || short === undefined) return undefined;
  const start = at + (short === 127 ? 10 : short === 126 ? 4 : 2);
  if (start > bytes.length) return undefined;
  const size = short < 126 ? short : bytes.subarray(at + 2, start).reduce((sum, byte) => sum * 256 + byte, 0);
  return start + size > bytes.length ? undefined : { opcode: first & 0x0f, start, end: start + size };
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
