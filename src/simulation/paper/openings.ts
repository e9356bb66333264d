/** Opening balances of paper accounts, and the accounts that identities get. Pure. */

import Big from "big.js";
import { formatDecimal, parseDecimal, PLAIN_DECIMAL } from "../../money/decimals.ts";
import { Refusal } from "../engine/refusal.ts";
import type { PaperAccount } from "./ledger.ts";
import { writeRow } from "./ledger_values.ts";
import type { AccountRow } from "./ledger_values.ts";
import type { PaperIds } from "./paper_ids.ts";

/** Funds of a new or reset identity, by currency, as decimal strings. */
export type Balances = Readonly<Record<string, string>>;

/** The default opening balances; other currencies start at zero. */
export const INITIAL_BALANCES: Balances = {
  ZAR: "100000",
  XBT: "1",
  ETH: "10",
  USDT: "5000",
  USDC: "5000",
  EUR: "5000",
  GBP: "5000",
  AUD: "8000",
  MYR: "25000",
  NGN: "8000000",
};

const MAX_IDENTITIES = 1_000;
const MAX_CURRENCIES = 1_000;

/**
 * Validates opening balances, and returns them in the stored form.
 *
 * @throws {RangeError} for an amount that is not a decimal of at least 0
 */
export function checkBalances(balances: Balances): Balances {
  const checked = Object.entries(balances).map(([currency, amount]) => {
    if (!PLAIN_DECIMAL.test(amount) || amount.startsWith("-") || !/^[A-Z0-9]{2,10}$/.test(currency)) {
      throw new RangeError(
        `Cannot open paper accounts as balances must be currency codes and decimals >= 0: ` +
          `current value is ${JSON.stringify(`${currency} ${amount}`)}`,
      );
    }
    return [currency, formatDecimal(parseDecimal(amount))];
  });
  return Object.fromEntries(checked);
}

/** Whether another identity is accepted, given how many there are. */
export function admitIdentity(identities: number): void {
  if (identities >= MAX_IDENTITIES) throw new Refusal("ErrAccountLimit");
}

/** A new account, and the row of its opening balance, if it has one. */
export interface NewAccount {
  readonly account: PaperAccount;
  readonly row: AccountRow | undefined;
}

/**
 * The accounts that an identity lacks.
 *
 * @throws {Refusal} ErrAccountLimit beyond a thousand currencies
 */
export function missingAccounts(
  { known, currencies, openings, nowMs }: {
    readonly known: readonly Pick<PaperAccount, "currency">[];
    readonly currencies: readonly string[];
    readonly openings: Balances;
    readonly nowMs: number;
  },
  ids: PaperIds,
): NewAccount[] {
  const has = new Set(known.map(({ currency }) => currency));
  const missing = [...new Set([...currencies, ...Object.keys(openings)])].filter((currency) => !has.has(currency));
  if (missing.length > 0 && has.size + missing.length > MAX_CURRENCIES) throw new Refusal("ErrAccountLimit");
  return missing.map((currency) => startAccount({ id: ids.account(), currency }, { openings, nowMs }, ids));
}

/** An account with only its opening balance. */
export function startAccount(
  { id, currency }: Pick<PaperAccount, "id" | "currency">,
  { openings, nowMs }: { readonly openings: Balances; readonly nowMs: number },
  ids: PaperIds,
): NewAccount {
  const amount = new Big(openings[currency] ?? "0");
  if (amount.eq(0)) {
    return { account: { id, currency, balance: "0", available: "0", rows: 0 }, row: undefined };
  }
  const row = writeRow({
    index: 1,
    timestamp: nowMs,
    balance: amount,
    available: amount,
    balanceDelta: amount,
    availableDelta: amount,
    kind: "TRANSFER",
    description: "Opening balance on paper",
    reference: ids.reference(),
  });
  return { account: { id, currency, balance: row.balance, available: row.available, rows: row.index }, row };
}
