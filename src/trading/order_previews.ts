/** Previews orders; each preview is recorded, so that its caller can place it through any process. */

import { assessOrder } from "./policy/assessment.ts";
import type { Assessment, SentAssessment } from "./policy/assessment.ts";
import { PREVIEWS_PER_MINUTE } from "./record/previews.ts";
import type { AuditEvent } from "./record/audit_row.ts";
import type { BrokerCall, SharedParts, Venue } from "./broker_parts.ts";
import { confirmedAssessment } from "./confirmation/confirmed_assessment.ts";
import { clientOrderIdOf, orderDigest } from "./orders/order.ts";
import type { EstimateProblem } from "./orders/order_remarks.ts";
import { askedToPlace } from "./idempotency.ts";
import type { OrderRequest } from "./orders/order.ts";
import { summarizeOrder } from "./orders/order_summary.ts";
import type { OrderSummary } from "./orders/order_summary.ts";
import type { Policy } from "./policy/policy.ts";
import { newPreviewId, PREVIEW_LIFETIME_MS, PREVIEW_REFUSALS, whyNotPlaceable } from "./orders/preview.ts";
import type { Preview, ShownOrder } from "./record/previews.ts";
import type { ApprovedFacts } from "./record/approval.ts";
import type { ReplacedOrder, Replacement } from "./orders/replacement.ts";
import type { Trader } from "./orders/trader.ts";
import { isPaper } from "./orders/trading_account.ts";
import { TradingError } from "./orders/trading_error.ts";
import { changedPolicy } from "./policy/trading_rights.ts";

/** The result of a preview. */
export interface PreviewAnswer extends Assessment {
  /** Absent when the order could not be placed. */
  readonly previewId?: string;
  readonly expiresInMs?: number;
  /** Why nobody can place orders now. */
  readonly halt?: EstimateProblem;
  /** The id of the account that it is for. */
  readonly account: string;
  readonly policy: Policy;
}

/** An order that is about to be placed: its preview, its assessment, and the policy in force. */
export interface Previewed {
  readonly previewId: string;
  /** Whether its caller was shown the preview, which is used up when the order begins or a person is asked. */
  readonly takesPreview: boolean;
  readonly asked: string;
  readonly assessment: SentAssessment;
  /** What it is checked against when it is sent, and the venue that it is for. */
  readonly facts: ApprovedFacts;
  readonly policy: Policy;
  /** What a person is shown; absent when the policy requires no confirmation. */
  readonly summary: OrderSummary | null;
}

/** The assessment of an order, with its trader, policy and venue. */
export interface AssessedOrder {
  readonly assessment: Assessment;
  readonly trader: Trader;
  readonly policy: Policy;
  readonly venue: Venue;
}

type Caller = Omit<BrokerCall, "asking">;

/** The previews of all callers. */
export class OrderPreviews {
  readonly #parts: SharedParts;

  constructor(parts: SharedParts) {
    this.#parts = parts;
  }

  /**
   * Previews a requested order.
   *
   * @throws {TradingError} when the order is invalid, or the caller has used up the previews of a minute
   */
  async show(request: OrderRequest, call: Caller): Promise<PreviewAnswer> {
    const { record: { previews }, now } = this.#parts;
    assertAllowed(await previews.waitMs(call.identity, now()));
    const { assessed, halt } = await this.#assessNow(request, call);
    const { assessment, trader, policy } = assessed;
    const shown = isPlaceable(assessment, halt) ? shownOrder(assessed, askedToPlace(request)) : undefined;
    const at = now();
    assertAllowed(
      await previews.add({ row: rowOf(assessed, { asked: request, previewId: shown?.previewId }), shown }, at),
    );
    const kept = shown && { previewId: shown.previewId, expiresInMs: at + PREVIEW_LIFETIME_MS - now() };
    return { ...assessment, ...kept, ...(halt === undefined ? {} : { halt }), account: trader.account, policy };
  }

  /**
   * Assesses an order that is placed at once; its preview is only recorded.
   *
   * @throws {TradingError} when it cannot be placed
   */
  async assessToPlace(
    { request, asked }: { readonly request: OrderRequest; readonly asked: string },
    call: Caller,
  ): Promise<Previewed> {
    const { assessed, halt } = await this.#assessNow(request, call);
    const { assessment, trader, policy } = assessed;
    const placed = isPlaceable(assessment, halt) ? shownOrder(assessed, asked) : undefined;
    await this.#note(assessed, { asked: request, previewId: placed?.previewId });
    assertPlaceable(assessment);
    if (halt !== undefined) throw new TradingError(halt.message, { code: halt.code });
    if (placed === undefined) throw new TypeError("Cannot place as a placeable order has no preview");
    this.#assertSamePolicy(trader, policy.digest);
    const { previewId, facts, summary } = placed;
    return { previewId, takesPreview: false, asked, assessment, facts, policy, summary };
  }

