/**
 * The paper ledger in a database that several servers share.
 *
 * Every change is one transaction (READ COMMITTED) that first locks the row of its identity: changes of one identity
 * are serialized over all servers, so that when two servers match an order with the same trades, the second finds it
 * already matched. A new identity, and a reset of all, first lock the single row of `paper_state`. All operations of
 * this process share one connection: they take effect in call order.
 */

import type { OrderFilter } from "../../../../simulation/engine/orders.ts";
import type { AccountChanges, AccountFacts } from "../../../../simulation/paper/account_state.ts";
import type {
  AccountMarket,
  MarketKey,
  MarketMeeting,
  OrderName,
  OrderPlacement,
  PaperAccount,
  PaperLedger,
  TakenLevel,
  TradeFilter,
} from "../../../../simulation/paper/ledger.ts";
import type { AccountRow, LedgerOrder, LedgerTrade } from "../../../../simulation/paper/ledger_values.ts";
import { admitIdentity, checkBalances, missingAccounts, startAccount } from "../../../../simulation/paper/openings.ts";
import type { Balances } from "../../../../simulation/paper/openings.ts";
import { PaperIds } from "../../../../simulation/paper/paper_ids.ts";
import { cancelOrder, meetMarket, placeOrder } from "../../../../simulation/paper/trading.ts";
import { StateError } from "../../../state_error.ts";
import type { Database, Session } from "../database.ts";
import { changeKnown, readKnown } from "../known_tables.ts";
import { PaperAccounts } from "./accounts.ts";
import { PaperOrders } from "./orders.ts";
import { TakenLevels } from "./taken.ts";

/** The tables within one transaction. */
interface Tables {
  readonly accounts: PaperAccounts;
  readonly orders: PaperOrders;
  readonly taken: TakenLevels;
  readonly session: Session;
}

/** The ledger of one database. */
export class PostgresPaperLedger implements PaperLedger {
  readonly #database: Database;
  readonly #ids = new PaperIds();

