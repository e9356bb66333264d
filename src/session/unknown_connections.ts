/**
 * Bounds connections that were accepted but not identified yet: few per address, and when there is no room, the one is
 * closed that has been idle longest. HTTP connections of known clients count for no address, but idle ones are closed
 * too when the whole server is full.
 */

import { addressKey, isLoopbackAddress } from "../network/address.ts";

/** Per address; for IPv6 per /64 network. */
const MAX_PER_ADDRESS = 32;

/** How long a connection from this machine may stay idle at first, as many local clients may start at once. */
const LOCAL_GRACE_MS = 1_000;

/** The remote end of a connection. */
export interface End {
  readonly address: string;
  readonly port: number;
}

interface Unknown {
  /** The address that it counts for; `undefined` for a proxy that has not named the client yet. */
  owner: string | undefined;
  isKnown: boolean;
  /** Requests that are being answered. */
  requests: number;
  readonly sinceMs: number;
  readonly graceMs: number;
  readonly end: () => void;
}

/** Settings of {@linkcode UnknownConnections}. */
export interface UnknownConnectionsOptions {
  /** Whether an address belongs to a trusted proxy. */
  readonly isProxy?: (address: string) => boolean;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** All unidentified connections, the oldest first. */
export class UnknownConnections {
  readonly #options: UnknownConnectionsOptions;
  readonly #connections = new Map<string, Unknown>();

  constructor(options: UnknownConnectionsOptions) {
    this.#options = options;
  }

  /** Idle connections. */
  get idle(): number {
    let count = 0;
    for (const { requests } of this.#connections.values()) if (requests === 0) count++;
    return count;
  }

  /** Adds an accepted connection; `end` closes it. Returns whether there is room for it. */
  add(peer: End, end: () => void): boolean {
    const isProxy = this.#options.isProxy?.(peer.address) ?? false;
    const owner = isProxy ? undefined : addressKey(peer.address);
    const graceMs = isLoopbackAddress(peer.address) ? LOCAL_GRACE_MS : 0;
    if (!this.#hasRoom(owner, graceMs)) return false;
    this.#connections.set(nameOf(peer), {
      owner,
      isKnown: false,
      requests: 0,
      sinceMs: this.#options.now(),
      graceMs,
      end,
    });
    return true;
  }

  /** A request arrived; returns whether its connection is one of these, so that {@linkcode answered} must be called. */
  begin(peer: End): boolean {
    const connection = this.#find(peer);
    if (connection === undefined) return false;
    connection.requests++;
    return true;
  }

  /** A request was answered. */
  answered(peer: End): void {
    const connection = this.#find(peer);
    if (connection === undefined) return;
    connection.requests--;
    if (!connection.isKnown) return;
    const name = nameOf(peer);
    this.#connections.delete(name); // Moves it to the end, as it was active just now.
    this.#connections.set(name, connection);
  }

  /** The client was identified. */
  identified(peer: End): void {
    const connection = this.#find(peer);
    if (connection === undefined) return;
    connection.isKnown = true;
    connection.owner = undefined;
  }

  /** A request from `address` was rejected; the peer may be its proxy. */
  refused(peer: End, address: string): void {
    const connection = this.#connections.get(nameOf(peer));
    if (connection === undefined || connection.isKnown || connection.owner !== undefined) return;
    const owner = addressKey(address);
    this.#hasRoom(owner, 0);
    connection.owner = owner;
  }

  /** The connection became a WebSocket, or has ended. */
  delete(peer: End): void {
    if (this.#connections.size > 0) this.#connections.delete(nameOf(peer));
  }

  /** Closes the connection that has been idle longest, identified ones last; returns whether there was one. */
  closeOldestIdle(): boolean {
    return this.#closeFirst(({ requests, isKnown }) => requests === 0 && !isKnown) ||
      this.#closeFirst(({ requests }) => requests === 0);
  }

  /** Unknown when the listener reports requests instead of connections. */
  #find(peer: End): Unknown | undefined {
    return this.#connections.size === 0 ? undefined : this.#connections.get(nameOf(peer));
  }

  #hasRoom(owner: string | undefined, graceMs: number): boolean {
    if (owner === undefined) return true;
    const own = [...this.#connections.values()].filter((each) => each.owner === owner);
    if (own.length < MAX_PER_ADDRESS) return true;
    const before = this.#options.now() - graceMs;
    return this.#closeFirst((each) => each.owner === owner && each.requests === 0 && each.sinceMs <= before) ||
      graceMs > 0;
  }

  #closeFirst(isMeant: (connection: Unknown) => boolean): boolean {
    for (const [name, connection] of this.#connections) {
      if (!isMeant(connection)) continue;
      this.#connections.delete(name);
      connection.end();
      return true;
    }
    return false;
  }
}

function nameOf({ address, port }: End): string {
  return `${address} ${port}`;
}
