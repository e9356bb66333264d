/** The runtime features that the hardened listener requires, so that it can refuse to start without them. */

import { IncomingMessage } from "node:http";

/** Before Deno 2.9, `node:http` has no connection event, no timeouts and no size limits. */
export function hasHardenedRuntime(): boolean {
  return "headersDistinct" in IncomingMessage.prototype;
}

/** Before Deno 2.9, client certificates are never requested, whatever the options of `node:https`. */
export function hasClientCertificates(version: string = Deno.version.deno): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 2 || (major === 2 && minor >= 9);
}
