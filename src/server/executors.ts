/** The executors of one process, on one record: what looks up, places and cancels orders for everybody. */

import { getLogger } from "../logging/logger.ts";
import { sleep } from "../timing/sleep.ts";
import { ExchangeError } from "../exchange/errors.ts";
import type { Exchange } from "../market/exchange_port.ts";
import type { Venue } from "../trading/broker_parts.ts";
import type { CancelAllResult } from "../trading/execution/cancel_all.ts";
import type { OrderKind } from "../trading/record/cancel_requests.ts";
import { OrderExecutor } from "../trading/execution/executor.ts";
import type { ExecutorInstance, ExecutorRecord, ExecutorScope } from "../trading/execution/executor_parts.ts";
import type { Halt } from "../trading/policy/halt.ts";
import type { Journal } from "../trading/record/journal.ts";
import { StoreError } from "../trading/record/store_error.ts";
import type { ExchangeName } from "../trading/orders/order_summary.ts";
import type { Trader } from "../trading/orders/trader.ts";
import { TradingError } from "../trading/orders/trading_error.ts";
import { StateError } from "../state/state_error.ts";
import type { ExchangeVenue } from "./open_exchange.ts";
import type { OpenPaper } from "./open_paper.ts";
import type { World } from "../world.ts";

const log = getLogger(["luno-mcp-server", "trading"]);

/** How often it is looked whether other processes have ended and left orders. */
const TAKE_OVER_EVERY_MS = 15_000;

/** What {@linkcode OrderExecutors} stand on. */
export interface OrderExecutorsParts {
  readonly record: ExecutorRecord & { readonly journal: Pick<Journal, "endOthers"> };
  /** A halt that counts in this process before the record holds it. */
  readonly pendingHalt: () => Halt;
  /** Whether another policy counts since the last look. @default none does */
  readonly policyChanged?: () => Promise<boolean>;
  readonly instance: ExecutorInstance;
  readonly exchange: Exchange;
  readonly name: ExchangeName;
  readonly venue: ExchangeVenue;
  readonly paper: OpenPaper | undefined;
  /** Where the record is still waited for: settles when that is over. @default it is open */
  readonly opening?: Promise<unknown> | undefined;
  readonly world: World;
}

/** Where one executor trades. */
interface Place {
  /** Whose account, on paper. */
  readonly identity: string | undefined;
  readonly id: string;
  readonly exchange: Exchange;
  readonly name: ExchangeName;
}

/** An executor that is used. */
interface OpenExecutor {
  readonly id: string;
  readonly executor: OrderExecutor;
  /** What it asks of the record before anything else. */
  readonly recovered: Promise<void>;
  readonly venue: Promise<Venue>;
}

