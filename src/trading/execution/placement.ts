/**
 * Places orders: journalled before the first byte leaves, sent once, and looked up when the answer does not say what
 * became of them. Policy, preview and confirmation come before; what is left undecided here, `recovery.ts` goes on with.
 */

import { isErrorCode } from "../../errors/error_table.ts";
import type { ToolErrorCode } from "../../errors/error_table.ts";
import type { Placement, Repeated, Settlement } from "../record/recorded_placement.ts";
import { orFailure } from "../record/store_error.ts";
import type { ExecutorParts } from "./executor_parts.ts";
import { lookLast, prepare } from "./last_look.ts";
import type { Ready } from "./last_look.ts";
import { closeIfFinal, refreshOpenOrders } from "./open_orders.ts";
import { placementOf } from "./place_request.ts";
import type { PlaceOptions, PlaceRequest } from "./place_request.ts";
import { absentSentence, refuse, tell } from "./placement_result.ts";
import type { JournalledResult, PlacementResult, RefusedResult, Telling } from "./placement_result.ts";
import { READ_LAG_MS, reconcile } from "./reconcile.ts";
import { sendOrder } from "./send_order.ts";
import type { Doubt } from "./send_order.ts";

/** How long a placement without a known deadline may be taken: the longest `ttl` that the exchange allows. */
const LONGEST_TTL_MS = 10_000;

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
      const repeated = orFailure(() => this.#repeat(request));
      if (repeated.kind === "failed") return recordFailed(repeated.reason);
      if (repeated.kind === "refused") return refuse(repeated.code, repeated.message);
      if (repeated.kind === "repeated") return await this.#tellRepeated(repeated.placement);
      const ready = await prepare(this.#parts, request.order, options);
      if ("status" in ready) return this.#refuseUnbegun(request, ready);
      // From here to the request on its way nothing waits, so that nobody can come in between.
      const look = lookLast(this.#parts, request, { ready, options });
      if (look.kind === "begun") return await this.#track(look.placement, this.#send(look.placement, ready));
      ready.reservation.release();
      if (look.kind === "too_late") return this.#withdraw(look.placement, look.why);
      if (look.kind === "failed") return recordFailed(look.reason);
      if (look.kind === "forbidden") return this.#refuseUnbegun(request, look.why);
      if (look.kind === "repeated") return await this.#tellRepeated(look.placement);
      if (!isFirst || await this.#freed(look.code, request) === 0) {
        return refuse(look.code, look.message, look.retryAfterMs);
      }
    }
  }

  /** The journal writes its own refusals; one that never came so far is written here, so that the audit tells of it. */
  #refuseUnbegun(request: PlaceRequest, refused: RefusedResult): RefusedResult {
    const { audit, now, pendingWrites } = this.#parts;
    const { identity, clientOrderId, previewId, digest, paper } = placementOf(request, this.#parts);
    const data = { preview_id: previewId, digest, paper, allowed: false, code: refused.reason };
    const at = now();
    pendingWrites.write(() => audit.record({ event: "decision", identity, clientOrderId, data }, at));
    return refused;
  }

  /** How many orders that stood in the way are found to be final. */
  async #freed(code: ToolErrorCode, { identity }: PlaceRequest): Promise<number> {
    if (code === "ERR_LIMIT_OPEN_ORDERS") return await refreshOpenOrders(this.#parts, { identity });
    return code === "ERR_SELF_CROSSING" ? await refreshOpenOrders(this.#parts) : 0;
  }

  /** Finds out what became of a placement that was sent, and writes it down. */
  async resolve(placement: Placement, options: { readonly patienceMs?: number } = {}): Promise<JournalledResult> {
    const running = this.#underWay.get(placement.clientOrderId);
    if (running !== undefined) return await running;
    const sentAt = placement.sentAt ?? placement.createdAt;
    const validUntil = placement.validUntil ?? sentAt + LONGEST_TTL_MS + READ_LAG_MS;
    const reason = isErrorCode(placement.reason) ? placement.reason : "ERR_INTERRUPTED";
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
    if ((request.idempotencyKey ?? null) === null) return { kind: "new" };
    const { journal, now } = this.#parts;
    // Nothing of it is decided by a policy.
    const entry = { ...placementOf(request, this.#parts), policyDigest: "", notional: null };
    return journal.repeat(entry, now()) ?? { kind: "new" };
  }

  /** Settles an order whose request was never made. */
  #withdraw(placement: Placement, { reason, message }: RefusedResult): JournalledResult {
    const { journal, now, pendingWrites } = this.#parts;
    const at = now();
    const written = pendingWrites.write(() => journal.withdraw(placement.clientOrderId, reason, at));
    return tell(written ?? { ...placement, state: "not_placed", reason }, { message });
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
    const sent = await sendOrder(this.#parts, placement, ready);
    if (sent.kind === "in_doubt") return await this.#search(placement, sent);
    return this.#settle(placement, sent.outcome, sent.telling);
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

function recordFailed(reason: string): PlacementResult {
  return refuse("ERR_RECORD_FAILED", `${reason} (nothing was sent)`);
}
