/** The executors of one process, on one record: they place, look up and cancel the orders of all identities. */

import { getLogger } from "../logging/logger.ts";
import { sleep } from "../timing/sleep.ts";
import { ExchangeError } from "../exchange/errors.ts";
import type { Exchange } from "../market/exchange_port.ts";
import type { Venue } from "../trading/broker_parts.ts";
import type { CancelAllResult } from "../trading/execution/cancel_all.ts";
import { OrderExecutor } from "../trading/execution/executor.ts";
import type { ExecutorInstance, ExecutorRecord, ExecutorScope } from "../trading/execution/executor_parts.ts";
import type { Halt } from "../trading/policy/halt.ts";
import type { Journal } from "../trading/record/journal.ts";
import { allPlacements } from "../trading/record/placement_pages.ts";
import { StoreError } from "../trading/record/store_error.ts";
import type { ExchangeName } from "../trading/orders/order_summary.ts";
import type { Trader } from "../trading/orders/trader.ts";
import { isPaper } from "../trading/orders/trading_account.ts";
import { TradingError } from "../trading/orders/trading_error.ts";
import { StateError } from "../state/state_error.ts";
import type { ExchangeAccount } from "./exchange_account.ts";
import type { OpenPaper } from "./open_paper.ts";
import type { World } from "../world.ts";

const log = getLogger(["luno-mcp-server", "trading"]);

/** The interval of the check for ended processes that left orders. */
const TAKE_OVER_EVERY_MS = 15_000;

/** Parts of {@linkcode OrderExecutors}. */
export interface OrderExecutorsParts {
  readonly record: ExecutorRecord & { readonly journal: Pick<Journal, "endOthers"> };
  /** A halt of this process that the record does not contain yet. */
  readonly pendingHalt: () => Halt;
  /**
   * Whether another policy is in force since the last check.
   *
   * @default never
   */
  readonly policyChanged?: () => Promise<boolean>;
  readonly instance: ExecutorInstance;
  /** The real accounts that this process trades on. */
  readonly accounts: readonly ExchangeAccount[];
  readonly paper: OpenPaper | undefined;
  /**
   * While the record is still being opened: settles when that has ended.
   *
   * @default it is open
   */
  readonly opening?: Promise<unknown> | undefined;
  readonly world: World;
}

/** The place of one executor. */
interface Place {
  readonly account: string;
  /** The owner, on paper. */
  readonly identity: string | undefined;
  /** The id of the venue. */
  readonly id: string;
  readonly exchange: Exchange;
  readonly name: ExchangeName;
  readonly news?: ExchangeAccount["news"];
  /** Whether the exchange runs in this process. */
  readonly isOwn: boolean;
}

/** An executor in use. */
interface OpenExecutor {
  readonly place: Place;
  readonly executor: OrderExecutor;
  /** Its first action: recovering orders of the record. */
  readonly recovered: Promise<void>;
  readonly venue: Promise<Venue>;
}

