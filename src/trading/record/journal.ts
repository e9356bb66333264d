/**
 * The journal: every placement on durable storage before its first byte is sent, and its outcome. It sends nothing and
 * reads nothing from the exchange.
 */

import type { ErrorCode } from "../../errors/error_table.ts";
import type { Refused } from "../policy/begin_checks.ts";
import type { Policy } from "../policy/policy.ts";
import type { OrderVenue } from "../orders/trading_account.ts";
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

/** All placements. Every operation rejects with a `StoreError` when it fails. */
export interface Journal {
  /**
   * Records that an order is being sent, unless something forbids it: a repetition, a halt, an instance that was taken
   * over, a claim that was lost, a used preview, a limit, or an own order that it may trade with. No halt or limit can
   * intervene between the decision and the order's entry. A repetition is reported first, because its order may exist
   * whatever the present state of trading. A refusal is recorded in the audit.
   */
  begin(entry: NewPlacement, policy: Policy, now: number): Promise<Begun>;
  /**
   * The answer to a call whose idempotency key was used before; `undefined` for a new key, or none. The repetition is
   * recorded in the audit.
   */
  repeat(entry: Omit<NewPlacement, "instance" | "validUntil">, now: number): Promise<Repeated | undefined>;
  /** Why a placement could not begin now; `undefined` when it could. Nothing is written or reserved. */
  wouldRefuse(entry: Omit<NewPlacement, "validUntil">, refusing: Refusing): Promise<Refused | undefined>;
  /** Records that the request of a begun order was never made; `undefined` when it never began. */
  withdraw(clientOrderId: string, reason: ErrorCode, now: number): Promise<Placement | undefined>;
  /** Settles an intent of a version that recorded intents separately as never sent, unless it was sent meanwhile. */
  forgetIntent(clientOrderId: string, now: number): Promise<void>;
  /**
   * Records the outcome of a placement and returns its resulting state. Known facts stay: `placed` is final, and
   * `not_placed` too unless the order is found after all; so report what this returns, not what was passed. Until it is
   * recorded the order is looked up again at the next start.
   *
   * @throws {RangeError} when there is no such placement
   */
  settle(clientOrderId: string, outcome: Settlement, now: number): Promise<Placement>;
  /**
   * Records that a placed order is final; repeating it has no effect.
   *
   * @throws {RangeError} when there is no such placement
   */
  close(clientOrderId: string, facts: FinalFacts, now: number): Promise<void>;
  /** Ends live placements on an account's other venues, which are gone for good. Returns how many. */
  endOthers(which: EndedVenues): Promise<number>;

  find(clientOrderId: string): Promise<Placement | undefined>;
  /** If several venues gave the same id, the latest placement, unless a venue is specified. */
  findByOrderId(orderId: string, where?: OrderVenue): Promise<Placement | undefined>;
  findByKey(identity: string, idempotencyKey: string, where: OrderVenue): Promise<Placement | undefined>;
  findByPreview(previewId: string): Promise<Placement | undefined>;
  /**
   * Intents, sent placements and those of unknown outcome, oldest first; one page, after the placement of a client order
   * id, which must still be recorded. `allPlacements()` reads all pages.
   */
  unsettled(scope?: PlacementScope, after?: string): Promise<readonly Placement[]>;
  /** Orders that were sent and whose outcome is unknown; oldest first, one page. */
  onTheirWay(after?: string): Promise<readonly Placement[]>;
  /** Placements that are placed and not known to be final, oldest first; one page. */
  open(scope?: PlacementScope, after?: string): Promise<readonly Placement[]>;

  /** What each identity has used of its limits at a time: informative only. */
  limitsUsed(now: number): Promise<readonly LimitsUsed[]>;
}
