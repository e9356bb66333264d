/** The payments in the account's history: deposits, moves and withdrawals. */

import Big from "big.js";
import type { Account, Accounts } from "../engine/accounts.ts";
import { DAY_MS } from "../days.ts";
import type { Exchange } from "../exchange.ts";
import type { Funding } from "../funding/funding.ts";
import type { Identifiers } from "../engine/identifiers.ts";
import { networksOf } from "../funding/networks.ts";
import type { Settings } from "../options.ts";

/** What the history is written to. */
export interface HistoryParts {
  readonly accounts: Accounts;
  readonly exchange: Exchange;
  readonly funding: Funding;
  readonly identifiers: Identifiers;
  /** The number of interest rows that come first. */
  readonly settings: Pick<Settings, "ledgerRows">;
  /** The end of the history. */
  readonly startMs: number;
}

/** One minute, in milliseconds. */
export const MINUTE_MS = 60_000;

/** How long before the simulation's start the account's history begins. */
export const HISTORY_MS = 45 * DAY_MS;

const OPENING: readonly (readonly [currency: string, name: string, amount: string])[] = [
  ["XBT", "Trading account", "0.85"],
  ["ETH", "ETH Wallet", "6.5"],
  ["XRP", "", "4200"],
  ["SOL", "Solana", "35.25"],
  ["LTC", "LTC Wallet", "12"],
  ["USDT", "", "8500"],
  ["USDC", "", "1200.5"],
  ["ZAR", "ZAR Wallet", "350000"],
  ["ZAR", "Savings pot", "0"],
  ["MYR", "MYR Wallet", "15000"],
];

/** Opens the accounts and credits their opening balances. */
export function openAccounts(parts: HistoryParts): void {
  const { accounts, identifiers, startMs } = parts;
  const opened = OPENING.map(([currency, name, amount]) => ({
    account: accounts.open(identifiers.account(), { currency, name }),
    amount: new Big(amount),
  }));
  payInterest(zarAccounts(accounts).main, parts);
  let atMs = startMs - HISTORY_MS;
  for (const { account, amount } of opened) {
    atMs += 37 * MINUTE_MS;
    if (amount.gt(0)) credit(account, { amount, atMs }, parts);
  }
}

/** Makes a ledger long enough for paging, one row per minute up to the first deposit. */
function payInterest(account: Account, { settings, startMs, identifiers }: HistoryParts): void {
  const amount = new Big("0.01");
  for (let row = settings.ledgerRows; row > 0; row--) {
    account.ledger.append({
      timestamp: startMs - HISTORY_MS - row * MINUTE_MS,
      balanceDelta: amount,
      availableDelta: amount,
      kind: "INTEREST",
      description: "Interest earned",
      reference: identifiers.reference(),
    });
  }
}

function credit(account: Account, { amount, atMs }: { amount: Big; atMs: number }, { funding }: HistoryParts): void {
  const { currency: asset, name, id: accountId } = account;
  const onChain = networksOf(asset).length > 0;
  if (onChain) funding.assignAddress({ asset, name, accountId, network: undefined }, atMs);
  funding.deposit(account, { amount, atMs: atMs + 10 * MINUTE_MS, onChain });
}

/** A successful move and, a day before it, one that failed for lack of funds. */
export function moveFunds({ accounts, funding, identifiers }: HistoryParts, atMs: number): void {
  const { main: from, savings: to } = zarAccounts(accounts);
  const move = { clientMoveId: "", debitAccountId: from.id, creditAccountId: to.id };
  const failedAt = atMs - DAY_MS;
  funding.moves.push({
    ...move,
    id: identifiers.account(),
    amount: new Big("2000000"),
    status: "FAILED",
    createdAt: failedAt,
    updatedAt: failedAt + 911,
  }, {
    ...move,
    id: identifiers.account(),
    clientMoveId: "seeded-move",
    amount: new Big("10000"),
    status: "SUCCESSFUL",
    createdAt: atMs,
    updatedAt: atMs + 412,
  });
  const reference = identifiers.reference();
  for (const [account, sign] of [[from, -1], [to, 1]] as const) {
    const delta = new Big(10_000 * sign);
    account.ledger.append({
      timestamp: atMs,
      balanceDelta: delta,
      availableDelta: delta,
      kind: "TRANSFER",
      description: sign < 0 ? `Moved to ${to.name}` : `Moved from ${from.name}`,
      reference,
    });
  }
}

/** A completed withdrawal and a pending one, whose funds are reserved. */
export function withdraw({ accounts, funding, identifiers, startMs }: HistoryParts, atMs: number): void {
  const { main: account } = zarAccounts(accounts);
  const fee = new Big("8.5");
  const shared = { type: "ZAR_EFT", currency: "ZAR", fee, createdAt: atMs, externalId: "", transferId: "" };
  const sent = new Big(5000);
  const reference = identifiers.reference();
  const transferId = identifiers.account();
  for (
    const [kind, delta, description] of [
      ["TRANSFER", sent, "Withdrawal"],
      ["FEE", fee, "Withdrawal fee"],
    ] as const
  ) {
    account.ledger.append({
      timestamp: atMs,
      balanceDelta: delta.neg(),
      availableDelta: delta.neg(),
      kind,
      description,
      reference,
    });
  }
  funding.transfers.push({
    id: transferId,
    accountId: account.id,
    amount: sent,
    fee,
    inbound: false,
    createdAt: atMs,
    transactionId: "",
  });
  const held = new Big(10_000);
  account.ledger.append({
    timestamp: atMs,
    balanceDelta: new Big(0),
    availableDelta: held.plus(fee).neg(),
    kind: "TRANSFER",
    description: "Reserved funds for withdrawal",
    reference: identifiers.reference(),
  });
  funding.withdrawals.push(
    { ...shared, id: 1876, status: "CANCELLED", createdAt: atMs - 9 * DAY_MS, amount: new Big(750) },
    { ...shared, id: 2107, status: "COMPLETED", createdAt: atMs - DAY_MS, amount: sent, transferId },
    { ...shared, id: 2221, status: "PENDING", amount: held, externalId: "seeded-withdrawal" },
  );
  funding.beneficiaries.push({
    id: "12345",
    bankName: "FIRNZAJJ",
    accountNumber: "0000000000000000",
    accountType: "Current/Cheque",
    branch: "250655",
    country: "ZA",
    recipient: "Simulated Person",
    createdAt: startMs - HISTORY_MS,
    fast: true,
  });
}

/** A payment that the network has not confirmed yet. */
export function awaitPayment({ accounts, funding, identifiers, startMs }: HistoryParts): void {
  const account = accounts.defaultIn("XBT");
  if (account === undefined) return;
  funding.pending.push({
    accountId: account.id,
    amount: new Big("0.025"),
    createdAt: startMs - MINUTE_MS,
    reference: identifiers.reference(),
  });
}

function zarAccounts(accounts: Accounts): { readonly main: Account; readonly savings: Account } {
  const [main, savings] = accounts.all().filter(({ currency }) => currency === "ZAR");
  if (main === undefined || savings === undefined) throw new RangeError("Cannot seed history without two ZAR accounts");
  return { main, savings };
}
