import { type Asset, ASSETS } from "./assets.ts";
import { WanderingPath } from "./noise.ts";
import { seedFor } from "../random.ts";

/** 2026-09-23T01:30:00Z: at this time every asset has the value in `ASSETS`, whatever the seed. */
const TYPICAL_AT_S = 1_790_127_000;

/** The value of all assets in each second, in a world drawn from a seed. */
export class AssetValues {
  readonly #values = new Map<string, AssetValue>();

  constructor(seed: number) {
    for (const asset of ASSETS) {
      const path = new WanderingPath(seedFor(seed, `value/${asset.code}`));
      const leader = asset.follows && this.of(asset.follows.code);
      this.#values.set(asset.code, new AssetValue(asset, { path, leader }));
    }
  }

  /** The value of one asset. @throws {RangeError} when the asset is unknown */
  of(code: string): AssetValue {
    const value = this.#values.get(code);
    if (!value) throw new RangeError(`Cannot value currency as it is unknown: current code is "${code}"`);
    return value;
  }
}

/** One asset's value; remembers the last second, which several markets request. */
export class AssetValue {
  readonly #path: WanderingPath;
  readonly #leader: AssetValue | undefined;
  readonly #strength: number;
  readonly #volatility: number;
  readonly #usd: number;
  readonly #origin: number;
  #second = NaN;
  #change = 0;

  constructor(asset: Asset, options: { path: WanderingPath; leader: AssetValue | undefined }) {
    this.#path = options.path;
    this.#leader = options.leader;
    this.#strength = asset.follows?.strength ?? 0;
    this.#volatility = asset.volatility;
    this.#usd = Number(asset.usd);
    this.#origin = options.path.at(TYPICAL_AT_S);
  }

  /** US dollars per unit at a whole second since the Unix epoch. */
  usdAt(second: number): number {
    return this.#usd * Math.exp(this.#changeAt(second));
  }

  /** The logarithm of the value relative to that at `TYPICAL_AT_S`. */
  #changeAt(second: number): number {
    if (second !== this.#second) {
      this.#second = second;
      this.#change = this.#volatility * (this.#path.at(second) - this.#origin) +
        (this.#leader ? this.#strength * this.#leader.#changeAt(second) : 0);
    }
    return this.#change;
  }
}
