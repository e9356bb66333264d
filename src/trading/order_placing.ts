/** Places previewed orders, and orders in full: once for each call, after a person has confirmed them where that is asked. */

import type { Approval } from "./record/approval.ts";
import { describePlacement } from "./confirmation/approval_outcome.ts";
import type { BrokerCall, ConfirmingCall, PlaceOrder, SharedParts, Venue } from "./broker_parts.ts";
import { askedIn, assertSameExchange, callOf } from "./confirmation/confirmed_call.ts";
import { confirmedAssessment } from "./confirmation/confirmed_assessment.ts";
import type { SentAssessment } from "./policy/assessment.ts";
import { Confirmer } from "./confirmation/confirmer.ts";
import type { Unconfirmed } from "./confirmation/confirmer.ts";
import type { ConfirmedOrder } from "./confirmation/confirmations.ts";
import { askedToPlace, usedKey, wasAskedFor } from "./idempotency.ts";
import type { Placement } from "./record/recorded_placement.ts";
import { orderDigest } from "./orders/order.ts";
import type { OrderPreviews } from "./order_previews.ts";
import { summarizeOrder } from "./orders/order_summary.ts";
import type { PlaceRequest } from "./execution/place_request.ts";
import { isPassing, tell } from "./execution/placement_result.ts";
import type { PlacementResult } from "./execution/placement_result.ts";
import { termsOf } from "./execution/sending_terms.ts";
import type { Trader } from "./orders/trader.ts";
import { TradingError } from "./orders/trading_error.ts";
import type { SendingCall } from "./policy/trading_rights.ts";

/** The placing of all callers' orders. */
export class OrderPlacing {
  readonly #parts: SharedParts;
  readonly #previews: OrderPreviews;
  readonly #confirmations: Confirmer<PlacementResult>;

