import { createHash } from "node:crypto";

/** The name under which an order is known to the exchange: one for each preview and exact order. */
export function clientOrderIdOf(previewId: string, digest: string): string {
  return `lm-${createHash("sha256").update(previewId + digest).digest("hex").slice(0, 40)}`;
}
