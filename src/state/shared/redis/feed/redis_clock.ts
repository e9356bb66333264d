/**
 * Converts between Redis's clock and this server's, to within the duration of a command. An age is computed from the
 * end of that interval at which it is higher, so that nothing seems newer than it is.
 */

/** The number of recent samples; an older one may be from before a clock was set. */
const MAX_SAMPLES = 8;

/** One answer: the least and the greatest possible difference of Redis's clock to this server's, in milliseconds. */
interface Sample {
  readonly least: number;
  readonly most: number;
}

/** Redis's clock, as one server knows it. */
export class RedisClock {
  #samples: Sample[] = [];

  /** Redis returned its time, in milliseconds, to a command between two monotonic times. */
  note(redisMs: number, { sentMs, receivedMs }: { readonly sentMs: number; readonly receivedMs: number }): void {
    const sample = { least: redisMs - receivedMs, most: redisMs - sentMs };
    // A sample that contradicts earlier ones shows that a clock was set.
    const known = this.#samples.filter(({ least, most }) => least <= sample.most && most >= sample.least);
    this.#samples = [...known.length < this.#samples.length ? [] : known.slice(1 - MAX_SAMPLES), sample];
  }

  /** A time of this server on Redis's clock, or an earlier one. */
  toRedis(monotonicMs: number): number {
    return monotonicMs + Math.max(...this.#samples.map(({ least }) => least));
  }

  /** A time of Redis's clock in monotonic milliseconds of this server, or an earlier one. */
  toLocal(redisMs: number): number {
    return redisMs - Math.min(...this.#samples.map(({ most }) => most));
  }
}
