/** Replaces orders for callers: once per call, after a person has confirmed the new one where required. */

import { finalStandingOf } from "../exchange/order_standing.ts";
import { describeReplacement } from "./confirmation/approval_outcome.ts";
import { newOrderParts, orderVenueOf } from "./broker_parts.ts";
import type { BrokerCall, ConfirmingCall, SharedParts, Venue } from "./broker_parts.ts";
import { askedIn, assertSameExchange, callOf } from "./confirmation/confirmed_call.ts";
import { CONFIRMATION_LIFETIME_MS } from "./record/approval.ts";
import { confirmedAssessment } from "./confirmation/confirmed_assessment.ts";
import type { SentAssessment } from "./policy/assessment.ts";
import { Confirmer } from "./confirmation/confirmer.ts";
import type { Unconfirmed } from "./confirmation/confirmer.ts";
import type { ConfirmedOrder } from "./record/dialogs.ts";
import { askedToReplace, usedKey, wasAskedFor } from "./idempotency.ts";
import { assertPlaceable } from "./order_previews.ts";
import type { OrderPreviews } from "./order_previews.ts";
import { readNewOrder } from "./orders/new_order_reads.ts";
import { summarizeOrder } from "./orders/order_summary.ts";
import { tell } from "./execution/placement_result.ts";
import type { ReplaceResult } from "./execution/replace.ts";
import { assertAsPlaced, findReplaced, isReducing, replacementOf, requestOf } from "./orders/replacement.ts";
import type { Replacement } from "./orders/replacement.ts";
import { readReplacementTerms } from "./execution/replacement_terms.ts";
import type { ReplacementTerms } from "./execution/replacement_terms.ts";
import { sendingRights } from "./execution/sending_terms.ts";
import type { Trader } from "./orders/trader.ts";
import type { SendingCall } from "./policy/trading_rights.ts";

/** Replaces the orders of all callers. */
export class OrderReplacing {
  readonly #parts: SharedParts;
  readonly #previews: OrderPreviews;
  readonly #confirmations: Confirmer<ReplaceResult>;