/** The executors of all identities: one per real account, one per identity on paper. */
export class OrderExecutors {
  readonly #parts: OrderExecutorsParts;
  readonly #timer: ReturnType<typeof setInterval>;
  /** By account, and by identity on paper: {@linkcode keyOf}. */
  readonly #open = new Map<string, OpenExecutor>();
  /** Executors of exchanges and accounts that were restarted since, or could not recover. */
  readonly #leaving = new Set<Promise<void>>();
  #takingOver: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(parts: OrderExecutorsParts) {
    this.#parts = parts;
    this.#timer = setInterval(() => this.#takingOver = this.#takeOver(), TAKE_OVER_EVERY_MS);
    for (const account of parts.accounts) {
      this.#realVenue(account).catch((error) => {
        if (this.#isStopped) return;
        if (!(error instanceof ExchangeError)) log.error("cannot reconcile orders of an earlier run yet", { error });
        // That the exchange does not answer is logged once, and a server that ends in its first moments has nothing to
        // report.
        else log.debug("orders of an earlier run are reconciled once the exchange answers", { code: error.code });
      });
    }
  }

  async venueOf({ identity, account }: Trader): Promise<Venue> {
    const { accounts, paper } = this.#parts;
    const real = accounts.find(({ account: { id } }) => id === account);
    if (real !== undefined) {
      // A client that previews or places an order will soon need its messages.
      real.news?.touch();
      return await this.#realVenue(real);
    }
    if (!isPaper(account)) {
      const message =
        `Cannot reach the order as this server does not trade on its account (${account}): use the one that does`;
      throw new TradingError(message, { code: "ERR_ACCOUNT_ELSEWHERE" });
    }
    if (paper === undefined) {
      const message = "Cannot trade on paper as the policy had no paper mode when the server started: restart it";
      throw new TradingError(message, { code: "ERR_PAPER_NOT_STARTED" });
    }
    const exchange = paper.viewOf(identity);
    // Answers arrive in the order of the requests, so that no earlier id replaces the executor of a later one.
    const id = await paperIdOf(paper, identity);
    return await this.#at({ account, identity, id, exchange, name: paper.name, isOwn: false });
  }

  async #realVenue({ account, exchange, name, venue, news }: ExchangeAccount): Promise<Venue> {
    const { isOwn } = venue;
    const place = { account: account.id, identity: undefined, exchange, name, news, isOwn };
    return await this.#at({ ...place, id: await venue.id() });
  }

  /** The executor of a venue; a new one when the exchange or the account was restarted. */
  #at(place: Place): Promise<Venue> {
    // Its place was determined meanwhile.
    if (this.#isStopped) throw new TradingError("Cannot trade as the server is ending", { code: "ERR_STOPPED" });
    const known = this.#open.get(keyOf(place));
    if (known?.place.id === place.id) return known.venue;
    if (known !== undefined) this.#leave(known);
    const opened = this.#openExecutor(place);
    this.#open.set(keyOf(place), opened);
    opened.venue.catch(() => this.#leave(opened));
    return opened.venue;
  }

  /** Waits for nothing, so that two concurrent calls do not open two executors. */
  #openExecutor(place: Place): OpenExecutor {
    const { account, identity, id, exchange, name, news } = place;
    const { record, pendingHalt, policyChanged, instance, world: { now, monotonic } } = this.#parts;
    const scope = { account, venue: id, identity };
    const executor = new OrderExecutor({
      exchange,
      record,
      scope,
      pendingHalt,
      ...(policyChanged === undefined ? {} : { policyChanged }),
      instance,
      now,
      monotonic,
      sleep,
      news,
    });
    const recovered = this.#recover(executor, scope, place);
    recovered.catch((error) =>
      log.error("order reconciliation failed; orders are refused (ERR_RECOVERING)", { error })
    );
    const venue = { account, exchange, executor, name, id };
    // Concurrent calls on paper wait for the recovery too.
    return {
      place,
      executor,
      recovered,
      venue: isPaper(account) ? recovered.then(() => venue) : Promise.resolve(venue),
    };
  }

  async #recover(
    executor: OrderExecutor,
    scope: ExecutorScope,
    place: Pick<Place, "isOwn">,
  ): Promise<void> {
    await this.#parts.opening;
    await this.#endOthers(scope, place);
    await executor.recover();
  }

  /** On an exchange that was restarted nothing can be looked up any more, nor on accounts before their reset. */
  async #endOthers(scope: ExecutorScope, { isOwn }: Pick<Place, "isOwn">): Promise<void> {
    if (scope.venue === "" || this.#isStopped) return;
    const { record: { journal }, world: { now } } = this.#parts;
    try {
      const ended = await journal.endOthers({ ...scope, lastWithProcess: isOwn, now: now() });
      if (ended > 0) log.info("closed the orders of a simulated exchange that has restarted", { orders: ended });
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      log.warning("cannot close the orders of a simulated exchange that has restarted", { error });
    }
  }

  #leave(opened: OpenExecutor): void {
    const key = keyOf(opened.place);
    // Another one may have replaced it.
    if (this.#open.get(key) === opened) this.#open.delete(key);
    const left = end(opened).finally(() => this.#leaving.delete(left));
    this.#leaving.add(left);
  }

  /** Cancels everything that is open on an account, on paper of all identities, and reports what remains. */
  async cancelAll(account: string): Promise<CancelAllResult> {
    const real = this.#parts.accounts.filter(({ account: { id } }) => id === account);
    const executors = isPaper(account)
      ? await this.#paperExecutors(account)
      : await Promise.all(real.map(async (each) => (await this.#realVenue(each)).executor));
    const results = await Promise.all(executors.map((executor) => executor.cancelAll({}, "kill switch")));
    const unread = results.find(({ is_complete }) => !is_complete);
    return {
      cancelled: results.flatMap(({ cancelled }) => cancelled),
      ended: results.flatMap(({ ended }) => ended),
      remaining: results.flatMap(({ remaining }) => remaining),
      is_complete: unread === undefined,
      ...(unread?.list_error === undefined ? {} : { list_error: unread.list_error }),
    };
  }

  /** Including identities that have not traded in this run but have orders that are open, or may be. */
  async #paperExecutors(account: string): Promise<OrderExecutor[]> {
    const { journal } = this.#parts.record;
    // In this order, so that one that is settled in between counts as open.
    const lost = await allPlacements((after) => journal.unsettled({ account }, after));
    const open = await allPlacements((after) => journal.open({ account }, after));
    const left = [...lost, ...open].map(({ identity }) => identity);
    const opened = [...this.#open.values()].flatMap(({ place }) =>
      place.account === account ? place.identity ?? [] : []
    );
    const identities = new Set([...opened, ...left]);
    const venues = await Promise.all([...identities].map((identity) => this.venueOf({ identity, account })));
    return venues.map(({ executor }) => executor);
  }

  /** Stops all executors; no more are opened. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#timer);
    await Promise.all([this.#takingOver, ...this.#leaving, ...[...this.#open.values()].map(end)]);
  }

  get #all(): OrderExecutor[] {
    return [...this.#open.values()].map(({ executor }) => executor);
  }

  async #takeOver(): Promise<void> {
    try {
      if (await this.#parts.instance.takeOver() > 0) { for (const executor of this.#all) executor.watch(); }
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      log.warning("cannot take over orders of stopped servers", { error });
    }
  }
}

/** On paper each identity has its own executor. */
function keyOf({ account, identity }: Pick<Place, "account" | "identity">): string {
  return JSON.stringify([account, identity]);
}

/** Stops an executor, and what it began by itself. */
async function end({ executor, recovered }: OpenExecutor): Promise<void> {
  await Promise.all([executor.stop(), recovered.catch(() => {})]);
}

async function paperIdOf(paper: OpenPaper, identity: string): Promise<string> {
  try {
    return await paper.epochOf(identity);
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    const retryable = error.failure === "busy";
    throw new TradingError(`Cannot trade on paper now: ${error.message}`, { code: "ERR_RECORD_FAILED", retryable });
  }
}
