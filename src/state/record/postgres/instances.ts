/**
 * Processes that can send orders, on PostgreSQL. Each is live while it renews its lease, by the database's clock.
 *
 * A suspended process may continue and send what it had recorded: so another process takes over only when its lease,
 * the time in which the exchange accepts its requests, and the tolerated clock difference have passed. Without a lease
 * it can begin nothing, even before anything was taken over.
 */

import type { InstanceFacts, Instances, ListedInstance } from "../../../trading/record/instances.ts";
import { readNumber, readText, readTextOrNull } from "../../row.ts";
import { readInstance, writeAccounts } from "../rows/instance_row.ts";
import type { Session } from "./database.ts";
import { UNSETTLED } from "./journal_reads.ts";
import type { Lease } from "./lease.ts";
import type { RecordConnection } from "./record_connection.ts";

/** How long a process counts as live after its last renewal. */
const LEASE_MS = 10_000;

/** The tolerated difference between clocks. */
export const CLOCK_TOLERANCE_MS = 2_000;

const LEASE = `clock_timestamp() + interval '${LEASE_MS} milliseconds'`;
const NOW_MS = msOf("clock_timestamp()");

/** The client address of this connection. */
const ADDRESS = "host(inet_client_addr())";

/** Conditions of placements whose process has ended, and of which nothing can be sent any more. */
const LEFT = `${UNSETTLED} AND (instance IS NULL OR instance NOT IN (SELECT id FROM instances))
  AND coalesce(valid_until, 0) + ${CLOCK_TOLERANCE_MS} <= ${NOW_MS}`;

/** Conditions of dead instances, except the calling one. */
const DEAD = `lease_until + interval '${CLOCK_TOLERANCE_MS} milliseconds' <= clock_timestamp() AND id <> $1`;

/** See {@linkcode Instances}. */
export class PostgresInstances implements Instances {
  readonly #connection: RecordConnection;
  readonly #lease: Lease;

  constructor(connection: RecordConnection, { lease }: { readonly lease: Lease }) {
    this.#connection = connection;
    this.#lease = lease;
  }

  async enter(facts: InstanceFacts): Promise<void> {
    await this.#connection.change(async ({ query }) => {
      await insert({ query }, facts);
      await query(
        `DELETE FROM instances WHERE ${DEAD}
           AND NOT EXISTS (SELECT 1 FROM placements WHERE instance = instances.id AND ${UNSETTLED})`,
        [facts.id],
      );
    });
    await this.#lease.keep(facts);
  }

  async remove(id: string): Promise<void> {
    await this.#lease.drop(id);
    await this.#connection.change(({ query }) => query("DELETE FROM instances WHERE id = $1", [id]));
  }

  async has(id: string): Promise<boolean> {
    return await this.#connection.row("SELECT 1 FROM instances WHERE id = $1", id) !== undefined;
  }

  async alive(): Promise<InstanceFacts[]> {
    const rows = await this.#connection.rows(
      "SELECT * FROM instances WHERE lease_until > clock_timestamp() ORDER BY started_at, id",
    );
    return rows.map(readInstance);
  }

  async tell(id: string, report: string): Promise<void> {
    await this.#connection.write("UPDATE instances SET report = $2 WHERE id = $1", id, report);
  }

  async listed(): Promise<ListedInstance[]> {
    const rows = await this.#connection.rows(
      `SELECT *, (lease_until > clock_timestamp())::int AS is_alive, ${msOf("renewed_at")} AS renewed_ms,
         ${msOf("lease_until")} AS lease_ms FROM instances WHERE isfinite(lease_until) ORDER BY started_at, id`,
    );
    return rows.map((row) => ({
      ...readInstance(row),
      isAlive: readNumber(row, "is_alive") === 1,
      address: readTextOrNull(row, "address"),
      renewedAt: readNumber(row, "renewed_ms"),
      leaseUntil: readNumber(row, "lease_ms"),
      report: readTextOrNull(row, "report"),
    }));
  }

  async takeOver(heir: string, accounts: readonly string[]): Promise<number> {
    const [found] = await this.#connection.rows(
      `SELECT (EXISTS (SELECT 1 FROM instances WHERE ${DEAD})
         OR EXISTS (SELECT 1 FROM placements WHERE ${LEFT} AND account = ANY ($2::text[])))::int AS is_any`,
      ...[heir, accounts],
    );
    if (found === undefined || readNumber(found, "is_any") === 0) return 0;
    return await this.#connection.change(async ({ query }) => {
      await query(`DELETE FROM instances WHERE ${DEAD}`, [heir]);
      const taken = await query(
        `UPDATE placements SET instance = $1 WHERE ${LEFT} AND account = ANY ($2::text[]) RETURNING 1`,
        [heir, accounts],
      );
      return taken.length;
    });
  }
}

/** A timestamp as wall clock milliseconds. */
function msOf(moment: string): string {
  return `floor(extract(epoch FROM ${moment}) * 1000)::bigint`;
}

async function insert({ query }: Session, { id, pid, command, startedAt, cancels }: InstanceFacts): Promise<void> {
  await query(
    `INSERT INTO instances (id, pid, command, started_at, accounts, lease_until, address)
     VALUES ($1, $2, $3, $4, $5, ${LEASE}, ${ADDRESS})`,
    [id, pid, command, startedAt, writeAccounts(cancels)],
  );
}

/**
 * Renews a lease, or registers an instance again that was considered dead: others may have taken over what it left.
 * Returns the database's time, in wall clock milliseconds.
 */
export async function renewLease(
  connection: RecordConnection,
  { id, pid, command, startedAt, cancels }: InstanceFacts,
): Promise<number> {
  const [row] = await connection.write(
    `INSERT INTO instances (id, pid, command, started_at, accounts, lease_until, address)
     VALUES ($1, $2, $3, $4, $5, ${LEASE}, ${ADDRESS})
     ON CONFLICT (id) DO UPDATE
       SET lease_until = excluded.lease_until, renewed_at = excluded.renewed_at, address = excluded.address
     RETURNING ${NOW_MS} AS now`,
    ...[id, pid, command, startedAt, writeAccounts(cancels)],
  );
  return readNumber(row, "now");
}

/** Whether an instance is listed and its process is live. */
export async function isAlive(session: Session, id: string): Promise<boolean> {
  return (await aliveAmong(session, [id])).has(id);
}

/** Which of these instances are live. */
export async function aliveAmong({ query }: Session, ids: readonly string[]): Promise<ReadonlySet<string>> {
  if (ids.length === 0) return new Set();
  const rows = await query(
    "SELECT id FROM instances WHERE id = ANY ($1::text[]) AND lease_until > clock_timestamp()",
    [ids],
  );
  return new Set(rows.map((row) => readText(row, "id")));
}
