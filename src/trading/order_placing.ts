/** Places previewed and complete orders: once per call, after a person has confirmed them where required. */

import type { Approval } from "./record/approval.ts";
import { describePlacement } from "./confirmation/approval_outcome.ts";
import { orderVenueOf } from "./broker_parts.ts";
import type { BrokerCall, ConfirmingCall, PlaceOrder, SharedParts, Venue } from "./broker_parts.ts";
import { askedIn, assertSameExchange, callOf } from "./confirmation/confirmed_call.ts";
import { confirmedAssessment } from "./confirmation/confirmed_assessment.ts";
import type { SentAssessment } from "./policy/assessment.ts";
import { Confirmer } from "./confirmation/confirmer.ts";
import type { Unconfirmed } from "./confirmation/confirmer.ts";
import type { ConfirmedOrder } from "./record/dialogs.ts";
import type { Preview } from "./record/previews.ts";
import { askedToPlace, usedKey, wasAskedFor } from "./idempotency.ts";
import type { Placement } from "./record/recorded_placement.ts";
import { orderDigest } from "./orders/order.ts";
import type { OrderPreviews, Previewed } from "./order_previews.ts";
import type { PlaceRequest } from "./execution/place_request.ts";
import { tell } from "./execution/placement_result.ts";
import type { PlacementResult } from "./execution/placement_result.ts";
import { repeatingRights, sendingRights } from "./execution/sending_terms.ts";
import type { Trader } from "./orders/trader.ts";
import { TradingError } from "./orders/trading_error.ts";
import { changedPolicy } from "./policy/trading_rights.ts";
import type { SendingCall } from "./policy/trading_rights.ts";

