/** Opens the paper exchange: the real market, paper funds, an account of its own for each identity. */

import { join } from "node:path";
import { getLogger } from "../logging/logger.ts";
import { CallBudget } from "../exchange/budget.ts";
import { ExchangeClient } from "../exchange/client.ts";
import { endpoints } from "../exchange/endpoints.ts";
import type { AnswerOf, EndpointName, ParamsOf } from "../exchange/endpoints.ts";
import type { Exchange, ExchangeCallOptions } from "../market/exchange_port.ts";
import { INITIAL_BALANCES } from "../simulation/paper/openings.ts";
import { startPaper } from "../simulation/paper/paper.ts";
import type { RunningPaper } from "../simulation/paper/paper.ts";
import { openPaperLedger, PAPER_FILE } from "../state/record/sqlite/open_paper_ledger.ts";
import type { World } from "../world.ts";

const log = getLogger(["luno-mcp-server", "paper"]);

/** What the paper exchange takes: it is there for this server alone. */
const PAPER_CALLS_PER_MINUTE = 60_000;

/** Identities that can trade on paper in one run. */
const MAX_IDENTITIES = 1_000;

/** A paper exchange that runs. */
export interface OpenPaper {
  /** Whether everybody is on paper, or only those whose policy says so. */
  readonly isForAll: boolean;
  /** The exchange as an identity sees it: the market is the real one, the account and its orders are its own on paper. */
  viewOf(identity: string): Exchange;
  /** What tells an identity's accounts from those that it had before a reset. */
  epochOf(identity: string): Promise<string>;
  close(): Promise<void>;
}

/** What {@linkcode openPaper} is opened with. */
export interface OpenPaperOptions {
  /** The real exchange, which is only ever read. */
  readonly upstream: Exchange;
  /** The state folder. */
  readonly folder: string;
  /** How long to wait for a ledger that another process keeps locked, in seconds. */
  readonly stateTimeout: number;
  readonly world: World;
  readonly isForAll: boolean;
}

/**
 * Starts it.
 *
 * @throws {StateError} its ledger cannot be used
 */
export async function openPaper(
  { upstream, folder, stateTimeout, world, isForAll }: OpenPaperOptions,
): Promise<OpenPaper> {
  const { now, monotonic, shutdown: signal } = world;
  const path = join(folder, PAPER_FILE);
  const onWait = () =>
    log.warning("waiting for paper.db, which another process keeps locked", { path, timeout_s: stateTimeout });
  const waiting = { timeoutMs: stateTimeout * 1_000, monotonic, signal, onWait };
  const ledger = await openPaperLedger({ path, openings: INITIAL_BALANCES, ...waiting });
  const paper = await startPaper({ upstream, ledger, now, monotonic });
  const views = new Map<string, PaperView>();
  return {
    isForAll,
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
      for (const view of views.values()) view.close();
      await paper.stop();
    },
  };
}

/** Public reads go to the real market, shared with everybody; whatever needs a key goes to the paper account. */
class PaperView implements Exchange {
  readonly hasCredentials = true;
  readonly #client: ExchangeClient;
  readonly #upstream: Exchange;

  constructor(
    paper: RunningPaper,
    { identity, upstream, world }: { identity: string; upstream: Exchange; world: World },
  ) {
    this.#upstream = upstream;
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
    if (endpoints[name].permission === "none") return await this.#upstream.call(name, params, options);
    return await this.#client.call(name, params, options);
  }

  reserve(...call: Parameters<ExchangeClient["reserve"]>): ReturnType<ExchangeClient["reserve"]> {
    return this.#client.reserve(...call);
  }

  close(): void {
    this.#client.close();
  }
}
