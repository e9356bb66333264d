/**
 * Processes callers' orders: each is assessed, checked against the policy, confirmed by a person where required, and
 * passed to the executor of the caller's account, real or paper.
 */

import { ExchangeError } from "../exchange/errors.ts";
import type { TrailQuery } from "./record/audit.ts";
import type { AuditRow } from "./record/audit_row.ts";
import { newOrderParts } from "./broker_parts.ts";
import type { BrokerCall, BrokerParts, PlaceOrder, SharedParts } from "./broker_parts.ts";
import type { CancelAllResult } from "./execution/cancel_all.ts";
import type { CancelResult } from "./execution/cancel_result.ts";
import type { OrderReference } from "./orders/order.ts";
import { readNewOrder } from "./orders/new_order_reads.ts";
import type { RemainingOrder } from "./record/cancel_requests.ts";
import type { Unconfirmed } from "./confirmation/confirmer.ts";
import { RunningCalls } from "./idempotency.ts";
import type { Placement } from "./record/recorded_placement.ts";
import type { Pull } from "./record/halts.ts";
import type { OrderRequest } from "./orders/order.ts";
import { OrderPlacing } from "./order_placing.ts";
import { OrderPreviews } from "./order_previews.ts";
import type { PreviewAnswer } from "./order_previews.ts";
import { OrderReplacing } from "./order_replacing.ts";
import type { PlacementResult } from "./execution/placement_result.ts";
import type { ReplaceResult } from "./execution/replace.ts";
import type { Replacement } from "./orders/replacement.ts";
import { StoreError } from "./record/store_error.ts";
import type { Trader } from "./orders/trader.ts";
import { TradingError } from "./orders/trading_error.ts";
import { TradingRights } from "./policy/trading_rights.ts";

/** The parameters of a halt. */
export interface Halt extends Pick<Pull, "by" | "reason"> {
  /** Whether to cancel open orders too. */
  readonly cancelOpen: boolean;
}

/** What a halt did not stop. */
export interface Halted {
  /** Orders that were sent before it and whose outcome was not known. */
  readonly onTheirWay: readonly Placement[];
  /** Orders that it was to cancel and that are still open after one attempt. */
  readonly remaining: readonly RemainingOrder[];
}

/** Processes the orders of all callers. */
export class Broker {
  readonly #parts: SharedParts;
  readonly #previews: OrderPreviews;
  readonly #placing: OrderPlacing;
  readonly #replacing: OrderReplacing;

  constructor(parts: BrokerParts) {
    const { policies, record, killSwitch, instance, account, monotonic, confirmation: { sleep } } = parts;
    const rights = new TradingRights({ policies, killSwitch, account });
    const running = new RunningCalls({ claims: record.calls, instance, monotonic, sleep });
    this.#parts = { ...parts, rights, running };
    this.#previews = new OrderPreviews(this.#parts);
    this.#placing = new OrderPlacing(this.#parts, this.#previews);
    this.#replacing = new OrderReplacing(this.#parts, this.#previews);
  }

  /** The account on which a caller trades now. */
  traderOf(identity: string): Trader {
    return this.#parts.rights.traderOf(identity);
  }

