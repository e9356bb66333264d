/** Incoming and outgoing money: transfers, withdrawals, beneficiaries, receive addresses and moves. */

import Big from "big.js";
import type { Account, Accounts } from "../engine/accounts.ts";
import type { Identifiers } from "../engine/identifiers.ts";
import { networksOf } from "./networks.ts";
import { type BucketRate, TokenBucket } from "../../timing/token_bucket.ts";
import { Refusal } from "../engine/refusal.ts";
import { labelOf } from "../../money/currencies.ts";

/** A confirmed transfer into or out of one account; `amount` is net of `fee`. */
export interface Transfer {
  readonly id: string;
  readonly accountId: string;
  readonly amount: Big;
  readonly fee: Big;
  readonly inbound: boolean;
  readonly createdAt: number;
  /** On-chain id, or empty. */
  readonly transactionId: string;
}

/** A withdrawal to a bank. */
export interface Withdrawal {
  readonly id: number;
  readonly status: "PENDING" | "COMPLETED" | "CANCELLED";
  readonly type: string;
  readonly currency: string;
  readonly amount: Big;
  readonly fee: Big;
  readonly createdAt: number;
  readonly externalId: string;
  readonly transferId: string;
}

/** A bank account for withdrawals. */
export interface Beneficiary {
  readonly id: string;
  readonly bankName: string;
  readonly accountNumber: string;
  readonly accountType: string;
  readonly branch: string;
  readonly country: string;
  readonly recipient: string;
  readonly createdAt: number;
  readonly fast: boolean;
}

/** A receive address. */
export interface FundingAddress {
  readonly asset: string;
  readonly address: string;
  readonly name: string;
  readonly accountId: string;
  readonly network: number;
  readonly assignedAt: number;
  /** Destination tag, for networks that need one. */
  readonly tag: string | null;
}

/** A move between two own accounts. */
export interface Move {
  readonly id: string;
  readonly clientMoveId: string;
  readonly amount: Big;
  readonly debitAccountId: string;
  readonly creditAccountId: string;
  readonly status: "SUCCESSFUL" | "FAILED";
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** An incoming payment that is not confirmed yet. */
export interface PendingReceive {
  readonly accountId: string;
  readonly amount: Big;
  readonly createdAt: number;
  readonly reference: string;
}

/** A request for a new receive address. */
export interface AddressRequest {
  readonly asset: string;
  readonly name: string;
  readonly accountId: string | undefined;
  readonly network: number | undefined;
}

/** Ten addresses at once, then one per hour. */
const ADDRESS_RATE: BucketRate = { size: 10, perMs: 1 / 3_600_000 };
const ETHEREUM = 0;

/** The records of incoming and outgoing money, each list oldest first. */
export class Funding {
  readonly transfers: Transfer[] = [];
  readonly withdrawals: Withdrawal[] = [];
  readonly beneficiaries: Beneficiary[] = [];
  readonly moves: Move[] = [];
  readonly pending: PendingReceive[] = [];
  readonly addresses: FundingAddress[] = [];
  readonly #accounts: Accounts;
  readonly #identifiers: Identifiers;
  readonly #addressQuota = new TokenBucket(ADDRESS_RATE, -Infinity);

  constructor({ accounts, identifiers }: { readonly accounts: Accounts; readonly identifiers: Identifiers }) {
    this.#accounts = accounts;
    this.#identifiers = identifiers;
  }

  /** Credits an account with money from outside. */
  deposit(account: Account, { amount, atMs, onChain }: { amount: Big; atMs: number; onChain: boolean }): void {
    const transactionId = onChain ? this.#identifiers.transaction() : "";
    const address = this.addresses.find(({ accountId }) => accountId === account.id)?.address ?? "";
    account.ledger.append({
      timestamp: atMs,
      balanceDelta: amount,
      availableDelta: amount,
      kind: "TRANSFER",
      description: onChain ? `Received ${labelOf(account.currency)}` : "Deposit received",
      reference: this.#identifiers.reference(),
      ...(onChain ? { address, transactionId } : {}),
    });
    this.transfers.push({
      id: this.#identifiers.account(),
      accountId: account.id,
      amount,
      fee: new Big(0),
      inbound: true,
      createdAt: atMs,
      transactionId,
    });
  }

  /**
   * Assigns a receive address. It contains the word `simulated`, so that nobody sends money to it.
   *
   * @throws {Refusal} ErrInvalidCurrency, ErrInvalidAccount, ErrERC20… or ErrAddressCreateRateLimitReached
   */
  assignAddress({ asset, name, accountId, network }: AddressRequest, nowMs: number): FundingAddress {
    const known = networksOf(asset);
    const chosen = network === undefined ? known[0] : known.find(({ id }) => id === network);
    const fallback = this.#accounts.defaultIn(asset);
    if (chosen === undefined || fallback === undefined) throw new Refusal("ErrInvalidCurrency");
    const account = accountId === undefined ? fallback : this.#accounts.get(accountId);
    if (account.currency !== asset) throw new Refusal("ErrInvalidAccount");
    if (chosen.id === ETHEREUM && account !== fallback) throw new Refusal("ErrERC20AssignNonDefault");
    if (chosen.id === ETHEREUM && this.addresses.some((address) => address.asset === asset)) {
      throw new Refusal("ErrERC20AddressAlreadyAssigned");
    }
    if (this.#addressQuota.take(1, { rate: ADDRESS_RATE, atMs: nowMs }) > 0) {
      throw new Refusal("ErrAddressCreateRateLimitReached");
    }
    const assigned: FundingAddress = {
      asset,
      address: `simulated-${asset.toLowerCase()}-${this.#identifiers.transaction().slice(0, 24)}`,
      name,
      accountId: account.id,
      network: chosen.id,
      assignedAt: nowMs,
      tag: asset === "XRP" ? String(10_000 + this.addresses.length) : null,
    };
    this.addresses.push(assigned);
    return assigned;
  }

  /** Unconfirmed payments to an account. */
  unconfirmed(accountId: string): Big {
    return this.pending.filter((entry) => entry.accountId === accountId)
      .reduce((sum, { amount }) => sum.plus(amount), new Big(0));
  }

  /** The total that an account received from outside. */
  received(accountId: string): Big {
    return this.transfers.filter((transfer) => transfer.accountId === accountId && transfer.inbound)
      .reduce((sum, { amount }) => sum.plus(amount), new Big(0));
  }
}
