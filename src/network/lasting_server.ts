/**
 * A server that outlives a want of file descriptors: where no connection can be accepted, the
 * runtime gives the whole server up, and a rejection that nobody hears ends the process.
 */

import { getLogger } from "../logging/logger.ts";

const log = getLogger(["luno-mcp-server", "listener"]);

/** How long after a failure the server is started again, in milliseconds. */
const REVIVAL_MS = 200;

/** Where a {@linkcode LastingServer} listens, and until when. */
export interface LastingOptions {
  readonly hostname: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** PEM; without it the server speaks no TLS. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  /** Ends it at once, connections included. */
  readonly signal: AbortSignal;
}

/** Serves until it is shut down or its signal aborts. */
export class LastingServer {
  /** Where it listens; the same after every failure. */
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

  /** Resolves when it serves no more. */
  get finished(): Promise<void> {
    return this.#over.promise;
  }

  /** Lets requests that run be answered, and takes no others. */
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
