/** The paper ledger in `paper.db` of the state folder. */

import type { DatabaseSync } from "node:sqlite";
import type { OrderFilter } from "../../../../simulation/engine/orders.ts";
import type { AccountChanges, AccountFacts } from "../../../../simulation/paper/account_state.ts";
import type {
  AccountMarket,
  MarketKey,
  MarketMeeting,
  OrderName,
  OrderPlacement,
  PaperAccount,
  TakenLevel,
  TradeFilter,
} from "../../../../simulation/paper/ledger.ts";
import type { AccountRow, LedgerOrder, LedgerTrade } from "../../../../simulation/paper/ledger_values.ts";
import { admitIdentity, checkBalances, missingAccounts, startAccount } from "../../../../simulation/paper/openings.ts";
import type { Balances } from "../../../../simulation/paper/openings.ts";
import { PaperIds } from "../../../../simulation/paper/paper_ids.ts";
import { cancelOrder, meetMarket, placeOrder } from "../../../../simulation/paper/trading.ts";
import { inTransaction, openDatabase, undoTransaction } from "../../../sqlite.ts";
import { answering } from "../answering.ts";
import { PaperAccounts } from "./accounts.ts";
import { PaperOrders } from "./orders.ts";
import { MIGRATIONS } from "./schema.ts";
import { TakenLevels } from "./taken.ts";

/** How to open the ledger. */
export interface SqlitePaperLedgerOptions {
  readonly path: string;
  /**
   * Opening balances of identities from now on.
   *
   * @default unchanged
   */
  readonly openings?: Balances | undefined;
}

/** How long an operation waits for another process; callers that can wait longer retry. */
const BUSY_MS = 250;

/** The ledger of one file. Every method is one transaction, and returns when that is durable. */
export class SqlitePaperLedger {
  readonly #path: string;
  readonly #database: DatabaseSync;
  readonly #ids = new PaperIds();
  readonly #accounts: PaperAccounts;
  readonly #orders: PaperOrders;
  readonly #taken: TakenLevels;

  constructor(database: DatabaseSync, { path }: SqlitePaperLedgerOptions) {
    this.#path = path;
    this.#database = database;
    this.#accounts = new PaperAccounts(database);
    this.#orders = new PaperOrders(database);
    this.#taken = new TakenLevels(database);
  }

  /** @throws {StateError | RangeError} the second for opening balances that are not decimals of at least 0 */
  static open(options: SqlitePaperLedgerOptions): SqlitePaperLedger {
    const { path, openings } = options;
    return answering(path, () => {
      const database = openDatabase(path, { migrations: MIGRATIONS, durable: true, busyMs: BUSY_MS });
      try {
        if (openings !== undefined) setOpenings(database, checkBalances(openings));
        return new SqlitePaperLedger(database, options);
      } catch (error) {
        database.close();
        throw error;
      }
    });
  }

  openAccounts(
    { identity, ...request }: { identity: string; currencies: readonly string[]; nowMs: number },
  ): PaperAccount[] {
    const missing = () => {
      const known = this.#accounts.of(identity);
      return missingAccounts({ ...request, known, openings: this.#accounts.openings() }, this.#ids);
    };
    const isComplete = this.#read(() => missing().length === 0);
    if (isComplete) return this.#read(() => this.#accounts.of(identity));
    return this.#change(() => {
      this.#admit(identity);
      for (const account of missing()) this.#accounts.add(identity, account);
      return this.#accounts.of(identity);
    });
  }

  account({ identity, id }: { identity: string; id: string }): PaperAccount | undefined {
    return this.#read(() => this.#accounts.get(identity, id));
  }

  rows(of: { identity: string; id: string; from: number; to: number }): AccountRow[] {
    return this.#read(() => this.#accounts.rows(of));
  }

  epochOf(identity: string): string {
    return this.#read(() => this.#accounts.epoch(identity)) ?? this.#change(() => this.#admit(identity));
  }

