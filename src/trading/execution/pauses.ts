/** How long to wait between two looks at the same thing. */

/** Bounds of a pause that doubles. */
export interface PauseBounds {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** The pause in whole milliseconds after look `attempt` (1, 2, 3, …): doubled each time, and between half and all of that. */
export function pauseAfter(attempt: number, bounds: PauseBounds & { readonly random: () => number }): number {
  const full = Math.min(bounds.longestMs, bounds.firstMs * 2 ** Math.min(attempt - 1, 20));
  return Math.ceil(full * (0.5 + bounds.random() / 2));
}
