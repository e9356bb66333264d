/** Names an identity for places that only need to distinguish identities, without revealing them. */

import { createHash } from "node:crypto";

/** 32 hexadecimal digits. */
export function digestOfIdentity(identity: string): string {
  return createHash("sha256").update(identity).digest("hex").slice(0, 32);
}
