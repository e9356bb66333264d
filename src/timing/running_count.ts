/**
 * Counts running tasks, so that others can wait until none runs. A set of promises would do too, but whenever it grows
 * V8 keeps the old table until the next full collection.
 */
export class RunningCount {
  #running = 0;
  #quiet: PromiseWithResolvers<void> | undefined;

  /** A task has begun; {@linkcode end} must be called once for it. */
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
