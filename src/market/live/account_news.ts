/**
 * The latest messages of the user stream, compared with answers of the exchange, which may lag behind it for a moment.
 */

import type { AnswerOf, EndpointName, ParamsOf } from "../../exchange/endpoints.ts";
import { ExchangeError } from "../../exchange/errors.ts";
import { finalStandingOf } from "../../exchange/order_standing.ts";
import type { Balance } from "../../exchange/account_schemas.ts";
import type { Order } from "../../exchange/order_schemas.ts";
import type { OwnOrder } from "../../exchange/stream/own_order.ts";
import { joined, orderOf } from "../../exchange/stream/own_order.ts";
import type { UserEvent } from "../../exchange/stream/user_frames.ts";
import { formatDecimal, parseDecimal } from "../../money/decimals.ts";
import type { Sleep } from "../../timing/sleep.ts";

/** How long answers may lag; older news is forgotten. */
const TRAIL_MS = 15_000;

/** Pauses before a lagging answer is requested again; after the last, it is corrected as far as the news allows. */
const PAUSES_MS = [150, 400, 1_000];

/** The most orders, and accounts, whose news is kept. */
const MOST_KEPT = 2_000;

/** Earlier balances of an account that a lagging answer may still show. */
const MOST_BALANCES = 50;

interface AccountBalance {
  readonly rowIndex: number;
  readonly balance: string;
  readonly available: string;
}

interface Kept<News> {
  readonly atMs: number;
  readonly news: News;
}

/** One read of an account. */
export interface AccountRead<Name extends EndpointName> {
  readonly name: Name;
  readonly params: ParamsOf<Name>;
  readonly ask: () => Promise<AnswerOf<Name>>;
  readonly signal: AbortSignal;
}

/**
 * Applies the news to an answer; returns the same answer when it already includes them, or `undefined` when it lacks
 * something.
 */
type Check<Name extends EndpointName> = (answer: AnswerOf<Name>, params: ParamsOf<Name>) => AnswerOf<Name> | undefined;

