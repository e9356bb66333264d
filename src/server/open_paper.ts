/** Opens the paper exchange: the real market, paper funds, one account per identity. */

import { join } from "node:path";
import { getLogger } from "../logging/logger.ts";
import { CallBudget } from "../exchange/budget.ts";
import { ExchangeClient } from "../exchange/client.ts";
import { endpoints } from "../exchange/endpoints.ts";
import type { AnswerOf, EndpointName, ParamsOf } from "../exchange/endpoints.ts";
import type { ExchangeCallOptions, ReadingExchange } from "../market/exchange_port.ts";
import type { Reading } from "../market/reading.ts";
import type { OrderBook } from "../exchange/market_schemas.ts";
import { INITIAL_BALANCES } from "../simulation/paper/openings.ts";
import { startPaper } from "../simulation/paper/paper.ts";
import type { PaperLedger } from "../simulation/paper/ledger.ts";
import type { RunningPaper } from "../simulation/paper/paper.ts";
import type { ExchangeName } from "../trading/orders/order_summary.ts";
import { databaseName } from "../state/database_address.ts";
import type { DatabaseAccess } from "../state/database_address.ts";
import type { OpenPostgresPaperOptions } from "../state/record/postgres/open_paper_ledger.ts";
import { openPaperLedger, PAPER_FILE } from "../state/record/sqlite/open_paper_ledger.ts";
import type { World } from "../world.ts";

const log = getLogger(["luno-mcp-server", "paper"]);

/** The call limit of the paper exchange, which serves this server alone. */
const PAPER_CALLS_PER_MINUTE = 60_000;

/** The most identities that can trade on paper in one run. */
const MAX_IDENTITIES = 1_000;

/** A running paper exchange. */
export interface OpenPaper {
  /** The source of its prices, for the person who confirms orders. */
  readonly name: ExchangeName;
  /** Whether all identities trade on paper, or only those whose policy says so. */
  readonly isForAll: boolean;
  /** The exchange for an identity: the real market, with its own paper account and orders. */
  viewOf(identity: string): ReadingExchange;
  /** A value that changes when an identity's accounts are reset. */
  epochOf(identity: string): Promise<string>;
  /** While the ledger is still being opened: settles when it is open, rejects with a `StateError` when it cannot be. */
  readonly opening: Promise<void> | undefined;
  close(): Promise<void>;
}

/** Settings of {@linkcode openPaper}. */
export interface OpenPaperOptions {
  /** The real exchange, which is only read, and its address. */
  readonly upstream: ReadingExchange;
  readonly host: string;
  /** The state folder. */
  readonly folder: string;
  /** The database that has the ledger; when absent, the folder has it. */
  readonly database?: DatabaseAccess | undefined;
  /** How long to wait for a ledger that another process has locked, in seconds. */
  readonly stateTimeout: number;
  /**
   * Whether to start without a ledger that stays locked, until it can be opened.
   *
   * @default false
   */
  readonly startsEarly?: boolean;
  readonly world: World;
  readonly isForAll: boolean;
}

/**
 * Starts it.
 *
 * @throws {StateError} when its ledger cannot be used
 */
export async function openPaper(
  { upstream, host, world, isForAll, startsEarly = false, ...where }: OpenPaperOptions,
): Promise<OpenPaper> {
  const { now, monotonic } = world;
  const ending = new AbortController();
  const { ledger, waits } = openLedger(where, world, ending.signal);
  const opened = startsEarly ? await Promise.race([ledger, waits]) : await ledger;
  const isShared = where.database !== undefined;
  const paper = await startPaper({ upstream, ledger: opened ?? ledger, isShared, now, monotonic });
  const opening = opened === undefined ? ledger.then(() => log.info("paper accounts are open")) : undefined;
  opening?.catch(() => {}); // Its users check it.
  const views = new Map<string, PaperView>();
  return {
    name: { kind: "paper", host },
    isForAll,
    opening,
    epochOf: (identity) => paper.epochOf(identity),
    viewOf(identity) {
      const known = views.get(identity);
      if (known !== undefined) return known;
      if (views.size >= MAX_IDENTITIES) {
        throw new RangeError(`Cannot open a paper account as there are ${MAX_IDENTITIES} already`);
      }
      const view = new PaperView(paper, { identity, upstream, world });
      views.set(identity, view);
      return view;
    },
    async close() {
      ending.abort();
      for (const view of views.values()) view.close();
      await paper.stop();
    },
  };
}

