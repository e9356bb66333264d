/**
 * A server that survives running out of file descriptors: when no connection can be accepted, the runtime abandons the
 * whole server, and the rejection that nothing handles ends the process.
 */

import { getLogger } from "../logging/logger.ts";

const log = getLogger(["luno-mcp-server", "listener"]);

/** How long after such a failure the server is restarted, in milliseconds. */
const REVIVAL_MS = 200;

/** Where a {@linkcode LastingServer} listens, and what ends it. */
export interface LastingOptions {
  readonly hostname: string;
  /** 0 picks a free port. */
  readonly port: number;
  /** PEM; without it the server speaks plain HTTP. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  /** Ends the server and its connections at once. */
  readonly signal: AbortSignal;
}

/** Serves until shut down or aborted. */
export class LastingServer {
  /** The address it listens on; the same after every restart. */
  readonly addr: Deno.NetAddr;
  readonly #options: LastingOptions;
  readonly #handler: Deno.ServeHandler<Deno.NetAddr>;
  readonly #over = Promise.withResolvers<void>();
  #server: Deno.HttpServer<Deno.NetAddr>;
  #revival: ReturnType<typeof setTimeout> | undefined;
  #isClosing = false;

  /** @throws {Error} with the code `EADDRINUSE` when the port is taken */
  constructor(options: LastingOptions, handler: Deno.ServeHandler<Deno.NetAddr>) {
    this.#options = options;
    this.#handler = handler;
    this.#server = this.#serve(options.port);
    this.addr = this.#server.addr;
    const { signal } = options;
    signal.addEventListener("abort", () => this.#revival !== undefined && this.#end(), { once: true });
  }

  /** Resolves when the server has ended. */
  get finished(): Promise<void> {
    return this.#over.promise;
  }

  /** Lets running requests finish, and accepts no new ones. */
  async shutdown(): Promise<void> {
    this.#isClosing = true;
    if (this.#revival === undefined) await this.#server.shutdown();
    this.#end();
  }

  #serve(port: number): Deno.HttpServer<Deno.NetAddr> {
    const { hostname, tls, signal } = this.#options;
    const server = Deno.serve({ hostname, port, ...tls, signal, onListen() {} }, this.#handler);
    server.finished.then(() => this.#end(), (error) => this.#revive(error));
    return server;
  }

  #revive(error: unknown): void {
    if (this.#isClosing || this.#options.signal.aborted) return this.#end();
    log.error("listener failed; restarting it", { error });
    this.#revival = setTimeout(() => {
      this.#revival = undefined;
      try {
        this.#server = this.#serve(this.addr.port);
      } catch (error) {
        this.#revive(error);
      }
    }, REVIVAL_MS);
  }

  #end(): void {
    clearTimeout(this.#revival);
    this.#revival = undefined;
    this.#over.resolve();
  }
}
