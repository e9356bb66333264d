/**
 * Has a person confirm an order by a way that the policy accepts: in a dialog of the client, on a page on loopback, or
 * with `approve` in a terminal. Anything but a clear yes in time sends nothing, and a yes sends nothing by itself: a
 * call waits for it, or is repeated and acts on it, possibly in another process on the same record.
 */

import { ExchangeError } from "../../exchange/errors.ts";
import type { Sleep } from "../../timing/sleep.ts";
import type { Approvals } from "../record/approvals.ts";
import type { Approval, ApprovalRequest, OwnerWay } from "../record/approval.ts";
import { clientOrderIdOf } from "../orders/order.ts";
import { CONFIRMATION_LIFETIME_MS } from "../record/approval.ts";
import type { ConfirmedOrder } from "../record/dialogs.ts";
import type { Dialogs } from "../record/dialogs.ts";
import { PREVIEW_REFUSALS } from "../orders/preview.ts";
import type { PreviewProblem } from "../orders/preview.ts";
import { orderDigest } from "../orders/order.ts";
import { summaryText } from "../orders/order_summary.ts";
import type { OrderSummary } from "../orders/order_summary.ts";
import type { ConfirmWay } from "../policy/policy.ts";
import { StoreError } from "../record/store_error.ts";
import { isPassing } from "../execution/placement_result.ts";
import { TradingError } from "../orders/trading_error.ts";
import { assertCounts } from "../policy/trading_rights.ts";
import type { SendingCall } from "../policy/trading_rights.ts";

/** How a caller's client can ask its user. */
export interface Asking {
  /** Whether it can show a dialog. */
  readonly canElicit: boolean;
  /**
   * Canonical text of the call, which must be repeated unchanged with the answer.
   *
   * @default ""
   */
  readonly call?: string;
  /** The person's answer to the dialog that this call was asked to show. */
  readonly answer?: { readonly token: string; readonly accepted: boolean };
}

/** The result of a call that waits for a person. Nothing was sent. */
export type Unconfirmed =
  /** The client must show a dialog, and repeat the call with the answer. */
  | {
    readonly status: "ask";
    /** Returned with the answer, to any process; never logged. */
    readonly token: string;
    readonly text: string;
  }
  /** The person is asked elsewhere; the same call made again continues to wait. */
  | {
    readonly status: "awaiting_confirmation";
    readonly previewId: string;
    /** The operand of `approve` in a terminal; not secret. */
    readonly approvalId: string;
    /** Where the person can answer. */
    readonly ways: readonly OwnerWay[];
    /** Equal orders of the caller that also wait for an answer, by approval id. */
    readonly equal: readonly string[];
    /** Whether the client could have shown a dialog, which the policy does not accept for this caller. */
    readonly isDialogRefused: boolean;
    readonly expiresInMs: number;
  };

/** An order that a person is asked about outside the client. */
export interface Announcement {
  readonly approvalId: string;
  /** The one-time secret of the page; appears in no log and no answer except the operator's. */
  readonly token: string;
  readonly summary: OrderSummary;
  /** Where the person can answer. */
  readonly ways: readonly OwnerWay[];
}

/** Parts of a {@linkcode Confirmer}. */
export interface ConfirmationParts {
  readonly approvals: Pick<
    Approvals,
    "request" | "find" | "findByPreview" | "findAsked" | "equalTo" | "take" | "giveBack" | "conclude"
  >;
  readonly dialogs: Dialogs;
  /** Notifies the operator of a waiting order. */
  readonly announce: (announcement: Announcement) => void;
  /** Wall clock, milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
  readonly sleep: Sleep;
}

/** What happens to a confirmed order. */
export interface ConfirmedAction<Result> {
  /** The ways of confirming that the policy accepts from this caller now. */
  readonly waysOf: (identity: string) => readonly ConfirmWay[];
  /** Sends it, unless that is no longer allowed. */
  readonly send: (order: ConfirmedOrder, call: SendingCall & { readonly identity: string }) => Promise<Result>;
  /** Describes the result in a sentence, for the order's page. */
  readonly describe: (result: Result) => string;
}

/** An order to ask about, and whether it belongs to a preview that its caller was shown. */
export type Question = ConfirmedOrder & Pick<ApprovalRequest, "takesPreview">;

/** How one call waits. */
interface Call extends SendingCall {
  readonly identity: string;
  readonly signal: AbortSignal;
  readonly asking: Asking;
}

/** How long one call waits for a person elsewhere; clients give up on calls after a minute. */
const WAIT_MS = 45_000;

const LOOK_EVERY_MS = 250;

/** Asks people about orders of one kind. */
export class Confirmer<Result extends { readonly status: string; readonly reason?: string }> {
  readonly #parts: ConfirmationParts;
  readonly #action: ConfirmedAction<Result>;