  /** Takes over the database, which must have one connection. */
  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Sets the opening balances of identities from now on. Writes nothing when they are unchanged.
   *
   * @throws {StateError | RangeError} the second for values that are not decimals of at least 0
   */
  async setOpenings(openings: Balances): Promise<void> {
    const wanted = checkBalances(openings);
    const text = (balances: Balances) => JSON.stringify(Object.entries(balances).sort());
    const isSet = await this.#read(async ({ accounts }) => text(await accounts.openings()) === text(wanted));
    if (isSet) return;
    await this.#change(async (tables) => {
      await this.#lockState(tables);
      await tables.accounts.setOpenings(wanted);
    });
  }

  async openAccounts(
    { identity, ...request }: { identity: string; currencies: readonly string[]; nowMs: number },
  ): Promise<PaperAccount[]> {
    const missing = async ({ accounts }: Tables) => {
      const known = await accounts.of(identity);
      return missingAccounts({ ...request, known, openings: await accounts.openings() }, this.#ids);
    };
    const known = await this.#read(async (tables) =>
      (await missing(tables)).length === 0 ? await tables.accounts.of(identity) : undefined
    );
    return known ?? await this.#change(async (tables) => {
      await this.#admit(tables, identity);
      for (const account of await missing(tables)) await tables.accounts.add(identity, account);
      return await tables.accounts.of(identity);
    });
  }

  account({ identity, id }: { identity: string; id: string }): Promise<PaperAccount | undefined> {
    return this.#read(({ accounts }) => accounts.get(identity, id));
  }

  rows(of: { identity: string; id: string; from: number; to: number }): Promise<AccountRow[]> {
    return this.#read(({ accounts }) => accounts.rows(of));
  }

  async epochOf(identity: string): Promise<string> {
    const known = await this.#read(({ accounts }) => accounts.epoch(identity));
    return known ?? await this.#change((tables) => this.#admit(tables, identity));
  }

  place(placement: OrderPlacement): Promise<LedgerOrder> {
    const { identity, draft } = placement;
    return this.#change(async (tables) => {
      await tables.accounts.lock(identity);
      const of = { identity, market: draft.market };
      const facts = {
        ...await factsOf(tables, of),
        liveOrders: await tables.orders.countLive(identity),
        namesake: await namesakeOf(tables, identity, draft.clientOrderId),
        systemMs: Date.now(),
      };
      const { order, changes } = placeOrder(facts, placement, this.#ids);
      await keep(tables, of, { changes, nowMs: placement.nowMs });
      await tables.orders.prune(identity);
      return order;
    });
  }

  cancel({ identity, id, nowMs }: { identity: string; id: string; nowMs: number }): Promise<boolean> {
    return this.#change(async (tables) => {
      await tables.accounts.lock(identity);
      const order = await tables.orders.find(identity, { id });
      if (order === undefined || order.status === "COMPLETE") return false;
      const of = { identity, market: order.market };
      const changes = cancelOrder(await factsOf(tables, of), { order, nowMs }, this.#ids);
      if (changes !== undefined) await keep(tables, of, { changes, nowMs });
      return changes !== undefined;
    });
  }

  meet(meeting: MarketMeeting): Promise<void> {
    return this.#change(async (tables) => {
      await tables.accounts.lock(meeting.identity);
      const changes = meetMarket(await factsOf(tables, meeting), meeting, this.#ids);
      await keep(tables, meeting, { changes, nowMs: meeting.nowMs });
    });
  }

  order(identity: string, by: OrderName): Promise<LedgerOrder | undefined> {
    return this.#read(({ orders }) => orders.find(identity, by));
  }

  orders(identity: string, filter: OrderFilter): Promise<LedgerOrder[]> {
    return this.#read(({ orders }) => orders.list(identity, filter));
  }

  trades(identity: string, filter: TradeFilter): Promise<LedgerTrade[]> {
    return this.#read(({ orders }) => orders.trades(identity, filter));
  }

  taken(of: MarketKey): Promise<TakenLevel[]> {
    return this.#read(({ taken }) => taken.of(of));
  }

  livePairs(): Promise<string[]> {
    return this.#read(({ orders }) => orders.livePairs());
  }

  liveMarkets(pair: string): Promise<AccountMarket[]> {
    return this.#read(({ orders }) => orders.liveMarkets(pair));
  }

  reset({ identity, nowMs }: { identity?: string | undefined; nowMs: number }): Promise<boolean> {
    return this.#change(async (tables) => {
      await this.#lockState(tables);
      const names = await tables.accounts.lockAll(identity);
      const openings = await tables.accounts.openings();
      await tables.orders.clear(identity);
      await tables.taken.clear(identity);
      let count = 0;
      for (const name of names) {
        for (const account of await tables.accounts.of(name)) {
          await tables.accounts.restart(startAccount(account, { openings, nowMs }, this.#ids));
          count++;
        }
        await tables.accounts.setEpoch(name, this.#ids.epoch());
      }
      return count > 0;
    });
  }

  close(): Promise<void> {
    return this.#database.close();
  }

  /** One state of the ledger, read by several statements. */
  #read<Value>(body: (tables: Tables) => Promise<Value>): Promise<Value> {
    return readKnown(this.#database, () => this.#database.snapshot((session) => body(tablesOf(session))));
  }

  #change<Value>(body: (tables: Tables) => Promise<Value>): Promise<Value> {
    return changeKnown(this.#database, (session) => body(tablesOf(session)));
  }

  async #lockState({ session }: Tables): Promise<void> {
    const [row] = await session.query("SELECT only_row FROM paper_state FOR UPDATE");
    if (row !== undefined) return;
    const path = this.#database.name;
    throw new StateError(`Cannot use ${path} as a row of its paper accounts is gone: restore it from a backup`, {
      path,
      failure: "damaged",
    });
  }

  /** Locks an identity, creating its accounts if necessary; returns its epoch. */
  async #admit(tables: Tables, identity: string): Promise<string> {
    const { accounts } = tables;
    const known = await accounts.lock(identity);
    if (known !== undefined) return known;
    await this.#lockState(tables);
    const come = await accounts.lock(identity); // Another process may have been faster.
    if (come !== undefined) return come;
    admitIdentity(await accounts.identities());
    const epoch = this.#ids.epoch();
    await accounts.addIdentity(identity, epoch);
    return epoch;
  }
}

function tablesOf(session: Session): Tables {
  return {
    accounts: new PaperAccounts(session),
    orders: new PaperOrders(session),
    taken: new TakenLevels(session),
    session,
  };
}

async function factsOf(
  { orders, accounts, taken }: Tables,
  { identity, market }: AccountMarket,
): Promise<AccountFacts> {
  const all = await accounts.of(identity);
  return {
    live: await orders.live({ identity, market }),
    accounts: all.filter(({ currency }) => [market.base, market.counter].includes(currency)),
    taken: await taken.of({ identity, market }),
    sequence: await accounts.sequence(identity),
  };
}

async function namesakeOf(
  { orders }: Tables,
  identity: string,
  clientOrderId: string,
): Promise<string | undefined> {
  return clientOrderId === "" ? undefined : (await orders.find(identity, { clientOrderId }))?.id;
}

/** Orders come first, as fills reference them. */
async function keep(
  { orders, accounts, taken }: Tables,
  of: MarketKey,
  { changes, nowMs }: { readonly changes: AccountChanges; readonly nowMs: number },
): Promise<void> {
  await orders.save(of.identity, changes.orders);
  await orders.record(of.identity, changes.trades);
  for (const { accountId, ...row } of changes.rows) await accounts.append(accountId, row);
  await taken.save(of, changes.taken, nowMs);
  if (changes.trades.length > 0) await accounts.setSequence(of.identity, changes.sequence);
}
