/** Requests to cancel everything that is open, on PostgreSQL. */

import { completedEvent, keptOf, mayTakeUp } from "../../../trading/record/cancel_requests.ts";
import type { CancelRequest, CancelRequests, RoundOutcome, TakingUp } from "../../../trading/record/cancel_requests.ts";
import { readRequest } from "../rows/cancel_request_row.ts";
import type { Session } from "./database.ts";
import { isAlive } from "./instances.ts";
import type { RecordConnection } from "./record_connection.ts";

type Named = Pick<CancelRequest, "account" | "number">;

const ALL = 'SELECT * FROM cancel_wishes ORDER BY account COLLATE "C"';

/** See {@linkcode CancelRequests}. */
export class PostgresCancelRequests implements CancelRequests {
  readonly #connection: RecordConnection;

  constructor(connection: RecordConnection) {
    this.#connection = connection;
  }

  async all(): Promise<CancelRequest[]> {
    return (await this.#connection.rows(ALL)).map(readRequest);
  }

  async open(accounts: readonly string[]): Promise<CancelRequest[]> {
    return openOf(await this.all()).filter(({ account }) => accounts.includes(account));
  }

  claim(named: Named, instance: string, how: TakingUp): Promise<boolean> {
    return this.#connection.change(async (change) => {
      const request = await find(change, named);
      if (request === undefined) return false;
      const isHolderAlive = request.instance !== null && await isAlive(change, request.instance);
      if (!mayTakeUp(request, instance, { ...how, isHolderAlive })) return false;
      await change.query("UPDATE cancel_wishes SET instance = $1, begun_at = $2 WHERE account = $3", [
        instance,
        how.now,
        request.account,
      ]);
      return true;
    });
  }

  note(named: Named, { remaining, unlisted, isDone }: RoundOutcome, now: number): Promise<void> {
    return this.#connection.change(async (change) => {
      const request = await find(change, named);
      if (request === undefined) return;
      await change.query(
        `UPDATE cancel_wishes SET begun_at = NULL, rounds = rounds + 1, tried_at = $1, remaining = $2, unlisted = $3,
           done_at = $4 WHERE account = $5`,
        [now, JSON.stringify(keptOf(remaining)), unlisted, isDone ? now : null, request.account],
      );
      if (isDone) change.append([completedEvent(request)], now);
    });
  }
}

/** Repeats a request, as part of the change that halts. */
export async function addRequest(
  { query }: Session,
  account: string,
  { by, now }: { readonly by: string; readonly now: number },
): Promise<void> {
  await query(
    `INSERT INTO cancel_wishes (account, number, by, wished_at) VALUES ($1, 1, $2, $3)
     ON CONFLICT (account) DO UPDATE SET number = cancel_wishes.number + 1, by = $2, wished_at = $3, instance = NULL,
       begun_at = NULL, rounds = 0, tried_at = NULL, remaining = '[]', unlisted = NULL, done_at = NULL`,
    [account, by, now],
  );
}

/** Withdraws all requests, as part of the change that ends a halt; returns the incomplete ones. */
export async function withdrawRequests({ query }: Session): Promise<CancelRequest[]> {
  const open = openOf((await query(ALL)).map(readRequest));
  await query("DELETE FROM cancel_wishes");
  return open;
}

async function find({ query }: Session, { account, number }: Named): Promise<CancelRequest | undefined> {
  const requests = openOf((await query(ALL)).map(readRequest));
  return requests.find((request) => request.account === account && request.number === number);
}

function openOf(requests: readonly CancelRequest[]): CancelRequest[] {
  return requests.filter(({ doneAt }) => doneAt === null);
}