  /**
   * Shows what an order would do, without sending anything.
   *
   * @throws {TradingError} when the order is invalid
   */
  preview(request: OrderRequest, call: Omit<BrokerCall, "asking">): Promise<PreviewAnswer> {
    return recorded(() => this.#previews.show(request, call));
  }

  /**
   * Places an order once, after a person has confirmed it if the policy requires that.
   *
   * @throws {TradingError} when nothing was sent
   */
  place(order: PlaceOrder, call: BrokerCall): Promise<PlacementResult | Unconfirmed> {
    const { previewId: preview_id, request } = order;
    return recorded(() => this.#decided(call, { preview_id, request }, () => this.#placing.place(order, call)));
  }

  /**
   * Cancels an order of the account, without confirmation.
   *
   * @throws {ExchangeError} when the exchange does not let this key cancel
   */
  async cancel(target: OrderReference, { identity }: Pick<BrokerCall, "identity">): Promise<CancelResult> {
    const { executor } = await this.#parts.venueOf(await this.#whereIs(target, identity));
    return await executor.cancel(target, identity);
  }

  /** Cancels all open orders of the account, or those of one pair, and reports what remains. */
  async cancelAll(
    { pair }: { readonly pair?: string | undefined },
    { identity, signal }: Pick<BrokerCall, "identity" | "signal">,
  ): Promise<CancelAllResult> {
    const { executor } = await this.#parts.venueOf(this.traderOf(identity));
    const result = await executor.cancelAll({ pair }, identity);
    const isEmpty = result.cancelled.length + result.ended.length + result.remaining.length === 0;
    if (pair !== undefined && isEmpty) await this.#assertPair(pair, signal);
    return result;
  }

  /**
   * Cancels an order, waits until it is final, and places the rest under new terms.
   *
   * @throws {TradingError} when nothing was cancelled or sent
   */
  replace(replacement: Replacement, call: BrokerCall): Promise<ReplaceResult | Unconfirmed> {
    const asked = { replace: replacement };
    return recorded(() => this.#decided(call, asked, () => this.#replacing.replace(replacement, call)));
  }

  /**
   * The result of `read` for an order of the account; an order that was just placed is requested until the exchange
   * must show it.
   *
   * @throws {ExchangeError} as `read` does
   */
  async read<Answer>(target: OrderReference, read: () => Promise<Answer>, signal: AbortSignal): Promise<Answer> {
    return await readNewOrder(newOrderParts(this.#parts), { target, read, signal });
  }

  /** The audit rows of an identity's own orders, oldest first. */
  async trail(identity: string, query: Omit<TrailQuery, "identity">): Promise<readonly AuditRow[]> {
    return await this.#parts.record.audit.trail({ ...query, identity });
  }

  /** Whether trading is halted; also `true` when the record cannot be read, as no order is sent then. */
  async isHalted(): Promise<boolean> {
    try {
      return (await this.#parts.killSwitch.state()).halted;
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      return true;
    }
  }

  /**
   * Stops all new orders at once, and begins to cancel open ones if requested.
   *
   * @throws {TradingError} when the record cannot be written: only this server is halted, and the others once it can be
   */
  halt({ cancelOpen, ...pull }: Halt): Promise<Halted> {
    return recorded(async () => {
      const { killSwitch, record: { cancelRequests } } = this.#parts;
      let onTheirWay: readonly Placement[];
      try {
        const cancels = cancelOpen ? this.#parts.cancels : [];
        onTheirWay = await killSwitch.pull({ ...pull, cancelOpen: cancels, now: this.#parts.now() });
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        throw notRecordedYet(error);
      }
      await this.#parts.halted();
      const requests = cancelOpen ? await cancelRequests.all() : [];
      return { onTheirWay, remaining: requests.flatMap(({ remaining }) => remaining) };
    });
  }

  /**
   * Nothing was cancelled, which may be due to a mistyped pair.
   *
   * @throws {ExchangeError} `ERR_PAIR_UNKNOWN`
   */
  async #assertPair(pair: string, signal: AbortSignal): Promise<void> {
    await this.#parts.markets.resolve(pair, { signal }).catch((error) => {
      if (!(error instanceof ExchangeError) || error.code === "ERR_PAIR_UNKNOWN") throw error;
    });
  }

  /** An order stays where it was placed, even when its caller has been moved to paper since. */
  async #whereIs(target: OrderReference, identity: string): Promise<Trader> {
    const { journal } = this.#parts.record;
    try {
      const placement = "orderId" in target
        ? await journal.findByOrderId(target.orderId)
        : await journal.find(target.clientOrderId);
      if (placement?.identity === identity) return placement;
    } catch (error) {
      if (!(error instanceof StoreError)) throw error; // Cancelling must work without a record.
    }
    return this.traderOf(identity);
  }

  /** Runs checks that may refuse an order, and records a refusal; later refusals are recorded by the journal. */
  async #decided<Result>(
    { identity }: BrokerCall,
    asked: Readonly<Record<string, unknown>>,
    body: () => Promise<Result>,
  ): Promise<Result> {
    try {
      return await body();
    } catch (error) {
      if (!(error instanceof TradingError)) throw error;
      const policy = this.#parts.rights.policyOf(identity).digest;
      const data = { ...asked, policy, allowed: false, code: error.code };
      await this.#parts.record.audit.record({ event: "decision", identity, data }, this.#parts.now());
      throw error;
    }
  }
}

function notRecordedYet({ message }: StoreError): TradingError {
  return new TradingError(
    `This server places no more orders, but the halt cannot be recorded yet (${message}): it does not survive a restart ` +
      "and halts no other server until then",
    { code: "ERR_RECORD_FAILED", retryable: true },
  );
}

/**
 * Runs an operation that needs the trading record; when that fails nothing was sent, as sending itself never throws.
 */
async function recorded<Result>(body: () => Promise<Result>): Promise<Result> {
  try {
    return await body();
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    throw new TradingError(`${error.message} (nothing was sent)`, { code: "ERR_RECORD_FAILED", retryable: true });
  }
}
