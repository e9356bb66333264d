/** A TCP connection to a server that a test can cut, delay, or redirect. */

/** Listens on a free port of loopback and forwards everything, in both directions. */
export class TcpRelay implements AsyncDisposable {
  readonly port: number;
  readonly #listener: Deno.Listener;
  readonly #connections = new Set<Deno.Conn>();
  readonly #running: Promise<void>;
  #target: number;
  #isCut = false;
  #going = Promise.withResolvers<void>();

  private constructor(target: number) {
    this.#target = target;
    this.#going.resolve();
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = (this.#listener.addr as Deno.NetAddr).port;
    this.#running = this.#accept();
  }

  /** One that leads to a port of loopback. */
  static to(target: number): TcpRelay {
    return new TcpRelay(target);
  }

  /** Ends every connection, and each new one at once. */
  cut(): void {
    this.#isCut = true;
    for (const connection of this.#connections) close(connection);
    this.#connections.clear();
  }

  /** Forwards nothing and ends nothing: what is sent meanwhile arrives later. */
  hold(): void {
    this.#going = Promise.withResolvers();
  }

  /** Restores normal operation; what was held back arrives now. */
  mend(): void {
    this.#isCut = false;
    this.#going.resolve();
  }

  /** Redirects from now on; existing connections end. */
  lead(target: number): void {
    this.cut();
    this.#target = target;
    this.mend();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    this.mend();
    this.#listener.close();
    await this.#running;
  }

  async #accept(): Promise<void> {
    for await (const client of this.#listener) {
      if (this.#isCut) {
        close(client);
        continue;
      }
      const server = await Deno.connect({ hostname: "127.0.0.1", port: this.#target }).catch(() => undefined);
      if (server === undefined || this.#isCut) {
        close(client);
        if (server !== undefined) close(server);
        continue;
      }
      for (const connection of [client, server]) this.#connections.add(connection);
      void this.#pass(client, server);
      void this.#pass(server, client);
    }
  }

  async #pass(from: Deno.Conn, to: Deno.Conn): Promise<void> {
    const buffer = new Uint8Array(65_536);
    try {
      for (let length = await from.read(buffer); length !== null; length = await from.read(buffer)) {
        await this.#going.promise;
        for (let sent = 0; sent < length;) sent += await to.write(buffer.subarray(sent, length));
      }
    } catch {
      // It was cut.
    }
    for (const connection of [from, to]) {
      close(connection);
      this.#connections.delete(connection);
    }
  }
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // It is already closed.
  }
}