  place(placement: OrderPlacement): LedgerOrder {
    const { identity, draft } = placement;
    return this.#change(() => {
      const facts = {
        ...this.#factsOf({ identity, market: draft.market }),
        liveOrders: this.#orders.countLive(identity),
        namesake: this.#namesake(identity, draft.clientOrderId),
        systemMs: Date.now(),
      };
      const { order, changes } = placeOrder(facts, placement, this.#ids);
      this.#keep({ identity, market: draft.market }, changes, placement.nowMs);
      this.#orders.prune(identity);
      return order;
    });
  }

  cancel({ identity, id, nowMs }: { identity: string; id: string; nowMs: number }): boolean {
    return this.#change(() => {
      const order = this.#orders.find(identity, { id });
      if (order === undefined || order.status === "COMPLETE") return false;
      const of = { identity, market: order.market };
      const changes = cancelOrder(this.#factsOf(of), { order, nowMs }, this.#ids);
      if (changes !== undefined) this.#keep(of, changes, nowMs);
      return changes !== undefined;
    });
  }

  meet(meeting: MarketMeeting): void {
    this.#change(() => {
      this.#keep(meeting, meetMarket(this.#factsOf(meeting), meeting, this.#ids), meeting.nowMs);
    });
  }

  order(identity: string, by: OrderName): LedgerOrder | undefined {
    return this.#read(() => this.#orders.find(identity, by));
  }

  orders(identity: string, filter: OrderFilter): LedgerOrder[] {
    return this.#read(() => this.#orders.list(identity, filter));
  }

  trades(identity: string, filter: TradeFilter): LedgerTrade[] {
    return this.#read(() => this.#orders.trades(identity, filter));
  }

  taken(of: MarketKey): TakenLevel[] {
    return this.#read(() => this.#taken.of(of));
  }

  livePairs(): string[] {
    return this.#read(() => this.#orders.livePairs());
  }

  liveMarkets(pair: string): AccountMarket[] {
    return this.#read(() => this.#orders.liveMarkets(pair));
  }

  reset({ identity, nowMs }: { identity?: string | undefined; nowMs: number }): boolean {
    return this.#change(() => {
      const openings = this.#accounts.openings();
      const names = this.#accounts.names(identity);
      const accounts = names.flatMap((name) => this.#accounts.of(name));
      this.#orders.clear(identity);
      this.#taken.clear(identity);
      for (const account of accounts) {
        this.#accounts.restart(startAccount(account, { openings, nowMs }, this.#ids));
      }
      for (const name of names) this.#accounts.setEpoch(name, this.#ids.epoch());
      return accounts.length > 0;
    });
  }

  /** A new engine on the same database, after a fault; unfinished writes are rolled back. */
  renewed(): SqlitePaperLedger {
    undoTransaction(this.#database);
    return new SqlitePaperLedger(this.#database, { path: this.#path });
  }

  close(): void {
    this.#database.close();
  }

  #read<Value>(body: () => Value): Value {
    return answering(this.#path, body, { database: this.#database, migrations: MIGRATIONS });
  }

  #change<Value>(body: () => Value): Value {
    return answering(this.#path, () => inTransaction(this.#database, MIGRATIONS, body));
  }

  /** Creates the accounts of an identity if necessary; returns its epoch. */
  #admit(identity: string): string {
    const known = this.#accounts.epoch(identity);
    if (known !== undefined) return known;
    admitIdentity(this.#accounts.identities());
    const epoch = this.#ids.epoch();
    this.#accounts.addIdentity(identity, epoch);
    return epoch;
  }

  #factsOf({ identity, market }: AccountMarket): AccountFacts {
    return {
      live: this.#orders.live({ identity, market }),
      accounts: this.#accounts.of(identity).filter(({ currency }) => [market.base, market.counter].includes(currency)),
      taken: this.#taken.of({ identity, market }),
      sequence: this.#accounts.sequence(identity),
    };
  }

  #namesake(identity: string, clientOrderId: string): string | undefined {
    return clientOrderId === "" ? undefined : this.#orders.find(identity, { clientOrderId })?.id;
  }

  /** Orders come first, as fills reference them. */
  #keep(of: MarketKey, { orders, trades, rows, taken, sequence }: AccountChanges, nowMs: number): void {
    for (const order of orders) this.#orders.save(of.identity, order);
    for (const trade of trades) this.#orders.record(of.identity, trade);
    for (const { accountId, ...row } of rows) this.#accounts.append(accountId, row);
    this.#taken.save(of, taken, nowMs);
    if (trades.length > 0) this.#accounts.setSequence(of.identity, sequence);
  }
}

/** Writes nothing when they are unchanged, so that a start need not wait for a writer. */
function setOpenings(database: DatabaseSync, openings: Balances): void {
  const accounts = new PaperAccounts(database);
  const text = (balances: Balances) => JSON.stringify(Object.entries(balances).sort());
  if (text(accounts.openings()) === text(openings)) return;
  inTransaction(database, MIGRATIONS, () => accounts.setOpenings(openings));
}
