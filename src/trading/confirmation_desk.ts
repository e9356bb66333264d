/**
 * Has a person confirm an order in a way that the model cannot: in a dialog of the client where it has one, else on a page
 * on loopback or with `approve` in a terminal. Whatever is not a clear yes in time sends nothing.
 */

import type { Sleep } from "../exchange/deadline.ts";
import type { Approvals } from "./approvals.ts";
import type { Audit } from "./audit.ts";
import { clientOrderIdOf } from "./client_order_id.ts";
import { CONFIRMATION_LIFETIME_MS, Confirmations } from "./confirmations.ts";
import type { Confirmation, WaitingOrder } from "./confirmations.ts";
import type { ConfirmWay } from "./policy.ts";
import { TradingError } from "./trading_error.ts";
import type { SendingCall } from "./trading_rights.ts";

/** How a caller's client can ask the person in front of it. */
export interface Asking {
  /** Whether it can show a dialog. */
  readonly canElicit: boolean;
  /** What the person answered in the dialog that this call was asked to show. */
  readonly answer?: { readonly id: string; readonly accepted: boolean };
}

/** Where somebody other than the caller can say yes. */
export type OwnerWay = Exclude<ConfirmWay, "dialog">;

/** What a call comes to that still waits for a person. Nothing was sent. */
export type Unconfirmed =
  /** The client is to show a dialog, and to call again with the answer. */
  | { readonly status: "ask"; readonly id: string; readonly text: string }
  /** The person is asked elsewhere; the same call made again waits on. */
  | {
    readonly status: "awaiting_confirmation";
    readonly previewId: string;
    /** What `approve` takes in a terminal; no secret. */
    readonly approvalId: string;
    /** Where the person can answer. */
    readonly ways: readonly OwnerWay[];
    /** Whether the client could have shown a dialog, which does not count for this caller. */
    readonly isDialogRefused: boolean;
    readonly expiresInMs: number;
  };

/** An order that a person is asked about outside the client. */
export interface Announcement {
  readonly approvalId: string;
  /** The one-time secret of the page; no log and no answer may hold it but the operator's. */
  readonly token: string;
  readonly text: string;
  /** Where the person can answer. */
  readonly ways: readonly OwnerWay[];
}

/** What a {@linkcode ConfirmationDesk} stands on. */
export interface ConfirmationParts {
  readonly approvals: Approvals;
  readonly audit: Pick<Audit, "record">;
  /** Tells the operator that an order waits. */
  readonly announce: (announcement: Announcement) => void;
  /** Wall clock, milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
  readonly sleep: Sleep;
}

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
export class ConfirmationDesk<Result> {
  readonly #parts: ConfirmationParts;
  readonly #waiting: Confirmations<Result>;

  constructor(parts: ConfirmationParts) {
    this.#parts = parts;
    this.#waiting = new Confirmations({ now: parts.monotonic });
  }

  /** Asks about an order. */
  async confirm(order: WaitingOrder<Result>, call: Call): Promise<Result | Unconfirmed> {
    const usesDialog = call.asking.canElicit && order.ways().includes("dialog");
    if (!usesDialog) assertAskable(order);
    const asked = usesDialog ? undefined : this.#askedElsewhere(order);
    if (asked !== undefined) return await this.ask(asked, call);
    const confirmation = this.#waiting.add(order);
    if (confirmation === undefined) {
      throw new TradingError("Cannot ask for confirmation as too many orders wait for one: have those decided first", {
        code: "ERR_CONFIRMATIONS_FULL",
        retryAfterMs: CONFIRMATION_LIFETIME_MS,
      });
    }
    if (!usesDialog) return await this.ask(confirmation, call);
    this.#record("confirmation_asked", confirmation, { way: "dialog" });
    return { status: "ask", id: confirmation.id, text: confirmation.text };
  }

  /** The order that a preview waits in. */
  ofPreview(previewId: string, identity: string): Confirmation<Result> | undefined {
    return this.#waiting.find(identity, (each) => each.previewId === previewId);
  }

  /** Takes the answer of a dialog: once, from the caller whose order it is, in time. */
  async answer({ id, accepted }: NonNullable<Asking["answer"]>, call: Call): Promise<Result> {
    const confirmation = this.#waiting.take(id, call.identity);
    if (confirmation === undefined) throw unknownConfirmation();
    assertCounts(confirmation, "dialog");
    this.#record("confirmation", confirmation, { way: "dialog", approved: accepted });
    if (!accepted) throw declined(" in the dialog, with its box ticked");
    return await confirmation.run(call);
  }

  /** Ends every question that is asked outside the client. */
  withdraw(): void {
    const { approvals, now } = this.#parts;
    for (const { approvalId } of this.#waiting.all) {
      if (approvalId !== undefined) approvals.decide(approvalId, { approved: false, by: "server ended", now: now() });
    }
  }

