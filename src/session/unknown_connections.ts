/**
 * Connections that have been accepted and on which nobody has shown yet who they are: few for each address, and where
 * there is no room the one goes first that has asked nothing for longest. Connections over HTTP of a known client count for
 * no address, but one that asks nothing makes room too where the whole server is full.
 */

import { addressKey, isLoopbackAddress } from "../network/address.ts";

/** Of one address, for IPv6 of one network of 64 bits. */
const MAX_PER_ADDRESS = 32;

/** How long a connection from this machine has to ask, as many clients here may start at once. */
const LOCAL_GRACE_MS = 1_000;

/** The other end of a connection. */
export interface End {
  readonly address: string;
  readonly port: number;
}

interface Unknown {
  /** Whom it counts for; `undefined` for a proxy that has not said yet for whom it asks. */
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
  /** Whether an address is a proxy's that the operator named. */
  readonly isProxy?: (address: string) => boolean;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** All of them, the oldest first. */
export class UnknownConnections {
  readonly #options: UnknownConnectionsOptions;
  readonly #connections = new Map<string, Unknown>();

  constructor(options: UnknownConnectionsOptions) {
    this.#options = options;
  }

  /** Connections that ask nothing. */
  get idle(): number {
    let count = 0;
    for (const { requests } of this.#connections.values()) if (requests === 0) count++;
    return count;
  }

  /** A connection was accepted; `end` closes it. Answers whether there is room for it. */
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

  /** A request came on a connection. */
  begin(peer: End): void {
    const connection = this.#find(peer);
    if (connection !== undefined) connection.requests++;
  }

  /** A request was answered. */
  answered(peer: End): void {
    const connection = this.#find(peer);
    if (connection === undefined) return;
    connection.requests--;
    if (!connection.isKnown) return;
    const name = nameOf(peer);
    this.#connections.delete(name); // To the end, as it has just asked.
    this.#connections.set(name, connection);
  }

  /** Its client is known now. */
  identified(peer: End): void {
    const connection = this.#find(peer);
    if (connection === undefined) return;
    connection.isKnown = true;
    connection.owner = undefined;
  }

  /** A request was refused that came from `address`, which the peer may have asked for as a proxy. */
  refused(peer: End, address: string): void {
    const connection = this.#connections.get(nameOf(peer));
    if (connection === undefined || connection.isKnown || connection.owner !== undefined) return;
    const owner = addressKey(address);
    this.#hasRoom(owner, 0);
    connection.owner = owner;
  }

  /** It is a WebSocket now, or has ended. */
  delete(peer: End): void {
    this.#connections.delete(nameOf(peer));
  }

  /** Closes the connection that has asked nothing for longest, of a known client last; answers whether there was one. */
  closeOldestIdle(): boolean {
    return this.#closeFirst(({ requests, isKnown }) => requests === 0 && !isKnown) ||
      this.#closeFirst(({ requests }) => requests === 0);
  }

  /** None is known where the listener shows requests instead of connections. */
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
