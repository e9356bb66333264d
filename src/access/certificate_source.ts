/** Authentication by client certificate. */

import { ALL_SCOPES } from "./scopes.ts";
import type { SourceVerdict } from "./authenticator.ts";
import type { ClientCertificate } from "./client_certificate.ts";
import type { DenyList } from "./deny_list.ts";

/** Settings of a {@linkcode CertificateSource}. */
export interface CertificateSourceOptions {
  /** `readClientCertificate`, passed in because it loads the certificate library, which nothing else needs. */
  readonly read: (der: Uint8Array, options: { now: number }) => ClientCertificate;
  readonly denied: DenyList;
  /** Wall clock, milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/**
 * Authenticates connections by a client certificate that one of the authorities signed and that is not on the deny
 * list.
 */
export class CertificateSource {
  readonly #options: CertificateSourceOptions;
  #denied: DenyList;
  /** Results by the certificate of a connection, which is one object for the lifetime of the connection. */
  readonly #verdicts = new WeakMap<Uint8Array, ClientCertificate>();

  constructor(options: CertificateSourceOptions) {
    this.#options = options;
    this.#denied = options.denied;
  }

  /** Replaces the deny list, also for connections that are open. */
  deny(denied: DenyList): void {
    this.#denied = denied;
  }

  /** Checks a DER certificate whose signature the listener has verified. */
  verify(der: Uint8Array): SourceVerdict {
    const certificate = this.#verdicts.get(der) ?? this.#options.read(der, { now: this.#options.now() });
    this.#verdicts.set(der, certificate);
    if (!certificate.ok) return certificate;
    if (this.#denied.has(certificate)) return { ok: false, reason: "denied" };
    return {
      ok: true,
      credential: {
        identity: certificate.identity,
        source: "certificate",
        scopes: ALL_SCOPES,
        expiresAt: certificate.notAfter,
        isRevoked: () => this.#denied.has(certificate),
      },
    };
  }
}
