/** The tables of the trading record, which follow those of the keys; the columns are those of every other engine. */

import { CHAIN_START } from "../../../trading/record/audit_row.ts";
import { CHANNEL } from "./channel.ts";

/** `number` is the order of insertion. Flags are 0 or 1, amounts decimal texts; a `day` is the start of a UTC day. */
export const RECORD = `
CREATE TABLE placements (
  client_order_id   text PRIMARY KEY,
  identity          text NOT NULL,
  paper             integer NOT NULL CHECK (paper IN (0, 1)),
  preview_id        text NOT NULL UNIQUE,
  idempotency_key   text,
  order_json        text NOT NULL,
  digest            text NOT NULL,
  policy_digest     text NOT NULL,
  state             text NOT NULL CHECK (state IN ('intent', 'sent', 'placed', 'not_placed', 'unknown')),
  order_id          text,
  is_alive          integer NOT NULL CHECK (is_alive IN (0, 1)),
  notional_currency text,
  notional_amount   text,
  created_at        bigint NOT NULL,
  sent_at           bigint,
  valid_until       bigint,
  settled_at        bigint,
  reason            text,
  instance          text,
  worst_price       text,
  venue             text NOT NULL,
  asked             text,
  number            bigint GENERATED ALWAYS AS IDENTITY,
  CHECK ((notional_currency IS NULL) = (notional_amount IS NULL)),
  CHECK ((state = 'placed') = (order_id IS NOT NULL))
);
CREATE UNIQUE INDEX placements_by_key ON placements (venue, identity, idempotency_key)
  WHERE idempotency_key IS NOT NULL;
CREATE INDEX placements_by_order ON placements (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX placements_by_time ON placements (identity, paper, created_at);
CREATE INDEX placements_refused ON placements (identity, paper, settled_at)
  WHERE state = 'not_placed' AND sent_at IS NOT NULL;
CREATE INDEX placements_alive ON placements (identity, paper, state) WHERE is_alive = 1;

CREATE TABLE day_use (
  identity text NOT NULL,
  paper    integer NOT NULL CHECK (paper IN (0, 1)),
  venue    text NOT NULL,
  currency text NOT NULL,
  day      bigint NOT NULL,
  amount   text NOT NULL,
  PRIMARY KEY (identity, paper, venue, currency, day)
);

-- Whose orders these are: an exchange, or the simulated one.
CREATE TABLE venue (
  id   integer PRIMARY KEY CHECK (id = 1),
  name text NOT NULL
);

CREATE TABLE audit (
  seq             bigint PRIMARY KEY,
  at              bigint NOT NULL,
  identity        text NOT NULL,
  event           text NOT NULL,
  client_order_id text,
  order_id        text,
  data            text NOT NULL,
  previous        text NOT NULL,
  hash            text NOT NULL,
  venue           text
);
CREATE INDEX audit_by_client_order ON audit (client_order_id) WHERE client_order_id IS NOT NULL;
CREATE INDEX audit_by_order ON audit (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX audit_by_identity ON audit (identity, seq);
CREATE INDEX audit_previews ON audit (identity, at) WHERE event = 'preview';

-- Where the chain ends. Whoever changes the record locks this row first.
CREATE TABLE audit_head (
  id   integer PRIMARY KEY CHECK (id = 1),
  seq  bigint NOT NULL,
  hash text NOT NULL
);
INSERT INTO audit_head VALUES (1, 0, '${CHAIN_START}');

-- The last row that was moved into an archive file, and from which UTC day on all that counts is kept.
CREATE TABLE audit_start (
  id        integer PRIMARY KEY CHECK (id = 1),
  seq       bigint NOT NULL,
  hash      text NOT NULL,
  kept_from bigint NOT NULL
);
INSERT INTO audit_start VALUES (1, 0, '${CHAIN_START}', 0);

CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit is append-only';
END $$;
CREATE FUNCTION keep_audit_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.seq > (SELECT seq FROM luno_mcp.audit_start) THEN
    RAISE EXCEPTION 'the audit is append-only';
  END IF;
  RETURN OLD;
END $$;
CREATE TRIGGER audit_keeps_rows BEFORE DELETE ON audit FOR EACH ROW EXECUTE FUNCTION keep_audit_row();
CREATE TRIGGER audit_keeps_words BEFORE UPDATE ON audit FOR EACH ROW EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER audit_keeps_all BEFORE TRUNCATE ON audit EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER audit_head_stays BEFORE DELETE ON audit_head FOR EACH ROW EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER audit_start_stays BEFORE DELETE ON audit_start FOR EACH ROW EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER audit_start_advances BEFORE UPDATE ON audit_start FOR EACH ROW WHEN (NEW.seq < OLD.seq)
  EXECUTE FUNCTION refuse_audit_change();

CREATE TABLE kill_switch (
  id        integer PRIMARY KEY CHECK (id = 1),
  is_halted integer NOT NULL CHECK (is_halted IN (0, 1)),
  at        bigint NOT NULL,
  by        text NOT NULL,
  reason    text NOT NULL
);
INSERT INTO kill_switch VALUES (1, 0, 0, '', '');
CREATE FUNCTION note_halt() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('${CHANNEL}', 'halt');
  RETURN NULL;
END $$;
CREATE TRIGGER halt_changed AFTER UPDATE ON kill_switch FOR EACH ROW EXECUTE FUNCTION note_halt();

-- Of which machines' state folders the audit tells that they hold a file that halts.
CREATE TABLE halt_files (place text PRIMARY KEY);

CREATE TABLE cancel_wishes (
  kind      text PRIMARY KEY CHECK (kind IN ('real', 'paper')),
  number    bigint NOT NULL,
  by        text NOT NULL,
  wished_at bigint NOT NULL,
  instance  text,
  begun_at  bigint,
  rounds    bigint NOT NULL DEFAULT 0,
  tried_at  bigint,
  remaining text NOT NULL DEFAULT '[]',
  unlisted  text,
  done_at   bigint
);

CREATE TABLE approvals (
  number          bigint GENERATED ALWAYS AS IDENTITY,
  id              text PRIMARY KEY,
  identity        text NOT NULL,
  paper           integer NOT NULL CHECK (paper IN (0, 1)),
  action          text NOT NULL CHECK (action IN ('place', 'replace')),
  asked           text NOT NULL,
  preview_id      text NOT NULL UNIQUE,
  idempotency_key text,
  digest          text NOT NULL,
  facts_json      text NOT NULL,
  summary_json    text NOT NULL,
  ways            text NOT NULL,
  token_hash      text NOT NULL UNIQUE,
  created_at      bigint NOT NULL,
  expires_at      bigint NOT NULL,
  is_approved     integer CHECK (is_approved IN (0, 1)),
  decided_by      text,
  decided_at      bigint,
  taken_at        bigint,
  outcome         text,
  CHECK (taken_at IS NULL OR is_approved IS NOT NULL)
);
CREATE INDEX approvals_by_expiry ON approvals (expires_at);
CREATE INDEX approvals_by_identity ON approvals (identity, expires_at);

-- Processes that can send orders and have not ended. Each is alive until its lease runs out by the clock of this server.
CREATE TABLE instances (
  id          text PRIMARY KEY,
  pid         bigint NOT NULL,
  command     text NOT NULL,
  started_at  bigint NOT NULL,
  -- Whose open orders it cancels at a halt that wishes so: 1 real ones, 2 paper ones, 3 both, 0 nobody's.
  cancels     integer NOT NULL CHECK (cancels BETWEEN 0 AND 3),
  lease_until timestamptz NOT NULL
);

-- Calls with an idempotency key that are running, each in one attempt of one process.
CREATE TABLE calls (
  venue           text NOT NULL,
  identity        text NOT NULL,
  idempotency_key text NOT NULL,
  asked           text,
  instance        text NOT NULL,
  attempt         text NOT NULL,
  PRIMARY KEY (venue, identity, idempotency_key)
);

-- Orders that are being replaced or were. Nobody is at it where there is no attempt.
CREATE TABLE replacements (
  venue           text NOT NULL,
  order_id        text NOT NULL,
  identity        text NOT NULL,
  idempotency_key text,
  asked           text,
  terms           text,
  instance        text,
  attempt         text,
  placed_as       text,
  claimed_at      bigint NOT NULL,
  CHECK ((instance IS NULL) = (attempt IS NULL)),
  PRIMARY KEY (venue, order_id)
);
CREATE INDEX replacements_by_key ON replacements (venue, identity, idempotency_key)
  WHERE idempotency_key IS NOT NULL;
`;
