/** A client on bare TCP or TLS, which can break every rule of HTTP and WebSocket. */

/** Opcodes of RFC 6455. */
export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** A frame as it arrives. */
export interface Frame {
  readonly opcode: number;
  readonly payload: Uint8Array;
}

/** How a frame differs from a sound one. */
export interface FrameOptions {
  readonly fin?: boolean;
  readonly masked?: boolean;
  /** The reserved bits, 0 to 7. */
  readonly reserved?: number;
  /** The length to claim. @default the payload's */
  readonly length?: number;
}

export class RawPeer implements Disposable {
  readonly #connection: Deno.Conn;
  #received: Uint8Array = new Uint8Array();

  private constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  static async connect(port: number, caCerts?: string[]): Promise<RawPeer> {
    const hostname = "127.0.0.1";
    const connection = await Deno.connect({ hostname, port });
    connection.setNoDelay();
    return new RawPeer(caCerts === undefined ? connection : await Deno.startTls(connection, { hostname, caCerts }));
  }

  /** Connects and shakes hands; the head of the answer stays in front of the frames. */
  static async open(port: number, caCerts?: string[]): Promise<RawPeer> {
    const peer = await RawPeer.connect(port, caCerts);
    await peer.write(upgradeRequest());
    const head = await peer.head();
    if (!head.startsWith("HTTP/1.1 101")) throw new Error(`Cannot upgrade: ${head}`);
    return peer;
  }

  /** Writes all; a peer that is gone is no error. */
  async write(data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
    try {
      for (let written = 0; written < bytes.length;) written += await this.#connection.write(bytes.subarray(written));
    } catch {
      // The answer tells more.
    }
  }

  /** Everything up to and with the empty line, or up to the end. */
  async head(): Promise<string> {
    for (;;) {
      const text = new TextDecoder("latin1").decode(this.#received);
      const end = text.indexOf("\r\n\r\n");
      if (end >= 0) {
        this.#received = this.#received.slice(end + 4);
        return text.slice(0, end + 4);
      }
      if (!await this.#read()) return text;
    }
  }

  /** The next bytes, as text; fewer when the connection ended before. */
  async text(length: number): Promise<string> {
    await this.#need(length);
    const text = new TextDecoder().decode(this.#received.subarray(0, length));
    this.#received = this.#received.slice(length);
    return text;
  }

  /** The next frame; `undefined` when the connection ended before it. */
  async frame(): Promise<Frame | undefined> {
    if (!await this.#need(2)) return undefined;
    const [first = 0, second = 0] = this.#received;
    const sizeBytes = second === 127 ? 8 : second === 126 ? 2 : 0;
    if (!await this.#need(2 + sizeBytes)) return undefined;
    const length = sizeBytes === 0 ? second : numberOf(this.#received.subarray(2, 2 + sizeBytes));
    const start = 2 + sizeBytes;
    if (!await this.#need(start + length)) return undefined;
    const payload = this.#received.slice(start, start + length);
    this.#received = this.#received.slice(start + length);
    return { opcode: first & 0x0f, payload };
  }

  /** The code of the next close frame, skipping others; `undefined` when the connection ends without one. */
  async closeCode(): Promise<number | undefined> {
    for (;;) {
      const frame = await this.frame();
      if (frame === undefined) return undefined;
      if (frame.opcode === OPCODE.close) return numberOf(frame.payload.subarray(0, 2));
    }
  }

  /** Reads to the end of the connection, clean or not. */
  async end(): Promise<string> {
    while (await this.#read());
    return new TextDecoder("latin1").decode(this.#received);
  }

  [Symbol.dispose](): void {
    try {
      this.#connection.close();
    } catch {
      // It is closed already.
    }
  }

  async #need(bytes: number): Promise<boolean> {
    while (this.#received.length < bytes) {
      if (!await this.#read()) return false;
    }
    return true;
  }

  async #read(): Promise<boolean> {
    const buffer = new Uint8Array(65_536);
    const count = await this.#connection.read(buffer).catch(() => null);
    if (count === null) return false;
    const joined = new Uint8Array(this.#received.length + count);
    joined.set(this.#received);
    joined.set(buffer.subarray(0, count), this.#received.length);
    this.#received = joined;
    return true;
  }
}

/** A sound handshake; `headers` replace or add, `undefined` leaves one out, a list repeats one. */
export function upgradeRequest(headers: Record<string, string | readonly string[] | undefined> = {}): string {
  const all = {
    "Host": "localhost",
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    ...headers,
  };
  const lines = Object.entries(all).flatMap(([name, value]) =>
    [value ?? []].flat().map((one) => `${name}: ${one}\r\n`)
  );
  return `GET /ws HTTP/1.1\r\n${lines.join("")}\r\n`;
}

/** The bytes of a frame. */
export function frameOf(opcode: number, payload: string | Uint8Array, options: FrameOptions = {}): Uint8Array {
  const { fin = true, masked = true, reserved = 0 } = options;
  const bytes = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
  const length = options.length ?? bytes.length;
  const head = [(fin ? 0x80 : 0) | reserved << 4 | opcode];
  const mark = masked ? 0x80 : 0;
  if (length < 126) head.push(mark | length);
  else if (length < 65_536) head.push(mark | 126, length >> 8, length & 0xff);
  else head.push(mark | 127, ...[7, 6, 5, 4, 3, 2, 1, 0].map((place) => Math.floor(length / 256 ** place) % 256));
  if (masked) head.push(0, 0, 0, 0); // A mask of zeros leaves the payload as it is.
  const frame = new Uint8Array(head.length + bytes.length);
  frame.set(head);
  frame.set(bytes, head.length);
  return frame;
}

function numberOf(bytes: Uint8Array): number {
  return bytes.reduce((number, byte) => number * 256 + byte, 0);
}
