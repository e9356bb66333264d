/** The calls that confirmed orders belong to, and the conditions under which such an order is sent. */

import type { ConfirmedOrder } from "../record/dialogs.ts";
import type { ExchangeName } from "../orders/order_summary.ts";
import { describeExchange } from "../orders/order_summary.ts";
import { TradingError } from "../orders/trading_error.ts";

/** A canonical text of the call: the same call made again waits for the same answer. */
export function callOf(asked: string, { idempotencyKey }: { readonly idempotencyKey?: string | undefined }): string {
  return JSON.stringify([asked, idempotencyKey ?? null]);
}

/** The request of a confirmed order's call. */
export function askedIn({ asked }: ConfirmedOrder): string | null {
  const [text]: unknown[] = JSON.parse(asked);
  return typeof text === "string" ? text : null;
}

/** @throws {TradingError} when the order was confirmed for another exchange than the trader's present one */
export function assertSameExchange(
  { account: confirmedAccount, summary, facts }: ConfirmedOrder,
  { account, name: { kind, host }, id }: {
    readonly account: string;
    readonly name: ExchangeName;
    readonly id: string;
  },
): void {
  const confirmed = summary.exchange;
  // A simulated exchange is recognized once it has answered; before that, its host distinguishes it.
  const isSameKind = (confirmed.kind === "paper") === (kind === "paper");
  const isSameVenue = facts.venue === undefined || facts.venue === id;
  if (confirmedAccount === account && isSameKind && confirmed.host === host && isSameVenue) return;
  throw new TradingError(
    `Cannot place the order as it was confirmed for ${describeExchange(confirmed)}, and this server now trades on ` +
      `${describeExchange({ kind, host })}: preview it again`,
    { code: "ERR_PREVIEW_STALE" },
  );
}
