/**
 * The volume that an identity took from the real book, which does not know of it, so that it cannot take the same lots
 * twice, even after a restart. It is forgotten when the level is gone, and after five minutes, as the level may have
 * been refilled without ever being seen empty; of a level that shrinks, the remaining lots count as taken.
 */

import type { Side } from "../engine/matching.ts";
import type { TakenLevel } from "./ledger.ts";
import type { Level } from "./real_book.ts";

/** How long a level that still exists is remembered as taken; by the wall clock, which continues over restarts. */
export const REMEMBERED_MS = 300_000;

/** The most levels that are remembered. */
export const MAX_REMEMBERED = 20_000;

/** The volume that one identity took in one market, at one time. */
export class TakenLiquidity {
  readonly #nowMs: number;
  readonly #levels: Record<Side, Map<number, TakenLevel>>;
  readonly #changed = new Map<string, TakenLevel>();

  constructor(levels: readonly TakenLevel[], nowMs: number) {
    this.#nowMs = nowMs;
    // Entries from the future, after the clock was set back, are ignored.
    const known = levels.filter(({ untilMs }) => untilMs > nowMs && untilMs <= nowMs + REMEMBERED_MS);
    const of = (side: Side) =>
      new Map(known.filter((level) => level.side === side).map((level) => [level.price, level]));
    this.#levels = { BUY: of("BUY"), SELL: of("SELL") };
  }

  /** The changes: the latest state of each level; one without lots is removed. */
  get changes(): readonly TakenLevel[] {
    return [...this.#changed.values()];
  }

  /** Lots taken of one side, by price. */
  lots(side: Side): Map<number, number> {
    return new Map([...this.#levels[side].values()].map(({ price, lots }) => [price, lots]));
  }

  /** The levels of one side minus what was taken. */
  remaining(side: Side, levels: readonly Level[]): Level[] {
    const taken = this.#levels[side];
    return levels.map(({ price, volume }) => ({ price, volume: volume - (taken.get(price)?.lots ?? 0) }))
      .filter(({ volume }) => volume > 0);
  }

  /** Forgets levels that the real book shows to be gone. */
  see(side: Side, levels: readonly Level[]): void {
    const volumes = new Map(levels.map(({ price, volume }) => [price, volume]));
    const last = levels.at(-1)?.price;
    for (const level of this.#levels[side].values()) {
      const { price, lots } = level;
      // Levels beyond the last one that was read are unknown.
      const isShown = last === undefined || (side === "BUY" ? price >= last : price <= last);
      const volume = volumes.get(price) ?? 0;
      if (isShown && volume < lots) this.#set({ ...level, lots: volume });
    }
  }

  /** Records that lots of a level were taken. */
  take(side: Side, { price, volume }: Level): void {
    const lots = (this.#levels[side].get(price)?.lots ?? 0) + volume;
    this.#set({ side, price, lots, untilMs: this.#nowMs + REMEMBERED_MS });
  }

  #set(level: TakenLevel): void {
    const { side, price, lots } = level;
    if (lots === 0) this.#levels[side].delete(price);
    else this.#levels[side].set(price, level);
    this.#changed.set(`${side} ${price}`, level);
  }
}
