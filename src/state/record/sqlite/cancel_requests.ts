/** Requests to cancel everything that is open, in SQLite. */

import { completedEvent, keptOf, mayTakeUp } from "../../../trading/record/cancel_requests.ts";
import type { CancelRequest, RoundOutcome, TakingUp } from "../../../trading/record/cancel_requests.ts";
import { readRequest } from "../rows/cancel_request_row.ts";
import type { AuditRows } from "./audit_rows.ts";
import type { RecordConnection } from "./connection.ts";
import type { SqliteInstances } from "./instances.ts";

type Named = Pick<CancelRequest, "account" | "number">;

/** See {@linkcode CancelRequests}. */
export class SqliteCancelRequests {
  readonly #connection: RecordConnection;
  readonly #audit: AuditRows;
  readonly #instances: Pick<SqliteInstances, "isAlive">;

  constructor(
    connection: RecordConnection,
    { audit, instances }: { readonly audit: AuditRows; readonly instances: Pick<SqliteInstances, "isAlive"> },
  ) {
    this.#connection = connection;
    this.#audit = audit;
    this.#instances = instances;
  }

  /** Repeats a request, as part of the change that halts. */
  add(account: string, { by, now }: { readonly by: string; readonly now: number }): void {
    this.#connection.run(
      `INSERT INTO cancel_wishes (account, number, by, wished_at) VALUES (?1, 1, ?2, ?3)
       ON CONFLICT (account) DO UPDATE SET number = number + 1, by = ?2, wished_at = ?3, instance = NULL, begun_at = NULL,
         rounds = 0, tried_at = NULL, remaining = '[]', unlisted = NULL, done_at = NULL`,
      ...[account, by, now],
    );
  }

  all(): CancelRequest[] {
    return this.#connection.rows("SELECT * FROM cancel_wishes ORDER BY account").map(readRequest);
  }

  open(accounts: readonly string[]): CancelRequest[] {
    return this.#open().filter(({ account }) => accounts.includes(account));
  }

  claim(named: Named, instance: string, how: TakingUp): boolean {
    return this.#connection.transaction(() => {
      const request = this.#find(named);
      if (request === undefined) return false;
      const { instance: holder } = request;
      const isHolderAlive = holder !== null && this.#instances.isAlive(holder);
      if (!mayTakeUp(request, instance, { ...how, isHolderAlive })) return false;
      this.#connection.run(
        "UPDATE cancel_wishes SET instance = ?, begun_at = ? WHERE account = ?",
        ...[instance, how.now, request.account],
      );
      return true;
    });
  }

  note(named: Named, { remaining, unlisted, isDone }: RoundOutcome, now: number): void {
    this.#connection.transaction(() => {
      const request = this.#find(named);
      if (request === undefined) return;
      this.#connection.run(
        `UPDATE cancel_wishes SET begun_at = NULL, rounds = rounds + 1, tried_at = ?, remaining = ?, unlisted = ?,
           done_at = ? WHERE account = ?`,
        ...[now, JSON.stringify(keptOf(remaining)), unlisted, isDone ? now : null, request.account],
      );
      if (isDone) this.#audit.append([completedEvent(request)], now);
    });
  }

  /** Withdraws all requests, as part of the change that ends a halt; returns the incomplete ones. */
  withdraw(): CancelRequest[] {
    const open = this.#open();
    this.#connection.run("DELETE FROM cancel_wishes");
    return open;
  }

  #open(): CancelRequest[] {
    return this.all().filter(({ doneAt }) => doneAt === null);
  }

  #find({ account, number }: Named): CancelRequest | undefined {
    return this.open([account]).find((each) => each.number === number);
  }
}
