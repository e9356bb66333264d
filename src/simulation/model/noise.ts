import { hash32, toUnit } from "../random.ts";

const WAVES = 13;
const SHORTEST_PERIOD_S = 16;
const PERIOD_RATIO = 3;
const DAY_S = 86_400;

/**
 * A path through time that moves like a price: the sum of waves with periods from 16 seconds to 98 days. A change over
 * one day has a standard deviation of 1, over `t` days about `Math.sqrt(t)`, while `t` is below a month. Every second
 * costs the same to compute.
 */
export class WanderingPath {
  readonly #waves: readonly Wave[];

  constructor(seed: number) {
    this.#waves = Array.from(
      { length: WAVES },
      (_, i) => new Wave(hash32(seed, i), SHORTEST_PERIOD_S * PERIOD_RATIO ** i),
    );
  }

  /** The height of the path at a whole second since the Unix epoch. */
  at(second: number): number {
    let height = 0;
    for (const wave of this.#waves) height += wave.at(second);
    return height;
  }
}

/** Interpolates smoothly between hashed heights, one per period; remembers the two heights around the last position. */
class Wave {
  readonly #seed: number;
  readonly #periodS: number;
  readonly #phaseS: number;
  readonly #amplitude: number;
  #step = NaN;
  #from = 0;
  #to = 0;

  constructor(seed: number, periodS: number) {
    this.#seed = seed;
    this.#periodS = periodS;
    this.#phaseS = periodS * toUnit(seed);
    // A random walk deviates with the square root of time; this also normalizes the deviation to 1 over one day.
    this.#amplitude = Math.sqrt(periodS / DAY_S);
  }

  at(second: number): number {
    const position = (second + this.#phaseS) / this.#periodS;
    const step = Math.floor(position);
    if (step !== this.#step) {
      this.#step = step;
      this.#from = this.#heightAt(step);
      this.#to = this.#heightAt(step + 1);
    }
    const part = position - step;
    return this.#from + (this.#to - this.#from) * part * part * (3 - 2 * part);
  }

  #heightAt(step: number): number {
    return this.#amplitude * (2 * toUnit(hash32(this.#seed, step)) - 1);
  }
}
