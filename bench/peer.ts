/** The client's end of a JSON-RPC server on stdio, with minimal work of its own. */

/**
 * Half a second after a start the runtime checks for a newer version of itself, which takes memory in some runs and not
 * in others.
 */
const ENV = { DENO_NO_UPDATE_CHECK: "1" };

/** A started server. */
export class Peer {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #encoder = new TextEncoder();
  readonly #answered = new Map<number, PromiseWithResolvers<number>>();
  readonly #reading: Promise<void>;
  #nextId = 1;

  constructor([command = "", ...args]: readonly string[]) {
    this.#child = new Deno.Command(command, { args, env: ENV, stdin: "piped", stdout: "piped", stderr: "null" })
      .spawn();
    this.#writer = this.#child.stdin.getWriter();
    this.#reading = this.#read();
  }

  /** The process id. */
  get pid(): number {
    return this.#child.pid;
  }

  /** Sends a request and waits for its answer; returns its length in characters. */
  async request(method: string, params: object): Promise<number> {
    const id = this.#nextId++;
    const answer = Promise.withResolvers<number>();
    this.#answered.set(id, answer);
    await this.#writer.write(this.#encoder.encode(`${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`));
    return await answer.promise;
  }

  /** Opens the connection as a 2025-era client. */
  async initialize(): Promise<void> {
    const clientInfo = { name: "bench", version: "1" };
    await this.request("initialize", { protocolVersion: "2025-06-18", capabilities: {}, clientInfo });
    await this.#writer.write(this.#encoder.encode(`{"jsonrpc":"2.0","method":"notifications/initialized"}\n`));
  }

  /** Ends the input and waits for the process. */
  async close(): Promise<void> {
    await this.#writer.close();
    await this.#reading;
    await this.#child.status;
  }

  async #read(): Promise<void> {
    let rest = "";
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#settle(JSON.parse(line).id, line.length);
    }
    for (const { reject } of this.#answered.values()) reject(new Error("The program ended before it answered"));
  }

  #settle(id: number, length: number): void {
    this.#answered.get(id)?.resolve(length);
    this.#answered.delete(id);
  }
}
