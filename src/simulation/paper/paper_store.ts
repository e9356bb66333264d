/** The state of the paper exchange, which outlives the program: one database in the state folder. */

import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { inTransaction, openDatabase } from "../../state/sqlite.ts";
import { type Balances, INITIAL_BALANCES, PaperAccounts } from "./paper_accounts.ts";
import { PaperIds } from "./paper_ids.ts";
import { PaperOrders } from "./paper_orders.ts";
import { MIGRATIONS } from "./paper_schema.ts";
import { TakenLiquidity } from "./taken_liquidity.ts";

/** What the database is called in the state folder. */
export const PAPER_FILE = "paper.db";

/** Settings of {@linkcode PaperStore.open}. */
export interface PaperStoreOptions {
  /** From 0 up to, but not including, 1. @default Math.random */
  readonly random?: (() => number) | undefined;
}

/** Everything that paper trading keeps; several processes may have it open. */
export class PaperStore {
  readonly ids: PaperIds;
  readonly accounts: PaperAccounts;
  readonly orders: PaperOrders;
  readonly taken: TakenLiquidity;
  readonly #database: DatabaseSync;

  private constructor(database: DatabaseSync, { random = Math.random }: PaperStoreOptions) {
    this.#database = database;
    this.ids = new PaperIds({ random });
    this.accounts = new PaperAccounts(database, { ids: this.ids });
    this.orders = new PaperOrders(database);
    this.taken = new TakenLiquidity(database);
  }

  /**
   * Opens the state in a folder; where there is none it is made.
   *
   * @throws {StateError} when it cannot be used
   */
  static open(folder: string, options: PaperStoreOptions = {}): PaperStore {
    return new PaperStore(openDatabase(join(folder, PAPER_FILE), { migrations: MIGRATIONS, durable: true }), options);
  }

  /** Runs `body` alone; what it changed is kept whole, or not at all when it throws. */
  transact<Result>(body: () => Result): Result {
    return inTransaction(this.#database, body);
  }

  /**
   * Sets what identities start with, now and after a reset.
   *
   * @throws {RangeError} for an amount that is no decimal of at least 0
   */
  setOpenings(balances: Balances = INITIAL_BALANCES): void {
    this.transact(() => this.accounts.setOpenings(balances));
  }

  /** Drops orders, fills and what was taken from the real book of one identity, or of everybody, and puts the accounts back to their opening balances. */
  reset({ identity, nowMs }: { identity?: string | undefined; nowMs: number }): void {
    this.transact(() => {
      this.orders.clear(identity);
      this.taken.clear(identity);
      this.accounts.reset({ identity, nowMs });
    });
  }

  /** What an identity's accounts are told from those before the last reset by. */
  epochOf(identity: string): string {
    return this.transact(() => this.accounts.epochOf(identity));
  }

  close(): void {
    this.#database.close();
  }
}
