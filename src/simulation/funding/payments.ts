/**
 * Payments of the account's owner: moves, conversions, sends and withdrawals. They leave the accounts as at the real
 * exchange, and go nowhere.
 */

import Big from "big.js";
import type { LunoErrorCode } from "../../exchange/luno_errors.ts";
import type { Account, Accounts } from "../engine/accounts.ts";
import type { Identifiers } from "../engine/identifiers.ts";
import type { LedgerEntry } from "../engine/ledger.ts";
import { Refusal } from "../engine/refusal.ts";
import type { Funding, Move, Withdrawal } from "./funding.ts";
import { sendFeeOf } from "./networks.ts";

/** Parts of the payments of one simulation. */
export interface PaymentParts {
  readonly accounts: Accounts;
  readonly funding: Funding;
  readonly identifiers: Identifiers;
}

/** The result of a conversion. */
export interface Conversion {
  readonly id: string;
  readonly source: Account;
  readonly target: Account;
  readonly amount: Big;
}

/** The fee of a bank withdrawal, in its currency. */
const WITHDRAWAL_FEE = new Big("8.5");

/** The currencies that can be converted into each other, one to one. */
const CONVERTIBLE = new Set(["ZAR", "ZARU"]);

const ZERO = new Big(0);

/** The payments of one simulation. */
export class Payments {
  readonly #parts: PaymentParts;
  readonly #conversions = new Map<string, Conversion>();
  #lastWithdrawal = 2_300;

  constructor(parts: PaymentParts) {
    this.#parts = parts;
  }

  /**
   * Moves funds between two own accounts of one currency; a move of more than the available amount fails.
   *
   * @throws {Refusal}
   */
  move(
    { from, to, amount, clientMoveId }: { from: string; to: string; amount: Big; clientMoveId: string },
    nowMs: number,
  ): Move {
    const { accounts, funding, identifiers } = this.#parts;
    if (from === to) throw new Refusal("ErrAccountsNotDifferent");
    const [source, target] = [accounts.get(from), accounts.get(to)];
    if (source.currency !== target.currency) throw new Refusal("ErrDifferentCurrencies");
    const isUsed = (move: Move): boolean => move.status === "SUCCESSFUL" && move.clientMoveId === clientMoveId;
    if (clientMoveId !== "" && funding.moves.some(isUsed)) throw new Refusal("ErrDuplicateClientMoveID");
    const isCovered = source.ledger.totals.available.gte(amount);
    if (isCovered) this.#transfer({ source, target, amount, words: "Moved" }, nowMs);
    const move: Move = {
      id: identifiers.account(),
      clientMoveId,
      amount,
      debitAccountId: from,
      creditAccountId: to,
      status: isCovered ? "SUCCESSFUL" : "FAILED",
      createdAt: nowMs,
      updatedAt: nowMs,
    };
    funding.moves.push(move);
    return move;
  }

  /**
   * Converts between rand and its stablecoin, one to one; the same key returns the first result.
   *
   * @throws {Refusal}
   */
  convert(
    { from, to, amount, key }: { from: string; to: string; amount: Big; key: string },
    nowMs: number,
  ): Conversion {
    const { accounts, identifiers } = this.#parts;
    const [source, target] = [accounts.get(from), accounts.get(to)];
    const known = this.#conversions.get(key);
    if (known !== undefined) {
      if (known.source === source && known.target === target && known.amount.eq(amount)) return known;
      throw new Refusal("ErrIdempotencyKeyRequestMismatch");
    }
    const isPair = [source, target].every(({ currency }) => CONVERTIBLE.has(currency));
    if (!isPair || source.currency === target.currency) throw new Refusal("ErrConvertPairNotSupported");
    assertCovered(source, amount, "ErrInsufficientBalance");
    this.#transfer({ source, target, amount, words: "Converted" }, nowMs);
    const conversion = { id: identifiers.account(), source, target, amount };
    this.#conversions.set(key, conversion);
    return conversion;
  }

