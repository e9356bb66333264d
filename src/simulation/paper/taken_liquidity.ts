/**
 * What an identity took from the real book, which knows nothing of it: the same lots are not had twice, after a new start
 * neither. Forgotten when the level is gone, and after five minutes, as a level that is never seen empty may have been
 * filled up anew; of a level that shrinks, as much as is left counts as taken.
 */

import type { Side } from "../engine/matching.ts";
import type { TakenLevel } from "./ledger.ts";
import type { Level } from "./real_book.ts";

/** How long a level that still stands is remembered as taken; by the wall clock, which goes on over a new start. */
export const REMEMBERED_MS = 300_000;

/** Levels that are remembered in all. */
export const MAX_REMEMBERED = 20_000;

/** What one identity took in one market, at one moment. */
export class TakenLiquidity {
  readonly #nowMs: number;
  readonly #levels: Record<Side, Map<number, TakenLevel>>;
  readonly #changed = new Map<string, TakenLevel>();

  constructor(levels: readonly TakenLevel[], nowMs: number) {
    this.#nowMs = nowMs;
    // Of a clock that was set back since, nothing is remembered.
    const known = levels.filter(({ untilMs }) => untilMs > nowMs && untilMs <= nowMs + REMEMBERED_MS);
    const of = (side: Side) =>
      new Map(known.filter((level) => level.side === side).map((level) => [level.price, level]));
    this.#levels = { BUY: of("BUY"), SELL: of("SELL") };
  }

  /** What has changed: the newest state of each level; one without lots is gone. */
  get changes(): readonly TakenLevel[] {
    return [...this.#changed.values()];
  }

  /** Lots taken of one side, by price. */
  lots(side: Side): Map<number, number> {
    return new Map([...this.#levels[side].values()].map(({ price, lots }) => [price, lots]));
  }

  /** The levels of one side less what was taken. */
  remaining(side: Side, levels: readonly Level[]): Level[] {
    const taken = this.#levels[side];
    return levels.map(({ price, volume }) => ({ price, volume: volume - (taken.get(price)?.lots ?? 0) }))
      .filter(({ volume }) => volume > 0);
  }

  /** Forgets what levels of the real book show to be over. */
  see(side: Side, levels: readonly Level[]): void {
    const volumes = new Map(levels.map(({ price, volume }) => [price, volume]));
    const last = levels.at(-1)?.price;
    for (const level of this.#levels[side].values()) {
      const { price, lots } = level;
      // Of what lies behind the last level shown, nothing is known.
      const isShown = last === undefined || (side === "BUY" ? price >= last : price <= last);
      const volume = volumes.get(price) ?? 0;
      if (isShown && volume < lots) this.#set({ ...level, lots: volume });
    }
  }

  /** Notes that lots of a level were taken. */
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
