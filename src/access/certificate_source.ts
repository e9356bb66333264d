/** Client certificates as a source of identities. */

import { ALL_SCOPES } from "./scopes.ts";
import type { SourceVerdict } from "./authenticator.ts";
import type { ClientCertificate } from "./client_certificate.ts";
import type { DenyList } from "./deny_list.ts";

/** Settings of a {@linkcode CertificateSource}. */
export interface CertificateSourceOptions {
  /** `readClientCertificate`: it comes with the certificate library, which nothing else loads. */
  readonly read: (der: Uint8Array, options: { now: number }) => ClientCertificate;
  readonly denied: DenyList;
  /** Wall clock, milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/** Authenticates a connection that was opened with a certificate of the authorities that is not on the deny list. */
export class CertificateSource {
  readonly #options: CertificateSourceOptions;
  #denied: DenyList;
  /** By the certificate of a connection, which is one object for as long as that lives. */
  readonly #verdicts = new WeakMap<Uint8Array, ClientCertificate>();

  constructor(options: CertificateSourceOptions) {
    this.#options = options;
    this.#denied = options.denied;
  }

  /** Takes another deny list from now on, also for what is open. */
  deny(denied: DenyList): void {
    this.#denied = denied;
  }

  /** Checks a certificate as DER, whose signature the listener has checked. */
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
