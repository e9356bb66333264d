/**
 * Places orders: journalled before the first byte leaves, sent once, and looked up when the answer does not say what
 * became of them. Policy, preview and confirmation come before; what is left undecided here, `recovery.ts` goes on with.
 */

import { ExchangeError } from "../exchange/errors.ts";
import type { ExchangeErrorCode } from "../exchange/errors.ts";
import type { Order as ExchangeOrder } from "../exchange/schemas.ts";
import { clientOrderIdOf } from "./client_order_id.ts";
import type { DeskParts } from "./desk_parts.ts";
import { DATE_RESOLUTION_MS } from "./exchange_clock.ts";
import type { Begun, NewPlacement, Placement, Settlement } from "./journal.ts";
import { closeIfFinal, refreshOpenOrders } from "./open_orders.ts";
import { orderDigest } from "./order.ts";
import type { Order } from "./order.ts";
import { toRequestParams } from "./order_rules.ts";
import { absentSentence, refuse, tell } from "./placement_result.ts";
import type { JournalledResult, PlacementResult, Telling } from "./placement_result.ts";
import type { Policy } from "./policy.ts";
import { lookUp, READ_LAG_MS, reconcile } from "./reconcile.ts";
import { StoreError } from "./store_connection.ts";

/** For how long the exchange may take a request, in milliseconds from its timestamp. */
export const TTL_MS = 5_000;

/** One order to be placed, previewed and allowed already. */
export interface PlaceRequest {
  readonly order: Order;
  readonly identity: string;
  readonly previewId: string;
  /** The same key and order again answer what the first call came to. */
  readonly idempotencyKey?: string | null | undefined;
  readonly policy: Policy;
  /** What it takes of the day's limit; `null` when it cannot be valued. */
  readonly notional: NewPlacement["notional"];
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
  | {
    readonly kind: "settled";
    readonly outcome: Settlement;
    readonly telling?: Telling;
    readonly order?: ExchangeOrder;
  }
  | { readonly kind: "in_doubt"; readonly reason: string; readonly absentAfter: number | null };

/** Placements of one exchange that are on their way. */
export class Placements {
  readonly #parts: DeskParts;
  /** By client order id. */
  readonly #underWay = new Map<string, Promise<JournalledResult>>();

  constructor(parts: DeskParts) {
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

  /** Places an order; the desk must be ready. Never throws for what the exchange or the record does. */
  async place(request: PlaceRequest, { signal }: PlaceOptions = {}): Promise<PlacementResult> {
    const { order, identity } = request;
    for (let isFirst = true;; isFirst = false) {
      if (!this.#isRepetition(request)) {
        const verdict = await this.#parts.clock.judge(order.pair);
        if (!verdict.ok) return refuse(verdict.code, verdict.message);
      }
      // From here to the request on its way nothing waits, so that nobody can come in between.
      if (signal?.aborted || this.#parts.signal.aborted) {
        return refuse("ERR_CANCELLED", "Cannot place the order as it was cancelled: nothing was sent");
      }
      const begun = this.#begin(request);
      if (begun.kind === "failed") return recordFailed(begun.reason);
      if (begun.kind === "begun") return await this.#track(begun.placement, this.#send(begun.placement));
      if (begun.kind === "repeated") return await this.#tellRepeated(begun.placement);
      const mayHaveRoom = isFirst && begun.code === "ERR_LIMIT_OPEN_ORDERS";
      if (!mayHaveRoom || await refreshOpenOrders(this.#parts, { identity }) === 0) {
        return refuse(begun.code, begun.message, begun.retryAfterMs);
      }
    }
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

  /** Writes that an intent of an earlier run was never sent. */
  forget({ clientOrderId }: Placement): void {
    const { journal, now, unwritten } = this.#parts;
    const at = now();
    unwritten.write(() => journal.settle(clientOrderId, { state: "not_placed", reason: "ERR_NEVER_SENT" }, at));
  }

  #isRepetition({ identity, idempotencyKey }: PlaceRequest): boolean {
    if (idempotencyKey === undefined || idempotencyKey === null) return false;
    try {
      return this.#parts.journal.findByKey(identity, idempotencyKey) !== undefined;
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      return false; // What comes next meets the same failure and says so.
    }
  }

  #begin(request: PlaceRequest): Begun | { readonly kind: "failed"; readonly reason: string } {
    const { order, identity, previewId, idempotencyKey = null, policy, notional } = request;
    const { journal, now, paper } = this.#parts;
    const digest = orderDigest(order);
    const clientOrderId = clientOrderIdOf(previewId, digest);
    const whose = { clientOrderId, identity, paper, previewId, idempotencyKey };
    try {
      return journal.begin({ ...whose, order, digest, policyDigest: policy.digest, notional }, policy, now());
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

  async #send(placement: Placement): Promise<JournalledResult> {
    const { clock, journal, now } = this.#parts;
    const { clientOrderId } = placement;
    const timestamp = Math.floor(clock.earliest() ?? now());
    const validUntil = timestamp + TTL_MS;
    try {
      if (journal.markSent(clientOrderId, { now: now(), validUntil }) === "halted") {
        return tell({ ...placement, state: "not_placed", reason: "ERR_TRADING_HALTED" });
      }
    } catch (error) {
      return this.#settle(placement, { state: "not_placed", reason: "ERR_RECORD_FAILED" }, {
        message: messageOf(error),
      });
    }
    const sent = await this.#request(placement, { timestamp, validUntil });
    if (sent.kind === "in_doubt") return await this.#search(placement, sent);
    const result = this.#settle(placement, sent.outcome, sent.telling);
    if (sent.order !== undefined) closeIfFinal(this.#parts, placement, sent.order);
    return result;
  }

  async #request(
    { order, clientOrderId }: Placement,
    { timestamp, validUntil }: { readonly timestamp: number; readonly validUntil: number },
  ): Promise<Sent> {
    const { exchange, clock } = this.#parts;
    const timed = { client_order_id: clientOrderId, timestamp, ttl: TTL_MS };
    try {
      const call = toRequestParams(order);
      const { order_id } = call.endpoint === "postMarketOrder"
        ? await exchange.call(call.endpoint, { ...call.params, ...timed })
        : await exchange.call(call.endpoint, { ...call.params, ...timed });
      clock.note();
      if (!LIKELY_ID.test(order_id)) return inDoubt("ERR_ANSWER_INVALID", validUntil);
      return { kind: "settled", outcome: { state: "placed", orderId: order_id } };
    } catch (error) {
      if (!(error instanceof ExchangeError)) return inDoubt("ERR_INTERNAL", validUntil);
      if (error.status !== undefined) clock.note();
      return await this.#judge(clientOrderId, { error, validUntil });
    }
  }

