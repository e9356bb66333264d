/** The server's own certificate, from the configured files. */

import type { Config } from "../../config/server_settings.ts";
import { expiryOf, loadTls } from "../../transport/listeners/tls.ts";
import type { LoadedTls } from "../../transport/listeners/tls.ts";
import type { World } from "../../world.ts";

/** Reads the files; `undefined` when none are configured. */
export async function readCertificate(
  { sslCert, sslKey, sslClientCa }: Config,
  { now }: Pick<World, "now">,
): Promise<LoadedTls | undefined> {
  if (sslCert === undefined || sslKey === undefined) return undefined;
  return await loadTls({
    certPath: sslCert,
    keyPath: sslKey,
    ...(sslClientCa === undefined ? {} : { clientAuthoritiesPath: sslClientCa }),
    now,
  });
}

/** When it expires, in wall clock milliseconds; `null` when there is none, or that is unknown. */
export function certificateExpiry(tls: LoadedTls | undefined): number | null {
  return tls?.ok ? expiryOf(tls.files) ?? null : null;
}
