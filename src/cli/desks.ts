/** The desks of one process, on one record: what looks up, places and cancels orders for everybody. */

import { getLogger } from "@logtape/logtape";
import { sleep } from "../exchange/deadline.ts";
import type { Exchange } from "../market/shared_reads.ts";
import type { Venue } from "../trading/broker.ts";
import type { CancelAllResult } from "../trading/cancel.ts";
import type { OrderKind } from "../trading/cancel_wishes.ts";
import { Desk } from "../trading/desk.ts";
import type { DeskInstance, DeskJournal } from "../trading/desk_parts.ts";
import type { Journal } from "../trading/journal.ts";
import { StoreError } from "../trading/store_connection.ts";
import type { TradingStore } from "../trading/store.ts";
import type { ExchangeName } from "../trading/order_summary.ts";
import type { Trader } from "../trading/trader.ts";
import { TradingError } from "../trading/trading_error.ts";
import type { OpenPaper } from "./open_paper.ts";
import type { World } from "./world.ts";

const log = getLogger(["luno-mcp-server", "trading"]);

/** How often it is looked whether other processes have ended and left orders. */
const TAKE_OVER_EVERY_MS = 15_000;

/** What {@linkcode Desks} stand on. */
export interface DesksParts {
  readonly store: TradingStore;
  readonly instance: DeskInstance;
  readonly exchange: Exchange;
  readonly name: ExchangeName;
  readonly paper: OpenPaper | undefined;
  readonly world: World;
}

/** The desks of everybody: one for the real exchange, one for each identity on paper. */
export class Desks {
  readonly #parts: DesksParts;
  readonly #real: Desk | undefined;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #paper = new Map<string, { readonly desk: Desk; readonly venue: Promise<Venue> }>();

  constructor(parts: DesksParts) {
    this.#parts = parts;
    const { exchange, paper } = parts;
    this.#timer = setInterval(() => this.#takeOver(), TAKE_OVER_EVERY_MS);
    if (paper?.isForAll) return;
    this.#real = this.#open({ exchange, journal: parts.store.journal, isPaper: false });
    this.#real.recover().catch((error) => log.error("orders of an earlier run could not be looked up", { error }));
  }

  async venueOf({ identity, paper: isPaper }: Trader): Promise<Venue> {
    const { exchange, name, paper, store } = this.#parts;
    if (!isPaper && this.#real !== undefined) return { exchange, desk: this.#real, name };
    if (paper === undefined) {
      const message = "Cannot trade on paper as the policy had no paper mode when the server started: restart it";
      throw new TradingError(message, { code: "ERR_PAPER_NOT_STARTED" });
    }
    const known = this.#paper.get(identity);
    if (known !== undefined) return await known.venue;
    const view = paper.viewOf(identity);
    const desk = this.#open({ exchange: view, journal: journalOf(store.journal, identity), isPaper: true });
    // Calls that come meanwhile wait for the recovery too.
    const venue = desk.recover().then(() => ({ exchange: view, desk, name: { ...name, kind: "paper" as const } }));
    this.#paper.set(identity, { desk, venue });
    venue.catch(() => this.#paper.delete(identity));
    return await venue;
  }

  /** Cancels everything that is open, of real orders or of paper ones, and tells what remains. */
  async cancelAll(kind: OrderKind): Promise<CancelAllResult> {
    const desks = kind === "paper" ? await this.#paperDesks() : this.#real === undefined ? [] : [this.#real];
    const results = await Promise.all(desks.map((desk) => desk.cancelAll({}, "kill switch")));
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
  async #paperDesks(): Promise<Desk[]> {
    const { journal } = this.#parts.store;
    const lost = journal.unsettled().filter(({ paper }) => paper);
    const left = [...journal.open(undefined, true), ...lost].map(({ identity }) => identity);
    const identities = new Set([...this.#paper.keys(), ...left]);
    const venues = await Promise.all([...identities].map((identity) => this.venueOf({ identity, paper: true })));
    return venues.map(({ desk }) => desk);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#all.map((desk) => desk.stop()));
  }

  get #all(): Desk[] {
    const paper = [...this.#paper.values()].map(({ desk }) => desk);
    return this.#real === undefined ? paper : [this.#real, ...paper];
  }

  #takeOver(): void {
    try {
      if (this.#parts.instance.takeOver() > 0) { for (const desk of this.#all) desk.watch(); }
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      log.warning("orders of ended servers cannot be taken over", { error });
    }
  }

  #open({ exchange, journal, isPaper }: { exchange: Exchange; journal: DeskJournal; isPaper: boolean }): Desk {
    const { store: { audit }, instance, world: { now, monotonic } } = this.#parts;
    return new Desk({ exchange, journal, audit, instance, paper: isPaper, now, monotonic, sleep });
  }
}

/** The journal as one identity's desk sees it, which cannot look up other identities' orders. */
function journalOf(journal: Journal, identity: string): DeskJournal {
  return {
    begin: (entry, policy, now) => journal.begin(entry, policy, now),
    repeat: (entry, now) => journal.repeat(entry, now),
    withdraw: (clientOrderId, reason, now) => journal.withdraw(clientOrderId, reason, now),
    forgetIntent: (clientOrderId, now) => journal.forgetIntent(clientOrderId, now),
    settle: (clientOrderId, outcome, now) => journal.settle(clientOrderId, outcome, now),
    close: (clientOrderId, facts, now) => journal.close(clientOrderId, facts, now),
    wouldRefuse: (entry, refusing) => journal.wouldRefuse(entry, refusing),
    claimReplacement: (claim) => journal.claimReplacement(claim),
    releaseReplacement: (claim) => journal.releaseReplacement(claim),
    find: (clientOrderId) => journal.find(clientOrderId),
    findByOrderId: (orderId) => journal.findByOrderId(orderId),
    findByKey: (who, key) => journal.findByKey(who, key),
    unsettled: () => journal.unsettled().filter((placement) => placement.identity === identity),
    open: (_identity, isPaper) => journal.open(identity, isPaper),
  };
}
