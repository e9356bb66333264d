/**
 * What a listener is: it accepts connections, speaks TLS, HTTP and the framing of WebSocket, and hands requests and
 * sockets to an application. There are two, `native.ts` and `hardened.ts`, with one behaviour; nothing above them knows
 * which one it is.
 */

import type { Awaitable } from "../../timing/awaitable.ts";
import type { HttpRequest } from "./http_request.ts";

/** The other end of a connection. */
export interface Peer {
  /** IP address, IPv6 without brackets or zone. */
  readonly address: string;
  readonly port: number;
  /** DER of the client's certificate, accepted; present exactly where the listener asks for one. */
  readonly certificate?: Uint8Array;
}

/** A WebSocket that is open. */
export interface Socket {
  /** Sends one text frame; dropped in silence when the socket is no longer open. */
  send(text: string): void;
  /** Starts the closing handshake; `code` as in RFC 6455, `reason` at most 123 bytes. */
  close(code: number, reason: string): void;
  /** The same to a peer that sends too much: nothing more of it is read, also where it does not answer. */
  cut(code: number, reason: string): void;
  /** Ends the connection at once, also when the peer reads nothing; on the native listener as far as the runtime can. */
  terminate(): void;
  /** Bytes that wait for the peer to read. */
  readonly bufferedAmount: number;
}

/** What the application does with a socket's events; each is called from the listener, never after `closed`. */
export interface SocketHandler {
  text(data: string): void;
  binary(): void;
  /** The peer sent a ping or a pong, which the listener has dealt with; the native listener does not tell. */
  control?(): void;
  /** The socket is gone, whoever ended it; called once. */
  closed(code: number, reason: string): void;
}

/** Accepts an upgrade. */
export interface Acceptance {
  /** The subprotocol to echo; only one that the client offered. */
  readonly protocol?: string;
  /** Called when the socket is open. */
  open(socket: Socket): SocketHandler;
}

/** What a listener serves; bodies are bounded by whoever reads them. */
export interface Application {
  fetch(request: HttpRequest, peer: Peer): Awaitable<Response>;
  /** Decides about a request to upgrade to WebSocket: a response refuses it. */
  upgrade(request: HttpRequest, peer: Peer): Promise<Response | Acceptance>;
  /**
   * A connection was accepted, before TLS and any byte; `false` turns it away. `release` is called when it has ended. `end`
   * closes it; the native listener, which shows requests instead of connections, has none.
   */
  admit(peer: Peer, end?: () => void): { readonly release: () => void } | false;
}

/** A certificate chain and its key, both as PEM. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

/** What a listener speaks TLS with. */
export interface TlsSettings extends TlsFiles {
  /**
   * Certificates of authorities, as PEM: nobody connects without a certificate that one of them signed. For the hardened
   * listener, which then needs {@linkcode ListenOptions.isCertificateAccepted}.
   */
  readonly clientAuthorities?: string;
}

/** How a listener listens. */
export interface ListenOptions {
  readonly hostname: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly tls?: TlsSettings;
  /**
   * Whether a client may connect whose certificate, as DER, an authority signed. Asked at every connection, since one that
   * resumes an older TLS session is not checked by the runtime again, not even for its time.
   */
  readonly isCertificateAccepted?: (certificate: Uint8Array) => boolean;
  /** Largest WebSocket message in bytes, joined from fragments; a larger one closes with 1009. */
  readonly maxMessageSize: number;
  /** Between pings on a WebSocket; a peer that does not answer is gone within two intervals. */
  readonly pingIntervalMs: number;
  /** For a request's headers, and for the TLS handshake; looked at once a second. @default 8_500 */
  readonly headersTimeoutMs?: number;
  /** For a request from its first byte to the last of its body; looked at once a second. @default 8_500 */
  readonly requestTimeoutMs?: number;
}

/** A listener at work. */
export interface RunningListener {
  readonly hostname: string;
  readonly port: number;
  /**
   * Uses other certificate files for new connections; throws where the listener cannot. Authorities of clients can be
   * replaced, but neither added nor left out.
   */
  reload(tls: TlsSettings): void;
  /** Accepts nothing more; open sockets go on. */
  stopAccepting(): void;
  /** Ends what is still open, at once, and waits for it. */
  close(): Promise<void>;
}

/** Starts a listener. Rejects with an error of code `EADDRINUSE`, `EACCES` or `EADDRNOTAVAIL` when the address is not available. */
export type Listen = (application: Application, options: ListenOptions) => Promise<RunningListener>;
