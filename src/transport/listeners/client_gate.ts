/**
 * Admits connections when client certificates are required. The runtime verifies signatures, but accepts resumed TLS
 * sessions permanently, whatever the present authorities; the application checks everything else about a certificate.
 */

import type { Socket as TcpSocket } from "node:net";
import type { TLSSocket } from "node:tls";
import { getLogger } from "../../logging/logger.ts";
import type { ListenOptions } from "./listener.ts";
import { authoritiesOf } from "./tls.ts";

const log = getLogger(["luno-mcp-server", "listener"]);

/** Certificates known to be signed by the present authorities; others must perform a full handshake. */
const MAX_VERIFIED = 10_000;

/** The certificates of admitted clients, by connection. */
const certificates = new WeakMap<TcpSocket, Uint8Array>();

/** The DER certificate of an admitted connection. */
export function certificateOf(connection: TcpSocket): Uint8Array | undefined {
  return certificates.get(connection);
}

/** Admits only connections with a certificate that the present authorities signed and the application accepts. */
export class ClientGate {
  readonly #accepts: (certificate: Uint8Array) => boolean;
  #authorities: string;
  /** Fingerprints, the latest last. */
  readonly #verified = new Set<string>();
  readonly #admitted = new Set<TcpSocket>();
  /** Connections in their TLS handshake, by their remote end. */
  readonly #handshakes = new Map<string, TcpSocket>();

  private constructor(authorities: string, accepts: (certificate: Uint8Array) => boolean) {
    this.#authorities = authorities;
    this.#accepts = accepts;
  }

  /** The gate, if client certificates are required. */
  static of({ tls, isCertificateAccepted }: ListenOptions): ClientGate | undefined {
    if (tls?.clientAuthorities === undefined || isCertificateAccepted === undefined) return undefined;
    return new ClientGate(tls.clientAuthorities, isCertificateAccepted);
  }

  /** A connection was accepted and begins its handshake. */
  begin(connection: TcpSocket): void {
    const end = endOf(connection);
    this.#handshakes.set(end, connection);
    connection.once("close", () => {
      if (this.#handshakes.get(end) === connection) this.#handshakes.delete(end);
    });
  }

  /** A handshake has succeeded; the connection is destroyed unless the client is admitted. */
  finish(connection: TLSSocket): void {
    this.#handshakes.delete(endOf(connection));
    const certificate = this.#accept(connection);
    if (certificate === undefined) return void connection.destroy();
    certificates.set(connection, certificate);
    this.#admitted.add(connection);
    connection.once("close", () => this.#admitted.delete(connection));
  }

  /**
   * Sessions resumed under the old authorities, and handshakes in progress, are not admitted. When an old authority was
   * removed, it is unknown who was authenticated by it, so all clients must reconnect.
   */
  replaceAuthorities(authorities: string): void {
    if (authorities === this.#authorities) return;
    const kept = new Set(authoritiesOf(authorities));
    const isOneGone = authoritiesOf(this.#authorities).some((authority) => !kept.has(authority));
    this.#authorities = authorities;
    this.#verified.clear();
    const suspects = [...this.#handshakes.values(), ...(isOneGone ? this.#admitted : [])];
    for (const connection of suspects) connection.destroy();
    log.info("client certificate authorities changed", { disconnected: suspects.length });
  }

  #accept(connection: TLSSocket): Uint8Array | undefined {
    const certificate = connection.authorized ? connection.getPeerX509Certificate() : undefined;
    if (certificate === undefined) return undefined;
    const { fingerprint256: fingerprint } = certificate;
    // All servers of a process share the keys of session tickets, which remain valid with other authorities.
    if (connection.isSessionReused() && !this.#verified.has(fingerprint)) return undefined;
    this.#remember(fingerprint);
    const der = new Uint8Array(certificate.raw);
    try {
      return this.#accepts(der) ? der : undefined;
    } catch (error) {
      log.error("internal error", { during: "certificate check", error });
      return undefined;
    }
  }

  #remember(fingerprint: string): void {
    this.#verified.delete(fingerprint);
    this.#verified.add(fingerprint);
    if (this.#verified.size <= MAX_VERIFIED) return;
    for (const oldest of this.#verified) {
      this.#verified.delete(oldest);
      break;
    }
  }
}

function endOf({ remoteAddress, remotePort }: TcpSocket): string {
  return `${remoteAddress} ${remotePort}`;
}
