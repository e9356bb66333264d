/**
 * The tables of `trading.db`. A released step is never changed: later changes are steps of their own.
 *
 * Times are wall clock milliseconds, amounts decimal texts. `is_alive` is 1 while a placement counts as one of the open
 * orders: from its intent until it is known not to exist or to be final. A `day` is the start of a UTC day.
 */

import { CHAIN_START } from "../../../trading/record/audit_row.ts";
import { ACCOUNTS } from "./accounts_schema.ts";

const FIRST = `
CREATE TABLE placements (
  client_order_id   TEXT PRIMARY KEY,
  identity          TEXT NOT NULL,
  paper             INTEGER NOT NULL CHECK (paper IN (0, 1)),
  preview_id        TEXT NOT NULL UNIQUE,
  idempotency_key   TEXT,
  order_json        TEXT NOT NULL,
  digest            TEXT NOT NULL,
  policy_digest     TEXT NOT NULL,
  state             TEXT NOT NULL CHECK (state IN ('intent', 'sent', 'placed', 'not_placed', 'unknown')),
  order_id          TEXT,
  is_alive          INTEGER NOT NULL CHECK (is_alive IN (0, 1)),
  notional_currency TEXT,
  notional_amount   TEXT,
  created_at        INTEGER NOT NULL,
  sent_at           INTEGER,
  valid_until       INTEGER,
  settled_at        INTEGER,
  reason            TEXT,
  CHECK ((notional_currency IS NULL) = (notional_amount IS NULL)),
  CHECK ((state = 'placed') = (order_id IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX placements_by_key ON placements (identity, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX placements_by_order ON placements (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX placements_by_time ON placements (identity, paper, created_at);
CREATE INDEX placements_refused ON placements (identity, paper, settled_at)
  WHERE state = 'not_placed' AND sent_at IS NOT NULL;
CREATE INDEX placements_alive ON placements (identity, paper, state) WHERE is_alive = 1;

-- Orders that are being replaced or were: each once.
CREATE TABLE replaced (
  order_id        TEXT NOT NULL,
  paper           INTEGER NOT NULL CHECK (paper IN (0, 1)),
  identity        TEXT NOT NULL,
  idempotency_key TEXT,
  PRIMARY KEY (order_id, paper)
) STRICT, WITHOUT ROWID;

CREATE TABLE day_use (
  identity TEXT NOT NULL,
  paper    INTEGER NOT NULL CHECK (paper IN (0, 1)),
  currency TEXT NOT NULL,
  day      INTEGER NOT NULL,
  amount   TEXT NOT NULL,
  PRIMARY KEY (identity, paper, currency, day)
) STRICT, WITHOUT ROWID;

-- Whose orders these are: an exchange, or the simulated one.
CREATE TABLE venue (
  id   INTEGER PRIMARY KEY CHECK (id = 1),
  name TEXT NOT NULL
) STRICT;

CREATE TABLE audit (
  seq             INTEGER PRIMARY KEY,
  at              INTEGER NOT NULL,
  identity        TEXT NOT NULL,
  event           TEXT NOT NULL,
  client_order_id TEXT,
  order_id        TEXT,
  data            TEXT NOT NULL,
  previous        TEXT NOT NULL,
  hash            TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_client_order ON audit (client_order_id) WHERE client_order_id IS NOT NULL;
CREATE INDEX audit_by_order ON audit (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX audit_by_identity ON audit (identity, seq);
CREATE TRIGGER audit_keeps_rows BEFORE DELETE ON audit
  BEGIN SELECT RAISE (ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_keeps_words BEFORE UPDATE ON audit
  BEGIN SELECT RAISE (ABORT, 'the audit is append-only'); END;

CREATE TABLE audit_head (
  id   INTEGER PRIMARY KEY CHECK (id = 1),
  seq  INTEGER NOT NULL,
  hash TEXT NOT NULL
) STRICT;
INSERT INTO audit_head VALUES (1, 0, '${CHAIN_START}');
CREATE TRIGGER audit_head_stays BEFORE DELETE ON audit_head
  BEGIN SELECT RAISE (ABORT, 'the audit is append-only'); END;

CREATE TABLE kill_switch (
  id          INTEGER PRIMARY KEY CHECK (id = 1),
  is_halted   INTEGER NOT NULL CHECK (is_halted IN (0, 1)),
  at          INTEGER NOT NULL,
  by          TEXT NOT NULL,
  reason      TEXT NOT NULL,
  -- Which orders are still to be cancelled: 1 real ones, 2 paper ones, 3 both.
  cancel_open INTEGER NOT NULL CHECK (cancel_open BETWEEN 0 AND 3)
) STRICT;
INSERT INTO kill_switch VALUES (1, 0, 0, '', '', 0);

CREATE TABLE approvals (
  id              TEXT PRIMARY KEY,
  identity        TEXT NOT NULL,
  digest          TEXT NOT NULL,
  client_order_id TEXT,
  text            TEXT NOT NULL,
  token_hash      TEXT NOT NULL UNIQUE,
  created_at      INTEGER NOT NULL,
  expires_at      INTEGER NOT NULL,
  is_approved     INTEGER CHECK (is_approved IN (0, 1)),
  decided_by      TEXT,
  decided_at      INTEGER
) STRICT;
CREATE INDEX approvals_by_expiry ON approvals (expires_at);
`;