/** Places the orders of all callers. */
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

  /** @throws {TradingError} when nothing was sent */
  async place(order: PlaceOrder, call: BrokerCall): Promise<PlacementResult | Unconfirmed> {
    const { rights, running } = this.#parts;
    const { identity, asking } = call;
    if (asking.answer !== undefined) {
      await rights.assertTrading(identity);
      return await this.#confirmations.answer(asking.answer, call);
    }
    const named = await this.#read(order, identity);
    const repeated = await this.#findEarlier(named, call);
    if (repeated !== undefined) return repeated;
    const { idempotencyKey, asked = null } = named;
    if (idempotencyKey === undefined) return await this.#placeFirst(named, call);
    const where = orderVenueOf(await this.#parts.venueOf(rights.traderOf(identity)));
    const keyed = { ...where, identity, idempotencyKey, asked, signal: call.signal, what: "place the order" } as const;
    return await running.run(keyed, async () => {
      return await this.#findEarlier(named, call) ?? await this.#placeFirst(named, call);
    });
  }

  /** Canonical text of what a call requests, as far as its preview is known; the preview is read once, here. */
  async #read(order: PlaceOrder, identity: string): Promise<NamedOrder> {
    const { request, previewId } = order;
    if (request !== undefined) return { ...order, asked: askedToPlace(request) };
    if (previewId === undefined) throw new TypeError("Cannot place as there is neither a preview nor an order");
    const preview = await this.#parts.record.previews.find(previewId, identity);
    return { ...order, preview, asked: preview?.asked };
  }

  async #placeFirst(order: NamedOrder, call: BrokerCall): Promise<PlacementResult | Unconfirmed> {
    const { identity } = call;
    const { rights } = this.#parts;
    await rights.assertTrading(identity);
    const waiting = await this.#askedBefore(order, identity);
    if (waiting !== undefined) return await this.#confirmations.wait(waiting, call);
    const previewed = await this.#previewed(order, call);
    const { idempotencyKey } = order;
    const trader = rights.traderOf(identity);
    const { venue, used } = await this.#whereTo(trader, idempotencyKey);
    const { previewId, takesPreview, asked, assessment, facts, policy, summary } = previewed;
    if (facts.venue !== venue.id) throw changedVenue();
    const named = { previewId, takesPreview, idempotencyKey };
    // A used key sends nothing: the journal has the result of the first call, or refuses another order.
    if (policy.mode !== "confirm" || used !== undefined) {
      return await this.#send(assessment, { by: call, trader, venue, ...named, asked });
    }
    if (summary === null) throw changedPolicy();
    const question = { ...trader, ...named, action: "place", asked: callOf(asked, order), facts, summary } as const;
    assertSameExchange(question, venue);
    const approval = await this.#confirmations.ask(question, call);
    return "status" in approval ? approval : await this.#confirmations.wait(approval, call);
  }

  /** The order to place: as its caller was shown it, or as it is assessed now. */
  async #previewed({ request, preview, asked }: NamedOrder, call: BrokerCall): Promise<Previewed> {
    if (request === undefined || asked === undefined) return this.#previews.ofShown(preview, call.identity);
    return await this.#previews.assessToPlace({ request, asked }, call);
  }

  /** Where the order goes, and what the key was used for there. */
  async #whereTo(trader: Trader, idempotencyKey: string | undefined) {
    const venue = await this.#parts.venueOf(trader);
    if (idempotencyKey === undefined) return { venue };
    const { journal } = this.#parts.record;
    return { venue, used: await journal.findByKey(trader.identity, idempotencyKey, orderVenueOf(venue)) };
  }

  /**
   * The question of the same preview, or of the same call with its key: without a key, an equal order is another order.
   */
  async #askedBefore(order: NamedOrder, identity: string): Promise<Approval | undefined> {
    const action = "place";
    const { previewId, asked, idempotencyKey } = order;
    if (previewId !== undefined) return await this.#confirmations.ofPreview(previewId, { identity, action });
    if (idempotencyKey === undefined || asked === undefined) return undefined;
    return await this.#confirmations.ofCall({ identity, action, asked: callOf(asked, order) });
  }

  async #sendConfirmed(order: ConfirmedOrder, by: ConfirmingCall): Promise<PlacementResult> {
    const venue = await this.#parts.venueOf(order);
    assertSameExchange(order, venue);
    const { facts, previewId, idempotencyKey } = order;
    const asked = askedIn(order);
    return await this.#send(confirmedAssessment(facts), { by, trader: order, venue, previewId, idempotencyKey, asked });
  }

  /** Sends to the venue that the order was assessed for: a venue that was restarted since accepts nothing. */
  async #send(
    assessment: SentAssessment,
    { by, trader, venue: { executor }, ...named }:
      & Pick<PlaceRequest, "previewId" | "takesPreview" | "idempotencyKey" | "asked">
      & { by: SendingCall; trader: Trader; venue: Venue },
  ): Promise<PlacementResult> {
    const { rights } = this.#parts;
    rights.assertMaySend(trader, by);
    const { order } = assessment;
    const { signal } = by;
    const sending = sendingRights(rights, { assessment, trader, by });
    return await executor.place({ ...named, order, identity: trader.identity, ...sending }, { signal });
  }

  /**
   * A call that is repeated with its idempotency key gets the result of the first, whatever the present state of
   * market, policy and halt.
   *
   * @throws {TradingError} when the key was used for another order
   */
  async #findEarlier(order: NamedOrder, call: BrokerCall): Promise<PlacementResult | undefined> {
    const { identity, signal } = call;
    const { idempotencyKey } = order;
    if (idempotencyKey === undefined) return undefined;
    const { record: { journal }, rights } = this.#parts;
    const venue = await this.#parts.venueOf(rights.traderOf(identity));
    const { executor } = venue;
    const earlier = await journal.findByKey(identity, idempotencyKey, orderVenueOf(venue));
    if (earlier === undefined) return undefined;
    const isSame = await this.#isFor(earlier, { order, call });
    if (isSame === undefined) return undefined;
    if (!isSame) throw usedKey("place the order");
    if (earlier.state === "placed" || earlier.state === "not_placed") return tell(earlier, { isRepeated: true });
    const { previewId, asked, notional } = earlier;
    const named = { identity, previewId, idempotencyKey, asked };
    const repeating = repeatingRights(rights, { identity, notional });
    return await executor.place({ ...named, order: earlier.order, ...repeating }, { signal });
  }

  /** Whether a placement is what a call requests; `undefined` when its preview is unknown. */
  async #isFor(
    earlier: Placement,
    { order, call: { identity, signal } }: { readonly order: NamedOrder; readonly call: BrokerCall },
  ): Promise<boolean | undefined> {
    const { previewId, request, asked } = order;
    if (previewId !== undefined && previewId === earlier.previewId) return true;
    if (asked === undefined) return undefined;
    if (earlier.asked !== null || request === undefined) return earlier.asked === asked;
    if (await wasAskedFor(this.#parts.record.audit, earlier, request)) return true;
    return orderDigest((await this.#previews.assess(request, { identity, signal })).assessment.order) ===
      earlier.digest;
  }
}

/** An order as one call requests it. */
interface NamedOrder extends PlaceOrder {
  /** Canonical text; absent when the preview is unknown. */
  readonly asked: string | undefined;
  /** The preview that its caller was shown, if the call names one. */
  readonly preview?: Preview | undefined;
}

function changedVenue(): TradingError {
  const message = "Cannot place the order as its preview was for an exchange or a paper account that was restarted " +
    "since: preview it again";
  return new TradingError(message, { code: "ERR_PREVIEW_STALE" });
}
