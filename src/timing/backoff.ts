/** How long to wait between two attempts. */

/** Bounds of a pause that doubles with each attempt. */
export interface PauseBounds {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** Bounds of a pause and its jitter, so that clients that failed together do not return together. */
export interface PauseOptions extends PauseBounds {
  /** From 0 to 1. */
  random(): number;
  /**
   * The share of the pause that is not random; with 0 a pause may be anything from 0 up.
   *
   * @default 0
   */
  readonly certain?: number;
}

/** The pause in whole milliseconds after attempt 1, 2, 3, …: doubled each time, up to the longest. */
export function pauseAfter(attempt: number, { firstMs, longestMs, random, certain = 0 }: PauseOptions): number {
  const full = Math.min(longestMs, firstMs * 2 ** (attempt - 1));
  return Math.ceil(full * (certain + random() * (1 - certain)));
}
