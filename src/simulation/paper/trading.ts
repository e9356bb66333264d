/**
 * The effect of orders on an identity's account. Pure. Engines call it within the transaction in which they read the
 * facts, and store the changes in it, or nothing when it refuses.
 */

import { Refusal } from "../engine/refusal.ts";
import { AccountState } from "./account_state.ts";
import type { AccountChanges, AccountFacts } from "./account_state.ts";
import type { MarketMeeting, OrderPlacement } from "./ledger.ts";
import { readDraft, writeOrder } from "./ledger_values.ts";
import type { LedgerOrder } from "./ledger_values.ts";
import { PaperEngine } from "./paper_engine.ts";
import type { PaperIds } from "./paper_ids.ts";

/** The most live orders of one identity. */
export const MAX_LIVE_ORDERS = 1_000;

/** The most stored orders of one identity; the oldest complete ones are deleted, with their fills. */
export const MAX_ORDERS = 10_000;

/** The most stored fills of one identity. */
export const MAX_TRADES = 10_000;

/** The facts when an order is placed. */
export interface PlacingFacts extends AccountFacts {
  /** The number of the identity's live orders, in all markets. */
  readonly liveOrders: number;
  /** The order that has the new one's client order id. */
  readonly namesake: string | undefined;
  /** The system's clock. */
  readonly systemMs: number;
}

/**
 * Places an order.
 *
 * @throws {Refusal} for everything that the exchange would refuse
 */
export function placeOrder(
  facts: PlacingFacts,
  { draft, book, seen, nowMs, expiresMs }: Omit<OrderPlacement, "identity">,
  ids: PaperIds,
): { readonly order: LedgerOrder; readonly changes: AccountChanges } {
  // Reading the market took some time, and so may have waiting for another writer.
  if (facts.systemMs > expiresMs) throw new Refusal("ErrDeadlineExceeded");
  if (facts.liveOrders >= MAX_LIVE_ORDERS) {
    throw new Refusal("ErrOrderCanceled", `At most ${MAX_LIVE_ORDERS} orders may be open on paper: cancel some first`);
  }
  const state = new AccountState(facts, { nowMs, namesake: facts.namesake });
  const order = new PaperEngine({ state, market: draft.market, book, nowMs, ids }).place(readDraft(draft), seen);
  return { order: writeOrder(order), changes: state.changes };
}

/** Cancels a waiting order; `undefined` when there is nothing to cancel. */
export function cancelOrder(
  facts: AccountFacts,
  { order: { id, market }, nowMs }: { readonly order: Pick<LedgerOrder, "id" | "market">; readonly nowMs: number },
  ids: PaperIds,
): AccountChanges | undefined {
  const state = new AccountState(facts, { nowMs });
  const isCancelled = new PaperEngine({ state, market, book: null, nowMs, ids }).cancel(id);
  return isCancelled ? state.changes : undefined;
}

/** Lets trades and the book of a real market meet waiting orders. */
export function meetMarket(
  facts: AccountFacts,
  { market, trades, book, nowMs }: Omit<MarketMeeting, "identity">,
  ids: PaperIds,
): AccountChanges {
  const state = new AccountState(facts, { nowMs });
  const engine = new PaperEngine({ state, market, book, nowMs, ids });
  engine.meetTrades(trades);
  engine.meetBook();
  return state.changes;
}
