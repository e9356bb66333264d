/** Rows of API keys, as every engine keeps them. */

import type { StoredKey } from "../../../access/keys.ts";
import { isScope } from "../../../access/scopes.ts";
import { readNumber, readOptionalNumber, readText } from "../../row.ts";
import type { Row } from "../../row.ts";

/** Reads a row of `keys`, without its digest. A scope that this version does not know allows nothing. */
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
