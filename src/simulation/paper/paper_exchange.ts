/**
 * The paper exchange without its HTTP: takes orders to engines with the real market of the moment. It reads the market
 * first and then does everything in one transaction, so that an order is wholly there or not at all.
 */

import { parseDecimal } from "../../money/decimals.ts";
import type { FeeRates } from "../../money/published_fees.ts";
import { Markets } from "../../market/pairs.ts";
import type { Market, PublicTrade } from "../../exchange/schemas.ts";
import type { Exchange } from "../../market/exchange_port.ts";
import { type OrderKind, readDeadline, readOrder, readSide } from "../api/order_request_rules.ts";
import type { Parameters } from "../api/parameters.ts";
import { crosses, matchOrder } from "../engine/matching.ts";
import { incomingOf, newOrder, type OrderDraft } from "../engine/order_draft.ts";
import type { Order } from "../engine/orders.ts";
import { Refusal } from "../engine/refusal.ts";
import { AccountOrder } from "./account_order.ts";
import { newestSequence, PaperEngine, type PaperEngineParts } from "./paper_engine.ts";
import { Fees, type FixedFees } from "./fees.ts";
import type { PaperAccount } from "./paper_accounts.ts";
import { paperMarket } from "./paper_market.ts";
import { MAX_LIVE_ORDERS } from "./paper_orders.ts";
import { asResting, readBook, type RealBook } from "./real_book.ts";
import type { PaperStore } from "./paper_store.ts";
import { KeyedMutex } from "./keyed_mutex.ts";

/** What the paper exchange stands on. */
export interface PaperExchangeParts {
  /** The real exchange, which is only ever read. */
  readonly upstream: Pick<Exchange, "call">;
  readonly store: PaperStore;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly monotonic: () => number;
  readonly fees?: FixedFees | undefined;
  /** Ends reads of the real exchange. */
  readonly signal: AbortSignal;
}

/** An order request of one identity. */
export interface OrderCall {
  readonly identity: string;
  readonly kind: OrderKind;
  readonly parameters: Parameters;
}

/** How many levels of a book the short form shows; a book of fewer is shown whole. */
const TOP_LEVELS = 100;

/** The orders of every identity against the real market. */
export class PaperExchange {
  readonly store: PaperStore;
  readonly upstream: Pick<Exchange, "call">;
  readonly #parts: PaperExchangeParts;
  readonly #markets: Markets;
  readonly #fees: Fees;
  readonly #order: AccountOrder;
  readonly #mutex = new KeyedMutex();
  #latestMs = 0;

  constructor(parts: PaperExchangeParts) {
    const { upstream, store, monotonic, fees } = parts;
    this.#parts = parts;
    this.store = store;
    this.upstream = upstream;
    this.#markets = new Markets(upstream, { now: monotonic });
    this.#fees = new Fees(upstream, { monotonic, fixed: fees });
    this.#order = new AccountOrder(upstream, { monotonic });
  }

  /** The clock of orders and ledgers, which may stand still but not run backwards. */
  now(): number {
    return this.#latestMs = Math.max(this.#latestMs, this.wallClock());
  }