/** The news of the last moments about one account's orders and balances. */
export class AccountNews {
  readonly #now: () => number;
  readonly #sleep: Sleep;
  readonly #orders = new Map<string, Kept<OwnOrder>>();
  /** By account, the latest row first. */
  readonly #balances = new Map<string, Kept<readonly AccountBalance[]>>();
  readonly #checks: { readonly [Name in EndpointName]?: Check<Name> } = {
    getOrder: (order) => this.#order(order),
    listOrders: (list, params) => {
      const orders = eachOf(list.orders, (order) => this.#order(order));
      if (this.#lacks(list, params)) return undefined;
      return orders === list.orders ? list : { ...list, orders };
    },
    getBalances: (list) => {
      const balance = eachOf(list.balance, (row) => this.#balance(row));
      return balance === list.balance ? list : { ...list, balance };
    },
  };

  constructor({ now, sleep }: { readonly now: () => number; readonly sleep: Sleep }) {
    this.#now = now;
    this.#sleep = sleep;
  }

  /** Records news. */
  note(event: UserEvent): void {
    const atMs = this.#now();
    if (event.type !== "balance") {
      const order = orderOf(event);
      const known = this.#orders.get(order.orderId)?.news;
      put(this.#orders, order.orderId, { atMs, news: known === undefined ? order : joined(known, order) });
      return;
    }
    const { account_id: id, row_index: rowIndex, balance, available } = event.balance;
    const known = this.#balances.get(id)?.news ?? [];
    const before = {
      rowIndex: rowIndex - 1,
      balance: formatDecimal(parseDecimal(balance).minus(event.balance.balance_delta)),
      available: formatDecimal(parseDecimal(available).minus(event.balance.available_delta)),
    };
    const told = [{ rowIndex, balance, available }, before];
    const added = told.filter((row) => known.every((each) => each.rowIndex !== row.rowIndex));
    const rows = [...known, ...added].sort((one, other) => other.rowIndex - one.rowIndex);
    put(this.#balances, id, { atMs, news: rows.slice(0, MOST_BALANCES) });
  }

  clear(): void {
    this.#orders.clear();
    this.#balances.clear();
  }

  /**
   * An answer that does not lag behind the news: requested again for a moment, then corrected.
   *
   * @throws {ExchangeError} as `ask` does
   */
  async upToDate<Name extends EndpointName>(read: AccountRead<Name>): Promise<AnswerOf<Name>> {
    const { name, params, ask, signal } = read;
    const check: Check<Name> | undefined = this.#checks[name];
    if (check === undefined) return await ask();
    for (const pauseMs of PAUSES_MS) {
      const answer = await this.#unlessUnknown(read);
      if (answer !== undefined && this.#with(check, answer, params) === answer) return answer;
      await this.#sleep(pauseMs, signal).catch(() => {});
      if (signal.aborted) break;
    }
    const answer = await ask();
    return this.#with(check, answer, params) ?? answer;
  }

  /** The answer; `undefined` when the exchange does not know an order yet that the news mentions. */
  async #unlessUnknown<Name extends EndpointName>({ params, ask }: AccountRead<Name>) {
    try {
      return await ask();
    } catch (error) {
      const isUnknown = error instanceof ExchangeError && error.code === "ERR_NOT_FOUND";
      if (isUnknown && this.#isTold(params)) return undefined;
      throw error;
    }
  }

  #isTold(params: object): boolean {
    this.#forget();
    const id = "id" in params ? params.id : undefined;
    const clientOrderId = "client_order_id" in params ? params.client_order_id : undefined;
    return [...this.#orders.values()].some(({ news }) =>
      id === undefined ? news.clientOrderId === clientOrderId : news.orderId === id
    );
  }

  #with<Name extends EndpointName>(check: Check<Name>, answer: AnswerOf<Name>, params: ParamsOf<Name>) {
    this.#forget();
    return check(answer, params);
  }

  /** Whether a list of all open orders lacks a live one. */
  #lacks({ orders, left_out }: AnswerOf<"listOrders">, params: ParamsOf<"listOrders">): boolean {
    const { closed = false, created_before, pair, limit = DEFAULT_LIMIT } = params;
    if (closed || created_before !== undefined || orders.length + left_out >= limit) return false;
    const listed = new Set(orders.map(({ order_id }) => order_id));
    return [...this.#orders.values()].some(({ news }) =>
      (news.status === "AWAITING" || news.status === "PENDING") && !listed.has(news.orderId) &&
      (pair === undefined || pair === news.pair)
    );
  }

  #order(order: Order): Order {
    const news = this.#orders.get(order.order_id)?.news;
    if (news === undefined) return order;
    const isAhead = parseDecimal(news.base).gt(order.base);
    const { base, counter, feeBase: fee_base, feeCounter: fee_counter } = news;
    const filled = isAhead ? { ...order, base, counter, fee_base, fee_counter } : order;
    if (finalStandingOf(filled) !== undefined) return filled;
    // It has ended, but the news does not tell whether its owner or the exchange ended it.
    if (news.status === "COMPLETE") return { ...filled, status: "UNKNOWN" };
    return news.status === "PENDING" && filled.status === "AWAITING" ? { ...filled, status: "PENDING" } : filled;
  }

  /**
   * A row that shows an older balance is replaced by the news; a balance that the news does not contain may be newer.
   */
  #balance(row: Balance): Balance {
    const [newest, ...earlier] = this.#balances.get(row.account_id)?.news ?? [];
    if (newest === undefined || shows(row, newest) || !earlier.some((each) => shows(row, each))) return row;
    const reserved = formatDecimal(parseDecimal(newest.balance).minus(newest.available));
    return { ...row, balance: newest.balance, reserved };
  }

  #forget(): void {
    const oldest = this.#now() - TRAIL_MS;
    for (const kept of [this.#orders, this.#balances]) {
      for (const [key, { atMs }] of kept) if (atMs < oldest) kept.delete(key);
    }
  }
}

/** Rows of a list when no limit is given. */
const DEFAULT_LIMIT = 100;

function shows({ balance, reserved }: Balance, row: AccountBalance): boolean {
  return parseDecimal(balance).eq(row.balance) && parseDecimal(balance).minus(reserved).eq(row.available);
}

/** The rows after `change`; the same list when no row changed. */
function eachOf<Row>(rows: Row[], change: (row: Row) => Row): Row[] {
  const changed = rows.map(change);
  return changed.every((row, index) => row === rows[index]) ? rows : changed;
}

function put<News>(kept: Map<string, Kept<News>>, key: string, news: Kept<News>): void {
  kept.delete(key);
  kept.set(key, news);
  const [oldest] = kept.keys();
  if (kept.size > MOST_KEPT && oldest !== undefined) kept.delete(oldest);
}
