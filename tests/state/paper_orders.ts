/** Orders on paper as tests of ledgers place them. */

import assert from "node:assert/strict";
import type { PaperAccount, PaperLedger } from "../../src/simulation/paper/ledger.ts";
import type { LedgerDraft, LedgerOrder } from "../../src/simulation/paper/ledger_values.ts";
import { marketOfTerms } from "../../src/simulation/paper/paper_market.ts";
import type { RealBook } from "../../src/simulation/paper/real_book.ts";

/** What identities start with. */
export const OPENINGS = { XBT: "10", ZAR: "1000" };

/** One tick is a rand, one lot a hundredth of a bitcoin. */
export const MARKET = marketOfTerms({
  id: "XBTZAR",
  base: "XBT",
  counter: "ZAR",
  priceScale: 0,
  volumeScale: 2,
  feeScale: 8,
  makerFee: "0.004",
  takerFee: "0.006",
});

/** Nobody but us. */
export const EMPTY: RealBook = { bids: [], asks: [] };

/** One who trades on paper, with open accounts. */
export class PaperTrader {
  readonly identity: string;
  readonly #ledger: PaperLedger;
  readonly #accounts: readonly PaperAccount[];
  #nowMs = 0;

  private constructor(ledger: PaperLedger, identity: string, accounts: readonly PaperAccount[]) {
    this.#ledger = ledger;
    this.identity = identity;
    this.#accounts = accounts;
  }

  static async open(ledger: PaperLedger, identity = "local"): Promise<PaperTrader> {
    return new PaperTrader(ledger, identity, await ledger.openAccounts({ identity, currencies: [], nowMs: 0 }));
  }

  idOf(currency: string): string {
    const account = this.#accounts.find((each) => each.currency === currency);
    assert.ok(account);
    return account.id;
  }

  /** Places an order, a bid for a bitcoin at 100 unless told otherwise. */
  async place(wanted: Partial<LedgerDraft> = {}, book: RealBook | null = null, more = {}): Promise<LedgerOrder> {
    const terms = { clientOrderId: "", side: "BUY", type: "LIMIT", timeInForce: "GTC", postOnly: false } as const;
    const amounts = { limitPrice: 100, limitVolume: 100, budget: null, stop: null };
    const accounts = { baseAccountId: this.idOf("XBT"), counterAccountId: this.idOf("ZAR") };
    const draft = { market: MARKET, ...terms, ...amounts, ...accounts, ...wanted };
    const moment = { nowMs: ++this.#nowMs, expiresMs: Infinity };
    return await this.#ledger.place({ identity: this.identity, draft, book, seen: 0, ...moment, ...more });
  }

  /** What is there and what of it can be spent, by currency. */
  async totals(ledger: PaperLedger = this.#ledger): Promise<Record<string, readonly [string, string]>> {
    const accounts = await ledger.openAccounts({ identity: this.identity, currencies: [], nowMs: 0 });
    return Object.fromEntries(accounts.map(({ currency, balance, available }) => [currency, [balance, available]]));
  }
}
