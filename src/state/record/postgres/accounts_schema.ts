/** The migration of the record's tables from a paper flag to accounts. */

/** What earlier versions had on paper belongs to one account, everything else to another: `main`. */
const OF_PAPER = "CASE WHEN paper = 1 THEN 'paper' ELSE 'main' END";
const OF_VENUE = "CASE WHEN venue = '' OR venue = 'simulated' OR venue LIKE 'simulated-%' THEN 'main' ELSE 'paper' END";

/** Tables are altered and none is recreated, so that granted rights stay. */
export const ACCOUNTS = `
-- The accounts whose orders these are, each at one exchange; the account on paper is at none.
ALTER TABLE venue RENAME TO accounts;
ALTER TABLE accounts DROP CONSTRAINT venue_id_check;
ALTER TABLE accounts ALTER COLUMN id TYPE text USING 'main';
ALTER TABLE accounts RENAME COLUMN name TO exchange;
ALTER TABLE accounts ADD UNIQUE (exchange);

ALTER TABLE placements ADD COLUMN account text NOT NULL DEFAULT 'main';
UPDATE placements SET account = 'paper' WHERE paper = 1;
ALTER TABLE placements ALTER COLUMN account DROP DEFAULT;
DROP INDEX placements_by_key, placements_by_time, placements_refused, placements_alive;
CREATE UNIQUE INDEX placements_by_key ON placements (account, venue, identity, idempotency_key)
  WHERE idempotency_key IS NOT NULL;
CREATE INDEX placements_by_time ON placements (identity, account, created_at);
CREATE INDEX placements_refused ON placements (identity, account, settled_at)
  WHERE state = 'not_placed' AND sent_at IS NOT NULL;
CREATE INDEX placements_alive ON placements (identity, account, state) WHERE is_alive = 1;

ALTER TABLE day_use ADD COLUMN account text;
UPDATE day_use SET account = ${OF_PAPER};
ALTER TABLE day_use DROP CONSTRAINT day_use_pkey, ADD PRIMARY KEY (identity, account, venue, currency, day);

ALTER TABLE approvals ADD COLUMN account text NOT NULL DEFAULT 'main';
UPDATE approvals SET account = 'paper' WHERE paper = 1;
ALTER TABLE approvals ALTER COLUMN account DROP DEFAULT;

ALTER TABLE previews ADD COLUMN account text;
UPDATE previews SET account = ${OF_PAPER};
ALTER TABLE previews ALTER COLUMN account SET NOT NULL;
ALTER TABLE dialogs ADD COLUMN account text;
UPDATE dialogs SET account = ${OF_PAPER};
ALTER TABLE dialogs ALTER COLUMN account SET NOT NULL;

-- Rows of earlier versions name no account; their hashes are over what they say.
ALTER TABLE audit ADD COLUMN account text;

ALTER TABLE cancel_wishes DROP CONSTRAINT cancel_wishes_kind_check;
ALTER TABLE cancel_wishes RENAME COLUMN kind TO account;
UPDATE cancel_wishes SET account = 'main' WHERE account = 'real';

-- Accounts whose open orders it cancels at a halt that wishes so, separated by commas.
ALTER TABLE instances ADD COLUMN accounts text NOT NULL DEFAULT '';
UPDATE instances SET accounts = CASE cancels WHEN 1 THEN 'main' WHEN 2 THEN 'paper' WHEN 3 THEN 'main,paper' ELSE '' END;

ALTER TABLE calls ADD COLUMN account text;
UPDATE calls SET account = ${OF_VENUE};
ALTER TABLE calls DROP CONSTRAINT calls_pkey, ADD PRIMARY KEY (account, venue, identity, idempotency_key);

ALTER TABLE replacements ADD COLUMN account text;
UPDATE replacements SET account = ${OF_VENUE};
ALTER TABLE replacements DROP CONSTRAINT replacements_pkey, ADD PRIMARY KEY (account, venue, order_id);
DROP INDEX replacements_by_key;
CREATE INDEX replacements_by_key ON replacements (account, venue, identity, idempotency_key)
  WHERE idempotency_key IS NOT NULL;

ALTER TABLE placements DROP COLUMN paper;
ALTER TABLE day_use DROP COLUMN paper;
ALTER TABLE approvals DROP COLUMN paper;
ALTER TABLE previews DROP COLUMN paper;
ALTER TABLE dialogs DROP COLUMN paper;
ALTER TABLE instances DROP COLUMN cancels;
`;
