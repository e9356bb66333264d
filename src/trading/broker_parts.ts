/** What the broker needs from the rest of the program, and the calls that it takes. */

import type { Exchange } from "../market/exchange_port.ts";
import type { MarketLookup } from "../market/pairs.ts";
import type { Audit } from "./record/audit.ts";
import type { CallClaims } from "./record/call_claims.ts";
import type { CancelRequests } from "./record/cancel_requests.ts";
import type { Journal } from "./record/journal.ts";
import type { Previews } from "./record/previews.ts";
import type { ReplacementClaims } from "./record/replacement_claims.ts";
import type { Asking, ConfirmationParts } from "./confirmation/confirmer.ts";
import type { OrderExecutor } from "./execution/executor.ts";
import type { KillSwitch } from "./execution/kill_switch.ts";
import type { RunningCalls } from "./idempotency.ts";
import type { OrderRequest } from "./orders/order.ts";
import type { NewOrderParts } from "./orders/new_order_reads.ts";
import type { ExchangeName } from "./orders/order_summary.ts";
import type { CurrentPolicies } from "./policy/policies.ts";
import type { Trader } from "./orders/trader.ts";
import type { OrderVenue, TradingAccount } from "./orders/trading_account.ts";
import type { SendingCall, TradingRights } from "./policy/trading_rights.ts";

/** Where a trader's orders go. */
export interface Venue {
  /** The id of the account. */
  readonly account: string;
  readonly exchange: Exchange;
  readonly executor: OrderExecutor;
  /** The exchange's name, for the person who confirms. */
  readonly name: ExchangeName;
  /** Identifies one run of a simulated exchange or one state of a paper account; `""` for a lasting exchange. */
  readonly id: string;
}

/** The venue in the record's terms. */
export function orderVenueOf({ account, id }: Pick<Venue, "account" | "id">): OrderVenue {
  return { account, venue: id };
}

/** What the broker needs of the record. */
export interface BrokerRecord {
  readonly journal: Pick<Journal, "find" | "findByOrderId" | "findByKey">;
  readonly replacements: Pick<ReplacementClaims, "unfinished">;
  readonly audit: Pick<Audit, "trail" | "record">;
  readonly previews: Previews;
  readonly cancelRequests: Pick<CancelRequests, "all">;
  readonly calls: Pick<CallClaims, "claim" | "release">;
}

/** Parts of a {@linkcode Broker}. */
export interface BrokerParts {
  readonly policies: CurrentPolicies;
  readonly record: BrokerRecord;
  readonly killSwitch: Pick<KillSwitch, "pull" | "state">;
  /** The id of this process. */
  readonly instance: { readonly id: string };
  readonly markets: MarketLookup;
  /** The account of identities that the policy does not put on paper. */
  readonly account: TradingAccount;
  readonly venueOf: (trader: Trader) => Promise<Venue>;
  /** The parts for asking people. */
  readonly confirmation: ConfirmationParts;
  /** Ids of the accounts whose open orders a halt can cancel from here. */
  readonly cancels: readonly string[];
  /** Acts on a halt; settles after one attempt at what it requested. */
  readonly halted: () => Promise<void>;
  /** Wall clock, milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
}

/** What reading recently placed orders needs. */
export function newOrderParts({ record: { journal }, now, confirmation: { sleep } }: BrokerParts): NewOrderParts {
  return { journal, now, sleep };
}

/** What placing and replacing share. */
export interface SharedParts extends BrokerParts {
  readonly rights: TradingRights;
  /** Running calls with an idempotency key. */
  readonly running: RunningCalls;
}

/** An order to place: a preview, or the order itself. */
export interface PlaceOrder {
  readonly previewId?: string | undefined;
  readonly request?: OrderRequest | undefined;
  readonly idempotencyKey?: string | undefined;
}

/** The circumstances of one call, and its caller. */
export interface BrokerCall extends SendingCall {
  readonly identity: string;
  readonly asking: Asking;
}

/** The call that acts on a confirmation. */
export type ConfirmingCall = SendingCall & Pick<BrokerCall, "identity">;
