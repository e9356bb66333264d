/**
 * Takes callers' orders: assesses them, holds them against the policy, has a person confirm them where that is asked
 * for, and hands them to the desk of the exchange that the caller trades on, the real one or paper.
 */

import { ExchangeError } from "../exchange/errors.ts";
import type { Exchange } from "../market/shared_reads.ts";
import type { Markets } from "../exchange/pairs.ts";
import type { Approval } from "./approvals.ts";
import { describePlacement, describeReplacement } from "./approval_outcome.ts";
import { assessOrder } from "./assessment.ts";
import type { Assessment } from "./assessment.ts";
import { PREVIEWS_PER_MINUTE } from "./audit.ts";
import type { Audit, AuditRow, TrailQuery } from "./audit.ts";
import type { CancelAllResult, CancelResult, CancelTarget } from "./cancel.ts";
import type { OrderKind, RemainingOrder } from "./cancel_wishes.ts";
import { clientOrderIdOf } from "./client_order_id.ts";
import { confirmedAssessment } from "./confirmed_assessment.ts";
import type { SentAssessment } from "./confirmed_assessment.ts";
import type { ConfirmedOrder } from "./confirmations.ts";
import { ConfirmationDesk } from "./confirmation_desk.ts";
import type { Asking, ConfirmationParts, Unconfirmed } from "./confirmation_desk.ts";
import type { Desk } from "./desk.ts";
import { askedToPlace, askedToReplace, RunningCalls, usedKey, wasAskedFor } from "./idempotency.ts";
import type { EstimateRemark } from "./estimate.ts";
import type { Pull } from "./kill_switch.ts";
import { orderDigest } from "./order.ts";
import type { OrderRequest } from "./order.ts";
import { describeExchange, summarizeOrder } from "./order_summary.ts";
import type { ExchangeName } from "./order_summary.ts";
import type { Policy } from "./policy.ts";
import type { Placement } from "./journal.ts";
import type { PlaceRequest, Terms } from "./placement.ts";
import { refuse, tell } from "./placement_result.ts";
import type { PlacementResult, RefusedResult } from "./placement_result.ts";
import type { CurrentPolicies } from "./policies.ts";
import { Previews } from "./preview.ts";
import type { ReplaceResult } from "./replace.ts";
import { findReplaced, isReducing, replacementOf } from "./replacement.ts";
import type { Replacement } from "./replacement.ts";
import type { TradingStore } from "./store.ts";
import { StoreError } from "./store_connection.ts";
import type { Trader } from "./trader.ts";
import { TradingError } from "./trading_error.ts";
import { readReplacementTerms } from "./replacement_terms.ts";
import type { ReplacementTerms } from "./replacement_terms.ts";
import { changedPolicy, TradingRights } from "./trading_rights.ts";
import type { SendingCall } from "./trading_rights.ts";

/** Where a trader's orders go. */
export interface Venue {
  readonly exchange: Exchange;
  readonly desk: Desk;
  /** Where that is, for the person who confirms. */
  readonly name: ExchangeName;
  /** What tells a simulated exchange or paper account from one that it was before; `""` for an exchange that lasts. */
  readonly id: string;
  /** The record of this venue alone. */
  readonly record: Pick<TradingStore, "journal" | "audit">;
}

