/** One identity's account in one market, for the duration of one decision: the known facts, and the changes. */

import Big from "big.js";
import { type Totals, totalsAfter } from "../engine/ledger.ts";
import type { Order, UserTrade } from "../engine/orders.ts";
import { Refusal } from "../engine/refusal.ts";
import type { TradingAccount, TradingAccounts, TradingStore } from "../engine/trading_store.ts";
import type { PaperAccount, TakenLevel } from "./ledger.ts";
import { readOrder, writeOrder, writeRow, writeTrade } from "./ledger_values.ts";
import type { AccountRow, LedgerOrder, LedgerTrade } from "./ledger_values.ts";
import { TakenLiquidity } from "./taken_liquidity.ts";

/** The known facts about one identity in one market. */
export interface AccountFacts {
  /** Incomplete orders, oldest first. */
  readonly live: readonly LedgerOrder[];
  /** The accounts that orders in the market use. */
  readonly accounts: readonly PaperAccount[];
  readonly taken: readonly TakenLevel[];
  /** The number of the identity's latest own trade, in any market. */
  readonly sequence: number;
}

/** The changes of a decision. */
export interface AccountChanges {
  /** New orders, and the next state of known ones: each order once. */
  readonly orders: readonly LedgerOrder[];
  /** New fills, of stored orders. */
  readonly trades: readonly LedgerTrade[];
  /** New rows, each of which changes its account. */
  readonly rows: readonly (AccountRow & { readonly accountId: string })[];
  /** The next state of levels; one without lots is removed. */
  readonly taken: readonly TakenLevel[];
  readonly sequence: number;
}

/** The account, for the engine. */
export class AccountState implements TradingStore {
  readonly accounts: TradingAccounts = { get: (id) => this.#account(id) };
  readonly taken: TakenLiquidity;
  readonly #facts: AccountFacts;
  readonly #namesake: string | undefined;
  readonly #orders: Map<string, Order>;
  readonly #changed = new Map<string, Order>();
  readonly #trades: UserTrade[] = [];
  readonly #rows: (AccountRow & { accountId: string })[] = [];
  readonly #opened = new Map<string, TradingAccount>();
  #sequence: number;

  /** `namesake` is the order that has the client order id of a new one. */
  constructor(
    facts: AccountFacts,
    { nowMs, namesake }: { readonly nowMs: number; readonly namesake?: string | undefined },
  ) {
    this.#facts = facts;
    this.#namesake = namesake;
    this.#orders = new Map(facts.live.map((order) => [order.id, readOrder(order)]));
    this.taken = new TakenLiquidity(facts.taken, nowMs);
    this.#sequence = facts.sequence;
  }

  get changes(): AccountChanges {
    return {
      orders: [...this.#changed.values()].map(writeOrder),
      trades: this.#trades.map(writeTrade),
      rows: this.#rows,
      taken: this.taken.changes,
      sequence: this.#sequence,
    };
  }

  get(id: string): Order | undefined {
    return this.#orders.get(id);
  }

  idOf(): string | undefined {
    return this.#namesake;
  }

  live(): Order[] {
    return [...this.#orders.values()].filter(({ status }) => status !== "COMPLETE");
  }

  save(order: Order): Order {
    this.#orders.set(order.id, order);
    this.#changed.set(order.id, order);
    return order;
  }

  record(trade: UserTrade): void {
    this.#trades.push(trade);
  }

  /** The next number of the identity's own trades, from 1. */
  nextSequence(): number {
    return ++this.#sequence;
  }

  #account(id: string): TradingAccount {
    const known = this.#opened.get(id) ?? this.#openAccount(id);
    this.#opened.set(id, known);
    return known;
  }

  #openAccount(id: string): TradingAccount {
    const account = this.#facts.accounts.find((each) => each.id === id);
    if (account === undefined) throw new Refusal("ErrAccountNotFound");
    let totals: Totals = { balance: new Big(account.balance), available: new Big(account.available) };
    let index = account.rows;
    return {
      ledger: {
        get totals() {
          return totals;
        },
        append: (entry) => {
          totals = totalsAfter(totals, entry);
          const row = { ...entry, ...totals, index: ++index };
          this.#rows.push({ ...writeRow(row), accountId: id });
          return row;
        },
      },
    };
  }
}