  /**
   * Sends an asset to an address, for a fee; it is complete at once.
   *
   * @throws {Refusal}
   */
  send(
    { account, amount, address, externalId }: { account: Account; amount: Big; address: string; externalId: string },
    nowMs: number,
  ): Withdrawal {
    const { funding, identifiers } = this.#parts;
    const { currency } = account;
    const fee = new Big(sendFeeOf(currency) ?? 0);
    this.#assertUnused(externalId);
    assertCovered(account, amount.plus(fee), "ErrInsufficientFunds");
    const reference = identifiers.reference();
    const transactionId = identifiers.transaction();
    const sent = { timestamp: nowMs, reference, address, transactionId };
    account.ledger.append({ ...sent, ...out(amount), kind: "TRANSFER", description: `Sent to ${address}` });
    account.ledger.append({ timestamp: nowMs, reference, ...out(fee), kind: "FEE", description: "Send fee" });
    const transferId = identifiers.account();
    const outgoing = { accountId: account.id, amount, fee, inbound: false, createdAt: nowMs };
    funding.transfers.push({ id: transferId, ...outgoing, transactionId });
    return this.#withdrawal(
      { status: "COMPLETED", type: "SEND", currency, amount, fee, externalId, transferId },
      nowMs,
    );
  }

  /**
   * Requests a bank withdrawal, which stays pending with its funds reserved.
   *
   * @throws {Refusal}
   */
  withdraw(
    { account, type, amount, externalId }: { account: Account; type: string; amount: Big; externalId: string },
    nowMs: number,
  ): Withdrawal {
    this.#assertUnused(externalId);
    assertCovered(account, amount.plus(WITHDRAWAL_FEE), "ErrInsufficientFunds");
    this.#hold(account, amount.plus(WITHDRAWAL_FEE), nowMs);
    const { currency } = account;
    const asked = {
      status: "PENDING",
      type,
      currency,
      amount,
      fee: WITHDRAWAL_FEE,
      externalId,
      transferId: "",
    } as const;
    return this.#withdrawal(asked, nowMs);
  }

  /**
   * Cancels a pending withdrawal, and releases its funds.
   *
   * @throws {Refusal} ErrWithdrawalNotFound, also for one that is not pending
   */
  cancelWithdrawal(id: string, nowMs: number): Withdrawal {
    const { accounts, funding } = this.#parts;
    const place = funding.withdrawals.findIndex((each) => String(each.id) === id && each.status === "PENDING");
    const pending = funding.withdrawals[place];
    const account = pending && accounts.defaultIn(pending.currency);
    if (pending === undefined || account === undefined) throw new Refusal("ErrWithdrawalNotFound");
    this.#hold(account, pending.amount.plus(pending.fee).neg(), nowMs);
    return funding.withdrawals[place] = { ...pending, status: "CANCELLED" };
  }

  #withdrawal(rest: Omit<Withdrawal, "id" | "createdAt">, nowMs: number): Withdrawal {
    const withdrawal = { ...rest, id: ++this.#lastWithdrawal, createdAt: nowMs };
    this.#parts.funding.withdrawals.push(withdrawal);
    return withdrawal;
  }

  #transfer(
    { source, target, amount, words }: { source: Account; target: Account; amount: Big; words: string },
    nowMs: number,
  ): void {
    const shared = { timestamp: nowMs, kind: "TRANSFER", reference: this.#parts.identifiers.reference() } as const;
    source.ledger.append({ ...shared, ...out(amount), description: `${words} to ${target.name}` });
    target.ledger.append({ ...shared, ...out(amount.neg()), description: `${words} from ${source.name}` });
  }

  #hold(account: Account, amount: Big, nowMs: number): void {
    account.ledger.append({
      timestamp: nowMs,
      balanceDelta: ZERO,
      availableDelta: amount.neg(),
      kind: "TRANSFER",
      description: amount.gt(0) ? "Reserved funds for withdrawal" : "Released funds of withdrawal",
      reference: this.#parts.identifiers.reference(),
    });
  }

  #assertUnused(externalId: string): void {
    const isUsed = externalId !== "" && this.#parts.funding.withdrawals.some((each) => each.externalId === externalId);
    if (isUsed) throw new Refusal("ErrDuplicateExternalID");
  }
}

/** The ledger entry of an outgoing amount. */
function out(amount: Big): Pick<LedgerEntry, "balanceDelta" | "availableDelta"> {
  return { balanceDelta: amount.neg(), availableDelta: amount.neg() };
}

function assertCovered(account: Account, amount: Big, code: LunoErrorCode): void {
  if (account.ledger.totals.available.lt(amount)) throw new Refusal(code);
}
