/** Warnings about missing protections, for a server's start and status. */

import { isLoopback } from "../../network/address.ts";
import type { LoadedConfig } from "../../config/load.ts";

/** The warnings, including those about settings. */
export function exposureWarnings({ config: { host, unsafeExpose, tlsTerminated }, warnings }: LoadedConfig): string[] {
  const isPlain = tlsTerminated && !isLoopback(host);
  return [...(isPlain ? [PLAIN_WARNING] : []), ...(unsafeExpose ? [exposedWarning(host)] : []), ...warnings];
}

const PLAIN_WARNING =
  "--tls-terminated: credentials travel in plain text from the proxy to this server: allow nobody else " +
  "to reach its port or to listen in between";

function exposedWarning(host: string): string {
  return (
    `--unsafe-expose: ${host} is served without the server's own protection: whoever reaches it and has no credential ` +
    "may read, unless a proxy in front controls access"
  );
}
