/** Rows of API keys, for every engine. */

import type { StoredKey } from "../../../access/keys.ts";
import { isScope } from "../../../access/scopes.ts";
import { readNumber, readOptionalNumber, readText } from "../../row.ts";
import type { Row } from "../../row.ts";

/** Parses a row of `keys`, without its digest. A scope that this version does not know is ignored. */
export function readKey(row: Row): StoredKey {
  const expiresAt = readOptionalNumber(row, "expires_at");
  const revokedAt = readOptionalNumber(row, "revoked_at");
  return {
    id: readText(row, "id"),
    name: readText(row, "name"),
    scopes: readText(row, "scopes").split(" ").filter(isScope),
    createdAt: readNumber(row, "created_at"),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(revokedAt === undefined ? {} : { revokedAt }),
  };
}