/** What a {@linkcode Broker} is made of. */
export interface BrokerParts {
  readonly policies: CurrentPolicies;
  /** The record of all venues. */
  readonly store: Pick<TradingStore, "journal" | "audit" | "killSwitch" | "cancelWishes" | "calls">;
  /** This process. */
  readonly instance: { readonly id: string };
  readonly markets: Markets;
  /** Whether every order is a paper one, whatever the policy says. */
  readonly isPaperOnly: boolean;
  readonly venueOf: (trader: Trader) => Promise<Venue>;
  /** What people are asked with. */
  readonly confirmation: ConfirmationParts;
  /** Orders of which kinds a halt can have cancelled here. */
  readonly cancels: readonly OrderKind[];
  /** Acts on the kill switch, which was pulled; settles after one attempt at what that wished for. */
  readonly halted: () => Promise<void>;
  /** Wall clock, milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
}

/** What a preview answers. */
export interface PreviewAnswer extends Assessment {
  /** Absent when the order could not be placed as it is. */
  readonly previewId?: string;
  readonly expiresInMs?: number;
  /** Why nobody can place anything now. */
  readonly halt?: EstimateRemark;
  readonly paper: boolean;
  readonly policy: Policy;
}

/** An order to be placed: a preview, or the order itself. */
export interface PlaceOrder {
  readonly previewId?: string | undefined;
  readonly request?: OrderRequest | undefined;
  readonly idempotencyKey?: string | undefined;
}

/** How trading is halted. */
export interface Halt extends Pick<Pull, "by" | "reason"> {
  /** Whether open orders are to be cancelled too. */
  readonly cancelOpen: boolean;
}

/** What a halt could not stop any more. */
export interface Halted {
  /** Orders that had left before it, and whose outcome was not known. */
  readonly onTheirWay: readonly Placement[];
  /** What it wished to have cancelled and is not yet, after one attempt. */
  readonly remaining: readonly RemainingOrder[];
}

/** How one call is made, and by whom. */
export interface BrokerCall extends SendingCall {
  readonly identity: string;
  readonly asking: Asking;
}

/** An assessment, and what was asked for in one form. */
interface AskedAssessment extends Assessment {
  readonly asked: string;
  /** Which venue it is for. */
  readonly venue: string;
}

/** Takes the orders of all callers. */
export class Broker {
  readonly #parts: BrokerParts;
  readonly #rights: TradingRights;
  readonly #running: RunningCalls;
  readonly #previews = new Previews<AskedAssessment>();
  readonly #placements: ConfirmationDesk<PlacementResult>;
  readonly #replacements: ConfirmationDesk<ReplaceResult>;

