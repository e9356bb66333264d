/**
 * Counts what runs, for whoever waits until nothing does. A set of promises would do too, but each time it makes room anew V8
 * keeps what it held until the next full collection.
 */
export class RunningCount {
  #running = 0;
  #quiet: PromiseWithResolvers<void> | undefined;

  /** Something has begun; {@linkcode end} is to be called once. */
  begin(): void {
    this.#running++;
  }

  end(): void {
    this.#running--;
    if (this.#running > 0) return;
    this.#quiet?.resolve();
    this.#quiet = undefined;
  }

  /** Resolves when nothing runs. */
  quiet(): Promise<void> {
    if (this.#running === 0) return Promise.resolve();
    this.#quiet ??= Promise.withResolvers();
    return this.#quiet.promise;
  }
}
