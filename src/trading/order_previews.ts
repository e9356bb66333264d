/** Shows what orders would do, and keeps what was shown until it is placed, once, by the caller that it was shown to. */

import { assessOrder } from "./policy/assessment.ts";
import type { Assessment } from "./policy/assessment.ts";
import { PREVIEWS_PER_MINUTE } from "./record/audit.ts";
import type { BrokerCall, SharedParts } from "./broker_parts.ts";
import { clientOrderIdOf } from "./orders/order.ts";
import type { EstimateProblem } from "./orders/order_remarks.ts";
import { askedToPlace } from "./idempotency.ts";
import { orderDigest } from "./orders/order.ts";
import type { OrderRequest } from "./orders/order.ts";
import type { Policy } from "./policy/policy.ts";
import { newPreviewId, Previews } from "./orders/preview.ts";
import type { isReducing, Replacement } from "./orders/replacement.ts";
import type { Trader } from "./orders/trader.ts";
import { TradingError } from "./orders/trading_error.ts";
import { changedPolicy } from "./policy/trading_rights.ts";

/** What a preview answers. */
export interface PreviewAnswer extends Assessment {
  /** Absent when the order could not be placed as it is. */
  readonly previewId?: string;
  readonly expiresInMs?: number;
  /** Why nobody can place anything now. */
  readonly halt?: EstimateProblem;
  readonly paper: boolean;
  readonly policy: Policy;
}

/** An assessment, and what was asked for in one form. */
interface AskedAssessment extends Assessment {
  readonly asked: string;
  /** Which venue it is for. */
  readonly venue: string;
}

/** An order that is to be placed now: the preview that it is known by, what it would do, and the policy that counts. */
export interface Previewed {
  readonly previewId: string;
  readonly facts: AskedAssessment;
  readonly policy: Policy;
}

/** What an order would do, for whom, under which policy and where. */
export interface AssessedOrder {
  readonly assessment: Assessment;
  readonly trader: Trader;
  readonly policy: Policy;
  /** The id of the venue. */
  readonly venue: string;
}

type Caller = Omit<BrokerCall, "asking">;

/** The previews of all callers. */
export class OrderPreviews {
  readonly #parts: SharedParts;
  readonly #kept = new Previews<AskedAssessment>();

  constructor(parts: SharedParts) {
    this.#parts = parts;
  }

