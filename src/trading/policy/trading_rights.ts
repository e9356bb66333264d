/** What a caller may do right now: by policy, on which account, and whether trading is possible at all. */

import type { Assessment } from "./assessment.ts";
import type { EstimateProblem } from "../orders/order_remarks.ts";
import { haltSentence } from "./halt.ts";
import type { Halt } from "./halt.ts";
import { CONFIRM_WAYS, evaluateOrder } from "./policy.ts";
import type { ConfirmWay, Policy } from "./policy.ts";
import type { CurrentPolicies } from "./policies.ts";
import type { Trader } from "../orders/trader.ts";
import { PAPER_ACCOUNT } from "../orders/trading_account.ts";
import type { TradingAccount } from "../orders/trading_account.ts";
import { TradingError } from "../orders/trading_error.ts";

/** The parts that rights depend on. */
export interface RightsParts {
  readonly policies: CurrentPolicies;
  readonly killSwitch: { state(): Promise<Halt> };
  /** The account of identities that the policy does not put on paper. */
  readonly account: TradingAccount;
}

/** The way in which a person confirmed an order, or that no confirmation was required. */
export type Consent = ConfirmWay | "not_needed";

/** The call that sends an order: the last one, if a person was asked in between. */
export interface SendingCall {
  /**
   * How a person has agreed to the order.
   *
   * @default no one has
   */
  readonly consent?: Consent | undefined;
  /** Whether its credential allows trading now; that may end while a person is being asked. */
  mayTrade(): boolean;
  /** Aborts when the caller gives up or is gone. */
  readonly signal: AbortSignal;
}

/** Rights, evaluated on each call. */
export class TradingRights {
  readonly #parts: RightsParts;

  constructor(parts: RightsParts) {
    this.#parts = parts;
  }

  /** The present policy of a caller. */
  policyOf(identity: string): Policy {
    return this.#parts.policies.of(identity);
  }

  /** The accepted ways of confirming a caller's orders now; all of them when no confirmation is required. */
  confirmWaysOf(identity: string): readonly ConfirmWay[] {
    return this.policyOf(identity).confirmBy ?? CONFIRM_WAYS;
  }

  /** The account on which a caller trades now. */
  traderOf(identity: string): Trader {
    const account = this.policyOf(identity).mode === "paper" ? PAPER_ACCOUNT : this.#parts.account;
    return { identity, account: account.id };
  }

  /** Why nobody can place orders now. */
  async haltProblem(): Promise<EstimateProblem | undefined> {
    const halt = await this.#parts.killSwitch.state();
    if (!halt.halted) return undefined;
    return { code: "ERR_TRADING_HALTED", message: haltSentence("trade", halt) };
  }

  /** @throws {TradingError} when the caller may only read, or trading is halted */
  async assertTrading(identity: string): Promise<void> {
    if (this.policyOf(identity).mode === "observe") {
      const message = `Cannot trade as the policy lets ${identity} only observe: ask the operator`;
      throw new TradingError(message, { code: "ERR_POLICY_MODE" });
    }
    const halt = await this.haltProblem();
    if (halt !== undefined) throw new TradingError(halt.message, { code: halt.code });
  }

  /**
   * The policy in force when the order is sent; policy and credential may have changed while the order waited. If it
   * now requires confirmation, an unconfirmed order is not sent.
   *
   * @throws {TradingError} when one of them no longer allows the order
   */
  assertStillAllowed(assessment: Pick<Assessment, "policyFacts">, trader: Trader, by: SendingCall): Policy {
    const policy = this.#policyFor(trader, by);
    const [problem] = evaluateOrder(policy, assessment.policyFacts);
    if (problem !== undefined) throw new TradingError(problem.message, { code: problem.code });
    this.#assertConsent(policy, trader, by);
    return policy;
  }

  /**
   * The policy in force for a caller that may still send an order; whether it allows this order is checked by
   * {@linkcode TradingRights.assertStillAllowed}.
   *
   * @throws {TradingError} when the caller's right has ended, or the policy requires a confirmation that is missing
   */
  assertMaySend(trader: Trader, by: SendingCall): Policy {
    const policy = this.#policyFor(trader, by);
    this.#assertConsent(policy, trader, by);
    return policy;
  }

  #policyFor({ identity, account }: Trader, by: SendingCall): Policy {
    if (!by.mayTrade()) throw endedRight();
    if (this.traderOf(identity).account !== account) throw changedPolicy();
    return this.policyOf(identity);
  }

  #assertConsent({ mode }: Policy, { identity }: Trader, { consent }: SendingCall): void {
    if (mode === "confirm") assertConsent(this.confirmWaysOf(identity), consent);
  }
}

function endedRight(): TradingError {
  return new TradingError("Nothing was sent, as the client's right to trade ended in the meantime: sign in again", {
    code: "ERR_SCOPE_MISSING",
  });
}

function assertConsent(ways: readonly ConfirmWay[], consent: Consent | undefined): void {
  if (consent === undefined) throw changedPolicy();
  if (consent !== "not_needed") assertCounts(ways, consent);
}

/** @throws {TradingError} when the policy has changed, and this way of confirming is no longer accepted */
export function assertCounts(ways: readonly ConfirmWay[], way: ConfirmWay | null): void {
  if (ways.some((each) => each === way)) return;
  const message = `Nothing was sent, as the policy accepts no approval by ${way} for this client: it accepts ${
    ways.join(" and ") || "none"
  }`;
  throw new TradingError(message, { code: "ERR_CONFIRMATION_IMPOSSIBLE" });
}

/** The order was previewed under another policy. */
export function changedPolicy(): TradingError {
  return new TradingError("Cannot place the order as the policy has changed since its preview: preview it again", {
    code: "ERR_PREVIEW_STALE",
  });
}
