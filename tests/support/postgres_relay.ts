/** A relay in front of PostgreSQL that counts statements, and cuts the connection at one of them. */

/**
 * When a connection is cut: before a statement is forwarded, or after it was answered and before the answer is
 * forwarded.
 */
export type CutWhen = "before" | "after";

interface Cut {
  left: number;
  readonly when: CutWhen;
}

const SIMPLE_QUERY = 0x51; // Q
const PARSE = 0x50; // P
const SYNC = 0x53; // S

/** Listens on a free port of loopback until it is disposed. */
export class PostgresRelay implements AsyncDisposable {
  /** Texts of statements, oldest first; the test empties it. */
  readonly statements: string[] = [];
  readonly #listener: Deno.TcpListener;
  readonly #target: number;
  readonly #open = new Set<Deno.TcpConn>();
  readonly #running: Promise<void>;
  #cut: Cut | undefined;

  /** `target` is the port of the server. */
  constructor(target: number) {
    this.#target = target;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#running = this.#run();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  /** Cuts the connection of a coming statement, 1 being the next one. */
  cutAt(number: number, when: CutWhen): void {
    this.#cut = { left: number, when };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const each of this.#open) close(each);
    await this.#running;
  }

  async #run(): Promise<void> {
    const all: Promise<void>[] = [];
    for await (const client of this.#listener) all.push(this.#relay(client).catch(() => {}));
    await Promise.all(all);
  }

  async #relay(client: Deno.TcpConn): Promise<void> {
    this.#open.add(client);
    const server = await Deno.connect({ hostname: "127.0.0.1", port: this.#target });
    this.#open.add(server);
    let isSilent = false;
    const back = (async () => {
      for await (const bytes of chunks(server)) {
        if (isSilent) break;
        await writeAll(client, bytes);
      }
      close(client);
    })().catch(() => {});
    try {
      for await (const { bytes, text } of statementsIn(client)) {
        const when = text === undefined ? undefined : this.#take(text);
        if (when === "before") break;
        isSilent = when === "after";
        await writeAll(server, bytes);
        if (isSilent) await back;
        if (isSilent) break;
      }
    } finally {
      close(client);
      close(server);
      await back;
      this.#open.delete(client);
      this.#open.delete(server);
    }
  }

  /** Counts a statement; returns whether the connection is cut at it. */
  #take(text: string): CutWhen | undefined {
    this.statements.push(text);
    const cut = this.#cut;
    if (cut === undefined || --cut.left > 0) return undefined;
    this.#cut = undefined;
    return cut.when;
  }
}

/** The client's messages, statement by statement; those before the first have no text. */
async function* statementsIn(client: Deno.TcpConn): AsyncGenerator<{ bytes: Uint8Array; text?: string }> {
  let buffer = new Uint8Array();
  let [hasStarted, at] = [false, 0];
  let text: string | undefined;
  for await (const bytes of chunks(client)) {
    buffer = concat(buffer, bytes);
    // `at` is where the next incomplete message begins.
    for (;;) {
      const head = hasStarted ? 1 : 0;
      if (buffer.length < at + head + 4) break;
      const length = head + new DataView(buffer.buffer, buffer.byteOffset + at + head).getUint32(0);
      if (buffer.length < at + length) break;
      const type = hasStarted ? buffer[at] : undefined;
      if (type === SIMPLE_QUERY) text = textAt(buffer, at + 5);
      if (type === PARSE) text = textAt(buffer, buffer.indexOf(0, at + 5) + 1);
      hasStarted = true;
      at += length;
      const isWhole = type === SIMPLE_QUERY || type === SYNC;
      if (type !== undefined && !isWhole && text !== undefined) continue;
      yield { bytes: buffer.slice(0, at), ...(isWhole && text !== undefined ? { text } : {}) };
      buffer = buffer.slice(at);
      at = 0;
      text = undefined;
    }
  }
}

function textAt(buffer: Uint8Array, from: number): string {
  return new TextDecoder().decode(buffer.subarray(from, buffer.indexOf(0, from)));
}

async function* chunks(connection: Deno.TcpConn): AsyncGenerator<Uint8Array> {
  const bytes = new Uint8Array(65_536);
  for (;;) {
    const length = await connection.read(bytes).catch(() => null);
    if (length === null) return;
    yield bytes.slice(0, length);
  }
}

async function writeAll(connection: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

function concat(one: Uint8Array, other: Uint8Array): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(one.length + other.length);
  all.set(one);
  all.set(other, one.length);
  return all;
}

function close(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch {
    // It is already closed.
  }
}