  /**
   * What an error says of the order. Something between us and the exchange may have repeated the request, and then the
   * answer is the last copy's: only what no copy of an accepted order would be answered counts at once.
   */
  async #judge(
    clientOrderId: string,
    { error, validUntil }: { readonly error: ExchangeError; readonly validUntil: number },
  ): Promise<Sent> {
    if (error.code === "ERR_DUPLICATE") return { kind: "in_doubt", reason: error.code, absentAfter: null };
    if (error.outcome === "unknown") return inDoubt(error.code, validUntil);
    const refused: Sent = {
      kind: "settled",
      outcome: { state: "not_placed", reason: error.code },
      telling: { message: error.message, retryAfterMs: error.retryAfterMs },
    };
    if (NEVER_ACCEPTED.has(error.code)) return refused;
    if (error.code === "ERR_RATE_LIMITED") {
      // The caller has to wait anyhow. The last copy was answered: what was accepted is visible once reads caught up.
      const answeredAt = (this.#parts.clock.earliest() ?? validUntil) + DATE_RESOLUTION_MS;
      return inDoubt(error.code, Math.min(answeredAt, validUntil));
    }
    const look = await lookUp(this.#parts, { clientOrderId });
    if (look.kind === "absent") return refused;
    if (look.kind === "failed") return inDoubt(error.code, validUntil);
    return { kind: "settled", outcome: { state: "placed", orderId: look.order.order_id }, order: look.order };
  }

  async #search(
    placement: Placement,
    doubt: { readonly reason: string; readonly absentAfter: number | null; readonly patienceMs?: number },
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
    return this.#settle(placement, { state: "not_placed", reason }, { message: absentSentence(reason) });
  }

  /** Writes an outcome and tells what the journal then knows; what could not be written is told as it is. */
  #settle(placement: Placement, outcome: Settlement, telling?: Telling): JournalledResult {
    const { journal, now, unwritten } = this.#parts;
    const at = now();
    const written = unwritten.write(() => journal.settle(placement.clientOrderId, outcome, at));
    const orderId = outcome.state === "placed" ? outcome.orderId : null;
    const reason = outcome.state === "placed" ? null : outcome.reason;
    return tell(written ?? { ...placement, state: outcome.state, orderId, reason }, telling);
  }
}

function inDoubt(reason: string, lastPossible: number): Sent {
  return { kind: "in_doubt", reason, absentAfter: lastPossible + READ_LAG_MS };
}

function recordFailed(reason: string): PlacementResult {
  return refuse("ERR_RECORD_FAILED", `${reason} (nothing was sent)`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
