/** Identities and their accounts, in SQLite. No identity sees the accounts of another. */

import type Big from "big.js";
import type { DatabaseSync } from "node:sqlite";
import { formatDecimal, parseDecimal, PLAIN_DECIMAL } from "../../money/decimals.ts";
import { readNumber, readText, type Row } from "../../state/sqlite.ts";
import type { RuleContext } from "../api/order_request_rules.ts";
import { Refusal } from "../engine/refusal.ts";
import type { TradingAccount, TradingAccounts } from "../engine/trading_store.ts";
import { readDecimal } from "./order_rows.ts";
import type { PaperIds } from "./paper_ids.ts";
import { PaperLedger } from "./paper_ledger.ts";

/** Money that a new or reset identity has, by currency, as decimal strings. */
export type Balances = Readonly<Record<string, string>>;

/** What everybody starts with unless told otherwise; a currency that is not here starts at nothing. */
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

/** One account. */
export interface PaperAccount {
  readonly id: string;
  readonly currency: string;
  readonly balance: Big;
  readonly available: Big;
  /** Number of rows that its ledger ever had. */
  readonly rows: number;
}

const MAX_IDENTITIES = 1_000;
const MAX_CURRENCIES = 1_000;

/** The accounts of everybody. Callers open the transaction. */
export class PaperAccounts {
  /** The rows behind the accounts. */
  readonly ledger: PaperLedger;
  readonly #database: DatabaseSync;
  readonly #ids: PaperIds;

  constructor(database: DatabaseSync, { ids }: { ids: PaperIds }) {
    this.ledger = new PaperLedger(database);
    this.#database = database;
    this.#ids = ids;
  }

  /**
   * Sets what identities start with from now on.
   *
   * @throws {RangeError} for an amount that is no decimal of at least 0
   */
  setOpenings(balances: Balances): void {
    this.#run("DELETE FROM openings");
    for (const [currency, amount] of Object.entries(balances)) {
      if (!PLAIN_DECIMAL.test(amount) || amount.startsWith("-") || !/^[A-Z0-9]{2,10}$/.test(currency)) {
        throw new RangeError(
          `Cannot open paper accounts as balances must be currency codes and decimals >= 0: ` +
            `current value is ${JSON.stringify(`${currency} ${amount}`)}`,
        );
      }
      this.#run("INSERT INTO openings VALUES (?, ?)", currency, formatDecimal(parseDecimal(amount)));
    }
  }

