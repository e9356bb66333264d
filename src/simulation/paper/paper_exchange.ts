/**
 * The paper exchange without HTTP: passes orders to the ledger together with the present real market, which it reads
 * first.
 */

import { parseDecimal } from "../../money/decimals.ts";
import type { FeeRates } from "../../money/published_fees.ts";
import { Markets } from "../../market/pairs.ts";
import type { Market, OrderBook, PublicTrade } from "../../exchange/market_schemas.ts";
import type { Exchange } from "../../market/exchange_port.ts";
import { StateError } from "../../state/state_error.ts";
import {
  type OrderKind,
  readDeadline,
  readOrder,
  readSide,
  type RuleAccount,
  type RuleContext,
} from "../api/order_request_rules.ts";
import type { Parameters } from "../api/parameters.ts";
import { crosses, matchOrder } from "../engine/matching.ts";
import { incomingOf, newOrder, type OrderDraft } from "../engine/order_draft.ts";
import { Refusal } from "../engine/refusal.ts";
import { AccountOrder } from "./account_order.ts";
import { bookLeft } from "./book_left.ts";
import { Fees, type FixedFees } from "./fees.ts";
import { KeyedMutex } from "./keyed_mutex.ts";
import type { PaperAccount, PaperLedger } from "./ledger.ts";
import { type LedgerOrder, writeDraft } from "./ledger_values.ts";
import { newestSequence } from "./paper_engine.ts";
import { paperMarket } from "./paper_market.ts";
import { asResting, readBook, type RealBook } from "./real_book.ts";
import { TakenLiquidity } from "./taken_liquidity.ts";

/** Parts of the paper exchange. */
export interface PaperExchangeParts {
  /** The real exchange, which is only read. */
  readonly upstream: Pick<Exchange, "call">;
  /** While it is still being opened, calls that need it are refused. */
  readonly ledger: PaperLedger | Promise<PaperLedger>;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly monotonic: () => number;
  readonly fees?: FixedFees | undefined;
  /** Aborts reads of the real exchange. */
  readonly signal: AbortSignal;
}

/** An order request of one identity. */
export interface OrderCall {
  readonly identity: string;
  readonly kind: OrderKind;
  readonly parameters: Parameters;
}

/** The number of levels in the short form of a book; a book with fewer is complete. */
const TOP_LEVELS = 100;

/** How often the ledger is tried while another process writes; each attempt waits for a quarter of a second. */
const MAX_ATTEMPTS = 8;

/** The orders of all identities in the real market. */
export class PaperExchange {
  readonly upstream: Pick<Exchange, "call">;
  readonly #parts: PaperExchangeParts;
  readonly #markets: Markets;
  readonly #fees: Fees;
  readonly #order: AccountOrder;
  readonly #mutex = new KeyedMutex();
  #ledger: PaperLedger | undefined;
  #latestMs = 0;

