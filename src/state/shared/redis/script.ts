/** Scripts with the digests by which Redis identifies them. */

import { createHash } from "node:crypto";
import type { RedisScript } from "./connection.ts";

/** A script of this text. */
export function scriptOf(text: string): RedisScript {
  return { text, digest: createHash("sha1").update(text).digest("hex") };
}
