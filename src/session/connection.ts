/** One connected client: its identity, its start, and its activity so far. */

/** The transport of a client's messages. */
export type Carrier = "stdio" | "websocket" | "http";

/** The protocol revisions that a client speaks. */
export type ConnectionEra = "legacy" | "modern";

/** What is known of a connection when it opens. */
export interface ConnectionStart {
  readonly id: string;
  /** The owner of the limits that it uses; several connections may share one. */
  readonly identity: string;
  readonly address: string;
  readonly carrier: Carrier;
  /** Wall clock, milliseconds since the Unix epoch. */
  readonly since: number;
}

/** A connection as shown to operators. */
export interface ConnectionStatus {
  readonly id: string;
  readonly identity: string;
  readonly address: string;
  readonly transport: Carrier;
  readonly client: string | null;
  readonly version: string | null;
  readonly era: ConnectionEra | null;
  readonly since: string;
  readonly last_seen: string;
  readonly calls: number;
  readonly errors: number;
  readonly refusals: number;
  readonly bytes_in: number;
  readonly bytes_out: number;
  readonly in_flight: number;
  readonly rate_limit_use: number;
}

/** Client names are chosen by clients and shown to operators, so they are kept short and plain. */
const MAX_NAME = 64;

/** A connected client. */
export class Connection {
  readonly start: ConnectionStart;
  /**
   * The public id of its session, unique over all servers: 16 hexadecimal digits. Changes when it resumes another
   * session.
   */
  sessionId: string = crypto.getRandomValues(new Uint8Array(8)).toHex();
  /** Whether the session began on another connection. */
  isResumed = false;
  calls = 0;
  errors = 0;
  refusals = 0;
  bytesIn = 0;
  bytesOut = 0;
  inFlight = 0;
  lastSeen: number;
  #client: string | null = null;
  #version: string | null = null;
  #era: ConnectionEra | null = null;

  constructor(start: ConnectionStart) {
    this.start = start;
    this.lastSeen = start.since;
  }

  /** Records what the client says about itself. */
  introduce(info: { readonly name?: unknown; readonly version?: unknown }, era: ConnectionEra): void {
    this.#client = shortName(info.name) ?? this.#client;
    this.#version = shortName(info.version) ?? this.#version;
    this.#era = era;
  }

  /** The client's name for itself. */
  get client(): string | null {
    return this.#client;
  }

  /** The connection for operators; `use` is the used share of the rate limit. */
  status(use: number): ConnectionStatus {
    const { id, identity, address, carrier, since } = this.start;
    return {
      id,
      identity,
      address,
      transport: carrier,
      client: this.#client,
      version: this.#version,
      era: this.#era,
      since: new Date(since).toISOString(),
      last_seen: new Date(this.lastSeen).toISOString(),
      calls: this.calls,
      errors: this.errors,
      refusals: this.refusals,
      bytes_in: this.bytesIn,
      bytes_out: this.bytesOut,
      in_flight: this.inFlight,
      rate_limit_use: Number(use.toFixed(3)),
    };
  }
}

/** A name as shown to operators; `null` when there is none. */
export function shortName(value: unknown): string | null {
  if (typeof value !== "string") return null;
  return value.replace(/[^\x20-\x7e]+/g, " ").slice(0, MAX_NAME);
}
