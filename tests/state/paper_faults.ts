/** What can be wrong with an engine of the paper ledger, whatever its database. */

import type { Fault } from "./rewording.ts";

/** By what is wrong. */
export const PAPER_FAULTS = {
  "fills an order twice by one trade": {
    promise: "meet() fills open orders by each trade once, and not twice by the same lots of the book, in any process",
    sqlite: [[/seen_sequence = excluded\.seen_sequence/, "seen_sequence = 0"]],
    postgres: [[/seen_sequence = excluded\.seen_sequence/, "seen_sequence = 0"]],
  },
  "forgets what was taken from the book": {
    promise: "meet() fills open orders by each trade once, and not twice by the same lots of the book, in any process",
    sqlite: [[/(?<=^SELECT \* FROM taken WHERE )/, "0 AND "]],
    postgres: [[/(?<=^SELECT \* FROM paper_taken WHERE )/, "false AND "]],
  },
  "credits a cancelled order twice": {
    promise: "cancel() releases what was reserved, once, and no other identity's order",
    sqlite: [[/(?<= )status = excluded\.status/, "status = orders.status"]],
    postgres: [[/(?<= )status = excluded\.status/, "status = paper_orders.status"]],
  },
  "does not count what is reserved": {
    promise: "place() lets one of two processes spend an amount, and use a client order id",
    sqlite: [[/^SELECT \* (?=FROM accounts WHERE identity = \? ORDER)/, "SELECT *, balance AS available "]],
    postgres: [[/^SELECT \* (?=FROM paper_accounts WHERE identity = \$1 ORDER)/, "SELECT *, balance AS available "]],
  },
  "shows orders to other identities": {
    promise: "place() stores order, fills, rows and taken lots, for every process and after all have closed",
    sqlite: [[/(?<=^SELECT \* FROM orders WHERE )identity = \?(?= AND id)/, "? IS NOT NULL"]],
    postgres: [[/(?<=^SELECT \* FROM paper_orders WHERE )identity = \$1(?= AND id)/, "$1::text IS NOT NULL"]],
  },
  "gives accounts the same epoch after a reset": {
    promise: "reset() drops what an identity has, and gives its accounts another epoch",
    sqlite: [[/(?<=SET epoch = )\?/, "coalesce(epoch, ?)"]],
    postgres: [[/(?<=SET epoch = )\$2/, "coalesce(epoch, $2)"]],
  },
} as const satisfies Readonly<Record<string, Fault>>;