  constructor(parts: ConfirmationParts, action: ConfirmedAction<Result>) {
    this.#parts = parts;
    this.#action = action;
  }

  /**
   * Asks about an order: in a dialog if the client has one and the policy accepts it, else elsewhere.
   *
   * @throws {TradingError} when nobody was asked
   */
  async ask(order: Question, { asking }: Call): Promise<Approval | Extract<Unconfirmed, { status: "ask" }>> {
    const ways = this.#action.waysOf(order.identity);
    if (asking.canElicit && ways.includes("dialog")) return await this.#askInDialog(order, asking);
    assertAskable(ways);
    return await this.#askElsewhere({ ...order, ways: ways.filter((way) => way !== "dialog") });
  }

  /** The question about a caller's own preview, in any state. */
  async ofPreview(
    previewId: string,
    order: Pick<ConfirmedOrder, "identity" | "action">,
  ): Promise<Approval | undefined> {
    const { approvals, now } = this.#parts;
    return await approvals.findByPreview(previewId, order, now());
  }

  /** The question that the same call asked before, while its answer can be taken. */
  async ofCall(order: Pick<ConfirmedOrder, "identity" | "action" | "asked">): Promise<Approval | undefined> {
    const { approvals, now } = this.#parts;
    return await approvals.findAsked(order, now());
  }

  /** Takes the answer of a dialog: once, from the order's caller, in time. */
  async answer({ token, accepted }: NonNullable<Asking["answer"]>, call: Call): Promise<Result> {
    const { dialogs, now } = this.#parts;
    const { identity, asking } = call;
    const answered = await dialogs.answer(token, { identity, call: asking.call ?? "", accepted, now: now() });
    if (answered === undefined) throw unknownConfirmation();
    assertCounts(this.#action.waysOf(identity), "dialog");
    if (!answered.isApproved) throw declined(" in the dialog, with its box ticked");
    return await this.#action.send({ ...answered.dialog, identity }, { ...call, consent: "dialog" });
  }

  /**
   * Waits for an answer that is given elsewhere, as long as one call may, and acts on it.
   *
   * @throws {TradingError} when nothing was sent: it was declined or has expired, or another call has acted on the
   * answer
   */
  async wait({ id }: Approval, call: Call): Promise<Result | Unconfirmed> {
    const { approvals, now, monotonic, sleep } = this.#parts;
    const untilMs = monotonic() + WAIT_MS;
    for (;;) {
      const approval = await approvals.find(id, now());
      if (approval === undefined) throw unknownConfirmation();
      const isPending = approval.state === "pending";
      if (call.signal.aborted || (isPending && monotonic() >= untilMs)) return await this.#stillWaiting(approval, call);
      if (!isPending) return await this.#act(approval, call);
      await sleep(LOOK_EVERY_MS, call.signal).catch(() => {});
    }
  }

  async #askInDialog(order: Question, { call = "" }: Asking): Promise<Extract<Unconfirmed, { status: "ask" }>> {
    const { dialogs, now } = this.#parts;
    // Recorded first, so that two equal orders that are asked about concurrently see each other.
    const asked = await dialogs.ask({ ...order, call }, now());
    if (!asked.ok) throw notAsked(asked.reason);
    const { summary } = order;
    const warnings = await this.#isAlone(order) ? summary.warnings : [EQUAL_WAITS, ...summary.warnings];
    return { status: "ask", token: asked.token, text: summaryText({ ...summary, warnings }) };
  }

  async #askElsewhere(request: ApprovalRequest): Promise<Approval> {
    const { approvals, announce, now } = this.#parts;
    const asked = await approvals.request(request, now());
    if (!asked.ok) throw notAsked(asked.reason);
    const { approval, token } = asked;
    announce({ approvalId: approval.id, token, summary: request.summary, ways: request.ways });
    return approval;
  }

