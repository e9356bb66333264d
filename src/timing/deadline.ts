/** A time limit as a resource: disposing of it removes its timer and its listeners. */
export class Deadline implements Disposable {
  /** Aborts when time is up or one of the outer signals aborts. */
  readonly signal: AbortSignal;
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #outer: readonly AbortSignal[];
  readonly #controller = new AbortController();

  constructor(milliseconds: number, outer: readonly AbortSignal[] = []) {
    this.signal = this.#controller.signal;
    this.#outer = outer;
    this.#timer = setTimeout(() => this.#abort(), milliseconds);
    for (const signal of outer) signal.addEventListener("abort", this.#abort, { once: true });
    if (outer.some((signal) => signal.aborted)) this.#abort();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    for (const signal of this.#outer) signal.removeEventListener("abort", this.#abort);
  }

  readonly #abort = (): void => this.#controller.abort();
}

/** Waits for a promise that others share: aborting leaves the promise alone and rejects with `reason()`. */
export function abortable<Value>(
  promise: Promise<Value>,
  signal: AbortSignal | undefined,
  reason: () => Error,
): Promise<Value> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(reason());
    signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
