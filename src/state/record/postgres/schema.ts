/**
 * The tables of the record on PostgreSQL. A released step is never changed: later changes are steps of their own.
 *
 * Times are wall clock milliseconds.
 */

import { ACCOUNTS } from "./accounts_schema.ts";
import { CHANNEL } from "./channel.ts";
import { PREVIEWS } from "./preview_schema.ts";
import { PAPER } from "./paper/schema.ts";
import { RECORD } from "./record_schema.ts";

const KEYS = `
CREATE TABLE keys (
  number     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id         text NOT NULL UNIQUE,
  name       text NOT NULL,
  digest     bytea NOT NULL CHECK (octet_length(digest) = 32),
  scopes     text NOT NULL,
  created_at bigint NOT NULL,
  expires_at bigint,
  revoked_at bigint
);
CREATE INDEX keys_by_name ON keys (name);

-- Which store of keys this is, and how often it was changed. Its row is locked by whoever changes keys.
CREATE TABLE key_store (
  only_row integer PRIMARY KEY CHECK (only_row = 1),
  id       text NOT NULL,
  revision bigint NOT NULL
);
INSERT INTO key_store VALUES (1, left(replace(gen_random_uuid()::text, '-', ''), 16), 0);

CREATE FUNCTION note_key_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE luno_mcp.key_store SET revision = revision + 1;
  PERFORM pg_notify('${CHANNEL}', 'keys');
  RETURN NULL;
END $$;
CREATE TRIGGER key_changed AFTER INSERT OR UPDATE OR DELETE ON keys FOR EACH ROW EXECUTE FUNCTION note_key_change();
`;

const PUBLISHED = `
-- Versions of the policy and of the access file; the highest of each kind counts.
CREATE TABLE published_files (
  kind    text NOT NULL CHECK (kind IN ('policy', 'access')),
  version bigint NOT NULL,
  digest  text NOT NULL,
  by      text NOT NULL,
  at      bigint NOT NULL,
  text    text NOT NULL,
  PRIMARY KEY (kind, version)
);
CREATE FUNCTION note_publication() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('${CHANNEL}', NEW.kind);
  RETURN NULL;
END $$;
CREATE TRIGGER file_published AFTER INSERT ON published_files FOR EACH ROW EXECUTE FUNCTION note_publication();
`;

const REPORTS = `
-- Where each instance connects from, when it renewed its lease, and what it says about itself, as JSON.
ALTER TABLE instances
  ADD COLUMN address text,
  ADD COLUMN renewed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  ADD COLUMN report text;
`;

const NOTED_VERSION = `
-- The version of these tables, where every change of the record looks first: a program that knows an earlier one stops there.
ALTER TABLE audit_head ADD COLUMN schema_version integer NOT NULL DEFAULT 0;
`;

/** One text per version. */
export const MIGRATIONS: readonly string[] = [
  ...[KEYS, RECORD, PUBLISHED, PREVIEWS, ACCOUNTS, PAPER, REPORTS],
  NOTED_VERSION,
];

/** From this version on the tables have instances with leases. */
export const INSTANCES_VERSION = 2;
