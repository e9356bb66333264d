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
import { Previews } from "./orders/preview.ts";
import type { Preview } from "./orders/preview.ts";
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
    return await this.#preview(request, call, { isCounted: true });
  }

  /**
   * Shows the order to nobody but the record, and answers the preview that it got.
   *
   * @throws {TradingError} it cannot be placed
   */
  async start(request: OrderRequest | undefined, call: Caller): Promise<string> {
    if (request === undefined) throw new TypeError("Cannot place as there is neither a preview nor an order");
    const answer = await this.#preview(request, call);
    assertPlaceable(answer);
    if (answer.halt !== undefined) throw new TradingError(answer.halt.message, { code: answer.halt.code });
    if (answer.previewId === undefined) throw new TypeError("Cannot place as a placeable order has no preview");
    return answer.previewId;
  }

  /** What was asked for with a preview of this caller, if it is known here. */
  askedWith(previewId: string, identity: string): string | undefined {
    return this.#kept.look(previewId, identity)?.facts.asked;
  }

  /**
   * Takes a preview, once.
   *
   * @throws {TradingError} there is none of this caller any more, or it was made under another policy
   */
  take(previewId: string, identity: string): { preview: Preview<AskedAssessment>; policy: Policy } {
    const taken = this.#kept.take(previewId, identity, this.#parts.monotonic());
    if (!taken.ok) throw new TradingError(PREVIEW_SENTENCES[taken.reason], { code: PREVIEW_CODES[taken.reason] });
    const { preview } = taken;
    const { rights } = this.#parts;
    const policy = rights.policyOf(identity);
    if (policy.digest !== preview.policyDigest || rights.traderOf(identity).paper !== preview.paper) {
      throw changedPolicy();
    }
    return { preview, policy };
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

  /** Keeps a replacement under the id of a preview that nobody is shown, and writes it down. */
  async keepReplacement(
    assessment: AskedAssessment,
    { asked, trader, policy }: { asked: Replacement; trader: Trader; policy: Policy },
  ): Promise<string> {
    const { previewId } = this.#keep(assessment, { trader, policy });
    this.take(previewId, trader.identity);
    await this.#note(assessment, { asked, trader, policy, previewId });
    return previewId;
  }

  async #preview(
    request: OrderRequest,
    { identity, signal }: Caller,
    { isCounted = false }: { readonly isCounted?: boolean } = {},
  ): Promise<PreviewAnswer> {
    const { assessment, trader, policy, venue } = await this.assess(request, { identity, signal });
    const halt = await this.#parts.rights.haltProblem();
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

  #keep(assessment: AskedAssessment, { trader, policy }: { trader: Trader; policy: Policy }) {
    const { order } = assessment;
    const start = { ...trader, order, policyDigest: policy.digest, facts: assessment };
    return this.#kept.add(start, this.#parts.monotonic());
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
