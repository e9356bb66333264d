/**
 * What Redis' clock shows at a moment of this server's: known within the time that a command takes. Whoever says how old
 * something is takes the end of that span at which it is older, so that it never seems newer than it is.
 */

/** Answers of late that count; an older one may be from before a clock was set. */
const MAX_SAMPLES = 8;

/** One answer: Redis' clock less this server's, in milliseconds, is at least and at most that. */
interface Sample {
  readonly least: number;
  readonly most: number;
}

/** Redis' clock as one server knows it. */
export class RedisClock {
  #samples: Sample[] = [];

  /** Redis told its time, in milliseconds, to a command between two moments, monotonic. */
  note(redisMs: number, { sentMs, receivedMs }: { readonly sentMs: number; readonly receivedMs: number }): void {
    const sample = { least: redisMs - receivedMs, most: redisMs - sentMs };
    // One that contradicts those before it tells that a clock was set.
    const known = this.#samples.filter(({ least, most }) => least <= sample.most && most >= sample.least);
    this.#samples = [...known.length < this.#samples.length ? [] : known.slice(1 - MAX_SAMPLES), sample];
  }

  /** A moment of this server as Redis' clock showed it, or an earlier one. */
  toRedis(monotonicMs: number): number {
    return monotonicMs + Math.max(...this.#samples.map(({ least }) => least));
  }

  /** A moment of Redis' clock as monotonic milliseconds of this server, or an earlier one. */
  toLocal(redisMs: number): number {
    return redisMs - Math.min(...this.#samples.map(({ most }) => most));
  }
}
