/** The migration of the tables of `trading.db` from a paper flag to accounts. */

/** What earlier versions had on paper belongs to one account, everything else to another: `main`. */
const OF_VENUE = "CASE WHEN venue = '' OR venue = 'simulated' OR venue LIKE 'simulated-%' THEN 'main' ELSE 'paper' END";

/** Tables whose keys change are recreated. */
export const ACCOUNTS = `
-- The accounts whose orders these are, each at one exchange; the account on paper is at none.
CREATE TABLE accounts (
  id       TEXT PRIMARY KEY,
  exchange TEXT NOT NULL UNIQUE
) STRICT, WITHOUT ROWID;
INSERT INTO accounts SELECT 'main', name FROM venue;
DROP TABLE venue;

DROP INDEX placements_by_key;
DROP INDEX placements_by_time;
DROP INDEX placements_refused;
DROP INDEX placements_alive;
ALTER TABLE placements ADD COLUMN account TEXT NOT NULL DEFAULT 'main';
UPDATE placements SET account = 'paper' WHERE paper = 1;
ALTER TABLE placements DROP COLUMN paper;
CREATE UNIQUE INDEX placements_by_key ON placements (account, venue, identity, idempotency_key)
  WHERE idempotency_key IS NOT NULL;
CREATE INDEX placements_by_time ON placements (identity, account, created_at);
CREATE INDEX placements_refused ON placements (identity, account, settled_at)
  WHERE state = 'not_placed' AND sent_at IS NOT NULL;
CREATE INDEX placements_alive ON placements (identity, account, state) WHERE is_alive = 1;

ALTER TABLE day_use RENAME TO day_use_before;
CREATE TABLE day_use (
  identity TEXT NOT NULL,
  account  TEXT NOT NULL,
  venue    TEXT NOT NULL,
  currency TEXT NOT NULL,
  day      INTEGER NOT NULL,
  amount   TEXT NOT NULL,
  PRIMARY KEY (identity, account, venue, currency, day)
) STRICT, WITHOUT ROWID;
INSERT INTO day_use SELECT identity, iif(paper = 1, 'paper', 'main'), venue, currency, day, amount FROM day_use_before;
DROP TABLE day_use_before;

ALTER TABLE approvals ADD COLUMN account TEXT NOT NULL DEFAULT 'main';
UPDATE approvals SET account = 'paper' WHERE paper = 1;
ALTER TABLE approvals DROP COLUMN paper;

ALTER TABLE previews ADD COLUMN account TEXT NOT NULL DEFAULT 'main';
UPDATE previews SET account = 'paper' WHERE paper = 1;
ALTER TABLE previews DROP COLUMN paper;
ALTER TABLE dialogs ADD COLUMN account TEXT NOT NULL DEFAULT 'main';
UPDATE dialogs SET account = 'paper' WHERE paper = 1;
ALTER TABLE dialogs DROP COLUMN paper;

-- Rows of earlier versions name no account; their hashes are over what they say.
ALTER TABLE audit ADD COLUMN account TEXT;

ALTER TABLE cancel_wishes RENAME TO cancel_wishes_before;
CREATE TABLE cancel_wishes (
  account   TEXT PRIMARY KEY,
  number    INTEGER NOT NULL,
  by        TEXT NOT NULL,
  wished_at INTEGER NOT NULL,
  instance  TEXT,
  begun_at  INTEGER,
  rounds    INTEGER NOT NULL DEFAULT 0,
  tried_at  INTEGER,
  remaining TEXT NOT NULL DEFAULT '[]',
  unlisted  TEXT,
  done_at   INTEGER
) STRICT, WITHOUT ROWID;
INSERT INTO cancel_wishes SELECT iif(kind = 'paper', 'paper', 'main'), number, by, wished_at, instance, begun_at, rounds,
    tried_at, remaining, unlisted, done_at FROM cancel_wishes_before;
DROP TABLE cancel_wishes_before;

-- Accounts whose open orders it cancels at a halt that wishes so, separated by commas.
ALTER TABLE instances ADD COLUMN accounts TEXT NOT NULL DEFAULT '';
UPDATE instances SET accounts = CASE cancels WHEN 1 THEN 'main' WHEN 2 THEN 'paper' WHEN 3 THEN 'main,paper' ELSE '' END;
ALTER TABLE instances DROP COLUMN cancels;

ALTER TABLE calls RENAME TO calls_before;
CREATE TABLE calls (
  account         TEXT NOT NULL,
  venue           TEXT NOT NULL,
  identity        TEXT NOT NULL,
  idempotency_key TEXT NOT NULL,
  asked           TEXT,
  instance        TEXT NOT NULL,
  attempt         TEXT NOT NULL,
  PRIMARY KEY (account, venue, identity, idempotency_key)
) STRICT, WITHOUT ROWID;
INSERT INTO calls SELECT ${OF_VENUE}, venue, identity, idempotency_key, asked, instance, attempt FROM calls_before;
DROP TABLE calls_before;

ALTER TABLE replacements RENAME TO replacements_before;
DROP INDEX replacements_by_key;
CREATE TABLE replacements (
  account         TEXT NOT NULL,
  venue           TEXT NOT NULL,
  order_id        TEXT NOT NULL,
  identity        TEXT NOT NULL,
  idempotency_key TEXT,
  asked           TEXT,
  terms           TEXT,
  instance        TEXT,
  attempt         TEXT,
  placed_as       TEXT,
  claimed_at      INTEGER NOT NULL,
  CHECK ((instance IS NULL) = (attempt IS NULL)),
  PRIMARY KEY (account, venue, order_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX replacements_by_key ON replacements (account, venue, identity, idempotency_key)
  WHERE idempotency_key IS NOT NULL;
INSERT INTO replacements SELECT ${OF_VENUE}, venue, order_id, identity, idempotency_key, asked, terms, instance, attempt,
    placed_as, claimed_at FROM replacements_before;
DROP TABLE replacements_before;
`;
