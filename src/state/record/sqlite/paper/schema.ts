/**
 * The tables of the paper exchange. Amounts are decimal texts; prices of orders are in ticks and volumes in lots, of
 * the scales in the same row, so that a later change of a market's scales does not change orders.
 */

/** Upgrade version `i` of the schema to `i + 1`. */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE openings (currency TEXT PRIMARY KEY, amount TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE identities (name TEXT PRIMARY KEY, sequence INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;
  CREATE TABLE accounts (
    id TEXT PRIMARY KEY,
    identity TEXT NOT NULL REFERENCES identities (name),
    currency TEXT NOT NULL,
    balance TEXT NOT NULL DEFAULT '0',
    available TEXT NOT NULL DEFAULT '0',
    rows INTEGER NOT NULL DEFAULT 0,
    UNIQUE (identity, currency)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE ledger (
    account_id TEXT NOT NULL REFERENCES accounts (id),
    row_index INTEGER NOT NULL,
    timestamp INTEGER NOT NULL,
    balance TEXT NOT NULL,
    available TEXT NOT NULL,
    balance_delta TEXT NOT NULL,
    available_delta TEXT NOT NULL,
    kind TEXT NOT NULL,
    description TEXT NOT NULL,
    reference TEXT NOT NULL,
    pair TEXT NOT NULL,
    price TEXT NOT NULL,
    volume TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    PRIMARY KEY (account_id, row_index)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE orders (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    identity TEXT NOT NULL REFERENCES identities (name),
    client_order_id TEXT,
    pair TEXT NOT NULL,
    base_currency TEXT NOT NULL,
    counter_currency TEXT NOT NULL,
    price_scale INTEGER NOT NULL,
    volume_scale INTEGER NOT NULL,
    fee_scale INTEGER NOT NULL,
    maker_fee TEXT NOT NULL,
    taker_fee TEXT NOT NULL,
    side TEXT NOT NULL,
    type TEXT NOT NULL,
    time_in_force TEXT NOT NULL,
    post_only INTEGER NOT NULL,
    limit_price INTEGER NOT NULL,
    limit_volume INTEGER NOT NULL,
    budget TEXT,
    stop_price INTEGER,
    stop_direction TEXT,
    base_account_id TEXT NOT NULL,
    counter_account_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    status TEXT NOT NULL,
    filled INTEGER NOT NULL,
    base TEXT NOT NULL,
    counter TEXT NOT NULL,
    fee_base TEXT NOT NULL,
    fee_counter TEXT NOT NULL,
    reserved TEXT NOT NULL,
    due_at INTEGER,
    completed_at INTEGER NOT NULL,
    cancelled_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    -- The newest real trade that this order has met or was too late for.
    seen_sequence INTEGER NOT NULL,
    UNIQUE (identity, client_order_id)
  ) STRICT;
  CREATE INDEX orders_of_identity ON orders (identity, number);
  CREATE INDEX live_orders ON orders (pair, identity) WHERE status <> 'COMPLETE';
  CREATE TABLE trades (
    identity TEXT NOT NULL REFERENCES identities (name),
    sequence INTEGER NOT NULL,
    order_id TEXT NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    pair TEXT NOT NULL,
    is_buy INTEGER NOT NULL,
    timestamp INTEGER NOT NULL,
    price INTEGER NOT NULL,
    volume INTEGER NOT NULL,
    counter TEXT NOT NULL,
    fee_base TEXT NOT NULL,
    fee_counter TEXT NOT NULL,
    PRIMARY KEY (identity, sequence, order_id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX trades_of_order ON trades (order_id);
`,
  `
  -- What tells an identity's accounts from those that it had before they were reset.
  ALTER TABLE identities ADD COLUMN epoch TEXT NOT NULL DEFAULT 'paper';
`,
  `
  -- Lots of the real book that paper orders took, so that nobody has them twice.
  CREATE TABLE taken (
    identity TEXT NOT NULL,
    pair TEXT NOT NULL,
    price_scale INTEGER NOT NULL,
    volume_scale INTEGER NOT NULL,
    side TEXT NOT NULL,
    price INTEGER NOT NULL,
    lots INTEGER NOT NULL,
    until_ms INTEGER NOT NULL,
    PRIMARY KEY (identity, pair, price_scale, volume_scale, side, price)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX taken_until ON taken (until_ms);
`,
  `
  -- How many rows "taken" has: counting them takes longer the more there are.
  CREATE TABLE taken_size (levels INTEGER NOT NULL) STRICT;
  INSERT INTO taken_size SELECT count(*) FROM taken;
  CREATE TRIGGER taken_came AFTER INSERT ON taken BEGIN UPDATE taken_size SET levels = levels + 1; END;
  CREATE TRIGGER taken_went AFTER DELETE ON taken BEGIN UPDATE taken_size SET levels = levels - 1; END;
`,
];