/** Archives, and a count of previews that reads only the identity's rows. */
const ARCHIVES = `
-- The last row of the audit that was moved into an archive file, and from which UTC day on all that counts is kept.
CREATE TABLE audit_start (
  id        INTEGER PRIMARY KEY CHECK (id = 1),
  seq       INTEGER NOT NULL,
  hash      TEXT NOT NULL,
  kept_from INTEGER NOT NULL
) STRICT;
INSERT INTO audit_start VALUES (1, 0, '${CHAIN_START}', 0);
CREATE TRIGGER audit_start_stays BEFORE DELETE ON audit_start
  BEGIN SELECT RAISE (ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_start_advances BEFORE UPDATE ON audit_start WHEN NEW.seq < OLD.seq
  BEGIN SELECT RAISE (ABORT, 'the audit is append-only'); END;
DROP TRIGGER audit_keeps_rows;
CREATE TRIGGER audit_keeps_rows BEFORE DELETE ON audit WHEN OLD.seq > (SELECT seq FROM audit_start)
  BEGIN SELECT RAISE (ABORT, 'the audit is append-only'); END;
CREATE INDEX audit_previews ON audit (identity, at) WHERE event = 'preview';
`;

const INSTANCES = `
-- Processes that can send orders and have not ended; each holds the lock of its file in the folder for locks.
CREATE TABLE instances (
  id         TEXT PRIMARY KEY,
  pid        INTEGER NOT NULL,
  command    TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  -- Whose open orders it cancels at a halt that wishes so: 1 real ones, 2 paper ones, 3 both, 0 nobody's.
  cancels    INTEGER NOT NULL CHECK (cancels BETWEEN 0 AND 3)
) STRICT;

-- Whose business a placement is until it is settled; null where a version wrote it that knew no instances.
ALTER TABLE placements ADD COLUMN instance TEXT;
`;

// Questions of the previous version are dropped, and are asked again; the audit keeps the decisions.
const APPROVALS = `
DROP TABLE approvals;
CREATE TABLE approvals (
  id              TEXT PRIMARY KEY,
  identity        TEXT NOT NULL,
  paper           INTEGER NOT NULL CHECK (paper IN (0, 1)),
  action          TEXT NOT NULL CHECK (action IN ('place', 'replace')),
  asked           TEXT NOT NULL,
  preview_id      TEXT NOT NULL UNIQUE,
  idempotency_key TEXT,
  digest          TEXT NOT NULL,
  facts_json      TEXT NOT NULL,
  summary_json    TEXT NOT NULL,
  ways            TEXT NOT NULL,
  token_hash      TEXT NOT NULL UNIQUE,
  created_at      INTEGER NOT NULL,
  expires_at      INTEGER NOT NULL,
  is_approved     INTEGER CHECK (is_approved IN (0, 1)),
  decided_by      TEXT,
  decided_at      INTEGER,
  taken_at        INTEGER,
  outcome         TEXT,
  CHECK (taken_at IS NULL OR is_approved IS NOT NULL)
) STRICT;
CREATE INDEX approvals_by_expiry ON approvals (expires_at);
CREATE INDEX approvals_by_identity ON approvals (identity, expires_at);
`;