  /**
   * Shows what an order would do, as a caller asked for it.
   *
   * @throws {TradingError} the order itself is wrong, or the caller has had all previews of a minute
   */
  async show(request: OrderRequest, call: Caller): Promise<PreviewAnswer> {
    assertAllowed(await this.#parts.record.audit.previewWaitMs(call.identity, this.#parts.now()));
    const { assessed, halt } = await this.#assessNow(request, call);
    const { assessment, trader, policy } = assessed;
    const kept = isPlaceable(assessment, halt) ? this.#keep(assessed, request) : undefined;
    await this.#note(assessment, { asked: request, trader, policy, previewId: kept?.previewId, isCounted: true });
    return { ...assessment, ...kept, ...(halt === undefined ? {} : { halt }), paper: trader.paper, policy };
  }

  /**
   * Finds out what an order would do that is placed at once, and shows it to nobody but the record.
   *
   * @throws {TradingError} it cannot be placed
   */
  async preview(request: OrderRequest | undefined, call: Caller): Promise<Previewed> {
    if (request === undefined) throw new TypeError("Cannot place as there is neither a preview nor an order");
    const { assessed, halt } = await this.#assessNow(request, call);
    const { assessment, trader, policy, venue } = assessed;
    const previewId = isPlaceable(assessment, halt) ? newPreviewId() : undefined;
    await this.#note(assessment, { asked: request, trader, policy, previewId });
    assertPlaceable(assessment);
    if (halt !== undefined) throw new TradingError(halt.message, { code: halt.code });
    if (previewId === undefined) throw new TypeError("Cannot place as a placeable order has no preview");
    this.#assertSamePolicy(trader, policy.digest);
    return { previewId, facts: { ...assessment, asked: askedToPlace(request), venue }, policy };
  }

  /** What was asked for with a preview of this caller, if it is known here. */
  askedWith(previewId: string, identity: string): string | undefined {
    return this.#kept.look(previewId, identity)?.facts.asked;
  }

  /**
   * Takes a preview that was shown, once.
   *
   * @throws {TradingError} there is none of this caller any more, or it was made under another policy
   */
  take(previewId: string, identity: string): Previewed {
    const taken = this.#kept.take(previewId, identity, this.#parts.monotonic());
    if (!taken.ok) throw new TradingError(PREVIEW_SENTENCES[taken.reason], { code: PREVIEW_CODES[taken.reason] });
    const { facts, policyDigest, paper } = taken.preview;
    this.#assertSamePolicy({ identity, paper }, policyDigest);
    return { previewId, facts, policy: this.#parts.rights.policyOf(identity) };
  }

  /** Gives a preview back to its caller. */
  release(previewId: string): void {
    this.#kept.release(previewId);
  }

  /** Finds out what an order would do for a caller, now. */
  async assess(
    request: OrderRequest,
    { identity, signal, replaced }: {
      identity: string;
      signal: AbortSignal;
      replaced?: Parameters<typeof isReducing>[0];
    },
  ): Promise<AssessedOrder> {
    const { markets, now, rights } = this.#parts;
    const trader = rights.traderOf(identity);
    const policy = rights.policyOf(identity);
    const { exchange, id: venue } = await this.#parts.venueOf(trader);
    const parts = { exchange, markets, policy, signal, now, ...(replaced === undefined ? {} : { replaced }) };
    return { assessment: await assessOrder(request, parts), trader, policy, venue };
  }

  /** Writes a replacement down under the id of a preview that nobody is shown. */
  async noteReplacement(
    assessment: Assessment,
    { asked, trader, policy }: { asked: Replacement; trader: Trader; policy: Policy },
  ): Promise<string> {
    const previewId = newPreviewId();
    await this.#note(assessment, { asked, trader, policy, previewId });
    this.#assertSamePolicy(trader, policy.digest);
    return previewId;
  }

  async #assessNow(request: OrderRequest, { identity, signal }: Caller) {
    const assessed = await this.assess(request, { identity, signal });
    return { assessed, halt: await this.#parts.rights.haltProblem() };
  }

  #keep(
    { assessment, trader, policy, venue }: AssessedOrder,
    request: OrderRequest,
  ): { readonly previewId: string; readonly expiresInMs: number } {
    const facts = { ...assessment, asked: askedToPlace(request), venue };
    const start = { ...trader, order: assessment.order, policyDigest: policy.digest, facts };
    const now = this.#parts.monotonic();
    const { previewId, expiresAt } = this.#kept.add(start, now);
    return { previewId, expiresInMs: expiresAt - now };
  }

  /** @throws {TradingError} another policy counts by now, or another exchange */
  #assertSamePolicy({ identity, paper }: Trader, digest: string): void {
    const { rights } = this.#parts;
    if (rights.policyOf(identity).digest !== digest || rights.traderOf(identity).paper !== paper) throw changedPolicy();
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
    const { record: { audit }, now } = this.#parts;
    const { id: venue } = await this.#parts.venueOf(trader);
    const previewed = { identity, clientOrderId, venue, data };
    if (isCounted) assertAllowed(await audit.recordPreview(previewed, now()));
    else await audit.record({ ...previewed, event: "preview" }, now());
  }
}

function isPlaceable({ estimate, policyProblems }: Assessment, halt: EstimateProblem | undefined): boolean {
  return halt === undefined && estimate.problems.length === 0 && policyProblems.length === 0;
}

/** @throws {TradingError} the policy or the exchange's rules forbid the order */
export function assertPlaceable({ policyProblems, estimate }: Assessment): void {
  const [first, ...rest] = [...policyProblems, ...estimate.problems];
  if (first === undefined) return;
  const sentences = [first, ...rest].map(({ message }) => message).join("; ");
  throw new TradingError(sentences, { code: first.code });
}

function assertAllowed(waitMs: number): void {
  if (waitMs === 0) return;
  const message = `Cannot preview the order as a client may preview ${PREVIEWS_PER_MINUTE} orders per minute: ` +
    `wait ${Math.ceil(waitMs / 1_000)} s`;
  throw new TradingError(message, { code: "ERR_LIMIT_PREVIEWS", retryAfterMs: waitMs });
}

const PREVIEW_CODES = {
  unknown: "ERR_PREVIEW_UNKNOWN",
  expired: "ERR_PREVIEW_EXPIRED",
  used: "ERR_PREVIEW_USED",
} as const;

const PREVIEW_SENTENCES = {
  unknown: "Cannot place the order as this server knows no such preview of this client: preview the order first",
  expired: "Cannot place the order as its preview is older than a minute: preview it again",
  used: "Cannot place the order as its preview was used already: preview it again for another order",
} as const;