/** Begins to open the ledger; `waits` settles when it is known that this takes a while. */
function openLedger(
  { folder, database, stateTimeout }: Pick<OpenPaperOptions, "folder" | "database" | "stateTimeout">,
  { monotonic, shutdown }: World,
  ending: AbortSignal,
): { readonly ledger: Promise<PaperLedger>; readonly waits: Promise<void> } {
  const path = database === undefined ? join(folder, PAPER_FILE) : databaseName(database.address);
  const waits = Promise.withResolvers<void>();
  const onWait = () => {
    const name = database === undefined ? "paper.db" : "the paper accounts";
    log.warning(`waiting for ${name}, which another process keeps locked`, {
      path,
      timeout_s: stateTimeout,
    });
    waits.resolve();
  };
  const signal = AbortSignal.any([shutdown, ending]);
  const waiting = { timeoutMs: stateTimeout * 1_000, monotonic, signal, onWait };
  const options = { openings: INITIAL_BALANCES, ...waiting };
  const ledger = database === undefined ? openPaperLedger({ path, ...options }) : openShared(database, options);
  return { ledger, waits: waits.promise };
}

async function openShared(database: DatabaseAccess, options: OpenPostgresPaperOptions): Promise<PaperLedger> {
  const { openPostgresPaperLedger } = await import("../state/record/postgres/open_paper_ledger.ts");
  return await openPostgresPaperLedger(database, options);
}

function isBook(name: EndpointName): name is "getOrderBook" | "getOrderBookFull" {
  return name === "getOrderBook" || name === "getOrderBookFull";
}

/** Public reads go to the real market, shared with all; calls that need a key go to the paper account. */
class PaperView implements ReadingExchange {
  readonly hasCredentials = true;
  readonly #client: ExchangeClient;
  readonly #upstream: ReadingExchange;
  readonly #paper: Pick<RunningPaper, "bookLeft">;
  readonly #identity: string;
  readonly #now: () => number;

  constructor(
    paper: RunningPaper,
    { identity, upstream, world }: { identity: string; upstream: ReadingExchange; world: World },
  ) {
    this.#upstream = upstream;
    this.#paper = paper;
    this.#identity = identity;
    this.#now = world.monotonic;
    this.#client = new ExchangeClient({
      url: paper.url,
      credentials: paper.keyFor(identity),
      budget: new CallBudget({ limitPerMinute: PAPER_CALLS_PER_MINUTE, now: world.monotonic }),
      now: world.monotonic,
      wallClock: world.now,
    });
  }

  status(): ReturnType<ExchangeClient["status"]> {
    return this.#upstream.status();
  }

  async call<Name extends EndpointName>(
    name: Name,
    params: ParamsOf<Name>,
    options: ExchangeCallOptions = {},
  ): Promise<AnswerOf<Name>> {
    const { answer, lapsed } = await this.read(name, params, options);
    if (lapsed !== undefined) throw lapsed;
    if (options.fresh !== true || !isBook(name)) return answer;
    // A fresh book is read for an order that is to meet it. A name stands for one kind of answer.
    const { pair } = params as ParamsOf<"getOrderBook">;
    return await this.#paper.bookLeft(this.#identity, pair, answer as OrderBook) as AnswerOf<Name>;
  }

  async read<Name extends EndpointName>(
    name: Name,
    params: ParamsOf<Name>,
    options: ExchangeCallOptions = {},
  ): Promise<Reading<AnswerOf<Name>>> {
    if (endpoints[name].permission === "none") return await this.#upstream.read(name, params, options);
    const answer = await this.#client.call(name, params, options);
    const asOfMs = this.#now();
    return { answer, source: "exchange", asOfMs, staleAtMs: asOfMs };
  }

  reserve(...call: Parameters<ExchangeClient["reserve"]>): ReturnType<ExchangeClient["reserve"]> {
    return this.#client.reserve(...call);
  }

  close(): void {
    this.#client.close();
  }
}