  constructor(parts: SharedParts, previews: OrderPreviews) {
    this.#parts = parts;
    this.#previews = previews;
    this.#confirmations = new Confirmer(parts.confirmation, {
      waysOf: (identity) => parts.rights.confirmWaysOf(identity),
      send: (order, by) => this.#sendConfirmed(order, by),
      describe: describePlacement,
    });
  }

  /** @throws {TradingError} nothing was sent */
  async place(order: PlaceOrder, call: BrokerCall): Promise<PlacementResult | Unconfirmed> {
    const { rights, running } = this.#parts;
    const { identity, asking } = call;
    if (asking.answer !== undefined) {
      await rights.assertTrading(identity);
      return await this.#confirmations.answer(asking.answer, call);
    }
    const repeated = await this.#findEarlier(order, call);
    if (repeated !== undefined) return repeated;
    const { idempotencyKey } = order;
    if (idempotencyKey === undefined) return await this.#placeFirst(order, call);
    const { id: venue } = await this.#parts.venueOf(rights.traderOf(identity));
    const asked = this.#askedOf(order, identity) ?? null;
    return await running.run({ venue, identity, idempotencyKey, asked, signal: call.signal }, async () => {
      return await this.#findEarlier(order, call) ?? await this.#placeFirst(order, call);
    });
  }

  /** What a call asks for in one form, as far as its preview is known here. */
  #askedOf({ request, previewId }: PlaceOrder, identity: string): string | undefined {
    if (request !== undefined) return askedToPlace(request);
    return previewId === undefined ? undefined : this.#previews.askedWith(previewId, identity);
  }

  async #placeFirst(order: PlaceOrder, call: BrokerCall): Promise<PlacementResult | Unconfirmed> {
    const { identity } = call;
    const { rights } = this.#parts;
    await rights.assertTrading(identity);
    const waiting = await this.#askedBefore(order, identity);
    if (waiting !== undefined) return await this.#confirmations.wait(waiting, call);
    const { previewId, facts: previewed, policy } = order.previewId === undefined
      ? await this.#previews.preview(order.request, call)
      : this.#previews.take(order.previewId, identity);
    const { idempotencyKey } = order;
    const trader = rights.traderOf(identity);
    const { venue, used } = await this.#whereTo(trader, idempotencyKey).catch((error) => {
      this.#previews.release(previewId);
      throw error;
    });
    if (previewed.venue !== venue.id) throw changedVenue();
    const { asked } = previewed;
    // A key that was used sends nothing: the journal tells what the first call came to, or refuses another order.
    if (policy.mode !== "confirm" || used !== undefined) {
      const result = await this.#send(previewed, { by: call, trader, venue, previewId, idempotencyKey, asked });
      if (isPassing(result)) this.#previews.release(previewId);
      return result;
    }
    const summary = summarizeOrder(previewed, { exchange: venue.name, identity });
    const named = { action: "place", asked: callOf(asked, order), previewId, idempotencyKey } as const;
    const facts = { ...previewed.policyFacts, venue: venue.id };
    const question = await this.#askOnce({ ...trader, ...named, facts, summary }, call);
    return "status" in question ? question : await this.#confirmations.wait(question, call);
  }

  /** Where the order goes, and what the key was used for there. */
  async #whereTo(trader: Trader, idempotencyKey: string | undefined) {
    const venue = await this.#parts.venueOf(trader);
    if (idempotencyKey === undefined) return { venue };
    const { journal } = this.#parts.record;
    return { venue, used: await journal.findByKey(trader.identity, idempotencyKey, venue.id) };
  }

  /** The question of the same preview, or of the same call with its key: an equal order without one is another order. */
  async #askedBefore(order: PlaceOrder, identity: string): Promise<Approval | undefined> {
    const action = "place";
    const { previewId, request, idempotencyKey } = order;
    if (previewId !== undefined) return await this.#confirmations.ofPreview(previewId, { identity, action });
    if (idempotencyKey === undefined || request === undefined) return undefined;
    return await this.#confirmations.ofCall({ identity, action, asked: callOf(askedToPlace(request), order) });
  }

  /** Asks a person; where nobody can be asked now, the preview is its caller's again. */
  async #askOnce(order: ConfirmedOrder, call: BrokerCall) {
    try {
      return await this.#confirmations.ask(order, call);
    } catch (error) {
      this.#previews.release(order.previewId);
      throw error;
    }
  }

  async #sendConfirmed(order: ConfirmedOrder, by: ConfirmingCall): Promise<PlacementResult> {
    const venue = await this.#parts.venueOf(order);
    assertSameExchange(order, venue);
    const { facts, previewId, idempotencyKey } = order;
    const asked = askedIn(order);
    return await this.#send(confirmedAssessment(facts), { by, trader: order, venue, previewId, idempotencyKey, asked });
  }

  /** Sends to the venue that the order was found to be for: one that was restarted since takes nothing. */
  async #send(
    assessment: SentAssessment,
    { by, trader, venue: { executor }, ...named }: Pick<PlaceRequest, "previewId" | "idempotencyKey" | "asked"> & {
      by: SendingCall;
      trader: Trader;
      venue: Venue;
    },
  ): Promise<PlacementResult> {
    const { rights } = this.#parts;
    rights.assertStillAllowed(assessment, trader, by);
    const { order } = assessment;
    const terms = () => termsOf(rights, order, { assessment, trader, by });
    const { signal } = by;
    return await executor.place({ ...named, order, identity: trader.identity, termsOf: terms }, { signal });
  }

  /**
   * A call that is made again with its idempotency key is told what became of the first, however the market, the policy
   * and the kill switch stand by now.
   *
   * @throws {TradingError} the key was used for another order
   */
  async #findEarlier(order: PlaceOrder, call: BrokerCall): Promise<PlacementResult | undefined> {
    const { identity, signal } = call;
    const { idempotencyKey } = order;
    if (idempotencyKey === undefined) return undefined;
    const { record: { journal }, rights } = this.#parts;
    const { executor, id: venue } = await this.#parts.venueOf(rights.traderOf(identity));
    const earlier = await journal.findByKey(identity, idempotencyKey, venue);
    if (earlier === undefined) return undefined;
    const isSame = await this.#isFor(earlier, { order, call });
    if (isSame === undefined) return undefined;
    if (!isSame) throw usedKey("place the order");
    if (earlier.state === "placed" || earlier.state === "not_placed") return tell(earlier, { isRepeated: true });
    const { previewId, asked, notional } = earlier;
    const terms = () => ({ policy: rights.policyOf(identity), notional });
    const named = { identity, previewId, idempotencyKey, asked };
    return await executor.place({ ...named, order: earlier.order, termsOf: terms }, { signal });
  }

  /** Whether a placement is what a call asks for; `undefined` where its preview is not known here. */
  async #isFor(
    earlier: Placement,
    { order, call: { identity, signal } }: { readonly order: PlaceOrder; readonly call: BrokerCall },
  ): Promise<boolean | undefined> {
    const { previewId, request } = order;
    if (previewId !== undefined && previewId === earlier.previewId) return true;
    const asked = this.#askedOf(order, identity);
    if (asked === undefined) return undefined;
    if (earlier.asked !== null || request === undefined) return earlier.asked === asked;
    if (await wasAskedFor(this.#parts.record.audit, earlier, request)) return true;
    return orderDigest((await this.#previews.assess(request, { identity, signal })).assessment.order) ===
      earlier.digest;
  }
}

function changedVenue(): TradingError {
  const message = "Cannot place the order as its preview was for an exchange or a paper account that was restarted " +
    "since: preview it again";
  return new TradingError(message, { code: "ERR_PREVIEW_STALE" });
}
