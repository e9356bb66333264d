/** The name of an identity where it need only be told from others: who it is, is nobody's business there. */

import { createHash } from "node:crypto";

/** 32 hexadecimal digits. */
export function digestOfIdentity(identity: string): string {
  return createHash("sha256").update(identity).digest("hex").slice(0, 32);
}
