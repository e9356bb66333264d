/** All connected clients, and the limits on their number. */

import { Connection } from "./connection.ts";
import type { ConnectionStart, ConnectionStatus } from "./connection.ts";
import type { End, UnknownConnections } from "./unknown_connections.ts";
import type { RateLimit } from "./rate_limit.ts";

/** The most identities without a connection that are remembered. */
const MAX_REMEMBERED = 1_000;

/** Why a client may not connect. */
export type Rejection = "server_full" | "client_full";

/** A client's share of a limit; release it once, further calls have no effect. */
export interface Place {
  release(): void;
}

/** Settings of a {@linkcode Registry}. */
export interface RegistryOptions {
  readonly maxConnections: number;
  /** Sockets in all, upgraded or not; more than connections, so that rejected clients can still be answered. */
  readonly maxSockets: number;
  /** The most connections of an identity. */
  readonly maxConnectionsOf: (identity: string) => number;
  readonly rateLimit: RateLimit;
  /**
   * Connections that are not identified yet; they are closed first when room is needed.
   *
   * @default not tracked
   */
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

  /** The number of open connections. */
  get size(): number {
    return this.#connections.size;
  }

  /** All open connections. */
  get connections(): readonly Connection[] {
    return [...this.#connections.values()];
  }

  /**
   * Counts an accepted socket, upgraded or not; `false` when there is no room even for a rejection. `end` closes it, if
   * the listener can, to make room while it is not identified.
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

  /** Connections that are not identified yet. */
  get unknown(): UnknownConnections | undefined {
    return this.#options.unknown;
  }

  /** Counts an HTTP request as a connection of its client until it is answered; or returns why it may not run. */
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
   * Tells whether one more connection of this identity would exceed a limit; sockets that have not upgraded count too,
   * except those that would make room.
   */
  reject(identity: string): Rejection | undefined {
    const { maxConnections, maxConnectionsOf } = this.#options;
    const sockets = this.#sockets - (this.#options.unknown?.idle ?? 0);
    if (this.#connections.size >= maxConnections || sockets > maxConnections) return "server_full";
    return (this.#perClient.get(identity) ?? 0) >= maxConnectionsOf(identity) ? "client_full" : undefined;
  }

  /** The most connections of this identity. */
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

  /** Removes a connection; further calls have no effect. */
  close(connection: Connection): void {
    const { id, identity } = connection.start;
    if (this.#connections.delete(id)) this.#count(identity, -1);
  }

  /** The wall clock that connections are dated by. */
  now(): number {
    return this.#options.now();
  }

  /** All connections for operators, the longest connected first. */
  status(): ConnectionStatus[] {
    return this.connections.map((connection) => connection.status(this.rateLimit.use(connection.start.identity)));
  }

  #count(identity: string, change: 1 | -1): void {
    const count = (this.#perClient.get(identity) ?? 0) + change;
    // A client that makes requests one by one would otherwise come and go with each.
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
