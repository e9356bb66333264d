/** What the database itself sees of the servers, independent of their engine. */

import type { Cluster } from "../cluster.ts";

/** Maximum duration of a transaction from its check of the lease to the row that the witness sees, in milliseconds. */
const TRANSACTION_MS = 3_000;

/**
 * Records each order that is written by a server whose lease is missing or has expired, and can hold leases: every
 * change of a server's row while it is held fails as if another process kept it locked.
 */
const WITNESS = `
CREATE SCHEMA proof;
CREATE TABLE proof.without_lease (client_order_id text, instance text);
CREATE TABLE proof.held (pid bigint);
CREATE FUNCTION proof.look() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM luno_mcp.instances WHERE id = NEW.data::json ->> 'instance'
    AND lease_until + interval '${TRANSACTION_MS} milliseconds' > clock_timestamp()) THEN
    INSERT INTO proof.without_lease VALUES (NEW.client_order_id, NEW.data::json ->> 'instance');
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER proof_look AFTER INSERT ON luno_mcp.audit FOR EACH ROW WHEN (NEW.event = 'intent')
  EXECUTE FUNCTION proof.look();
CREATE FUNCTION proof.hold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM proof.held WHERE pid = NEW.pid) THEN
    RAISE EXCEPTION 'the lease is held' USING ERRCODE = 'lock_not_available';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER proof_hold BEFORE INSERT OR UPDATE ON luno_mcp.instances FOR EACH ROW EXECUTE FUNCTION proof.hold()`;

/** A row of the audit, as far as the proof reads it. */
export interface SeenRow {
  readonly seq: number;
  readonly event: string;
  readonly clientOrderId: string | null;
  /** The key of an intent. */
  readonly key: string | null;
}

/** The witness of one cluster, whose tables exist. */
export class Witness {
  readonly #cluster: Cluster;
  #lastSeq = 0;

  private constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  static async place(cluster: Cluster): Promise<Witness> {
    await cluster.query(WITNESS);
    return new Witness(cluster);
  }

  /** Keeps the server of this process from renewing its lease. */
  async holdLease(pid: number): Promise<void> {
    await this.#cluster.query(`INSERT INTO proof.held VALUES (${pid})`);
  }

  /** Lets all servers renew their leases. */
  async freeLeases(): Promise<void> {
    await this.#cluster.query("DELETE FROM proof.held");
  }

  /** Client order ids of what servers without a lease have written. */
  async withoutLease(): Promise<string[]> {
    const rows = await this.#cluster.query("SELECT client_order_id FROM proof.without_lease");
    return rows.map((row) => String(row["client_order_id"]));
  }

  /** Rows of the audit since the last reading: orders as they began and were sent, halts and their lifts. */
  async rows(): Promise<SeenRow[]> {
    const rows = await this.#cluster.query(
      `SELECT seq::text, event, client_order_id, CASE WHEN event = 'intent' THEN data::json ->> 'idempotency_key' END AS key
       FROM luno_mcp.audit AS audit WHERE audit.seq > ${this.#lastSeq} AND event IN ('intent', 'sent', 'halt', 'lift') ORDER BY audit.seq`,
    );
    const seen = rows.map((row): SeenRow => ({
      seq: Number(row["seq"]),
      event: String(row["event"]),
      clientOrderId: textOf(row["client_order_id"]),
      key: textOf(row["key"]),
    }));
    this.#lastSeq = seen.at(-1)?.seq ?? this.#lastSeq;
    return seen;
  }
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
