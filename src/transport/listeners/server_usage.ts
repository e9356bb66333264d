/** Whether a certificate may be a server's. To be imported lazily: nothing else of a server's start needs the certificate library. */

import "reflect-metadata"; // The certificate library asks for it, and for being second.
import { ExtendedKeyUsage, ExtendedKeyUsageExtension, X509Certificate } from "@peculiar/x509";

/** Any purpose at all (RFC 5280, section 4.2.1.12). */
const ANY_USAGE = "2.5.29.37.0";

/** Whether clients take it for a server's: without a stated use it may be anybody's. */
export function isForServers(der: Uint8Array): boolean {
  const usages = new X509Certificate(new Uint8Array(der)).getExtension(ExtendedKeyUsageExtension)?.usages;
  return usages === undefined || usages.some((usage) => usage === ExtendedKeyUsage.serverAuth || usage === ANY_USAGE);
}
