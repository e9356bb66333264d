/**
 * Completes unfinished placements: at the start those that ended processes left, later those whose outcome could not be
 * determined in time. Each is settled in the journal as soon as the exchange reveals its outcome. Placements of other
 * live processes are left alone.
 */

import type { ExecutorParts } from "./executor_parts.ts";
import { ExchangeError } from "../../exchange/errors.ts";
import type { Order as ExchangeOrder } from "../../exchange/order_schemas.ts";
import { getLogger } from "../../logging/logger.ts";
import { inParallel } from "../../timing/in_parallel.ts";
import { allPlacements } from "../record/placement_pages.ts";
import type { Placement } from "../record/recorded_placement.ts";
import { listOrdersSince, refreshOpenOrders } from "./open_orders.ts";
import { pauseAfter } from "../../timing/backoff.ts";
import type { Placements } from "./placement.ts";
import { slept } from "./reconcile.ts";

const log = getLogger(["luno-mcp-server", "trading"]);

/** Placements that are looked up concurrently. */
const AT_ONCE = 4;

/** How long one placement is looked up in a background round. */
const ROUND_PATIENCE_MS = 5_000;

/** So many placements are looked up one by one; of more, those that exist are found in the exchange's lists. */
const MAX_SINGLE_LOOKS = 20;

/** How far the exchange's clock may have been behind ours when orders were sent. */
const CLOCKS_APART_MS = 60_000;

const NONE: ReadonlyMap<string, ExchangeOrder> = new Map();

const FIRST_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 300_000;

/**
 * Settles what ended processes left: intents were never sent, everything that may have been sent is looked up.
 *
 * @throws {StoreError} when the journal cannot be read
 */
export async function recoverPlacements(parts: ExecutorParts, placements: Placements): Promise<void> {
  await settleLost(parts, placements);
}

/** Continues with unfinished placements in rounds with growing pauses; one timer, ended by the executor's signal. */
export class Watch {
  readonly #parts: ExecutorParts;
  readonly #placements: Placements;
  #running: Promise<void> | undefined;
  #round = 0;
  #pause = new AbortController();

  constructor(parts: ExecutorParts, placements: Placements) {
    this.#parts = parts;
    this.#placements = placements;
  }

  /** Settles when no round is running or scheduled. */
  get finished(): Promise<void> {
    return this.#running ?? Promise.resolve();
  }

  /** There is something new: shortens a long pause. */
  start(): void {
    if (this.#round > 1) this.#pause.abort();
    this.#round = 0;
    this.#running ??= this.#watch().finally(() => this.#running = undefined);
  }

  async #watch(): Promise<void> {
    const { news, random, sleep, signal } = this.#parts;
    // While an order may change, the exchange's messages are needed.
    using _need = news?.need();
    for (let isAnythingLeft = true; isAnythingLeft;) {
      this.#round++;
      this.#pause = new AbortController();
      const ms = pauseAfter(this.#round, {
        firstMs: FIRST_PAUSE_MS,
        longestMs: LONGEST_PAUSE_MS,
        random,
        certain: 0.5,
      });
      const isOver = await slept({ sleep, signal: AbortSignal.any([signal, this.#pause.signal]) }, ms);
      if (signal.aborted) return;
      if (isOver) isAnythingLeft = await this.#runRound().catch(failed);
    }
  }

  /** Returns whether anything is left to do. */
  async #runRound(): Promise<boolean> {
    const { journal, scope, pendingWrites } = this.#parts;
    if (!await pendingWrites.retry()) return true;
    await settleLost(this.#parts, this.#placements, { patienceMs: ROUND_PATIENCE_MS });
    await refreshOpenOrders(this.#parts);
    if ((await lost(this.#parts, this.#placements)).length > 0) return true;
    return (await journal.open(scope)).length > 0;
  }
}

/** Whatever it was, the next round tries again. */
function failed(error: unknown): boolean {
  log.warning("cannot look up the outcome of orders yet", { error });
  return true;
}

async function settleLost(
  parts: ExecutorParts,
  placements: Placements,
  options: { readonly patienceMs?: number } = {},
): Promise<void> {
  await parts.instance.takeOver();
  const left = await lost(parts, placements);
  for (const placement of left.filter(({ state }) => state === "intent")) await placements.forget(placement);
  const sent = left.filter(({ state }) => state !== "intent");
  const listed = sent.length > MAX_SINGLE_LOOKS ? await listedAmong(parts, sent) : NONE;
  await inParallel(sent, {
    atOnce: AT_ONCE,
    work: (placement) => placements.resolve(placement, { ...options, found: listed.get(placement.clientOrderId) }),
  });
}

/** The exchange's orders by client order id; a thousand take one call. None when the lists cannot be read. */
async function listedAmong(
  parts: ExecutorParts,
  sent: readonly Placement[],
): Promise<ReadonlyMap<string, ExchangeOrder>> {
  const since = sent.reduce((oldest, { createdAt }) => Math.min(oldest, createdAt), Infinity) - CLOCKS_APART_MS;
  try {
    return await listOrdersSince(parts, since);
  } catch (error) {
    if (!(error instanceof ExchangeError)) throw error;
    return NONE;
  }
}

/** Placements of this process on this exchange that nothing here is working on. */
async function lost({ instance, journal, scope }: ExecutorParts, placements: Placements): Promise<Placement[]> {
  const unsettled = await allPlacements((after) => journal.unsettled(scope, after));
  return unsettled.filter((placement) =>
    placement.instance === instance.id && !placements.isUnderWay(placement.clientOrderId)
  );
}
