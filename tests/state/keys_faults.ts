/** What can be wrong with an engine of API keys, whatever its database. */

import type { Fault } from "./rewording.ts";

/** By what is wrong. */
export const KEYS_FAULTS = {
  "forgets revocations": {
    promise: "revoke() ends a key by its id, and all live keys of a name, once",
    sqlite: [[/SET revoked_at = :now(.*) RETURNING \*/, "SET name = name$1 RETURNING *, :now AS revoked_at"]],
    postgres: [[/SET revoked_at = \$1(.*) RETURNING \*/, "SET name = name$1 RETURNING *, $$1::bigint AS revoked_at"]],
  },
  "revokes one key of a name that has two": {
    promise: "revoke() ends a key by its id, and all live keys of a name, once",
    sqlite: [[/WHERE (\(id = :word OR name = :word\))/, "WHERE number = (SELECT max(number) FROM keys WHERE $1)"]],
    postgres: [[/WHERE (\(id = \$2 OR name = \$2\))/, "WHERE number = (SELECT max(number) FROM keys WHERE $1)"]],
  },
  "lets a replaced key live longer than it would have": {
    promise:
      "rotate() creates a key with the same scopes, and keeps the previous one for the overlap but no longer than before",
    sqlite: [[/min\(coalesce\(expires_at, :until\), :until\)/, ":until"]],
    postgres: [[/least\(expires_at, \$2\)/, "$2"]],
  },
  "removes a live key to make room": {
    promise: "add() evicts the oldest dead key to make room, and refuses when all are live",
    sqlite: [[/(?<=^DELETE FROM keys .* WHERE )NOT \(/, ":now > 0 OR ("]],
    postgres: [[/(?<=^DELETE FROM keys .* WHERE )NOT \(/, "$1::bigint > 0 OR ("]],
  },
  "takes expired keys for live ones": {
    promise: "add() refuses a name that has a live key, not one whose keys are dead",
    sqlite: [[/(?<=^SELECT .*expires_at > )(?=:now)/, "0 * "]],
    postgres: [[/(?<=^SELECT .*expires_at > )\$1/, "0 * $1::bigint"]],
  },
  "does not notice changes": {
    promise: "since() lists changes by others and by itself, and nothing else",
    sqlite: [[/^PRAGMA data_version$/, "SELECT 1 AS data_version"], [/(?<=^SELECT id, )revision/, "1 AS revision"]],
    postgres: [[/(?<=AS store, )revision/, "1 AS revision"]],
  },
} as const satisfies Readonly<Record<string, Fault>>;
