/**
 * Places orders: journalled before the first byte leaves, sent once, and looked up when the answer does not say what
 * became of them. Policy, preview and confirmation come before; what is left undecided here, `recovery.ts` goes on with.
 */

import type { Reservation } from "../../exchange/budget.ts";
import { ExchangeError } from "../../exchange/errors.ts";
import type { ExchangeErrorCode } from "../../exchange/errors.ts";
import { clientOrderIdOf } from "../orders/order.ts";
import type { ExecutorParts } from "./executor_parts.ts";
import { DATE_RESOLUTION_MS } from "./exchange_clock.ts";
import type { NewPlacement, Placement, Repeated, Settlement } from "../record/journal.ts";
import { closeIfFinal, refreshOpenOrders } from "./open_orders.ts";
import { orderDigest } from "../orders/order.ts";
import type { Order } from "../orders/order.ts";
import { toRequestParams } from "../orders/order_rules.ts";
import { absentSentence, refuse, tell } from "./placement_result.ts";
import type { JournalledResult, PlacementResult, RefusedResult, Telling } from "./placement_result.ts";
import type { Policy } from "../policy/policy.ts";
import { READ_LAG_MS, reconcile } from "./reconcile.ts";
import { StoreError } from "../record/store_connection.ts";

/** For how long the exchange may take a request, in milliseconds from its timestamp. */
export const TTL_MS = 5_000;

/** One order to be placed, previewed and allowed already. */
export interface PlaceRequest {
  readonly order: Order;
  readonly identity: string;
  readonly previewId: string;
  /** The same key and order again answer what the first call came to. */
  readonly idempotencyKey?: string | null | undefined;
  /** What its caller asked for, in one form: by that a repetition is known. */
  readonly asked?: string | null | undefined;
  /** The claim of the order that it replaces. */
  readonly replaces?: NewPlacement["replaces"];
  /**
   * What counts for the order at this moment, or why its caller may not send it any more. Asked right before the order
   * is written down and right after; must not wait for anything.
   */
  readonly termsOf: (order: Order) => Terms | RefusedResult;
}

/** What an order is held against when it is sent. */
export interface Terms {
  readonly policy: Policy;
  /** What it takes of the day's limit; `null` when it cannot be valued. */
  readonly notional: NewPlacement["notional"];
  /** The worst price at which a market order is expected to trade; `null` where nobody knows. @default null */
  readonly worstPrice?: string | null;
}

/** How one call is made. */
export interface PlaceOptions {
  /** Ends the call as long as nothing was sent; from then on it changes nothing. */
  readonly signal?: AbortSignal | undefined;
}

/** How long a placement without a known deadline may be taken: the longest `ttl` that the exchange allows. */
const LONGEST_TTL_MS = 10_000;

/** What the exchange's ids have always looked like; another one is believed after a look at the order itself. */
const LIKELY_ID = /^[A-Z][0-9A-Z]{7,39}$/;

/** Refusals that an order gets which the exchange has never accepted, in this copy of the request or another. */
const NEVER_ACCEPTED: ReadonlySet<ExchangeErrorCode> = new Set([
  "ERR_CREDENTIALS_MISSING",
  "ERR_CREDENTIALS_REFUSED",
  "ERR_PERMISSION_MISSING",
  "ERR_FORBIDDEN",
  "ERR_BUDGET_EXHAUSTED",
  "ERR_UNAVAILABLE",
  "ERR_NETWORK",
  "ERR_CANCELLED",
  "ERR_TIMEOUT",
  "ERR_PAIR_UNKNOWN",
  "ERR_CURRENCY_UNKNOWN",
  "ERR_ARGUMENT_REFUSED",
]);

/** What the one request that was sent came to. */
type Sent =
  | { readonly kind: "settled"; readonly outcome: Settlement; readonly telling?: Telling }
  | Doubt;

/** Whether the order exists is still to be found out. */
interface Doubt {
  readonly kind: "in_doubt";
  readonly reason: string;
  readonly absentAfter: number | null;
  /** What is told where it turns out not to exist. */
  readonly telling?: Telling;
}

/** An order that may leave in this turn of the event loop. */
interface Ready {
  readonly reservation: Reservation;
  /** By the exchange's clock. */
  readonly timestamp: number;
  readonly validUntil: number;
}