/** The executors of everybody: one for the real exchange, one for each identity on paper. */
export class OrderExecutors {
  readonly #parts: OrderExecutorsParts;
  readonly #timer: ReturnType<typeof setInterval>;
  /** By identity on paper; `undefined` is everybody's on the real exchange. */
  readonly #open = new Map<string | undefined, OpenExecutor>();
  /** OrderExecutors of exchanges and accounts that were restarted since, or could not recover. */
  readonly #leaving = new Set<Promise<void>>();
  #takingOver: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(parts: OrderExecutorsParts) {
    this.#parts = parts;
    this.#timer = setInterval(() => this.#takingOver = this.#takeOver(), TAKE_OVER_EVERY_MS);
    if (!this.#hasReal) return;
    this.#realVenue().catch((error) => {
      if (this.#isStopped) return;
      if (!(error instanceof ExchangeError)) log.error("cannot reconcile orders of an earlier run yet", { error });
      // That the exchange does not answer is logged once, and a server that ends in its first moments has nothing to report.
      else log.debug("orders of an earlier run are reconciled once the exchange answers", { code: error.code });
    });
  }

  async venueOf({ identity, paper: isPaper }: Trader): Promise<Venue> {
    if (!isPaper && this.#hasReal) return await this.#realVenue();
    const { name, paper } = this.#parts;
    if (paper === undefined) {
      const message = "Cannot trade on paper as the policy had no paper mode when the server started: restart it";
      throw new TradingError(message, { code: "ERR_PAPER_NOT_STARTED" });
    }
    const exchange = paper.viewOf(identity);
    // Answers come in the order of asking, so that no earlier id replaces the executor of a later one.
    const id = await paperIdOf(paper, identity);
    return await this.#at({ identity, id, exchange, name: { ...name, kind: "paper" } });
  }

  get #hasReal(): boolean {
    return this.#parts.paper?.isForAll !== true;
  }

  async #realVenue(): Promise<Venue> {
    const { exchange, name, venue } = this.#parts;
    return await this.#at({ identity: undefined, id: await venue.id(), exchange, name });
  }

  /** The executor of a venue: another one than before where the exchange or the account was restarted. */
  #at(place: Place): Promise<Venue> {
    // Where it is was found out meanwhile.
    if (this.#isStopped) throw new TradingError("Cannot trade as the server is ending", { code: "ERR_STOPPED" });
    const { identity, id } = place;
    const known = this.#open.get(identity);
    if (known?.id === id) return known.venue;
    if (known !== undefined) this.#leave(identity, known);
    const opened = this.#openExecutor(place);
    this.#open.set(identity, opened);
    opened.venue.catch(() => this.#leave(identity, opened));
    return opened.venue;
  }

  /** Waits for nothing, so that of two calls at once none opens an executor of its own. */
  #openExecutor({ identity, id, exchange, name }: Place): OpenExecutor {
    const { record, pendingHalt, policyChanged, instance, world: { now, monotonic } } = this.#parts;
    const scope = { venue: id, identity, paper: identity !== undefined };
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
    });
    const recovered = this.#recover(executor, scope);
    recovered.catch((error) =>
      log.error("order reconciliation failed; orders are refused (ERR_RECOVERING)", { error })
    );
    const venue = { exchange, executor, name, id };
    // Calls on paper that come meanwhile wait for the recovery too.
    return { id, executor, recovered, venue: scope.paper ? recovered.then(() => venue) : Promise.resolve(venue) };
  }

  async #recover(executor: OrderExecutor, scope: ExecutorScope): Promise<void> {
    await this.#parts.opening;
    await this.#endOthers(scope);
    await executor.recover();
  }

  /** Nothing can be looked up any more on an exchange that was restarted, nor on accounts before their reset. */
  async #endOthers(scope: ExecutorScope): Promise<void> {
    if (scope.venue === "" || this.#isStopped) return;
    const { record: { journal }, venue, world: { now } } = this.#parts;
    const lastWithProcess = !scope.paper && venue.isOwn;
    try {
      const ended = await journal.endOthers({ ...scope, lastWithProcess, now: now() });
      if (ended > 0) log.info("closed the orders of a simulated exchange that has restarted", { orders: ended });
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      log.warning("cannot close the orders of a simulated exchange that has restarted", { error });
    }
  }

  #leave(identity: string | undefined, opened: OpenExecutor): void {
    // Another one may have taken its place.
    if (this.#open.get(identity) === opened) this.#open.delete(identity);
    const left = end(opened).finally(() => this.#leaving.delete(left));
    this.#leaving.add(left);
  }

  /** Cancels everything that is open, of real orders or of paper ones, and tells what remains. */
  async cancelAll(kind: OrderKind): Promise<CancelAllResult> {
    const real = kind === "real" && this.#hasReal ? [(await this.#realVenue()).executor] : [];
    const executors = kind === "paper" ? await this.#paperExecutors() : real;
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

  /** Also those of identities that have not traded in this run but have orders that are open, or may be. */
  async #paperExecutors(): Promise<OrderExecutor[]> {
    const { journal } = this.#parts.record;
    // In this order, as one that is settled between the two is open then.
    const lost = await journal.unsettled({ paper: true });
    const left = [...lost, ...await journal.open({ paper: true })].map(({ identity }) => identity);
    const opened = [...this.#open.keys()].filter((identity) => identity !== undefined);
    const identities = new Set([...opened, ...left]);
    const venues = await Promise.all([...identities].map((identity) => this.venueOf({ identity, paper: true })));
    return venues.map(({ executor }) => executor);
  }

  /** Ends all executors; nobody opens another one from then on. */
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

/** Ends an executor, and what it began by itself. */
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
