/** Calls `run` once after this many milliseconds, unless the returned function is called first. */
export type After = (milliseconds: number, run: () => void) => () => void;

/** The real {@linkcode After}. */
export function after(milliseconds: number, run: () => void): () => void {
  const timer = setTimeout(run, milliseconds);
  return () => clearTimeout(timer);
}