  constructor(parts: PaperExchangeParts) {
    const { upstream, ledger, monotonic, fees } = parts;
    this.#parts = parts;
    if ("then" in ledger) ledger.then((opened) => this.#ledger = opened, () => {});
    else this.#ledger = ledger;
    this.upstream = upstream;
    this.#markets = new Markets(upstream, { now: monotonic });
    this.#fees = new Fees(upstream, { monotonic, fixed: fees });
    this.#order = new AccountOrder(upstream, { monotonic });
  }

  /** @throws {StateError} when it is not open yet */
  get ledger(): PaperLedger {
    if (this.#ledger !== undefined) return this.#ledger;
    throw new StateError("Cannot use the paper ledger yet as another process keeps it locked", {
      path: "the paper ledger",
      failure: "busy",
    });
  }

  /** The clock of orders and ledgers, which may stand still but never runs backwards. */
  now(): number {
    return this.#latestMs = Math.max(this.#latestMs, this.wallClock());
  }

  /** The clock of deadlines and answers. */
  wallClock(): number {
    return Math.floor(this.#parts.now());
  }

  /** Aborts reads of the real exchange. */
  get signal(): AbortSignal {
    return this.#parts.signal;
  }

  /**
   * A real market.
   *
   * @throws {Refusal} ErrInvalidMarketPair when the text does not look like one, ErrMarketUnavailable when none has
   * this pair
   * @throws {ExchangeError} when the markets cannot be read
   */
  async market(pair: string | undefined): Promise<Market> {
    if (pair === undefined || !/^[A-Z0-9]{4,20}$/.test(pair)) throw new Refusal("ErrInvalidMarketPair");
    const market = (await this.#markets.list({ signal: this.signal })).find(({ market_id }) => market_id === pair);
    if (market === undefined) throw new Refusal("ErrMarketUnavailable");
    return market;
  }

  /** The fees of an account in a market. */
  async feesIn(market: Market): Promise<FeeRates> {
    return await this.#fees.in(market, this.signal);
  }

  /**
   * Every account of an identity, one per traded currency; the real account's currencies come first.
   *
   * @throws {ExchangeError} when the markets cannot be read and were never read before
   */
  async accountsOf(identity: string): Promise<PaperAccount[]> {
    return await this.#order.sort(await this.#openAccounts(identity), this.signal);
  }

  /**
   * Places an order.
   *
   * @throws {Refusal} for everything that the exchange would refuse; nothing has changed then
   * @throws {ExchangeError} when the real market cannot be read; nothing has changed then either
   */
  async place({ identity, kind, parameters }: OrderCall): Promise<LedgerOrder> {
    const real = await this.market(parameters.text("pair"));
    const deadlineMs = readDeadline(parameters);
    this.#refuseLate(deadlineMs);
    const accounts = viewOf(await this.#openAccounts(identity));
    const market = paperMarket(real, { fees: await this.feesIn(real), side: readSide(kind, parameters) });
    return await this.#mutex.run(market.id, async () => {
      const isStop = kind === "limit" && parameters.text("stop_direction") !== undefined;
      const earlier = isStop ? await this.#trades(market.id) : [];
      const [last] = earlier;
      const draft = readOrder(kind, parameters, {
        market,
        accounts,
        nowMs: this.wallClock(),
        lastPrice: () => last === undefined ? null : parseDecimal(last.price),
      });
      const mayRest = kind === "limit" && draft.timeInForce === "GTC";
      const [book, trades] = draft.stop !== null
        ? [null, earlier]
        : await Promise.all([this.#bookFor(identity, draft), mayRest ? this.#trades(market.id) : []]);
      return await this.#accept(draft, { identity, book, seen: newestSequence(trades), deadlineMs });
    });
  }

  /** Cancels a waiting order; returns whether there was one. */
  async cancel(identity: string, id: string): Promise<boolean> {
    return await whileBusy(() => this.ledger.cancel({ identity, id, nowMs: this.now() }));
  }

  /**
   * Lets the trades and the book of a real market meet all waiting orders in it.
   *
   * @throws {ExchangeError} when they cannot be read
   */
  async settle(pair: string): Promise<void> {
    await this.#mutex.run(pair, async () => {
      const { signal, upstream, ledger } = this;
      const [{ trades }, answer] = await Promise.all([
        upstream.call("listTrades", { pair }, { signal }),
        upstream.call("getOrderBook", { pair }, { signal }),
      ]);
      for (const { identity, market } of await ledger.liveMarkets(pair)) {
        await ledger.meet({ identity, market, trades, book: readBook(market, answer), nowMs: this.now() });
      }
    });
  }

  /**
   * A real book without what an identity has taken of it, as its next order meets it.
   *
   * @throws {Refusal} ErrMarketUnavailable
   * @throws {ExchangeError} when the markets cannot be read
   */
  async bookLeft(identity: string, pair: string, book: OrderBook): Promise<OrderBook> {
    const { market_id: id, price_scale: priceScale, volume_scale: volumeScale } = await this.market(pair);
    const market = { id, priceScale, volumeScale };
    const levels = await this.ledger.taken({ identity, market });
    return levels.length === 0 ? book : bookLeft(market, book, new TakenLiquidity(levels, this.now()));
  }

  /** Deletes orders and fills of one identity, or of all, and resets the accounts to their opening balances. */
  async reset(identity?: string): Promise<void> {
    await whileBusy(() => this.ledger.reset({ identity, nowMs: this.now() }));
  }

  async #openAccounts(identity: string): Promise<readonly PaperAccount[]> {
    const markets = await this.#markets.list({ signal: this.signal });
    const currencies = new Set(
      markets.flatMap(({ base_currency, counter_currency }) => [base_currency, counter_currency]),
    );
    const wanted = { identity, currencies: [...currencies] };
    return await whileBusy(() => this.ledger.openAccounts({ ...wanted, nowMs: this.now() }));
  }

  async #accept(
    draft: OrderDraft,
    { deadlineMs, ...meeting }: { identity: string; book: RealBook | null; seen: number; deadlineMs: number },
  ): Promise<LedgerOrder> {
    const order = { ...meeting, draft: writeDraft(draft) };
    return await whileBusy(() => {
      this.#refuseLate(deadlineMs); // Reading the market took some time.
      const expiresMs = Date.now() + deadlineMs - this.wallClock();
      return this.ledger.place({ ...order, nowMs: this.now(), expiresMs });
    });
  }

  #refuseLate(deadlineMs: number): void {
    if (this.wallClock() > deadlineMs) throw new Refusal("ErrDeadlineExceeded");
  }

  /** The book for an order; complete when the top alone cannot fill it. */
  async #bookFor(identity: string, draft: OrderDraft): Promise<RealBook> {
    const { market, side } = draft;
    const options = { signal: this.signal, fresh: true };
    const top = readBook(market, await this.upstream.call("getOrderBook", { pair: market.id }, options));
    const other = side === "BUY" ? "SELL" : "BUY";
    const shown = side === "BUY" ? top.asks : top.bids;
    const taken = new TakenLiquidity(await this.ledger.taken({ identity, market }), this.now());
    const left = taken.remaining(other, shown);
    if (shown.length < TOP_LEVELS || !wantsMore(draft, left)) return top;
    return readBook(market, await this.upstream.call("getOrderBookFull", { pair: market.id }, options));
  }

  /** The latest trades of a market, newest first. */
  async #trades(pair: string): Promise<readonly PublicTrade[]> {
    const { trades } = await this.upstream.call("listTrades", { pair }, { signal: this.signal, fresh: true });
    return trades;
  }
}

/** Retries while another process has locked the ledger, for about as long as a client waits. */
async function whileBusy<Value>(attempt: () => Promise<Value>): Promise<Value> {
  for (let attempts = 1;; attempts++) {
    try {
      return await attempt();
    } catch (error) {
      if (attempts === MAX_ATTEMPTS || !(error instanceof StateError && error.failure === "busy")) throw error;
    }
  }
}

/** Accounts in the form that the rules of orders use. */
function viewOf(accounts: readonly RuleAccount[]): RuleContext["accounts"] {
  return {
    get(id) {
      const account = accounts.find((each) => each.id === id);
      if (account === undefined) throw new Refusal("ErrAccountNotFound");
      return account;
    },
    defaultIn: (currency) => accounts.find((account) => account.currency === currency),
  };
}

/** Whether an order would continue beyond the last of some levels. */
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