/** Placements of one exchange that are on their way. */
export class Placements {
  readonly #parts: ExecutorParts;
  /** By client order id. */
  readonly #underWay = new Map<string, Promise<JournalledResult>>();

  constructor(parts: ExecutorParts) {
    this.#parts = parts;
  }

  /** Everything that is being sent or looked for. */
  get underWay(): readonly Promise<JournalledResult>[] {
    return [...this.#underWay.values()];
  }

  /** Whether a placement is being sent or looked for here. */
  isUnderWay(clientOrderId: string): boolean {
    return this.#underWay.has(clientOrderId);
  }

  /** Places an order; the executor must be ready. Never throws for what the exchange or the record does. */
  async place(request: PlaceRequest, options: PlaceOptions = {}): Promise<PlacementResult> {
    for (let isFirst = true;; isFirst = false) {
      const repeated = this.#attempt(() => this.#repeat(request));
      if (repeated.kind === "failed") return recordFailed(repeated.reason);
      if (repeated.kind === "refused") return refuse(repeated.code, repeated.message);
      if (repeated.kind === "repeated") return await this.#tellRepeated(repeated.placement);
      const ready = await this.#prepare(request.order, options);
      if ("status" in ready) return ready;
      // From here to the request on its way nothing waits, so that nobody can come in between.
      const result = this.#begin(request, ready, options);
      if (result.kind === "begun") return await result.sent;
      ready.reservation.release();
      if (result.kind === "failed") return recordFailed(result.reason);
      if (result.kind === "forbidden") return result.why;
      if (result.kind === "repeated") return await this.#tellRepeated(result.placement);
      if (!isFirst || await this.#freed(result.code, request) === 0) {
        return refuse(result.code, result.message, result.retryAfterMs);
      }
    }
  }

  /** How many orders that stood in the way are found to be final. */
  async #freed(code: string, { identity }: PlaceRequest): Promise<number> {
    if (code === "ERR_LIMIT_OPEN_ORDERS") return await refreshOpenOrders(this.#parts, { identity });
    return code === "ERR_SELF_CROSSING" ? await refreshOpenOrders(this.#parts) : 0;
  }

  /** Finds out what became of a placement that was sent, and writes it down. */
  async resolve(placement: Placement, options: { readonly patienceMs?: number } = {}): Promise<JournalledResult> {
    const running = this.#underWay.get(placement.clientOrderId);
    if (running !== undefined) return await running;
    const sentAt = placement.sentAt ?? placement.createdAt;
    const validUntil = placement.validUntil ?? sentAt + LONGEST_TTL_MS + READ_LAG_MS;
    const reason = placement.reason ?? "ERR_INTERRUPTED";
    const absentAfter = reason === "ERR_DUPLICATE" ? null : validUntil + READ_LAG_MS;
    return await this.#track(placement, this.#search(placement, { reason, absentAfter, ...options }));
  }

  /** Writes that an intent of a process that has ended was never sent. */
  forget({ clientOrderId }: Placement): void {
    const { journal, now, pendingWrites } = this.#parts;
    const at = now();
    pendingWrites.write(() => journal.forgetIntent(clientOrderId, at));
  }

  #repeat(request: PlaceRequest): Repeated | { readonly kind: "new" } {
    const { order, identity, previewId, idempotencyKey = null, asked = null } = request;
    if (idempotencyKey === null) return { kind: "new" };
    const { journal, now, paper } = this.#parts;
    const digest = orderDigest(order);
    const whose = {
      clientOrderId: clientOrderIdOf(previewId, digest),
      identity,
      paper,
      previewId,
      idempotencyKey,
      asked,
    };
    // Nothing of it is decided by a policy.
    return journal.repeat({ ...whose, order, digest, policyDigest: "", notional: null }, now()) ?? { kind: "new" };
  }

  /** Everything that may wait: the call's turn in the budget, and then the clock that it is dated by. */
  async #prepare(order: Order, { signal }: PlaceOptions): Promise<Ready | RefusedResult> {
    const { clock, exchange, now } = this.#parts;
    const { endpoint } = toRequestParams(order);
    let reservation: Reservation;
    try {
      reservation = await exchange.reserve(endpoint, { signal });
    } catch (error) {
      if (!(error instanceof ExchangeError)) throw error;
      return error.code === "ERR_CANCELLED" ? cancelled() : refuse(error.code, error.message, error.retryAfterMs);
    }
    try {
      const verdict = await clock.check(order.pair);
      if (verdict.ok) {
        const timestamp = Math.floor(clock.earliest() ?? now());
        return { reservation, timestamp, validUntil: timestamp + TTL_MS };
      }
      reservation.release();
      return refuse(verdict.code, verdict.message);
    } catch (error) {
      reservation.release();
      throw error;
    }
  }

