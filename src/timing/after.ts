/** Calls `run` once after so many milliseconds, unless the answered function is called before. */
export type After = (milliseconds: number, run: () => void) => () => void;

/** The real {@linkcode After}. */
export function after(milliseconds: number, run: () => void): () => void {
  const timer = setTimeout(run, milliseconds);
  return () => clearTimeout(timer);
}