  /**
   * The order of a preview that its caller was shown. It is used up when the order begins or a person is asked about
   * it.
   *
   * @throws {TradingError} when this caller has no such preview any more, or it was made under another policy
   */
  ofShown(preview: Preview | undefined, identity: string): Previewed {
    const problem = whyNotPlaceable(preview, this.#parts.now());
    if (preview === undefined || problem !== undefined) {
      const { code, message } = PREVIEW_REFUSALS[problem ?? "unknown"];
      throw new TradingError(message, { code });
    }
    const { previewId, asked, facts, policyDigest, account, summary } = preview;
    this.#assertSamePolicy({ identity, account }, policyDigest);
    const policy = this.#parts.rights.policyOf(identity);
    return { previewId, takesPreview: true, asked, assessment: confirmedAssessment(facts), facts, policy, summary };
  }

  /** Assesses an order for a caller, now. */
  async assess(
    request: OrderRequest,
    { identity, signal, replaced }: {
      identity: string;
      signal: AbortSignal;
      replaced?: ReplacedOrder["old"];
    },
  ): Promise<AssessedOrder> {
    const { markets, now, rights } = this.#parts;
    const trader = rights.traderOf(identity);
    const policy = rights.policyOf(identity);
    const venue = await this.#parts.venueOf(trader);
    const { exchange } = venue;
    const parts = { exchange, markets, policy, signal, now, ...(replaced === undefined ? {} : { replaced }) };
    return { assessment: await assessOrder(request, parts), trader, policy, venue };
  }

  /** Records a replacement under the id of a preview that nobody is shown. */
  async noteReplacement(assessed: AssessedOrder, asked: Replacement): Promise<string> {
    const previewId = newPreviewId();
    await this.#note(assessed, { asked, previewId });
    this.#assertSamePolicy(assessed.trader, assessed.policy.digest);
    return previewId;
  }

  async #assessNow(request: OrderRequest, { identity, signal }: Caller) {
    const assessed = await this.assess(request, { identity, signal });
    return { assessed, halt: await this.#parts.rights.haltProblem() };
  }

  /** @throws {TradingError} when another policy is in force by now, or another account */
  #assertSamePolicy({ identity, account }: Trader, digest: string): void {
    const { rights } = this.#parts;
    const isSame = rights.policyOf(identity).digest === digest && rights.traderOf(identity).account === account;
    if (!isSame) throw changedPolicy();
  }

  async #note(assessed: AssessedOrder, noted: Noted): Promise<void> {
    const { record: { audit }, now } = this.#parts;
    await audit.record({ ...rowOf(assessed, noted), event: "preview" }, now());
  }
}

/** The request, and the preview if the order can be placed. */
interface Noted {
  readonly asked: OrderRequest | Replacement;
  readonly previewId: string | undefined;
}

/** The audit row of an assessment. */
function rowOf(
  { assessment: { order, policyProblems, estimate }, trader, policy, venue }: AssessedOrder,
  { asked, previewId }: Noted,
): Omit<AuditEvent, "event"> {
  const { identity, account } = trader;
  const digest = orderDigest(order);
  const problems = [...policyProblems, ...estimate.problems].map(({ code }) => code);
  const clientOrderId = previewId === undefined ? null : clientOrderIdOf({ previewId, digest });
  const data = {
    preview_id: previewId,
    asked,
    order,
    digest,
    policy: policy.digest,
    paper: isPaper(account),
    problems,
  };
  return { identity, clientOrderId, account, venue: venue.id, data };
}

/** The order in a form that can be placed; the summary for people is made only if the policy requires confirmation. */
function shownOrder({ assessment, trader, policy, venue }: AssessedOrder, asked: string): ShownOrder {
  const { identity } = trader;
  return {
    ...trader,
    previewId: newPreviewId(),
    asked,
    facts: { ...assessment.policyFacts, venue: venue.id },
    policyDigest: policy.digest,
    summary: policy.mode === "confirm" ? summarizeOrder(assessment, { exchange: venue.name, identity }) : null,
  };
}

function isPlaceable({ estimate, policyProblems }: Assessment, halt: EstimateProblem | undefined): boolean {
  return halt === undefined && estimate.problems.length === 0 && policyProblems.length === 0;
}

/** @throws {TradingError} when the policy or the exchange's rules forbid the order */
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
