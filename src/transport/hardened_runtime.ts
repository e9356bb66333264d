import { IncomingMessage } from "node:http";

/** Runtimes before Deno 2.9 have another server behind `node:http`: no connection event, no time-outs, no sizes. */
export function hasHardenedRuntime(): boolean {
  return "headersDistinct" in IncomingMessage.prototype;
}
