/**
 * Places orders: journalled before the first byte is sent, sent once, and looked up when the answer leaves the outcome
 * open. Policy, preview and confirmation come before; `recovery.ts` continues with orders that stay undecided.
 */

import { isErrorCode } from "../../errors/error_table.ts";
import { isPaper } from "../orders/trading_account.ts";
import type { ToolErrorCode } from "../../errors/error_table.ts";
import type { Order as ExchangeOrder } from "../../exchange/order_schemas.ts";
import type { Begun, Placement, Repeated, Settlement } from "../record/recorded_placement.ts";
import { orFailure } from "../record/store_error.ts";
import type { RecordFailure } from "../record/store_error.ts";
import type { ExecutorParts } from "./executor_parts.ts";
import { prepare, termsNow, whyNotNow, writeDown } from "./last_look.ts";
import type { Ready } from "./last_look.ts";
import { closeIfFinal, refreshOpenOrders } from "./open_orders.ts";
import { placementOf } from "./place_request.ts";
import type { NamedPlacement, PlaceOptions, PlaceRequest } from "./place_request.ts";
import { absentSentence, refuse, tell } from "./placement_result.ts";
import type { JournalledResult, PlacementResult, RefusedResult, Telling } from "./placement_result.ts";
import { READ_LAG_MS, reconcile } from "./reconcile.ts";
import { sendOrder } from "./send_order.ts";
import type { Doubt } from "./send_order.ts";

/** The longest time in which a placement of unknown deadline may be accepted: the exchange's longest `ttl`. */
const LONGEST_TTL_MS = 10_000;

/** An order to place, its record entry, and its call. */
interface Attempt {
  readonly request: PlaceRequest;
  readonly named: NamedPlacement;
  readonly options: PlaceOptions;
}

/** The result of an attempt. */
type Attempted =
  /** It was recorded. */
  | { readonly kind: "told"; readonly result: JournalledResult }
  /** Nothing was recorded. */
  | { readonly kind: "forbidden"; readonly why: RefusedResult }
  | Exclude<Begun, { readonly kind: "begun" }>
  | RecordFailure;

/** Placements in progress on one exchange. */
export class Placements {
  readonly #parts: ExecutorParts;
  /** By client order id, from before it is recorded; resolves to `undefined` when it was not. */
  readonly #underWay = new Map<string, Promise<JournalledResult | undefined>>();

  constructor(parts: ExecutorParts) {
    this.#parts = parts;
  }

