/**
 * The journal: every placement on durable storage before its first byte leaves, and what became of it. It sends nothing
 * and asks the exchange nothing.
 */

import type { ErrorCode } from "../../errors/error_table.ts";
import type { Refused } from "../policy/begin_checks.ts";
import type { Policy } from "../policy/policy.ts";
import type { OrderVenue } from "../orders/trading_account.ts";
import type { AccountClaim } from "./account_claim.ts";
import type { LimitsUsed } from "./limit_use.ts";
import type {
  Begun,
  EndedVenues,
  FinalFacts,
  NewPlacement,
  Placement,
  PlacementScope,
  Refusing,
  Repeated,
  Settlement,
} from "./recorded_placement.ts";

/** All placements. Every operation rejects with a `StoreError` where it cannot be done. */
export interface Journal {
  /**
   * Writes that an order is being sent, unless something forbids it: a repetition, a halt, an instance that was taken
   * over, a claim that was lost, a preview that was used, a limit that counts, an own order that it may trade with. Nobody
   * is halted, and no limit reached, between the decision and its order. A repetition is told first, as what it asks for
   * may exist however trading stands now. A refusal is written to the audit.
   */
  begin(entry: NewPlacement, policy: Policy, now: number): Promise<Begun>;
  /**
   * Answers a call whose idempotency key was used before; `undefined` for a key that is new, or where there is none.
   * What it answers is written to the audit.
   */
  repeat(entry: Omit<NewPlacement, "instance" | "validUntil">, now: number): Promise<Repeated | undefined>;
  /** Why a placement could not begin now, if it could not; nothing is written or reserved. */
  wouldRefuse(entry: Omit<NewPlacement, "validUntil">, refusing: Refusing): Promise<Refused | undefined>;
  /** Writes that the request of an order that has begun was never made; `undefined` where it never began. */
  withdraw(clientOrderId: string, reason: ErrorCode, now: number): Promise<Placement | undefined>;
  /** Settles an intent of a version that wrote intents apart as never sent, unless it was sent meanwhile. */
  forgetIntent(clientOrderId: string, now: number): Promise<void>;
  /**
   * Writes what became of a placement and answers how it stands then. What is known stays: `placed` for good, `not_placed`
   * unless the order is found after all; so tell callers what this answers, not what was passed. Until it is written the
   * order is looked up again at the next start.
   *
   * @throws {RangeError} there is no such placement
   */
  settle(clientOrderId: string, outcome: Settlement, now: number): Promise<Placement>;
  /** Writes that a placed order is final; a second time does nothing. @throws {RangeError} there is no such placement */
  close(clientOrderId: string, facts: FinalFacts, now: number): Promise<void>;
  /** Ends what is alive on an account's other venues, which are gone for good. Answers how many placements. */
  endOthers(which: EndedVenues): Promise<number>;

  find(clientOrderId: string): Promise<Placement | undefined>;
  /** Of several venues that gave the same id the latest placement, unless one venue is asked for. */
  findByOrderId(orderId: string, where?: OrderVenue): Promise<Placement | undefined>;
  findByKey(identity: string, idempotencyKey: string, where: OrderVenue): Promise<Placement | undefined>;
  findByPreview(previewId: string): Promise<Placement | undefined>;
  /** Intents, sent ones and those of unknown fate, oldest first. */
  unsettled(scope?: PlacementScope): Promise<readonly Placement[]>;
  /** Orders that have left, and whose outcome is not known; oldest first. */
  onTheirWay(): Promise<readonly Placement[]>;
  /** Placements that are placed and not known to be final, oldest first. */
  open(scope?: PlacementScope): Promise<readonly Placement[]>;

  /** What each identity has used of its limits at a wall time: for operators, nothing is decided by it. */
  limitsUsed(now: number): Promise<readonly LimitsUsed[]>;
  /** Makes an account one at this exchange, unless it is another one's, or the exchange is another account's. */
  claimFor(account: string, exchange: string): Promise<AccountClaim>;
  /** At which exchange an account is; `undefined` before it was claimed. */
  exchangeOf(account: string): Promise<string | undefined>;
}