  constructor(parts: BrokerParts) {
    this.#parts = parts;
    const { policies, store, isPaperOnly } = parts;
    this.#rights = new TradingRights({ policies, killSwitch: store.killSwitch, isPaperOnly });
    const { instance, monotonic, confirmation: { sleep } } = parts;
    this.#running = new RunningCalls({ claims: store.calls, instance, monotonic, sleep });
    const waysOf = (identity: string) => this.#rights.confirmWaysOf(identity);
    this.#placements = new ConfirmationDesk(parts.confirmation, {
      waysOf,
      send: (order, by) => this.#sendConfirmed(order, by),
      describe: describePlacement,
    });
    this.#replacements = new ConfirmationDesk(parts.confirmation, {
      waysOf,
      send: (order, by) => this.#replaceConfirmed(order, by),
      describe: describeReplacement,
    });
  }

  /** On which exchange a caller trades now. */
  traderOf(identity: string): Trader {
    return this.#rights.traderOf(identity);
  }

  /**
   * Shows what an order would do, without sending anything.
   *
   * @throws {TradingError} the order itself is wrong
   */
  preview(request: OrderRequest, call: Omit<BrokerCall, "asking">): Promise<PreviewAnswer> {
    return recorded(() => {
      assertPreviewAllowed(this.#parts.store.audit.previewWaitMs(call.identity, this.#parts.now()));
      return this.#preview(request, call, { isCounted: true });
    });
  }

  /**
   * Places an order once, after a person has confirmed it where the policy asks for that.
   *
   * @throws {TradingError} nothing was sent
   */
  place(order: PlaceOrder, call: BrokerCall): Promise<PlacementResult | Unconfirmed> {
    const { previewId: preview_id, request } = order;
    return recorded(() => this.#decided(call, { preview_id, request }, () => this.#place(order, call)));
  }

  /**
   * Cancels an order of the account; never asks anybody.
   *
   * @throws {ExchangeError} when the exchange will not let this key cancel
   */
  async cancel(target: CancelTarget, { identity }: Pick<BrokerCall, "identity">): Promise<CancelResult> {
    const { desk } = await this.#parts.venueOf(this.#whereIs(target, identity));
    return await desk.cancel(target, identity);
  }

  /** Cancels all open orders of the account, or those of one pair, and tells what remains. */
  async cancelAll(
    { pair }: { readonly pair?: string | undefined },
    { identity, signal }: Pick<BrokerCall, "identity" | "signal">,
  ): Promise<CancelAllResult> {
    const { desk } = await this.#parts.venueOf(this.traderOf(identity));
    const result = await desk.cancelAll({ pair }, identity);
    const isEmpty = result.cancelled.length + result.ended.length + result.remaining.length === 0;
    if (pair !== undefined && isEmpty) await this.#assertPair(pair, signal);
    return result;
  }

  /**
   * Cancels an order, waits until it is final, and places what is left of it under new terms.
   *
   * @throws {TradingError} nothing was cancelled or sent
   */
  replace(replacement: Replacement, call: BrokerCall): Promise<ReplaceResult | Unconfirmed> {
    return recorded(() => this.#decided(call, { replace: replacement }, () => this.#replace(replacement, call)));
  }

  /** What the record says of an identity's own orders, oldest first. */
  trail(identity: string, query: Omit<TrailQuery, "identity">): AuditRow[] {
    return this.#parts.store.audit.trail({ ...query, identity });
  }

  /**
   * Stops new orders of everybody at once, and begins to cancel what is open where that is asked for.
   *
   * @throws {TradingError} the record cannot be written: only this server is halted, and the rest follows when it can be
   */
  halt({ cancelOpen, ...pull }: Halt): Promise<Halted> {
    return recorded(async () => {
      const { journal, killSwitch, cancelWishes } = this.#parts.store;
      try {
        killSwitch.pull({ ...pull, cancelOpen: cancelOpen ? this.#parts.cancels : [], now: this.#parts.now() });
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        throw notRecordedYet(error);
      }
      const onTheirWay = journal.onTheirWay();
      await this.#parts.halted();
      return { onTheirWay, remaining: cancelOpen ? cancelWishes.all().flatMap(({ remaining }) => remaining) : [] };
    });
  }

  async #preview(
    request: OrderRequest,
    { identity, signal }: Omit<BrokerCall, "asking">,
    { isCounted = false }: { readonly isCounted?: boolean } = {},
  ): Promise<PreviewAnswer> {
    const { assessment, trader, policy, venue } = await this.#assess(request, { identity, signal });
    const halt = this.#rights.haltProblem();
    const { estimate, policyProblems } = assessment;
    const isPlaceable = halt === undefined && estimate.problems.length === 0 && policyProblems.length === 0;
    const kept = isPlaceable
      ? this.#keep({ ...assessment, asked: askedToPlace(request), venue }, { trader, policy })
      : undefined;
    await this.#note(assessment, { asked: request, trader, policy, previewId: kept?.previewId, isCounted });
    return {
      ...assessment,
      ...(kept === undefined
        ? {}
        : { previewId: kept.previewId, expiresInMs: kept.expiresAt - this.#parts.monotonic() }),
      ...(halt === undefined ? {} : { halt }),
      paper: trader.paper,
      policy,
    };
  }

  async #place(order: PlaceOrder, call: BrokerCall): Promise<PlacementResult | Unconfirmed> {
    const { identity, asking } = call;
    if (asking.answer !== undefined) {
      this.#rights.assertTrading(identity);
      return await this.#placements.answer(asking.answer, call);
    }
    const repeated = await this.#findEarlier(order, call);
    if (repeated !== undefined) return repeated;
    const { idempotencyKey } = order;
    if (idempotencyKey === undefined) return await this.#placeFirst(order, call);
    const { id: venue } = await this.#parts.venueOf(this.traderOf(identity));
    const asked = this.#askedOf(order, identity) ?? null;
    return await this.#running.run({ venue, identity, idempotencyKey, asked, signal: call.signal }, async () => {
      return await this.#findEarlier(order, call) ?? await this.#placeFirst(order, call);
    });
  }

  /** What a call asks for in one form, as far as its preview is known here. */
  #askedOf({ request, previewId }: PlaceOrder, identity: string): string | undefined {
    if (request !== undefined) return askedToPlace(request);
    return previewId === undefined ? undefined : this.#previews.look(previewId, identity)?.facts.asked;
  }

  async #placeFirst(order: PlaceOrder, call: BrokerCall): Promise<PlacementResult | Unconfirmed> {
    const { identity } = call;
    this.#rights.assertTrading(identity);
    const asked = this.#askedBefore(order, identity);
    if (asked !== undefined) return await this.#placements.wait(asked, call);
    const previewId = order.previewId ?? await this.#previewNow(order, call);
    const { preview, policy } = this.#take(previewId, identity);
    const { idempotencyKey } = order;
    const trader = this.traderOf(identity);
    const venue = await this.#parts.venueOf(trader);
    if (preview.facts.venue !== venue.id) throw changedVenue();
    const used = idempotencyKey === undefined ? undefined : venue.record.journal.findByKey(identity, idempotencyKey);
    // A key that was used sends nothing: the journal tells what the first call came to, or refuses another order.
    if (policy.mode !== "confirm" || used !== undefined) {
      const { asked } = preview.facts;
      return await this.#send(preview.facts, { by: call, trader, previewId, idempotencyKey, asked });
    }
    const summary = summarizeOrder(preview.facts, { exchange: venue.name, identity });
    const named = { action: "place", asked: callOf(preview.facts.asked, order), previewId, idempotencyKey } as const;
    const facts = { ...preview.facts.policyFacts, venue: venue.id };
    const question = this.#askOnce({ ...trader, ...named, facts, summary }, call);
    return "status" in question ? question : await this.#placements.wait(question, call);
  }

  /** The question of the same preview, or of the same call with its key: an equal order without one is another order. */
  #askedBefore(order: PlaceOrder, identity: string): Approval | undefined {
    const action = "place";
    const { previewId, request, idempotencyKey } = order;
    if (previewId !== undefined) return this.#placements.ofPreview(previewId, { identity, action });
    if (idempotencyKey === undefined || request === undefined) return undefined;
    return this.#placements.ofCall({ identity, action, asked: callOf(askedToPlace(request), order) });
  }

  /** Asks a person; where nobody can be asked now, the preview is its caller's again. */
  #askOnce(order: ConfirmedOrder, call: BrokerCall) {
    try {
      return this.#placements.ask(order, call);
    } catch (error) {
      this.#previews.release(order.previewId);
      throw error;
    }
  }

  async #sendConfirmed(order: ConfirmedOrder, by: ConfirmingCall): Promise<PlacementResult> {
    await this.#assertSameExchange(order);
    const { facts, previewId, idempotencyKey } = order;
    const asked = askedIn(order);
    return await this.#send(confirmedAssessment(facts), { by, trader: order, previewId, idempotencyKey, asked });
  }

  async #replaceConfirmed(order: ConfirmedOrder, by: ConfirmingCall): Promise<ReplaceResult> {
    const { facts, previewId, idempotencyKey } = order;
    await this.#assertSameExchange(order);
    const asked = askedIn(order);
    return await this.#replaceBy({ facts, previewId }, { idempotencyKey, asked, by, trader: order });
  }

  /** @throws {TradingError} the order was confirmed for another exchange */
  async #assertSameExchange(order: ConfirmedOrder): Promise<void> {
    const { name: { kind, host }, id } = await this.#parts.venueOf(order);
    const confirmed = order.summary.exchange;
    // A simulated exchange is known as one once it has answered; its host tells it from others before that too.
    const isSameKind = (confirmed.kind === "paper") === (kind === "paper");
    const isSameVenue = order.facts.venue === undefined || order.facts.venue === id;
    if (isSameKind && confirmed.host === host && isSameVenue) return;
    throw new TradingError(
      `Cannot place the order as it was confirmed for ${describeExchange(confirmed)}, and this server now trades on ` +
        `${describeExchange({ kind, host })}: preview it again`,
      { code: "ERR_PREVIEW_STALE" },
    );
  }

  async #replace(replacement: Replacement, call: BrokerCall): Promise<ReplaceResult | Unconfirmed> {
    const { identity, signal, asking } = call;
    if (asking.answer !== undefined) {
      this.#rights.assertTrading(identity);
      return await this.#replacements.answer(asking.answer, call);
    }
    const { idempotencyKey } = replacement;
    if (idempotencyKey === undefined) return await this.#replaceFirst(replacement, call);
    const { id: venue, record } = await this.#parts.venueOf(this.traderOf(identity));
    const asked = askedToReplace(replacement);
    const findEarlier = (): ReplaceResult | undefined => {
      const earlier = record.journal.findByKey(identity, idempotencyKey);
      if (earlier === undefined) return undefined;
      const isSame = earlier.asked === null ? wasAskedFor(record.audit, earlier, replacement) : earlier.asked === asked;
      if (!isSame) throw usedKey("replace the order");
      return { status: "repeated", placement: tell(earlier, { isRepeated: true }) };
    };
    return findEarlier() ?? await this.#running.run({ venue, identity, idempotencyKey, asked, signal }, async () => {
      return findEarlier() ?? await this.#resume(replacement, call) ?? await this.#replaceFirst(replacement, call);
    });
  }

  /** Goes on with a call that was cut short after its order was claimed: it was confirmed then, where that was asked for. */
  async #resume(replacement: Replacement, call: BrokerCall): Promise<ReplaceResult | undefined> {
    const { identity } = call;
    const { idempotencyKey } = replacement;
    const trader = this.traderOf(identity);
    const { record: { journal } } = await this.#parts.venueOf(trader);
    const left = idempotencyKey === undefined ? undefined : journal.replacements.unfinished(identity, idempotencyKey);
    if (left === undefined) return undefined;
    const asked = askedToReplace(replacement);
    if (left.asked !== asked) throw usedKey("replace the order");
    this.#rights.assertTrading(identity);
    return await this.#replaceBy(readReplacementTerms(left.terms), { idempotencyKey, asked, by: call, trader });
  }

  async #replaceFirst(replacement: Replacement, call: BrokerCall): Promise<ReplaceResult | Unconfirmed> {
    const { identity, signal } = call;
    this.#rights.assertTrading(identity);
    const trader = this.traderOf(identity);
    const asked = askedToReplace(replacement);
    const named = { action: "replace", asked: callOf(asked, replacement) } as const;
    const question = this.#replacements.ofCall({ identity, ...named });
    if (question !== undefined) return await this.#replacements.wait(question, call);
    const { exchange, name, id, record } = await this.#parts.venueOf(trader);
    const replaced = await findReplaced(exchange, replacement.target, signal);
    const known = record.journal.findByOrderId(replaced.order_id)?.order;
    const request = replacementOf(replaced, { ...replacement, postOnly: replacement.postOnly ?? known?.postOnly });
    const { assessment, policy } = await this.#assess(request, { identity, signal, replaced });
    this.#assertPlaceable(assessment);
    const { previewId } = this.#keep({ ...assessment, asked, venue: id }, { trader, policy });
    this.#take(previewId, identity);
    await this.#note(assessment, { asked: replacement, trader, policy, previewId });
    const { idempotencyKey } = replacement;
    const orderId = replaced.order_id;
    const terms = { orderId, filledBefore: replaced.base, minVolume: assessment.market.min_volume };
    const facts = { ...assessment.policyFacts, replaces: terms, venue: id };
    // Of an order that was placed elsewhere it is not known whether it was post-only.
    const isReduced = known !== undefined && isReducing(replaced, known, assessment.order);
    if (policy.mode !== "confirm" || isReduced) {
      return await this.#replaceBy({ facts, previewId }, { idempotencyKey, asked, by: call, trader, assessment });
    }
    const summary = summarizeOrder(assessment, { exchange: name, identity, replaces: orderId });
    const asking = this.#replacements.ask({ ...trader, ...named, previewId, idempotencyKey, facts, summary }, call);
    return "status" in asking ? asking : await this.#replacements.wait(asking, call);
  }

  async #replaceBy(
    terms: ReplacementTerms,
    { idempotencyKey, asked, by, trader, assessment = confirmedAssessment(terms.facts) }: {
      idempotencyKey: string | undefined;
      asked: string | null;
      by: SendingCall;
      trader: Trader;
      assessment?: SentAssessment;
    },
  ): Promise<ReplaceResult> {
    const { facts: { replaces }, previewId } = terms;
    if (replaces === undefined) throw new TypeError("Cannot replace as it is not known which order");
    this.#rights.assertStillAllowed(assessment, trader, by);
    const { desk } = await this.#parts.venueOf(trader);
    const { orderId, ...rest } = replaces;
    return await desk.replace({
      ...rest,
      target: { orderId },
      order: assessment.order,
      identity: trader.identity,
      previewId,
      idempotencyKey,
      asked,
      resumeWith: JSON.stringify(terms),
      termsOf: (order) => this.#termsOf(order, { assessment, trader, by }),
    }, { signal: by.signal });
  }

  /**
   * Nothing was cancelled: that may be for a mistyped pair, as far as that can be told.
   *
   * @throws {ExchangeError} `ERR_PAIR_UNKNOWN`
   */
  async #assertPair(pair: string, signal: AbortSignal): Promise<void> {
    await this.#parts.markets.resolve(pair, { signal }).catch((error) => {
      if (!(error instanceof ExchangeError) || error.code === "ERR_PAIR_UNKNOWN") throw error;
    });
  }

  /** An order stays where it was placed, also when its caller has been put on paper since. */
  #whereIs(target: CancelTarget, identity: string): Trader {
    const { journal } = this.#parts.store;
    try {
      const placement = "orderId" in target
        ? journal.findByOrderId(target.orderId)
        : journal.find(target.clientOrderId);
      if (placement?.identity === identity) return placement;
    } catch (error) {
      if (!(error instanceof StoreError)) throw error; // Cancelling must work without a record.
    }
    return this.traderOf(identity);
  }

  #termsOf(
    order: Assessment["order"],
    { assessment, trader, by }: { assessment: SentAssessment; trader: Trader; by: SendingCall },
  ): Terms | RefusedResult {
    try {
      const policy = this.#rights.assertStillAllowed(assessment, trader, by);
      const { worstPrice = null } = assessment.policyFacts;
      return { policy, notional: dayNotional(assessment, policy, order), worstPrice };
    } catch (error) {
      if (!(error instanceof TradingError)) throw error;
      return refuse(error.code, error.message);
    }
  }

  async #assess(
    request: OrderRequest,
    { identity, signal, replaced }: {
      identity: string;
      signal: AbortSignal;
      replaced?: Parameters<typeof isReducing>[0];
    },
  ) {
    const trader = this.traderOf(identity);
    const policy = this.#rights.policyOf(identity);
    const { exchange, id: venue } = await this.#parts.venueOf(trader);
    const { markets, now } = this.#parts;
    const parts = { exchange, markets, policy, signal, now, ...(replaced === undefined ? {} : { replaced }) };
    return { assessment: await assessOrder(request, parts), trader, policy, venue };
  }

  #keep(assessment: AskedAssessment, { trader, policy }: { trader: Trader; policy: Policy }) {
    const { order } = assessment;
    const start = { ...trader, order, policyDigest: policy.digest, facts: assessment };
    return this.#previews.add(start, this.#parts.monotonic());
  }

  /** Shows the order to nobody but the record, and answers the preview that it got. */
  async #previewNow({ request }: PlaceOrder, call: BrokerCall): Promise<string> {
    if (request === undefined) throw new TypeError("Cannot place as there is neither a preview nor an order");
    const answer = await this.#preview(request, call);
    this.#assertPlaceable(answer);
    if (answer.halt !== undefined) throw new TradingError(answer.halt.message, { code: answer.halt.code });
    if (answer.previewId === undefined) throw new TypeError("Cannot place as a placeable order has no preview");
    return answer.previewId;
  }

  #take(previewId: string, identity: string) {
    const taken = this.#previews.take(previewId, identity, this.#parts.monotonic());
    if (!taken.ok) throw new TradingError(PREVIEW_SENTENCES[taken.reason], { code: PREVIEW_CODES[taken.reason] });
    const { preview } = taken;
    const policy = this.#rights.policyOf(identity);
    if (policy.digest !== preview.policyDigest || this.traderOf(identity).paper !== preview.paper) {
      throw changedPolicy();
    }
    return { preview, policy };
  }

  async #send(
    assessment: SentAssessment,
    { by, trader, ...named }: Pick<PlaceRequest, "previewId" | "idempotencyKey" | "asked"> & {
      by: SendingCall;
      trader: Trader;
    },
  ): Promise<PlacementResult> {
    this.#rights.assertStillAllowed(assessment, trader, by);
    const { desk } = await this.#parts.venueOf(trader);
    const { order } = assessment;
    const termsOf = () => this.#termsOf(order, { assessment, trader, by });
    const { signal } = by;
    return await desk.place({ ...named, order, identity: trader.identity, termsOf }, { signal });
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
    const { desk, record } = await this.#parts.venueOf(this.traderOf(identity));
    const earlier = record.journal.findByKey(identity, idempotencyKey);
    if (earlier === undefined) return undefined;
    const isSame = await this.#isFor(earlier, { order, call, audit: record.audit });
    if (isSame === undefined) return undefined;
    if (!isSame) throw usedKey("place the order");
    if (earlier.state === "placed" || earlier.state === "not_placed") return tell(earlier, { isRepeated: true });
    const { previewId, asked, notional } = earlier;
    const termsOf = () => ({ policy: this.#rights.policyOf(identity), notional });
    const named = { identity, previewId, idempotencyKey, asked };
    return await desk.place({ ...named, order: earlier.order, termsOf }, { signal });
  }

  /** Whether a placement is what a call asks for; `undefined` where its preview is not known here. */
  async #isFor(
    earlier: Placement,
    { order, call: { identity, signal }, audit }: { order: PlaceOrder; call: BrokerCall; audit: Pick<Audit, "trail"> },
  ): Promise<boolean | undefined> {
    const { previewId, request } = order;
    if (previewId !== undefined && previewId === earlier.previewId) return true;
    const asked = this.#askedOf(order, identity);
    if (asked === undefined) return undefined;
    if (earlier.asked !== null || request === undefined) return earlier.asked === asked;
    if (wasAskedFor(audit, earlier, request)) return true;
    return orderDigest((await this.#assess(request, { identity, signal })).assessment.order) === earlier.digest;
  }

  /** Runs what may refuse an order, and writes down that it did: the journal writes what comes after it. */
  async #decided<Result>(
    { identity }: BrokerCall,
    asked: Readonly<Record<string, unknown>>,
    body: () => Promise<Result>,
  ): Promise<Result> {
    try {
      return await body();
    } catch (error) {
      if (!(error instanceof TradingError)) throw error;
      const data = { ...asked, policy: this.#rights.policyOf(identity).digest, allowed: false, code: error.code };
      this.#parts.store.audit.record({ event: "decision", identity, data }, this.#parts.now());
      throw error;
    }
  }

  #assertPlaceable({ policyProblems, estimate }: Assessment): void {
    const [first, ...rest] = [...policyProblems, ...estimate.problems];
    if (first === undefined) return;
    const sentences = [first, ...rest].map(({ message }) => message).join("; ");
    throw new TradingError(sentences, { code: first.code });
  }

  async #note(
    { order, policyProblems, estimate }: Assessment,
    { asked, trader, policy, previewId, isCounted = false }: {
      asked: OrderRequest | Replacement;
      trader: Trader;
      policy: Policy;
      previewId: string | undefined;
      isCounted?: boolean;
    },
  ): Promise<void> {
    const { identity, paper } = trader;
    const digest = orderDigest(order);
    const problems = [...policyProblems, ...estimate.problems].map(({ code }) => code);
    const clientOrderId = previewId === undefined ? null : clientOrderIdOf(previewId, digest);
    const data = { preview_id: previewId, asked, order, digest, policy: policy.digest, paper, problems };
    const { record: { audit } } = await this.#parts.venueOf(trader);
    if (isCounted) assertPreviewAllowed(audit.recordPreview({ identity, clientOrderId, data }, this.#parts.now()));
    else audit.record({ event: "preview", identity, clientOrderId, data }, this.#parts.now());
  }
}

function changedVenue(): TradingError {
  const message =
    "Cannot place the order as its preview was for an exchange or a paper account that was started anew " +
    "since: preview it again";
  return new TradingError(message, { code: "ERR_PREVIEW_STALE" });
}

/** A call in one form: the same one made again waits for the same answer. */
function callOf(asked: string, { idempotencyKey }: { readonly idempotencyKey?: string | undefined }): string {
  return JSON.stringify([asked, idempotencyKey ?? null]);
}

/** What the call of a confirmed order asked for. */
function askedIn({ asked }: ConfirmedOrder): string | null {
  const [text]: unknown[] = JSON.parse(asked);
  return typeof text === "string" ? text : null;
}

/** @throws {TradingError} the caller has had all previews of a minute */
function assertPreviewAllowed(waitMs: number): void {
  if (waitMs === 0) return;
  const message = `Cannot preview the order as a caller may preview ${PREVIEWS_PER_MINUTE} orders in a minute: ` +
    `wait ${Math.ceil(waitMs / 1_000)} s`;
  throw new TradingError(message, { code: "ERR_LIMIT_PREVIEWS", retryAfterMs: waitMs });
}

/** The call that acts on a confirmation. */
type ConfirmingCall = SendingCall & Pick<BrokerCall, "identity">;

const PREVIEW_CODES = {
  unknown: "ERR_PREVIEW_UNKNOWN",
  expired: "ERR_PREVIEW_EXPIRED",
  used: "ERR_PREVIEW_USED",
} as const;

const PREVIEW_SENTENCES = {
  unknown: "Cannot place the order as this server knows no such preview of this caller: preview the order first",
  expired: "Cannot place the order as its preview is older than a minute: preview it again",
  used: "Cannot place the order as its preview was used already: preview it again for another order",
} as const;

/** What an order takes of the day's limit. */
function dayNotional(assessment: SentAssessment, { maxPerDay, maxPerOrder }: Policy, order: Assessment["order"]) {
  const limit = maxPerDay ?? maxPerOrder;
  return assessment.notionalOf(order).find(({ currency }) => currency === limit?.currency) ?? null;
}

function notRecordedYet({ message }: StoreError): TradingError {
  return new TradingError(
    `This server places no more orders, but the halt cannot be recorded yet (${message}): it does not survive a restart ` +
      "and halts no other server until then",
    { code: "ERR_RECORD_FAILED", retryable: true },
  );
}

/** Runs what needs the trading record; where that fails nothing was sent, as sending itself never throws for it. */
async function recorded<Result>(body: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await body();
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    throw new TradingError(`${error.message} (nothing was sent)`, { code: "ERR_RECORD_FAILED", retryable: true });
  }
}
