/** The tables of previews and dialogs. */

/** `number` is the order of insertion. */
export const PREVIEWS = `
-- Orders that callers were shown and may place; each is used once.
CREATE TABLE previews (
  number        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  preview_id    text NOT NULL UNIQUE,
  identity      text NOT NULL,
  paper         integer NOT NULL CHECK (paper IN (0, 1)),
  asked         text NOT NULL,
  digest        text NOT NULL,
  facts_json    text NOT NULL,
  -- What a person is to be shown; null where nobody is asked.
  summary_json  text,
  policy_digest text NOT NULL,
  created_at    bigint NOT NULL,
  expires_at    bigint NOT NULL,
  used_at       bigint
);
CREATE INDEX previews_by_identity ON previews (identity, number);
CREATE INDEX previews_by_expiry ON previews (expires_at);

-- Orders that wait for the answer of a client's dialog; one that was answered is gone.
CREATE TABLE dialogs (
  number          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id              text NOT NULL UNIQUE,
  identity        text NOT NULL,
  paper           integer NOT NULL CHECK (paper IN (0, 1)),
  action          text NOT NULL CHECK (action IN ('place', 'replace')),
  asked           text NOT NULL,
  call            text NOT NULL,
  preview_id      text NOT NULL UNIQUE,
  idempotency_key text,
  digest          text NOT NULL,
  facts_json      text NOT NULL,
  summary_json    text NOT NULL,
  token_hash      text NOT NULL UNIQUE,
  created_at      bigint NOT NULL,
  expires_at      bigint NOT NULL
);
CREATE INDEX dialogs_by_expiry ON dialogs (expires_at);
`;
