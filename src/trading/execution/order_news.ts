/**
 * Records the exchange's messages about our orders as soon as they arrive. It makes the same decisions as
 * reconciliation, and messages may be repeated, late, or earlier than the answer to an order's request: the record ends
 * up the same. Reconciliation finds what it misses.
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

/** The most orders that wait to be recorded; reconciliation finds the others. */
const MOST_PENDING = 2_000;

/** Orders whose end is looked up concurrently; the others are looked up later. */
const MOST_LOOKS = 20;

/** Pauses before looking up an order that has ended, as reads may lag. */
const PAUSES_MS = [0, 250, 750, 2_000];

/** Takes the messages of one venue, until its executor stops. */
export class OrderNews {
  readonly #parts: ExecutorParts;
  /** Called when only reconciliation can find a change. */
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

  /** Settles when nothing is being recorded or looked up. */
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
      await this.#write(told).catch((error) => log.error("cannot process an order update of the stream", { error }));
    }
  }

  async #write(told: OwnOrder): Promise<void> {
    const { journal, now, pendingWrites } = this.#parts;
    const placement = await pendingWrites.attempt(() => this.#placementOf(told));
    if (placement === undefined) return;
    const { clientOrderId } = placement;
    const what = toldOf(placement, told);
    if (what === undefined) {
      return log.warning("an order update of the stream does not match the order that was sent", {
        order: clientOrderId,
      });
    }
    const { settlement, facts, isLookedUp } = what;
    const at = now();
    if (settlement !== undefined) await pendingWrites.write(() => journal.settle(clientOrderId, settlement, at));
    if (facts !== undefined) await pendingWrites.write(() => journal.close(clientOrderId, facts, at));
    if (isLookedUp) this.#look(placement, told.orderId);
  }

  /** Orders that were not placed through this record, or on another venue, are ignored. */
  async #placementOf({ orderId, clientOrderId }: OwnOrder): Promise<Placement | undefined> {
    const { journal, scope: { account, venue } } = this.#parts;
    const placement = clientOrderId === ""
      ? await journal.findByOrderId(orderId, { account, venue })
      : await journal.find(clientOrderId);
    return placement?.venue === venue && placement.account === account ? placement : undefined;
  }

  /** Looks up how an order has ended; of several servers the one that sent it does so first, the others later. */
  #look(placement: Placement, orderId: string): void {
    // A call that waits for its end looks it up too.
    if (this.#parts.wakes.isAwaited(orderId)) return;
    if (placement.instance !== this.#parts.instance.id || this.#looks.size >= MOST_LOOKS) return this.#missed();
    const looking = this.#lookUntilFinal(placement, orderId)
      .catch((error) => log.error("cannot look up a final order", { error }))
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
