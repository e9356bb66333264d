/**
 * The interface of listeners: they accept connections, handle TLS, HTTP and WebSocket framing, and pass requests and
 * sockets to an application. There are two, `native.ts` and `hardened.ts`, with the same behaviour; nothing above them
 * knows which one is in use.
 */

import type { Awaitable } from "../../timing/awaitable.ts";
import type { HttpRequest } from "./http_request.ts";
import type { HttpAnswer } from "./whole_answer.ts";

/** The remote end of a connection. */
export interface Peer {
  /** IP address, IPv6 without brackets or zone. */
  readonly address: string;
  readonly port: number;
  /** DER of the accepted client certificate; present exactly when the listener requires one. */
  readonly certificate?: Uint8Array;
}

/** An open WebSocket. */
export interface Socket {
  /** Sends one text frame; silently dropped when the socket is no longer open. */
  send(text: string): void;
  /** Starts the closing handshake; `code` as in RFC 6455, `reason` at most 123 bytes. */
  close(code: number, reason: string): void;
  /** Closes the socket of a peer that sends too much: nothing more of it is read, even if it does not answer. */
  cut(code: number, reason: string): void;
  /**
   * Ends the connection at once, even when the peer does not read; on the native listener as far as the runtime can.
   */
  terminate(): void;
  /** Bytes that the peer has not read yet. */
  readonly bufferedAmount: number;
}

/** The application's handlers of a socket's events; called by the listener, never after `closed`. */
export interface SocketHandler {
  text(data: string): void;
  binary(): void;
  /** The peer sent a ping or a pong, which the listener has handled; the native listener does not report them. */
  control?(): void;
  /** The socket is closed, from either side; called once. */
  closed(code: number, reason: string): void;
}

/** Accepts an upgrade. */
export interface Acceptance {
  /** The subprotocol to select, which must be one that the client offered. */
  readonly protocol?: string;
  /** Called when the socket is open. */
  open(socket: Socket): SocketHandler;
}

/** What a listener serves; the application limits bodies. */
export interface Application {
  fetch(request: HttpRequest, peer: Peer): Awaitable<HttpAnswer>;
  /** Decides on a request to upgrade to WebSocket: a response rejects it. */
  upgrade(request: HttpRequest, peer: Peer): Promise<Response | Acceptance>;
  /**
   * A connection was accepted, before TLS and any byte; `false` closes it. `release` is called when it has ended. `end`
   * closes it; absent on the native listener, which reports requests instead of connections.
   */
  admit(peer: Peer, end?: () => void): { readonly release: () => void } | false;
}

/** A certificate chain and its key, in PEM. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

/** The TLS settings of a listener. */
export interface TlsSettings extends TlsFiles {
  /**
   * Certificates of authorities, in PEM: clients must have a certificate that one of them signed. For the hardened
   * listener, which then requires {@linkcode ListenOptions.isCertificateAccepted}.
   */
  readonly clientAuthorities?: string;
}

/** Settings of a listener. */
export interface ListenOptions {
  readonly hostname: string;
  /** 0 picks a free port. */
  readonly port: number;
  readonly tls?: TlsSettings;
  /**
   * Whether a client with this DER certificate, which an authority signed, may connect. Called for every connection,
   * because the runtime does not verify a resumed TLS session again, not even its validity period.
   */
  readonly isCertificateAccepted?: (certificate: Uint8Array) => boolean;
  /** Largest WebSocket message in bytes, joined from fragments; a larger one closes with 1009. */
  readonly maxMessageSize: number;
  /** Interval of pings on a WebSocket; a peer that does not answer is disconnected within two intervals. */
  readonly pingIntervalMs: number;
  /**
   * Time limit of a request's headers, and of the TLS handshake; checked once a second.
   *
   * @default 8_500
   */
  readonly headersTimeoutMs?: number;
  /**
   * Time limit of a request, from its first byte to the last of its body; checked once a second.
   *
   * @default 8_500
   */
  readonly requestTimeoutMs?: number;
}

/** A running listener. */
export interface RunningListener {
  readonly hostname: string;
  readonly port: number;
  /**
   * Uses other certificate files for new connections; throws if the listener cannot. Client authorities can be
   * replaced, but neither added nor removed.
   */
  reload(tls: TlsSettings): void;
  /** Accepts no more connections; open sockets stay open. */
  stopAccepting(): void;
  /** Ends open connections at once, and waits for that. */
  close(): Promise<void>;
}

/**
 * Starts a listener. Rejects with an error of code `EADDRINUSE`, `EACCES` or `EADDRNOTAVAIL` when the address cannot be
 * used.
 */
export type Listen = (application: Application, options: ListenOptions) => Promise<RunningListener>;