  /** Writes the order down as sent and hands its request to the network, in one go. */
  #begin(request: PlaceRequest, ready: Ready, options: PlaceOptions) {
    const { order, identity, previewId, idempotencyKey = null, asked = null, replaces } = request;
    const { instance, journal, now, paper } = this.#parts;
    const terms = this.#terms(request, options);
    if ("status" in terms) return { kind: "forbidden", why: terms } as const;
    const { policy, notional, worstPrice = null } = terms;
    const digest = orderDigest(order);
    const clientOrderId = clientOrderIdOf(previewId, digest);
    const entry: NewPlacement = {
      ...{ clientOrderId, identity, paper, previewId, idempotencyKey, order, digest },
      ...{ policyDigest: policy.digest, notional, worstPrice, instance: instance.id },
      ...{ validUntil: ready.validUntil, asked, replaces },
    };
    const begun = this.#attempt(() => journal.begin(entry, policy, now()));
    if (begun.kind !== "begun") return begun;
    const { placement } = begun;
    const problem = this.#lastProblem(request, { options, terms, ready });
    if (problem === undefined) {
      return { kind: "begun", sent: this.#track(placement, this.#send(placement, ready)) } as const;
    }
    ready.reservation.release();
    return { kind: "begun", sent: Promise.resolve(this.#withdraw(placement, problem)) } as const;
  }

  /** What counts for an order now, or why it may not be sent any more. */
  #terms({ order, termsOf }: PlaceRequest, { signal }: PlaceOptions): Terms | RefusedResult {
    return signal?.aborted || this.#parts.signal.aborted ? cancelled() : termsOf(order);
  }

  /** Writing may have taken long; whatever ended a right meanwhile is seen here, before the request is made. */
  #lastProblem(
    request: PlaceRequest,
    { options, terms, ready }: { options: PlaceOptions; terms: Terms; ready: Ready },
  ): RefusedResult | undefined {
    const last = this.#terms(request, options);
    if ("status" in last) return last;
    if (last.policy.digest !== terms.policy.digest) {
      return refuse(
        "ERR_PREVIEW_STALE",
        "Nothing was sent, as the policy has changed meanwhile: preview the order again",
      );
    }
    if (!this.#parts.clock.hasPassed(ready.validUntil)) return undefined;
    return refuse("ERR_TOO_LATE", "Nothing was sent, as writing the order down took too long: preview it again");
  }

  /** Settles an order whose request was never made. */
  #withdraw(placement: Placement, { reason, message }: RefusedResult): JournalledResult {
    const { journal, now, pendingWrites } = this.#parts;
    const at = now();
    const written = pendingWrites.write(() => journal.withdraw(placement.clientOrderId, reason, at));
    return tell(written ?? { ...placement, state: "not_placed", reason }, { message });
  }