  /**
   * Sees to it that an identity has an account in each currency; a new one starts with its opening balance.
   *
   * @throws {Refusal} ErrAccountLimit beyond a thousand identities or currencies
   */
  open(identity: string, { currencies, nowMs }: { currencies: Iterable<string>; nowMs: number }): void {
    const known = new Set(this.of(identity).map(({ currency }) => currency));
    const missing = [...new Set([...currencies, ...this.#openings().keys()])].filter((code) => !known.has(code));
    if (missing.length === 0) return;
    this.#admit(identity);
    if (known.size + missing.length > MAX_CURRENCIES) throw new Refusal("ErrAccountLimit");
    for (const currency of missing) {
      const id = this.#ids.account();
      this.#run("INSERT INTO accounts (id, identity, currency) VALUES (?, ?, ?)", id, identity, currency);
      this.#startLedger({ id, currency, nowMs });
    }
  }

  /** Puts an identity's accounts, or everybody's, back to the opening balances; their numbers stay. */
  reset({ identity, nowMs }: { identity?: string | undefined; nowMs: number }): void {
    const rows = identity === undefined
      ? this.#all("SELECT id, currency FROM accounts")
      : this.#all("SELECT id, currency FROM accounts WHERE identity = ?", identity);
    for (const row of rows) {
      const id = readText(row, "id");
      this.ledger.clear(id);
      this.#startLedger({ id, currency: readText(row, "currency"), nowMs });
    }
    const names = this.#all("SELECT name FROM identities WHERE name = coalesce(?, name)", identity ?? null);
    for (const row of names) {
      this.#run("UPDATE identities SET epoch = ? WHERE name = ?", this.#ids.epoch(), readText(row, "name"));
    }
  }

  /**
   * What an identity's accounts are told from others by: those of others, and its own before they were last reset. An
   * identity that is new gets one.
   *
   * @throws {Refusal} ErrAccountLimit beyond a thousand identities
   */
  epochOf(identity: string): string {
    const [known] = this.#all("SELECT epoch FROM identities WHERE name = ?", identity);
    if (known !== undefined) return readText(known, "epoch");
    this.#admit(identity);
    return this.epochOf(identity);
  }

  /** Every account of an identity, by currency. */
  of(identity: string): PaperAccount[] {
    return this.#all("SELECT * FROM accounts WHERE identity = ? ORDER BY currency", identity).map(toAccount);
  }

  /** @throws {Refusal} ErrAccountNotFound, also for an account of somebody else */
  get(identity: string, id: string): PaperAccount {
    const [row] = this.#all("SELECT * FROM accounts WHERE identity = ? AND id = ?", identity, id);
    if (row === undefined) throw new Refusal("ErrAccountNotFound");
    return toAccount(row);
  }

  /** The accounts of an identity as the rules of orders look them up. */
  view(identity: string): RuleContext["accounts"] {
    return {
      get: (id) => this.get(identity, id),
      defaultIn: (currency) => this.of(identity).find((account) => account.currency === currency),
    };
  }

  /** The next number of an identity's own trades, from 1. */
  nextSequence(identity: string): number {
    const [row] = this.#all(
      "UPDATE identities SET sequence = sequence + 1 WHERE name = ? RETURNING sequence",
      identity,
    );
    return readNumber(row, "sequence");
  }

  /** The ledgers of an identity as the engine moves them: what is appended is kept at once. */
  ledgersOf(identity: string): TradingAccounts {
    const opened = new Map<string, TradingAccount>();
    return {
      get: (id) => {
        const account = opened.get(id) ?? { ledger: this.ledger.open(this.get(identity, id)) };
        opened.set(id, account);
        return account;
      },
    };
  }

  #admit(identity: string): void {
    if (this.#all("SELECT 1 FROM identities WHERE name = ?", identity).length > 0) return;
    const [row] = this.#all("SELECT count(*) AS count FROM identities");
    if (readNumber(row, "count") >= MAX_IDENTITIES) throw new Refusal("ErrAccountLimit");
    this.#run("INSERT INTO identities (name, epoch) VALUES (?, ?)", identity, this.#ids.epoch());
  }

  #openings(): ReadonlyMap<string, string> {
    return new Map(
      this.#all("SELECT * FROM openings").map((row) => [readText(row, "currency"), readText(row, "amount")]),
    );
  }

  #startLedger({ id, currency, nowMs }: { id: string; currency: string; nowMs: number }): void {
    const amount = parseDecimal(this.#openings().get(currency) ?? "0");
    if (amount.eq(0)) return;
    this.ledger.append(id, {
      timestamp: nowMs,
      balance: amount,
      available: amount,
      balanceDelta: amount,
      availableDelta: amount,
      kind: "TRANSFER",
      description: "Opening balance on paper",
      reference: this.#ids.reference(),
    });
  }

  #all(sql: string, ...values: (string | number | null)[]): Row[] {
    return this.#database.prepare(sql).all(...values);
  }

  #run(sql: string, ...values: (string | number)[]): void {
    this.#database.prepare(sql).run(...values);
  }
}

function toAccount(row: Row): PaperAccount {
  return {
    id: readText(row, "id"),
    currency: readText(row, "currency"),
    balance: readDecimal(row, "balance"),
    available: readDecimal(row, "available"),
    rows: readNumber(row, "rows"),
  };
}
