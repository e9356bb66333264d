-- Users of a database that luno-mcp-server processes share, with no more rights than each needs.
-- Run it as an administrator in that database, after the owner has made the tables:
--
--   psql --dbname=luno --variable=owner=luno_owner --variable=server=luno_server --variable=auditor=luno_auditor \
--     --variable=publisher=luno_publisher --file=roles.sql
--
-- owner      makes and changes the tables: LUNO_MCP_STATE_URL=postgres://luno_owner@… luno-mcp-server keys list
-- server     what servers and the commands keys, kill, resume, approve and audit run as
-- publisher  publishes the policy and the access file; servers only read them. Leave it out where the owner does so
-- auditor    reads the audit log, for audit verify and for inquiries

\set ON_ERROR_STOP on

GRANT USAGE ON SCHEMA luno_mcp TO :"server", :"auditor";

-- The version of the tables; a new version of the program is brought in by the owner.
GRANT SELECT ON luno_mcp.schema_version TO :"server", :"auditor";

-- API keys.
GRANT SELECT, INSERT, UPDATE, DELETE ON luno_mcp.keys TO :"server";
GRANT SELECT, UPDATE ON luno_mcp.key_store TO :"server";

-- The policy and the access file that all servers use.
GRANT SELECT ON luno_mcp.published_files TO :"server", :"auditor";
\if :{?publisher}
  GRANT USAGE ON SCHEMA luno_mcp TO :"publisher";
  GRANT SELECT ON luno_mcp.schema_version TO :"publisher";
  GRANT SELECT, INSERT, DELETE ON luno_mcp.published_files TO :"publisher";
  GRANT SELECT, INSERT ON luno_mcp.audit TO :"publisher";
  GRANT SELECT, UPDATE ON luno_mcp.audit_head TO :"publisher";
  GRANT SELECT ON luno_mcp.audit_start, luno_mcp.key_store TO :"publisher";
\endif

-- Orders, limits, previews, approvals, halts and who may send.
GRANT SELECT, INSERT, UPDATE, DELETE ON
  luno_mcp.placements, luno_mcp.day_use, luno_mcp.cancel_wishes, luno_mcp.approvals, luno_mcp.instances,
  luno_mcp.calls, luno_mcp.previews, luno_mcp.dialogs, luno_mcp.replacements, luno_mcp.halt_files
  TO :"server";
GRANT SELECT, INSERT ON luno_mcp.accounts TO :"server";
GRANT SELECT, UPDATE ON luno_mcp.kill_switch TO :"server";

-- Paper accounts.
GRANT SELECT, UPDATE ON luno_mcp.paper_state TO :"server";
GRANT SELECT, INSERT, UPDATE, DELETE ON
  luno_mcp.paper_openings, luno_mcp.paper_identities, luno_mcp.paper_accounts, luno_mcp.paper_ledger,
  luno_mcp.paper_orders, luno_mcp.paper_trades, luno_mcp.paper_taken
  TO :"server";

-- The audit log is append-only: rows can be added, and neither changed nor removed. Without the right to delete,
-- "audit archive" must run as the owner.
GRANT SELECT, INSERT ON luno_mcp.audit TO :"server";
GRANT SELECT, UPDATE ON luno_mcp.audit_head TO :"server";
GRANT SELECT ON luno_mcp.audit_start TO :"server";

GRANT SELECT ON
  luno_mcp.audit, luno_mcp.audit_head, luno_mcp.audit_start, luno_mcp.placements, luno_mcp.day_use,
  luno_mcp.kill_switch, luno_mcp.halt_files, luno_mcp.instances
  TO :"auditor";
