/**
 * The tables of the paper exchange on PostgreSQL; the columns are those of every other engine. Amounts are decimal
 * texts; prices of orders are in ticks and volumes in lots, of the scales in the same row.
 */

/** All tables. */
export const PAPER = `
-- Locked by whoever lets an identity in, changes what identities start with, or resets everybody.
CREATE TABLE paper_state (only_row integer PRIMARY KEY CHECK (only_row = 1));
INSERT INTO paper_state VALUES (1);

CREATE TABLE paper_openings (currency text PRIMARY KEY, amount text NOT NULL);

-- Whoever changes what an identity has locks its row first.
CREATE TABLE paper_identities (
  name     text PRIMARY KEY,
  sequence bigint NOT NULL DEFAULT 0,
  epoch    text NOT NULL
);

CREATE TABLE paper_accounts (
  id        text PRIMARY KEY,
  identity  text NOT NULL REFERENCES paper_identities (name),
  currency  text NOT NULL,
  balance   text NOT NULL DEFAULT '0',
  available text NOT NULL DEFAULT '0',
  rows      bigint NOT NULL DEFAULT 0,
  UNIQUE (identity, currency)
);

CREATE TABLE paper_ledger (
  account_id      text NOT NULL REFERENCES paper_accounts (id),
  row_index       bigint NOT NULL,
  timestamp       bigint NOT NULL,
  balance         text NOT NULL,
  available       text NOT NULL,
  balance_delta   text NOT NULL,
  available_delta text NOT NULL,
  kind            text NOT NULL,
  description     text NOT NULL,
  reference       text NOT NULL,
  pair            text NOT NULL,
  price           text NOT NULL,
  volume          text NOT NULL,
  sequence        bigint NOT NULL,
  PRIMARY KEY (account_id, row_index)
);

CREATE TABLE paper_orders (
  number             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id                 text NOT NULL UNIQUE,
  identity           text NOT NULL REFERENCES paper_identities (name),
  client_order_id    text,
  pair               text NOT NULL,
  base_currency      text NOT NULL,
  counter_currency   text NOT NULL,
  price_scale        integer NOT NULL,
  volume_scale       integer NOT NULL,
  fee_scale          integer NOT NULL,
  maker_fee          text NOT NULL,
  taker_fee          text NOT NULL,
  side               text NOT NULL,
  type               text NOT NULL,
  time_in_force      text NOT NULL,
  post_only          integer NOT NULL,
  limit_price        bigint NOT NULL,
  limit_volume       bigint NOT NULL,
  budget             text,
  stop_price         bigint,
  stop_direction     text,
  base_account_id    text NOT NULL,
  counter_account_id text NOT NULL,
  created_at         bigint NOT NULL,
  status             text NOT NULL,
  filled             bigint NOT NULL,
  base               text NOT NULL,
  counter            text NOT NULL,
  fee_base           text NOT NULL,
  fee_counter        text NOT NULL,
  reserved           text NOT NULL,
  due_at             bigint,
  completed_at       bigint NOT NULL,
  cancelled_at       bigint NOT NULL,
  updated_at         bigint NOT NULL,
  -- The newest real trade that this order has met or was too late for.
  seen_sequence      bigint NOT NULL,
  UNIQUE (identity, client_order_id)
);
CREATE INDEX paper_orders_of_identity ON paper_orders (identity, number);
CREATE INDEX paper_orders_live ON paper_orders (pair, identity) WHERE status <> 'COMPLETE';

CREATE TABLE paper_trades (
  identity    text NOT NULL REFERENCES paper_identities (name),
  sequence    bigint NOT NULL,
  order_id    text NOT NULL REFERENCES paper_orders (id) ON DELETE CASCADE,
  pair        text NOT NULL,
  is_buy      integer NOT NULL,
  timestamp   bigint NOT NULL,
  price       bigint NOT NULL,
  volume      bigint NOT NULL,
  counter     text NOT NULL,
  fee_base    text NOT NULL,
  fee_counter text NOT NULL,
  PRIMARY KEY (identity, sequence, order_id)
);
CREATE INDEX paper_trades_of_order ON paper_trades (order_id);

-- Lots of the real book that paper orders took, so that nobody has them twice.
CREATE TABLE paper_taken (
  identity     text NOT NULL,
  pair         text NOT NULL,
  price_scale  integer NOT NULL,
  volume_scale integer NOT NULL,
  side         text NOT NULL,
  price        bigint NOT NULL,
  lots         bigint NOT NULL,
  until_ms     bigint NOT NULL,
  PRIMARY KEY (identity, pair, price_scale, volume_scale, side, price)
);
CREATE INDEX paper_taken_until ON paper_taken (identity, until_ms);
`;