  /** Asks the journal, whose failure is an answer too. */
  #attempt<Answer>(ask: () => Answer): Answer | { readonly kind: "failed"; readonly reason: string } {
    try {
      return ask();
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      return { kind: "failed", reason: error.message };
    }
  }

  #track(placement: Placement, work: Promise<JournalledResult>): Promise<JournalledResult> {
    const { clientOrderId } = placement;
    this.#underWay.set(clientOrderId, work);
    return work.finally(() => this.#underWay.delete(clientOrderId));
  }

  async #tellRepeated(placement: Placement): Promise<JournalledResult> {
    const running = this.#underWay.get(placement.clientOrderId);
    if (running !== undefined) return { ...await running, repeated: true };
    const isInDoubt = placement.state === "sent" || placement.state === "unknown";
    if (isInDoubt) return { ...await this.resolve(placement), repeated: true };
    return tell(placement, { isRepeated: true });
  }

  /** To be called right after the order was written down: nothing is awaited before its request is made. */
  async #send(placement: Placement, ready: Ready): Promise<JournalledResult> {
    const sent = await this.#request(placement, ready);
    if (sent.kind === "in_doubt") return await this.#search(placement, sent);
    return this.#settle(placement, sent.outcome, sent.telling);
  }

  async #request(
    { order, clientOrderId }: Placement,
    { reservation, timestamp, validUntil }: Ready,
  ): Promise<Sent> {
    const { exchange } = this.#parts;
    const timed = { client_order_id: clientOrderId, timestamp, ttl: TTL_MS };
    try {
      const call = toRequestParams(order);
      const { order_id } = call.endpoint === "postMarketOrder"
        ? await exchange.call(call.endpoint, { ...call.params, ...timed }, { reservation })
        : await exchange.call(call.endpoint, { ...call.params, ...timed }, { reservation });
      if (!LIKELY_ID.test(order_id)) return inDoubt("ERR_ANSWER_INVALID", validUntil);
      return { kind: "settled", outcome: { state: "placed", orderId: order_id } };
    } catch (error) {
      if (!(error instanceof ExchangeError)) return inDoubt("ERR_INTERNAL", validUntil);
      return this.#classify({ error, validUntil });
    }
  }

  /**
   * What an error says of the order. Something between us and the exchange may have repeated the request, and then the
   * answer is the last copy's: only what no copy of an accepted order would be answered counts at once.
   */
  #classify({ error, validUntil }: { readonly error: ExchangeError; readonly validUntil: number }): Sent {
    if (error.code === "ERR_DUPLICATE") return { kind: "in_doubt", reason: error.code, absentAfter: null };
    if (error.outcome === "unknown") return inDoubt(error.code, validUntil);
    const telling = { message: error.message, retryAfterMs: error.retryAfterMs };
    if (NEVER_ACCEPTED.has(error.code)) {
      return { kind: "settled", outcome: { state: "not_placed", reason: error.code }, telling };
    }
    // The last copy was answered: what another one had accepted is visible once reads caught up.
    const answeredAt = (this.#parts.clock.earliest() ?? validUntil) + DATE_RESOLUTION_MS;
    return { ...inDoubt(error.code, Math.min(answeredAt, validUntil)), telling };
  }

  async #search(
    placement: Placement,
    doubt: Omit<Doubt, "kind"> & { readonly patienceMs?: number },
  ): Promise<JournalledResult> {
    const { clientOrderId } = placement;
    const finding = await reconcile(this.#parts, { clientOrderId, ...doubt });
    if (finding.kind === "found") {
      const result = this.#settle(placement, { state: "placed", orderId: finding.order.order_id });
      closeIfFinal(this.#parts, placement, finding.order);
      return result;
    }
    const { reason } = doubt;
    if (finding.kind === "undecided") return this.#settle(placement, { state: "unknown", reason });
    const telling = doubt.telling ?? { message: absentSentence(reason) };
    return this.#settle(placement, { state: "not_placed", reason }, telling);
  }

  /** Writes an outcome and tells what the journal then knows; what could not be written is told as it is. */
  #settle(placement: Placement, outcome: Settlement, telling?: Telling): JournalledResult {
    const { journal, now, pendingWrites } = this.#parts;
    const at = now();
    const written = pendingWrites.write(() => journal.settle(placement.clientOrderId, outcome, at));
    const orderId = outcome.state === "placed" ? outcome.orderId : null;
    const reason = outcome.state === "placed" ? null : outcome.reason;
    return tell(written ?? { ...placement, state: outcome.state, orderId, reason }, telling);
  }
}

function inDoubt(reason: string, lastPossible: number): Doubt {
  return { kind: "in_doubt", reason, absentAfter: lastPossible + READ_LAG_MS };
}

function recordFailed(reason: string): PlacementResult {
  return refuse("ERR_RECORD_FAILED", `${reason} (nothing was sent)`);
}

function cancelled(): RefusedResult {
  return refuse("ERR_CANCELLED", "Cannot place the order as it was cancelled: nothing was sent");
}
