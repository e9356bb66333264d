/** Everybody who is connected, and how many may be. */

import { Connection } from "./connection.ts";
import type { ConnectionStart, ConnectionStatus } from "./connection.ts";
import type { End, UnknownConnections } from "./unknown_connections.ts";
import type { RateLimit } from "./rate_limit.ts";

/** Clients that are remembered without a connection. */
const MAX_REMEMBERED = 1_000;

/** Why a client may not connect. */
export type Rejection = "server_full" | "client_full";

/** What a client takes up of a bound; given back once, a second time does nothing. */
export interface Place {
  release(): void;
}

/** Settings of a {@linkcode Registry}. */
export interface RegistryOptions {
  readonly maxConnections: number;
  /** Sockets in all, upgraded or not; more than connections, so that those who are refused can be told. */
  readonly maxSockets: number;
  /** How many connections this identity may have. */
  readonly maxConnectionsOf: (identity: string) => number;
  readonly rateLimit: RateLimit;
  /** Those of whom nothing is known yet; they leave first where there is no room. @default none are told apart */
  readonly unknown?: UnknownConnections;
  /** Wall clock, milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/** All connections of one server. */
export class Registry {
  readonly rateLimit: RateLimit;
  readonly #options: RegistryOptions;
  readonly #connections = new Map<string, Connection>();
  readonly #perClient = new Map<string, number>();
  #requests = 0;
  #sockets = 0;
  #opened = 0;

  constructor(options: RegistryOptions) {
    this.#options = options;
    this.rateLimit = options.rateLimit;
  }

  /** Connections that are open now. */
  get size(): number {
    return this.#connections.size;
  }

  /** All connections that are open now. */
  get connections(): readonly Connection[] {
    return [...this.#connections.values()];
  }

  /**
   * Counts an accepted socket, upgraded or not; `false` when there are more than can even be told so. `end` closes it,
   * where the listener can, so that it can make room while nobody on it is known.
   */
  admitSocket(peer?: End, end?: () => void): Place | false {
    const { maxSockets, unknown } = this.#options;
    if (this.#sockets >= maxSockets && !unknown?.closeOldestIdle()) return false;
    if (peer !== undefined && end !== undefined && unknown?.add(peer, end) === false) return false;
    this.#sockets++;
    return releasedOnce(() => {
      this.#sockets--;
      if (peer !== undefined) unknown?.delete(peer);
    });
  }

  /** Connections of whom nothing is known yet. */
  get unknown(): UnknownConnections | undefined {
    return this.#options.unknown;
  }

  /** Counts a request over HTTP as a connection of its client, until it is answered; or says why it may not run. */
  admitRequest(identity: string): Place | Rejection {
    const { maxConnections, maxConnectionsOf } = this.#options;
    if (this.#connections.size + this.#requests >= maxConnections) return "server_full";
    if ((this.#perClient.get(identity) ?? 0) >= maxConnectionsOf(identity)) return "client_full";
    this.#requests++;
    this.#count(identity, 1);
    return releasedOnce(() => {
      this.#requests--;
      this.#count(identity, -1);
    });
  }

  /**
   * Tells whether one more connection of this identity would be too many; sockets that have not upgraded count too, but for
   * those that would leave.
   */
  reject(identity: string): Rejection | undefined {
    const { maxConnections, maxConnectionsOf } = this.#options;
    const sockets = this.#sockets - (this.#options.unknown?.idle ?? 0);
    if (this.#connections.size >= maxConnections || sockets > maxConnections) return "server_full";
    return (this.#perClient.get(identity) ?? 0) >= maxConnectionsOf(identity) ? "client_full" : undefined;
  }

  /** How many connections this identity may have. */
  maxConnectionsOf(identity: string): number {
    return this.#options.maxConnectionsOf(identity);
  }

  /** Adds a connection. */
  open(start: Omit<ConnectionStart, "id" | "since">): Connection {
    const connection = new Connection({ ...start, id: `c${++this.#opened}`, since: this.#options.now() });
    this.#connections.set(connection.start.id, connection);
    this.#count(start.identity, 1);
    return connection;
  }

  /** Removes a connection; a second time does nothing. */
  close(connection: Connection): void {
    const { id, identity } = connection.start;
    if (this.#connections.delete(id)) this.#count(identity, -1);
  }

  /** The wall clock that connections are dated by. */
  now(): number {
    return this.#options.now();
  }

  /** Everybody as operators see them, longest connected first. */
  status(): ConnectionStatus[] {
    return this.connections.map((connection) => connection.status(this.rateLimit.use(connection.start.identity)));
  }

  #count(identity: string, change: 1 | -1): void {
    const count = (this.#perClient.get(identity) ?? 0) + change;
    // A client that asks one thing after the other would come and go with each.
    if (count === 0 && this.#perClient.size > MAX_REMEMBERED) this.#perClient.delete(identity);
    else this.#perClient.set(identity, count);
  }
}

function releasedOnce(release: () => void): Place {
  let isTaken = true;
  return {
    release() {
      if (isTaken) release();
      isTaken = false;
    },
  };
}
