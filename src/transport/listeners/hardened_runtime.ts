/** What the hardened listener needs of the runtime, so that it can refuse to start where it would not be one. */

import { IncomingMessage } from "node:http";

/** Runtimes before Deno 2.9 have another server behind `node:http`: no connection event, no time-outs, no sizes. */
export function hasHardenedRuntime(): boolean {
  return "headersDistinct" in IncomingMessage.prototype;
}

/** Runtimes before Deno 2.9 ask no client for a certificate, whatever the options of `node:https` say. */
export function hasClientCertificates(version: string = Deno.version.deno): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 2 || (major === 2 && minor >= 9);
}