  /** The clock that deadlines go by and answers show. */
  wallClock(): number {
    return Math.floor(this.#parts.now());
  }

  /** Ends reads of the real exchange. */
  get signal(): AbortSignal {
    return this.#parts.signal;
  }

  /**
   * A real market.
   *
   * @throws {Refusal} ErrInvalidMarketPair when the text does not look like one, ErrMarketUnavailable when none has it
   * @throws {ExchangeError} when the markets cannot be read
   */
  async market(pair: string | undefined): Promise<Market> {
    if (pair === undefined || !/^[A-Z0-9]{4,20}$/.test(pair)) throw new Refusal("ErrInvalidMarketPair");
    const market = (await this.#markets.list({ signal: this.signal })).find(({ market_id }) => market_id === pair);
    if (market === undefined) throw new Refusal("ErrMarketUnavailable");
    return market;
  }

  /** What an account pays in a market. */
  async feesIn(market: Market): Promise<FeeRates> {
    return await this.#fees.in(market, this.signal);
  }

  /**
   * Sees to it that an identity has its accounts, one in each currency that is traded.
   *
   * @throws {ExchangeError} when the markets cannot be read and were never read before
   */
  async openAccounts(identity: string): Promise<void> {
    const markets = await this.#markets.list({ signal: this.signal });
    const currencies = new Set(
      markets.flatMap(({ base_currency, counter_currency }) => [base_currency, counter_currency]),
    );
    this.store.transact(() => this.store.accounts.open(identity, { currencies, nowMs: this.now() }));
  }

  /**
   * Every account of an identity, the real account's currencies first.
   *
   * @throws {ExchangeError} when the markets cannot be read and were never read before
   */
  async accountsOf(identity: string): Promise<PaperAccount[]> {
    await this.openAccounts(identity);
    return await this.#order.sort(this.store.accounts.of(identity), this.signal);
  }

  /**
   * Takes an order.
   *
   * @throws {Refusal} for everything that the exchange would refuse; nothing has happened then
   * @throws {ExchangeError} when the real market cannot be read; nothing has happened then either
   */
  async place({ identity, kind, parameters }: OrderCall): Promise<Order> {
    const real = await this.market(parameters.text("pair"));
    const deadlineMs = readDeadline(parameters);
    this.#refuseLate(deadlineMs);
    await this.openAccounts(identity);
    const market = paperMarket(real, { fees: await this.feesIn(real), side: readSide(kind, parameters) });
    return await this.#mutex.run(market.id, async () => {
      const isStop = kind === "limit" && parameters.text("stop_direction") !== undefined;
      const earlier = isStop ? await this.#trades(market.id) : [];
      const [last] = earlier;
      const draft = readOrder(kind, parameters, {
        market,
        accounts: this.store.accounts.view(identity),
        nowMs: this.wallClock(),
        lastPrice: () => last === undefined ? null : parseDecimal(last.price),
      });
      const mayRest = kind === "limit" && draft.timeInForce === "GTC";
      const [book, trades] = draft.stop !== null
        ? [null, earlier]
        : await Promise.all([this.#bookFor(identity, draft), mayRest ? this.#trades(market.id) : []]);
      return this.#accept(draft, { identity, book, seen: newestSequence(trades), deadlineMs });
    });
  }

  /** Cancels an order that waits; answers whether there was one. */
  cancel(identity: string, id: string): boolean {
    return this.store.transact(() => {
      const order = this.store.orders.find(identity, { id });
      if (order === undefined || order.status === "COMPLETE") return false;
      return this.#engine({ identity, market: order.market, book: null }).cancel(id);
    });
  }

  /**
   * Lets the trades and the book of a real market meet everything that waits in it.
   *
   * @throws {ExchangeError} when they cannot be read
   */
  async settle(pair: string): Promise<void> {
    await this.#mutex.run(pair, async () => {
      const { signal, upstream } = this;
      const [{ trades }, answer] = await Promise.all([
        upstream.call("listTrades", { pair }, { signal }),
        upstream.call("getOrderBook", { pair }, { signal }),
      ]);
      for (const { identity, market } of this.store.orders.liveMarkets(pair)) {
        this.store.transact(() => {
          const engine = this.#engine({ identity, market, book: readBook(market, answer) });
          engine.meetTrades(trades);
          engine.meetBook();
        });
      }
    });
  }

  /** Drops orders and fills of one identity, or of all, and puts the accounts back to what they were opened with. */
  reset(identity?: string): void {
    this.store.reset({ identity, nowMs: this.now() });
  }

  #accept(
    draft: OrderDraft,
    { identity, book, seen, deadlineMs }: { identity: string; book: RealBook | null; seen: number; deadlineMs: number },
  ): Order {
    const { store } = this;
    return store.transact(() => {
      // Reading the market took its time.
      this.#refuseLate(deadlineMs);
      if (store.orders.countLive(identity) >= MAX_LIVE_ORDERS) {
        throw new Refusal(
          "ErrOrderCanceled",
          `At most ${MAX_LIVE_ORDERS} orders may be open on paper: cancel some first`,
        );
      }
      const order = this.#engine({ identity, market: draft.market, book }).place(draft, seen);
      store.orders.prune(identity);
      return order;
    });
  }

  #engine(parts: Pick<PaperEngineParts, "identity" | "market" | "book">): PaperEngine {
    return new PaperEngine({ ...parts, store: this.store, nowMs: this.now() });
  }

  #refuseLate(deadlineMs: number): void {
    if (this.wallClock() > deadlineMs) throw new Refusal("ErrDeadlineExceeded");
  }

  /** The book that an order meets; whole when the top alone cannot fill it. */
  async #bookFor(identity: string, draft: OrderDraft): Promise<RealBook> {
    const { market, side } = draft;
    const options = { signal: this.signal, fresh: true };
    const top = readBook(market, await this.upstream.call("getOrderBook", { pair: market.id }, options));
    const other = side === "BUY" ? "SELL" : "BUY";
    const shown = side === "BUY" ? top.asks : top.bids;
    const left = this.store.taken.remaining({ identity, market, side: other }, shown, this.now());
    if (shown.length < TOP_LEVELS || !wantsMore(draft, left)) return top;
    return readBook(market, await this.upstream.call("getOrderBookFull", { pair: market.id }, options));
  }

  /** The newest trades of a market, newest first. */
  async #trades(pair: string): Promise<readonly PublicTrade[]> {
    const { trades } = await this.upstream.call("listTrades", { pair }, { signal: this.signal, fresh: true });
    return trades;
  }
}

/** Whether an order would go on beyond the last of some levels. */
function wantsMore(draft: OrderDraft, levels: RealBook["asks"]): boolean {
  const last = levels.at(-1);
  if (
    last !== undefined && draft.type !== "MARKET" && !crosses({ side: draft.side, price: draft.limitPrice }, last.price)
  ) {
    return false;
  }
  const order = newOrder({ ...draft, timeInForce: "GTC", postOnly: false }, { id: "", nowMs: 0, dueAt: null });
  const matched = matchOrder(levels.map(asResting), incomingOf(order));
  return !matched.ok || matched.unmet;
}