const OWN_ORDERS = `
-- How far a market order was expected to trade: what it is held against other orders of its account by.
ALTER TABLE placements ADD COLUMN worst_price TEXT;
`;

/** Cancel requests of a halt in place of a column, and whether the halt file was noticed. */
const HALTS = `
CREATE TABLE cancel_wishes (
  kind      TEXT PRIMARY KEY CHECK (kind IN ('real', 'paper')),
  number    INTEGER NOT NULL,
  by        TEXT NOT NULL,
  wished_at INTEGER NOT NULL,
  instance  TEXT,
  rounds    INTEGER NOT NULL DEFAULT 0,
  tried_at  INTEGER,
  remaining TEXT NOT NULL DEFAULT '[]',
  unlisted  TEXT,
  done_at   INTEGER
) STRICT, WITHOUT ROWID;
INSERT INTO cancel_wishes (kind, number, by, wished_at)
  SELECT 'real', 1, by, at FROM kill_switch WHERE is_halted AND cancel_open & 1;
INSERT INTO cancel_wishes (kind, number, by, wished_at)
  SELECT 'paper', 1, by, at FROM kill_switch WHERE is_halted AND cancel_open & 2;
UPDATE kill_switch SET cancel_open = 0;
ALTER TABLE kill_switch ADD COLUMN is_file_noted INTEGER NOT NULL DEFAULT 0 CHECK (is_file_noted IN (0, 1));
`;

/** The venue of the simulated exchange in records of earlier versions. */
const SIMULATED = "SELECT 1 FROM venue WHERE name = 'the simulated exchange'";

const VENUES = `
-- A simulated exchange or a paper account that starts anew is another venue; '' is an exchange that never does.
ALTER TABLE placements ADD COLUMN venue TEXT NOT NULL DEFAULT '';
UPDATE placements SET venue = CASE WHEN paper = 1 THEN 'paper' WHEN EXISTS (${SIMULATED}) THEN 'simulated' ELSE '' END;
-- What its caller asked for, in one form.
ALTER TABLE placements ADD COLUMN asked TEXT;
DROP INDEX placements_by_key;
CREATE UNIQUE INDEX placements_by_key ON placements (venue, identity, idempotency_key)
  WHERE idempotency_key IS NOT NULL;
ALTER TABLE audit ADD COLUMN venue TEXT;

ALTER TABLE day_use RENAME TO day_use_before;
CREATE TABLE day_use (
  identity TEXT NOT NULL,
  paper    INTEGER NOT NULL CHECK (paper IN (0, 1)),
  venue    TEXT NOT NULL,
  currency TEXT NOT NULL,
  day      INTEGER NOT NULL,
  amount   TEXT NOT NULL,
  PRIMARY KEY (identity, paper, venue, currency, day)
) STRICT, WITHOUT ROWID;
INSERT INTO day_use SELECT identity, paper,
    CASE WHEN paper = 1 THEN 'paper' WHEN EXISTS (${SIMULATED}) THEN 'simulated' ELSE '' END, currency, day, amount
  FROM day_use_before;
DROP TABLE day_use_before;

-- Calls with an idempotency key that are running, each in one attempt of one process.
CREATE TABLE calls (
  venue           TEXT NOT NULL,
  identity        TEXT NOT NULL,
  idempotency_key TEXT NOT NULL,
  asked           TEXT,
  instance        TEXT NOT NULL,
  attempt         TEXT NOT NULL,
  PRIMARY KEY (venue, identity, idempotency_key)
) STRICT, WITHOUT ROWID;

-- Orders that are being replaced or were. Nobody is at it where there is no attempt.
CREATE TABLE replacements (
  venue           TEXT NOT NULL,
  order_id        TEXT NOT NULL,
  identity        TEXT NOT NULL,
  idempotency_key TEXT,
  asked           TEXT,
  -- What the same call goes on with after it was cut short.
  terms           TEXT,
  instance        TEXT,
  attempt         TEXT,
  -- The new order's client order id, once it was written down.
  placed_as       TEXT,
  claimed_at      INTEGER NOT NULL,
  CHECK ((instance IS NULL) = (attempt IS NULL)),
  PRIMARY KEY (venue, order_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX replacements_by_key ON replacements (venue, identity, idempotency_key)
  WHERE idempotency_key IS NOT NULL;
INSERT INTO replacements (venue, order_id, identity, idempotency_key, claimed_at) SELECT
    CASE WHEN paper = 1 THEN 'paper' WHEN EXISTS (${SIMULATED}) THEN 'simulated' ELSE '' END,
    order_id, identity, idempotency_key, 0 FROM replaced;
DROP TABLE replaced;
`;