  /** Asks outside the client, and waits as long as one call may. */
  async ask(confirmation: Confirmation<Result>, call: Call): Promise<Result | Unconfirmed> {
    const { monotonic, sleep } = this.#parts;
    const { signal } = call;
    const approvalId = confirmation.approvalId ??= this.#request(confirmation);
    const untilMs = Math.min(monotonic() + WAIT_MS, confirmation.expiresAtMs);
    while (monotonic() < untilMs && !signal.aborted) {
      const decided = this.#decision(confirmation, approvalId);
      if (decided !== undefined) return await decided(call);
      await sleep(LOOK_EVERY_MS, signal).catch(() => {});
    }
    const { previewId, expiresAtMs } = confirmation;
    return {
      status: "awaiting_confirmation",
      previewId,
      approvalId,
      ways: ownerWays(confirmation),
      isDialogRefused: call.asking.canElicit,
      expiresInMs: Math.max(0, expiresAtMs - monotonic()),
    };
  }

  #askedElsewhere({ identity, sameAs }: WaitingOrder<Result>): Confirmation<Result> | undefined {
    return this.#waiting.find(identity, (each) => each.approvalId !== undefined && each.sameAs === sameAs);
  }

  #request(confirmation: Confirmation<Result>): string {
    const { approvals, announce, now, monotonic } = this.#parts;
    const { identity, digest, text, previewId, expiresAtMs } = confirmation;
    const expiresAt = Math.floor(now() + expiresAtMs - monotonic());
    const clientOrderId = clientOrderIdOf(previewId, digest);
    const asked = approvals.request({ identity, digest, clientOrderId, text, expiresAt, now: now() });
    if (!asked.ok) {
      this.#waiting.take(confirmation.id, identity);
      throw new TradingError("Cannot ask for confirmation as too many orders wait for one: have those decided first", {
        code: "ERR_CONFIRMATIONS_FULL",
        retryAfterMs: CONFIRMATION_LIFETIME_MS,
      });
    }
    announce({ approvalId: asked.id, token: asked.token, text, ways: ownerWays(confirmation) });
    return asked.id;
  }

  /** What follows from what a person decided; `undefined` while nobody has. */
  #decision(confirmation: Confirmation<Result>, approvalId: string): ((call: Call) => Promise<Result>) | undefined {
    const { approvals, now } = this.#parts;
    const approval = approvals.find(approvalId, now());
    if (approval?.state === "pending") return undefined;
    // Of two calls that wait for the same answer one sends, the other finds nothing.
    const taken = this.#waiting.take(confirmation.id, confirmation.identity);
    return async (call) => {
      if (taken === undefined) throw unknownConfirmation();
      if (approval?.state !== "approved" || approval.digest !== confirmation.digest) throw declined();
      assertCounts(confirmation, approval.decidedBy);
      return await confirmation.run(call);
    };
  }

  #record(
    event: "confirmation" | "confirmation_asked",
    { id, identity, digest, previewId }: Confirmation<Result>,
    data: Record<string, unknown>,
  ): void {
    const clientOrderId = clientOrderIdOf(previewId, digest);
    const facts = { ...data, confirmation: id, digest };
    this.#parts.audit.record({ event, identity, clientOrderId, data: facts }, this.#parts.now());
  }
}

function ownerWays(order: Pick<WaitingOrder<unknown>, "ways">): OwnerWay[] {
  return order.ways().filter((way) => way !== "dialog");
}

/** @throws {TradingError} nobody could answer */
function assertAskable(order: WaitingOrder<unknown>): void {
  if (ownerWays(order).length > 0) return;
  const message = order.ways().includes("dialog")
    ? "Cannot ask for confirmation as only a dialog of the client counts here and this client shows none: use another " +
      'client, or ask the operator for "page" or "terminal" in confirm_by of the policy'
    : "Cannot ask for confirmation as confirm_by of the policy and --confirm-by have nothing in common: ask the operator";
  throw new TradingError(message, { code: "ERR_CONFIRMATION_IMPOSSIBLE" });
}

/** @throws {TradingError} the policy has changed, and an answer given there counts no more */
function assertCounts(order: WaitingOrder<unknown>, way: string | null): void {
  const ways = order.ways();
  if (ways.some((each) => each === way)) return;
  const message = `Nothing was sent, as the policy takes no confirmation by ${way} of this caller: it takes ${
    ways.join(" and ") || "none"
  }`;
  throw new TradingError(message, { code: "ERR_CONFIRMATION_IMPOSSIBLE" });
}

function unknownConfirmation(): TradingError {
  return new TradingError(
    "Cannot place the order as no confirmation of this caller waits for that answer: it was used, or too old",
    { code: "ERR_CONFIRMATION_UNKNOWN" },
  );
}

function declined(how = ""): TradingError {
  return new TradingError(`Nothing was sent, as the person did not confirm the order${how}`, {
    code: "ERR_CONFIRMATION_DECLINED",
  });
}
