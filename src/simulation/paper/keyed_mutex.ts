/** Serializes work on the same name, so that no two orders take the same part of a book. */

import { Refusal } from "../engine/refusal.ts";

/** How many may wait for one name. */
const MAX_WAITING = 100;

/** One mutex per name, first come, first served. */
export class KeyedMutex {
  readonly #last = new Map<string, { readonly done: Promise<void>; readonly waiting: number }>();

  /**
   * Runs `body` when all earlier calls are done.
   *
   * @throws {Refusal} ErrTooManyRequests when a hundred already wait
   */
  async run<Result>(name: string, body: () => Promise<Result>): Promise<Result> {
    const before = this.#last.get(name);
    const waiting = before === undefined ? 0 : before.waiting + 1;
    if (waiting > MAX_WAITING) throw new Refusal("ErrTooManyRequests");
    const { promise: done, resolve } = Promise.withResolvers<void>();
    this.#last.set(name, { done, waiting });
    await before?.done;
    try {
      return await body();
    } finally {
      resolve();
      const last = this.#last.get(name);
      if (last?.done === done) this.#last.delete(name);
      else if (last !== undefined) this.#last.set(name, { ...last, waiting: last.waiting - 1 });
    }
  }
}