/** Each round of cancelling belongs to one process; between two rounds another one may continue. */
const ROUNDS = "ALTER TABLE cancel_wishes ADD COLUMN begun_at INTEGER;";

const PUBLISHED = `
-- Versions of the policy and of the access file; the highest of each kind counts.
CREATE TABLE published_files (
  kind    TEXT NOT NULL CHECK (kind IN ('policy', 'access')),
  version INTEGER NOT NULL,
  digest  TEXT NOT NULL,
  by      TEXT NOT NULL,
  at      INTEGER NOT NULL,
  text    TEXT NOT NULL,
  PRIMARY KEY (kind, version)
) STRICT;
`;

const PREVIEWS = `
-- Orders that callers were shown and may place; each is used once.
CREATE TABLE previews (
  number        INTEGER PRIMARY KEY,
  preview_id    TEXT NOT NULL UNIQUE,
  identity      TEXT NOT NULL,
  paper         INTEGER NOT NULL CHECK (paper IN (0, 1)),
  asked         TEXT NOT NULL,
  digest        TEXT NOT NULL,
  facts_json    TEXT NOT NULL,
  -- What a person is to be shown; null where nobody is asked.
  summary_json  TEXT,
  policy_digest TEXT NOT NULL,
  created_at    INTEGER NOT NULL,
  expires_at    INTEGER NOT NULL,
  used_at       INTEGER
) STRICT;
CREATE INDEX previews_by_identity ON previews (identity, number);
CREATE INDEX previews_by_expiry ON previews (expires_at);

-- Orders that wait for the answer of a client's dialog; one that was answered is gone.
CREATE TABLE dialogs (
  number          INTEGER PRIMARY KEY,
  id              TEXT NOT NULL UNIQUE,
  identity        TEXT NOT NULL,
  paper           INTEGER NOT NULL CHECK (paper IN (0, 1)),
  action          TEXT NOT NULL CHECK (action IN ('place', 'replace')),
  asked           TEXT NOT NULL,
  call            TEXT NOT NULL,
  preview_id      TEXT NOT NULL UNIQUE,
  idempotency_key TEXT,
  digest          TEXT NOT NULL,
  facts_json      TEXT NOT NULL,
  summary_json    TEXT NOT NULL,
  token_hash      TEXT NOT NULL UNIQUE,
  created_at      INTEGER NOT NULL,
  expires_at      INTEGER NOT NULL
) STRICT;
CREATE INDEX dialogs_by_expiry ON dialogs (expires_at);
`;

/** One text per version of the schema, for `openDatabase`. */
export const MIGRATIONS: readonly string[] = [
  FIRST,
  ARCHIVES,
  INSTANCES,
  APPROVALS,
  OWN_ORDERS,
  HALTS,
  VENUES,
  ROUNDS,
  PUBLISHED,
  PREVIEWS,
  ACCOUNTS,
];