  /** Placements that are being recorded, sent or looked up. */
  get underWay(): readonly Promise<unknown>[] {
    return [...this.#underWay.values()];
  }

  /** Whether a placement is being recorded, sent or looked up here. */
  isUnderWay(clientOrderId: string): boolean {
    return this.#underWay.has(clientOrderId);
  }

  /** Places an order; the executor must be ready. Never throws for errors of the exchange or the record. */
  async place(request: PlaceRequest, options: PlaceOptions = {}): Promise<PlacementResult> {
    const attempt = { request, named: placementOf(request, this.#parts), options };
    for (let isFirst = true;; isFirst = false) {
      const repeated = await orFailure(() => this.#repeat(attempt));
      if (repeated.kind === "failed") return recordFailed(repeated.reason);
      if (repeated.kind === "refused") return refuse(repeated.code, repeated.message);
      if (repeated.kind === "repeated") return await this.#tellRepeated(repeated.placement);
      const ready = await prepare(this.#parts, request.order, options);
      if ("status" in ready) return await this.#refuseUnbegun(attempt, ready);
      const attempted = await this.#attempt(attempt, ready);
      if (attempted.kind === "told") return attempted.result;
      if (attempted.kind === "failed") return recordFailed(attempted.reason);
      if (attempted.kind === "forbidden") return await this.#refuseUnbegun(attempt, attempted.why);
      if (attempted.kind === "repeated") return await this.#tellRepeated(attempted.placement);
      if (!isFirst || !await this.#mayTryAgain(attempted.code, request)) {
        return refuse(attempted.code, attempted.message, attempted.retryAfterMs);
      }
    }
  }

  /**
   * Records an order and sends it; counts as in progress from before, so that nothing here looks up an unsent order.
   */
  #attempt(attempt: Attempt, ready: Ready): Promise<Attempted> {
    const { clientOrderId } = attempt.named;
    const sending = this.#writeAndSend(attempt, ready);
    const outcome = sending.then((attempted) => attempted.kind === "told" ? attempted.result : undefined);
    // Of equal concurrent attempts only one can begin; the others get its result.
    if (!this.#underWay.has(clientOrderId)) void this.#track(clientOrderId, outcome).catch(() => {});
    else outcome.catch(() => {});
    return sending;
  }

  async #writeAndSend({ request, named, options }: Attempt, ready: Ready): Promise<Attempted> {
    const { reservation } = ready;
    const terms = termsNow(this.#parts, request, options);
    if ("status" in terms) {
      reservation.release();
      return { kind: "forbidden", why: terms };
    }
    const begun = await writeDown(this.#parts, named, { terms, ready }).catch((error) => {
      reservation.release();
      throw error;
    });
    // From here to the request nothing is awaited, so nothing can intervene.
    if (begun.kind !== "begun") {
      reservation.release();
      if (begun.kind === "failed" && begun.isUnknown) await this.#withdrawUnsent(named);
      return begun;
    }
    const why = whyNotNow(this.#parts, request, { terms, ready, options });
    if (why === undefined) return { kind: "told", result: await this.#send(begun.placement, ready) };
    reservation.release();
    return { kind: "told", result: await this.#withdraw(begun.placement, why) };
  }

  /** The journal records its own refusals; an earlier one is recorded here, so that the audit contains it. */
  async #refuseUnbegun({ named }: Attempt, refused: RefusedResult): Promise<RefusedResult> {
    const { audit, now, pendingWrites } = this.#parts;
    const { identity, clientOrderId, previewId, digest, account, venue } = named;
    const data = { preview_id: previewId, digest, paper: isPaper(account), allowed: false, code: refused.reason };
    const at = now();
    await pendingWrites.write(() =>
      audit.record({ event: "decision", identity, clientOrderId, account, venue, data }, at)
    );
    return refused;
  }

  /** Whether the obstacle is gone, so that the order must be checked anew. */
  async #mayTryAgain(code: ToolErrorCode, request: PlaceRequest): Promise<boolean> {
    if (code === "ERR_PREVIEW_STALE") return await this.#parts.policyChanged();
    const freed = await orFailure(() => this.#freed(code, request));
    return typeof freed === "number" && freed > 0;
  }

  /** How many blocking orders turn out to be final. */
  async #freed(code: ToolErrorCode, { identity }: PlaceRequest): Promise<number> {
    if (code === "ERR_LIMIT_OPEN_ORDERS") return await refreshOpenOrders(this.#parts, { identity });
    return code === "ERR_SELF_CROSSING" ? await refreshOpenOrders(this.#parts) : 0;
  }

  /** Determines the outcome of a placement that was sent, and records it; without asking when its order was found already. */
  async resolve(
    placement: Placement,
    { found, ...options }: { readonly patienceMs?: number; readonly found?: ExchangeOrder | undefined } = {},
  ): Promise<JournalledResult> {
    for (let running = this.#at(placement); running !== undefined; running = this.#at(placement)) {
      const result = await running;
      if (result !== undefined) return result;
    }
    if (found !== undefined) return await this.#track(placement.clientOrderId, this.#settleFound(placement, found));
    const sentAt = placement.sentAt ?? placement.createdAt;
    const validUntil = placement.validUntil ?? sentAt + LONGEST_TTL_MS + READ_LAG_MS;
    const reason = isErrorCode(placement.reason) ? placement.reason : "ERR_INTERRUPTED";
    const absentAfter = reason === "ERR_DUPLICATE" ? null : validUntil + READ_LAG_MS;
    return await this.#track(
      placement.clientOrderId,
      this.#search(placement, { reason, absentAfter, ...options }),
    );
  }

  /** Records that an intent of an ended process was never sent. */
  async forget({ clientOrderId }: Placement): Promise<void> {
    const { journal, now, pendingWrites } = this.#parts;
    const at = now();
    await pendingWrites.write(() => journal.forgetIntent(clientOrderId, at));
  }

  async #repeat({ named }: Attempt): Promise<Repeated | { readonly kind: "new" }> {
    if (named.idempotencyKey === null) return { kind: "new" };
    const { journal, now } = this.#parts;
    // The policy has no influence on it.
    const entry = { ...named, policyDigest: "", notional: null };
    return await journal.repeat(entry, now()) ?? { kind: "new" };
  }

  /** Settles an order whose request was never made. */
  async #withdraw(placement: Placement, { reason, message }: RefusedResult): Promise<JournalledResult> {
    const { journal, now, pendingWrites } = this.#parts;
    const at = now();
    const written = await pendingWrites.write(() => journal.withdraw(placement.clientOrderId, reason, at));
    return tell(written ?? { ...placement, state: "not_placed", reason }, { message });
  }

  /** It is uncertain whether the order was recorded, but certain that it was not sent. */
  async #withdrawUnsent({ clientOrderId }: NamedPlacement): Promise<void> {
    const { journal, now, pendingWrites } = this.#parts;
    const at = now();
    await pendingWrites.write(() => journal.withdraw(clientOrderId, "ERR_RECORD_FAILED", at));
  }

  #at({ clientOrderId }: Placement): Promise<JournalledResult | undefined> | undefined {
    return this.#underWay.get(clientOrderId);
  }

  #track<Result extends JournalledResult | undefined>(clientOrderId: string, work: Promise<Result>): Promise<Result> {
    this.#underWay.set(clientOrderId, work);
    return work.finally(() => {
      if (this.#underWay.get(clientOrderId) === work) this.#underWay.delete(clientOrderId);
    });
  }

  async #tellRepeated(placement: Placement): Promise<JournalledResult> {
    const running = await this.#at(placement);
    if (running !== undefined) return { ...running, repeated: true };
    const isInDoubt = placement.state === "sent" || placement.state === "unknown";
    if (isInDoubt) return { ...await this.resolve(placement), repeated: true };
    return tell(placement, { isRepeated: true });
  }

  /** Call it directly after the order was recorded: nothing is awaited before the request. */
  async #send(placement: Placement, ready: Ready): Promise<JournalledResult> {
    const sent = await sendOrder(this.#parts, placement, ready);
    if (sent.kind === "in_doubt") return await this.#search(placement, sent);
    return await this.#settle(placement, sent.outcome, sent.telling);
  }

  async #search(
    placement: Placement,
    doubt: Omit<Doubt, "kind"> & { readonly patienceMs?: number },
  ): Promise<JournalledResult> {
    const { clientOrderId } = placement;
    const finding = await reconcile(this.#parts, { clientOrderId, ...doubt });
    if (finding.kind === "found") return await this.#settleFound(placement, finding.order);
    if (finding.kind === "told") return await this.#settle(placement, { state: "placed", orderId: finding.orderId });
    const { reason } = doubt;
    if (finding.kind === "undecided") return await this.#settle(placement, { state: "unknown", reason });
    const telling = doubt.telling ?? { message: absentSentence(reason) };
    return await this.#settle(placement, { state: "not_placed", reason }, telling);
  }

  async #settleFound(placement: Placement, order: ExchangeOrder): Promise<JournalledResult> {
    const result = await this.#settle(placement, { state: "placed", orderId: order.order_id });
    await closeIfFinal(this.#parts, placement, order);
    return result;
  }

  /** Records an outcome and returns the journal's view; an unrecorded outcome is returned as it is. */
  async #settle(placement: Placement, outcome: Settlement, telling?: Telling): Promise<JournalledResult> {
    const { journal, now, pendingWrites } = this.#parts;
    const at = now();
    const written = await pendingWrites.write(() => journal.settle(placement.clientOrderId, outcome, at));
    const orderId = outcome.state === "placed" ? outcome.orderId : null;
    const reason = outcome.state === "placed" ? null : outcome.reason;
    return tell(written ?? { ...placement, state: outcome.state, orderId, reason }, telling);
  }
}

function recordFailed(reason: string): PlacementResult {
  return refuse("ERR_RECORD_FAILED", `${reason} (nothing was sent)`);
}