  constructor(parts: SharedParts, previews: OrderPreviews) {
    this.#parts = parts;
    this.#previews = previews;
    this.#confirmations = new Confirmer(parts.confirmation, {
      waysOf: (identity) => parts.rights.confirmWaysOf(identity),
      send: (order, by) => this.#replaceConfirmed(order, by),
      describe: describeReplacement,
    });
  }

  /** @throws {TradingError} when nothing was cancelled or sent */
  async replace(replacement: Replacement, call: BrokerCall): Promise<ReplaceResult | Unconfirmed> {
    const { record: { journal, audit }, rights, running } = this.#parts;
    const { identity, signal, asking } = call;
    if (asking.answer !== undefined) {
      await rights.assertTrading(identity);
      return await this.#confirmations.answer(asking.answer, call);
    }
    const { idempotencyKey } = replacement;
    if (idempotencyKey === undefined) return await this.#replaceFirst(replacement, call);
    const where = orderVenueOf(await this.#parts.venueOf(rights.traderOf(identity)));
    const asked = askedToReplace(replacement);
    const findEarlier = async (): Promise<ReplaceResult | undefined> => {
      const earlier = await journal.findByKey(identity, idempotencyKey, where);
      if (earlier === undefined) return undefined;
      const isSame = earlier.asked === null ? await wasAskedFor(audit, earlier, replacement) : earlier.asked === asked;
      if (!isSame) throw usedKey("replace the order");
      return { status: "repeated", placement: tell(earlier, { isRepeated: true }) };
    };
    const keyed = { ...where, identity, idempotencyKey, asked, signal, what: "replace the order" } as const;
    return await findEarlier() ?? await running.run(keyed, async () => {
      return await findEarlier() ?? await this.#replaceOrGoOn(replacement, call);
    });
  }

  /** Continues a call that was interrupted after its order was claimed, or begins a new one. */
  async #replaceOrGoOn(replacement: Replacement, call: BrokerCall): Promise<ReplaceResult | Unconfirmed> {
    const { record: { replacements }, rights, now } = this.#parts;
    const { identity } = call;
    const { idempotencyKey } = replacement;
    const trader = rights.traderOf(identity);
    const venue = await this.#parts.venueOf(trader);
    const left = idempotencyKey === undefined
      ? undefined
      : await replacements.unfinished({ ...orderVenueOf(venue), identity, idempotencyKey });
    if (left === undefined) return await this.#replaceFirst(replacement, call);
    const asked = askedToReplace(replacement);
    if (left.asked !== asked) throw usedKey("replace the order");
    await rights.assertTrading(identity);
    const terms = readReplacementTerms(left.terms);
    const { consent } = terms;
    const isConfirmed = rights.policyOf(identity).mode !== "confirm" || consent !== undefined;
    // The earlier estimate and confirmation say little about the market later.
    const isRecent = Math.abs(now() - left.claimedAt) < CONFIRMATION_LIFETIME_MS;
    if (!isRecent || !isConfirmed) return await this.#replaceFirst(replacement, call, terms);
    const by = { ...call, consent };
    return await this.#replaceBy(terms, { idempotencyKey, asked, by, trader, venue, resumeWith: left.terms });
  }

  /** `left`: what a call that was interrupted long ago was to place, which is assessed and confirmed again. */
  async #replaceFirst(
    replacement: Replacement,
    call: BrokerCall,
    left?: ReplacementTerms,
  ): Promise<ReplaceResult | Unconfirmed> {
    const { rights } = this.#parts;
    const { identity } = call;
    await rights.assertTrading(identity);
    const trader = rights.traderOf(identity);
    const asked = askedToReplace(replacement);
    const named = { action: "replace", asked: callOf(asked, replacement) } as const;
    const question = await this.#confirmations.ofCall({ identity, ...named });
    if (question !== undefined) return await this.#confirmations.wait(question, call);
    const venue = await this.#parts.venueOf(trader);
    const { name, id } = venue;
    const { assessed, replaces, isReduced } = await this.#assess(replacement, call, left);
    const { assessment, policy } = assessed;
    const previewId = await this.#previews.noteReplacement(assessed, replacement);
    const { idempotencyKey } = replacement;
    const facts = { ...assessment.policyFacts, replaces, venue: id };
    if (policy.mode !== "confirm" || isReduced) {
      const by: SendingCall = isReduced ? { ...call, consent: "not_needed" } : call;
      return await this.#replaceBy({ facts, previewId }, { idempotencyKey, asked, by, trader, venue, assessment });
    }
    const summary = summarizeOrder(assessment, { exchange: name, identity, replaces: replaces.orderId });
    const asking = await this.#confirmations.ask(
      { ...trader, ...named, previewId, idempotencyKey, facts, summary },
      call,
    );
    return "status" in asking ? asking : await this.#confirmations.wait(asking, call);
  }

  /** Assesses the new order, and determines whether it only asks for less of what is on the book. */
  async #assess(replacement: Replacement, { identity, signal }: BrokerCall, left: ReplacementTerms | undefined) {
    const venue = await this.#parts.venueOf(this.#parts.rights.traderOf(identity));
    const { exchange } = venue;
    const { target } = replacement;
    const read = () => findReplaced(exchange, target, signal);
    const replaced = await readNewOrder(newOrderParts(this.#parts), { target, read, signal });
    const isOver = finalStandingOf(replaced) !== undefined;
    const known = (await this.#parts.record.journal.findByOrderId(replaced.order_id, orderVenueOf(venue)))?.order;
    if (left === undefined && known !== undefined && !isOver) assertAsPlaced(replaced, known);
    const request = left === undefined
      ? replacementOf(replaced, { ...replacement, postOnly: replacement.postOnly ?? known?.postOnly })
      : requestOf(left.facts.order);
    const options = { identity, signal, ...(isOver ? {} : { replaced }) };
    const assessed = await this.#previews.assess(request, options);
    const { assessment } = assessed;
    assertPlaceable(assessment);
    const replaces = {
      orderId: replaced.order_id,
      filledBefore: left?.facts.replaces?.filledBefore ?? replaced.base,
      minVolume: assessment.market.min_volume,
    };
    // For an order that was placed elsewhere it is unknown whether it was post-only.
    const isReduced = !isOver && known !== undefined && isReducing(assessment.order, { old: replaced, placed: known });
    return { assessed, replaces, isReduced };
  }

  async #replaceConfirmed(order: ConfirmedOrder, by: ConfirmingCall): Promise<ReplaceResult> {
    const { facts, previewId, idempotencyKey } = order;
    const venue = await this.#parts.venueOf(order);
    assertSameExchange(order, venue);
    const asked = askedIn(order);
    return await this.#replaceBy({ facts, previewId }, { idempotencyKey, asked, by, trader: order, venue });
  }

  /** Replaces on the venue that the order was found on: a venue that was restarted since does nothing. */
  async #replaceBy(
    terms: ReplacementTerms,
    { idempotencyKey, asked, by, trader, venue, assessment = confirmedAssessment(terms.facts), resumeWith }: {
      idempotencyKey: string | undefined;
      asked: string | null;
      by: SendingCall;
      trader: Trader;
      venue: Venue;
      assessment?: SentAssessment;
      /** @default {terms} */
      resumeWith?: string;
    },
  ): Promise<ReplaceResult> {
    const { facts: { replaces }, previewId } = terms;
    if (replaces === undefined) throw new TypeError("Cannot replace as it is not known which order");
    const { rights } = this.#parts;
    rights.assertMaySend(trader, by);
    const { orderId, ...rest } = replaces;
    return await venue.executor.replace({
      ...rest,
      target: { orderId },
      order: assessment.order,
      identity: trader.identity,
      previewId,
      idempotencyKey,
      asked,
      resumeWith: resumeWith ?? JSON.stringify({ ...terms, consent: by.consent }),
      ...sendingRights(rights, { assessment, trader, by }),
    }, { signal: by.signal });
  }
}
