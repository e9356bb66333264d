/** The calls that orders were confirmed for, and what holds when such an order is sent. */

import type { ConfirmedOrder } from "../record/dialogs.ts";
import type { ExchangeName } from "../orders/order_summary.ts";
import { describeExchange } from "../orders/order_summary.ts";
import { TradingError } from "../orders/trading_error.ts";

/** A call in one form: the same one made again waits for the same answer. */
export function callOf(asked: string, { idempotencyKey }: { readonly idempotencyKey?: string | undefined }): string {
  return JSON.stringify([asked, idempotencyKey ?? null]);
}

/** What the call of a confirmed order asked for. */
export function askedIn({ asked }: ConfirmedOrder): string | null {
  const [text]: unknown[] = JSON.parse(asked);
  return typeof text === "string" ? text : null;
}

/** @throws {TradingError} the order was confirmed for another exchange than the one that its trader trades on now */
export function assertSameExchange(
  { account: confirmedAccount, summary, facts }: ConfirmedOrder,
  { account, name: { kind, host }, id }: {
    readonly account: string;
    readonly name: ExchangeName;
    readonly id: string;
  },
): void {
  const confirmed = summary.exchange;
  // A simulated exchange is known as one once it has answered; its host tells it from others before that too.
  const isSameKind = (confirmed.kind === "paper") === (kind === "paper");
  const isSameVenue = facts.venue === undefined || facts.venue === id;
  if (confirmedAccount === account && isSameKind && confirmed.host === host && isSameVenue) return;
  throw new TradingError(
    `Cannot place the order as it was confirmed for ${describeExchange(confirmed)}, and this server now trades on ` +
      `${describeExchange({ kind, host })}: preview it again`,
    { code: "ERR_PREVIEW_STALE" },
  );
}
