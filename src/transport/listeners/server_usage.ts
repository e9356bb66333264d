/**
 * Whether a certificate may be used by a server. Import this file lazily: nothing else in a start needs the certificate
 * library.
 */

import "reflect-metadata"; // The certificate library requires this import, before its own.
import { ExtendedKeyUsage, ExtendedKeyUsageExtension, X509Certificate } from "@peculiar/x509";

/** The usage "any purpose" (RFC 5280, section 4.2.1.12). */
const ANY_USAGE = "2.5.29.37.0";

/** Whether clients accept it as a server's: without a stated usage it may have any. */
export function isForServers(der: Uint8Array): boolean {
  const usages = new X509Certificate(new Uint8Array(der)).getExtension(ExtendedKeyUsageExtension)?.usages;
  return usages === undefined || usages.some((usage) => usage === ExtendedKeyUsage.serverAuth || usage === ANY_USAGE);
}
