/**
 * Writes down what the exchange tells of our orders by itself, as soon as it does. It decides nothing that a look-up would
 * decide otherwise, and may come twice, late, or before the answer to an order's request: the record comes to the same.
 * What it misses, look-ups find.
 */

import { getLogger } from "../../logging/logger.ts";
import type { OwnOrder } from "../../exchange/stream/own_order.ts";
import { joined, orderOf } from "../../exchange/stream/own_order.ts";
import type { Placement } from "../record/recorded_placement.ts";
import type { AccountNews, ExecutorParts } from "./executor_parts.ts";
import { closeIfFinal } from "./open_orders.ts";
import { lookUp, slept } from "./reconcile.ts";
import { toldOf } from "./told_order.ts";

const log = getLogger(["luno-mcp-server", "trading"]);

/** Orders that wait to be written; those beyond it are looked up. */
const MOST_PENDING = 2_000;

/** Orders whose end is looked up at a time; those beyond it are looked up later. */
const MOST_LOOKS = 20;

/** Pauses before the looks at an order that is over, as reads may trail. */
const PAUSES_MS = [0, 250, 750, 2_000];

/** Takes the news of one venue in, until its executor stops. */
export class OrderNews {
  readonly #parts: ExecutorParts;
  /** There is something that only look-ups find. */
  readonly #missed: () => void;
  /** By the exchange's id. */
  readonly #pending = new Map<string, OwnOrder>();
  readonly #looks = new Set<Promise<void>>();
  #working: Promise<void> | undefined;

  constructor(parts: ExecutorParts, { news, missed }: { readonly news: AccountNews; readonly missed: () => void }) {
    this.#parts = parts;
    this.#missed = missed;
    const following = news.follow({
      changed: (event) => event.type !== "balance" && this.#take(orderOf(event)),
      connected: ({ mayHaveMissed }) => mayHaveMissed && missed(),
    });
    parts.signal.addEventListener("abort", () => following[Symbol.dispose](), { once: true });
  }

  /** Settles when nothing is being written or looked up. */
  async finished(): Promise<void> {
    await this.#working;
    await Promise.all(this.#looks);
  }

  #take(told: OwnOrder): void {
    const { orderId } = told;
    this.#parts.wakes.tell(told);
    const known = this.#pending.get(orderId);
    if (known === undefined && this.#pending.size >= MOST_PENDING) return this.#missed();
    this.#pending.set(orderId, known === undefined ? told : joined(known, told));
    this.#working ??= this.#work().finally(() => this.#working = undefined);
  }

  async #work(): Promise<void> {
    for (const [orderId, told] of this.#pending) {
      if (this.#parts.signal.aborted) return;
      this.#pending.delete(orderId);
      await this.#write(told).catch((error) => log.error("cannot take in what was told of an order", { error }));
    }
  }

  async #write(told: OwnOrder): Promise<void> {
    const { journal, now, pendingWrites } = this.#parts;
    const placement = await pendingWrites.attempt(() => this.#placementOf(told));
    if (placement === undefined) return;
    const { clientOrderId } = placement;
    const what = toldOf(placement, told);
    if (what === undefined) {
      return log.warning("what was told of an order does not fit the one that was sent", { order: clientOrderId });
    }
    const { settlement, facts, isLookedUp } = what;
    const at = now();
    if (settlement !== undefined) await pendingWrites.write(() => journal.settle(clientOrderId, settlement, at));
    if (facts !== undefined) await pendingWrites.write(() => journal.close(clientOrderId, facts, at));
    if (isLookedUp) this.#look(placement, told.orderId);
  }

  /** Orders that were not placed through this record, or on another venue, are nobody's here. */
  async #placementOf({ orderId, clientOrderId }: OwnOrder): Promise<Placement | undefined> {
    const { journal, scope: { account, venue } } = this.#parts;
    const placement = clientOrderId === ""
      ? await journal.findByOrderId(orderId, { account, venue })
      : await journal.find(clientOrderId);
    return placement?.venue === venue && placement.account === account ? placement : undefined;
  }

  /** Looks how an order has ended; of several servers the one that sent it does, the others a while later. */
  #look(placement: Placement, orderId: string): void {
    // Whoever waits for its end looks too.
    if (this.#parts.wakes.isAwaited(orderId)) return;
    if (placement.instance !== this.#parts.instance.id || this.#looks.size >= MOST_LOOKS) return this.#missed();
    const looking = this.#lookUntilFinal(placement, orderId)
      .catch((error) => log.error("cannot look up an order that is over", { error }))
      .finally(() => this.#looks.delete(looking));
    this.#looks.add(looking);
  }

  async #lookUntilFinal(placement: Placement, orderId: string): Promise<void> {
    const { journal, now, pendingWrites } = this.#parts;
    const { clientOrderId } = placement;
    for (const pauseMs of PAUSES_MS) {
      if (pauseMs > 0 && !await slept(this.#parts, pauseMs)) return;
      const look = await lookUp(this.#parts, { orderId });
      if (look.kind !== "found") continue;
      const at = now();
      const placed = { state: "placed", orderId: look.order.order_id } as const;
      if (placement.state !== "placed" && look.order.client_order_id === clientOrderId) {
        await pendingWrites.write(() => journal.settle(clientOrderId, placed, at));
      }
      if (await closeIfFinal(this.#parts, placement, look.order)) return;
    }
    this.#missed();
  }
}
