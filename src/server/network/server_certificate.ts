/** The server's own certificate, from the files that the settings name. */

import type { Config } from "../../config/server_settings.ts";
import { expiryOf, loadTls } from "../../transport/listeners/tls.ts";
import type { LoadedTls } from "../../transport/listeners/tls.ts";
import type { World } from "../../world.ts";

/** Reads the files; `undefined` where the settings name none. */
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

/** When it expires, wall milliseconds; `null` where there is none, or nothing tells. */
export function certificateExpiry(tls: LoadedTls | undefined): number | null {
  return tls?.ok ? expiryOf(tls.files) ?? null : null;
}
