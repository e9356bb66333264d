/**
 * The content of a record, independent of the engine: the tables, which are copied unchanged, and the values that each
 * record has exactly once. The list of instances is not part of it, as nobody uses a record that is moved.
 */

import type { KeysMark } from "../../../access/keys.ts";
import { ORDER_COLUMNS } from "../rows/paper_order_row.ts";

/** A table with the same columns in every engine. */
export interface MovedTable {
  /** Its name in PostgreSQL. */
  readonly name: string;
  /**
   * Its name in the state folder.
   *
   * @default as in PostgreSQL
   */
  readonly own?: string;
  /**
   * The database of the state folder that contains it.
   *
   * @default trading
   */
  readonly file?: "trading" | "keys" | "paper";
  readonly columns: readonly string[];
  /** The order in which its rows are read, equal in every engine. */
  readonly order: { readonly sqlite: string; readonly postgres: string };
}

/** In the order of insertion, by the engine's row numbers. */
const AS_WRITTEN = { sqlite: "rowid", postgres: "number" };

/** By texts, compared as bytes, whatever the database's collation. */
function by(...columns: readonly string[]): MovedTable["order"] {
  return { sqlite: columns.join(", "), postgres: columns.map((column) => `${column}::text COLLATE "C"`).join(", ") };
}

/** The API keys, which have a database of their own in the state folder. */
export const KEYS: MovedTable = {
  name: "keys",
  file: "keys",
  columns: ["id", "name", "digest", "scopes", "created_at", "expires_at", "revoked_at"],
  order: AS_WRITTEN,
};

/** The paper accounts, which have a database of their own in the state folder; referenced tables come first. */
export const PAPER_TABLES: readonly MovedTable[] = [
  paper("openings", { columns: ["currency", "amount"], order: by("currency") }),
  paper("identities", { columns: ["name", "sequence", "epoch"], order: by("name") }),
  paper("accounts", { columns: ["id", "identity", "currency", "balance", "available", "rows"], order: by("id") }),
  paper("ledger", {
    columns: [
      ...["account_id", "row_index", "timestamp", "balance", "available", "balance_delta", "available_delta", "kind"],
      ...["description", "reference", "pair", "price", "volume", "sequence"],
    ],
    order: { sqlite: "account_id, row_index", postgres: 'account_id COLLATE "C", row_index' },
  }),
  paper("orders", { columns: ORDER_COLUMNS, order: { sqlite: "number", postgres: "number" } }),
  paper("trades", {
    columns: [
      ...["identity", "sequence", "order_id", "pair", "is_buy", "timestamp", "price", "volume", "counter", "fee_base"],
      "fee_counter",
    ],
    order: {
      sqlite: "identity, sequence, order_id",
      postgres: 'identity COLLATE "C", sequence, order_id COLLATE "C"',
    },
  }),
  paper("taken", {
    columns: ["identity", "pair", "price_scale", "volume_scale", "side", "price", "lots", "until_ms"],
    order: {
      sqlite: "identity, pair, price_scale, volume_scale, side, price",
      postgres: 'identity COLLATE "C", pair COLLATE "C", price_scale, volume_scale, side COLLATE "C", price',
    },
  }),
];

function paper(own: string, rest: Pick<MovedTable, "columns" | "order">): MovedTable {
  return { name: `paper_${own}`, own, file: "paper", ...rest };
}

/** The tables of orders. */
export const RECORD_TABLES: readonly MovedTable[] = [
  { name: "accounts", columns: ["id", "exchange"], order: by("id") },
  {
    name: "placements",
    columns: [
      ...["client_order_id", "identity", "account", "preview_id", "idempotency_key", "order_json", "digest"],
      ...["policy_digest", "state", "order_id", "is_alive", "notional_currency", "notional_amount", "created_at"],
      ...["sent_at", "valid_until", "settled_at", "reason", "instance", "worst_price", "venue", "asked"],
    ],
    order: AS_WRITTEN,
  },
  {
    name: "day_use",
    columns: ["identity", "account", "venue", "currency", "day", "amount"],
    order: by("identity", "account", "venue", "currency", "CAST(day AS text)"),
  },
  {
    name: "approvals",
    columns: [
      ...["id", "identity", "account", "action", "asked", "preview_id", "idempotency_key", "digest", "facts_json"],
      ...["summary_json", "ways", "token_hash", "created_at", "expires_at", "is_approved", "decided_by", "decided_at"],
      ...["taken_at", "outcome"],
    ],
    order: AS_WRITTEN,
  },
  {
    name: "cancel_wishes",
    columns: [
      ...[
        "account",
        "number",
        "by",
        "wished_at",
        "instance",
        "begun_at",
        "rounds",
        "tried_at",
        "remaining",
        "unlisted",
      ],
      "done_at",
    ],
    order: by("account"),
  },
  {
    name: "calls",
    columns: ["account", "venue", "identity", "idempotency_key", "asked", "instance", "attempt"],
    order: by("account", "venue", "identity", "idempotency_key"),
  },
  {
    name: "replacements",
    columns: [
      ...[
        "account",
        "venue",
        "order_id",
        "identity",
        "idempotency_key",
        "asked",
        "terms",
        "instance",
        "attempt",
        "placed_as",
      ],
      "claimed_at",
    ],
    order: by("account", "venue", "order_id"),
  },
  {
    name: "published_files",
    columns: ["kind", "version", "digest", "by", "at", "text"],
    order: { sqlite: "kind, version", postgres: `kind COLLATE "C", version` },
  },
  {
    name: "audit",
    columns: [
      ...["seq", "at", "identity", "event", "client_order_id", "order_id", "data", "previous", "hash", "venue"],
      "account",
    ],
    order: { sqlite: "seq", postgres: "seq" },
  },
];

/** The values that each record has once. Times are wall clock milliseconds. */
export interface RecordState {
  /** The end of the audit. */
  readonly head: { readonly seq: number; readonly hash: string };
  /** The last archived audit row, and the UTC day from which on everything is kept. */
  readonly start: { readonly seq: number; readonly hash: string; readonly keptFrom: number };
  readonly halt: Halt;
  /** Absent when no key was ever created. */
  readonly keyStore: KeysMark | undefined;
}

/** The recorded halt; `isFileNoted`: whether the audit mentions the halt file of this state folder. */
export interface Halt {
  readonly isHalted: number;
  readonly at: number;
  readonly by: string;
  readonly reason: string;
  readonly isFileNoted: boolean;
}