  /** Whether no equal order of the caller is waiting. */
  async #isAlone({ facts, identity, previewId }: ConfirmedOrder): Promise<boolean> {
    const { approvals, dialogs, now } = this.#parts;
    const order = { digest: orderDigest(facts.order), identity, previewId };
    const others = await Promise.all([dialogs.equalTo(order, now()), approvals.equalTo(order, now())]);
    return others.every(({ length }) => length === 0);
  }

  async #stillWaiting(approval: Approval, { asking }: Call): Promise<Unconfirmed> {
    const { approvals, now } = this.#parts;
    const { id, previewId, ways, expiresAt } = approval;
    return {
      status: "awaiting_confirmation",
      previewId,
      approvalId: id,
      ways,
      equal: (await approvals.equalTo(approval, now())).map((each) => each.id),
      isDialogRefused: asking.canElicit,
      expiresInMs: Math.max(0, expiresAt - now()),
    };
  }

  async #act({ id }: Approval, call: Call): Promise<Result> {
    const { approvals, now } = this.#parts;
    // Of several calls that wait for one answer, in all processes, only one takes it.
    const approval = await approvals.take(id, now());
    if (approval === undefined) throw await this.#whyNot(id);
    try {
      if (approval.state !== "approved" || orderDigest(approval.facts.order) !== approval.digest) throw declined();
      assertCounts(this.#action.waysOf(call.identity), approval.decidedBy);
      const consent = approval.decidedBy ?? undefined;
      const result = await this.#action.send({ ...approval, identity: call.identity }, { ...call, consent });
      await this.#note(() =>
        isPassing(result) ? approvals.giveBack(id) : approvals.conclude(id, this.#action.describe(result))
      );
      return result;
    } catch (error) {
      const isTold = error instanceof TradingError || error instanceof ExchangeError;
      if (isTold) await this.#note(() => approvals.conclude(id, error.message));
      throw error;
    }
  }

  async #whyNot(id: string): Promise<TradingError> {
    const { approvals, now } = this.#parts;
    const approval = await approvals.find(id, now());
    if (approval === undefined) return unknownConfirmation();
    if (approval.takenAt === null) return expired();
    return approval.state === "declined" ? declined() : usedConfirmation(approval);
  }

  /** The journal has the order's outcome; without this entry only its page shows less. */
  async #note(change: () => Promise<void>): Promise<void> {
    try {
      await change();
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
    }
  }
}

/** For a person who is asked about one of two equal orders. */
export const EQUAL_WAITS = "Another equal order of this client waits for approval too: a yes to both places both";

/** @throws {TradingError} when nobody could answer */
function assertAskable(ways: readonly ConfirmWay[]): void {
  if (ways.some((way) => way !== "dialog")) return;
  const message = ways.includes("dialog")
    ? "Cannot ask for confirmation as only a client dialog is accepted here and this client shows none: use another " +
      'client, or ask the operator for "page" or "terminal" in confirm_by of the policy'
    : "Cannot ask for confirmation as confirm_by of the policy and --confirm-by have nothing in common: ask the operator";
  throw new TradingError(message, { code: "ERR_CONFIRMATION_IMPOSSIBLE" });
}

function notAsked(reason: "too_many" | PreviewProblem): TradingError {
  if (reason === "too_many") return tooMany();
  const { code, message } = PREVIEW_REFUSALS[reason];
  return new TradingError(message, { code });
}

function tooMany(): TradingError {
  return new TradingError("Cannot ask for confirmation as too many orders wait for one: have those decided first", {
    code: "ERR_CONFIRMATIONS_FULL",
    retryAfterMs: CONFIRMATION_LIFETIME_MS,
  });
}

function unknownConfirmation(): TradingError {
  return new TradingError(
    "Nothing was sent, as no pending approval matches this answer: it expired or was used already, place the order again",
    { code: "ERR_CONFIRMATION_UNKNOWN" },
  );
}

function usedConfirmation({ previewId, digest }: Approval): TradingError {
  const id = clientOrderIdOf({ previewId, digest });
  return new TradingError(
    `This call has sent nothing, as another one has acted on the confirmation: look the order up, as ${id}`,
    { code: "ERR_CONFIRMATION_USED" },
  );
}

function expired(): TradingError {
  return new TradingError("Nothing was sent, as the time to confirm the order is over: preview it again", {
    code: "ERR_CONFIRMATION_EXPIRED",
  });
}

function declined(how = ""): TradingError {
  return new TradingError(`Nothing was sent, as the person did not confirm the order${how}`, {
    code: "ERR_CONFIRMATION_DECLINED",
  });
}
