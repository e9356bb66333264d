import type { Session } from "./session.ts";

/** Time limit for the server to acknowledge the subscription, in milliseconds. */
const TIMEOUT_MS = 10_000;

/** Reports when one of some resources has changed, until the session ends. */
export class ResourceChanges {
  #isOver = false;
  #hasChanged = false;
  #news = Promise.withResolvers<void>();

  private constructor() {}

  /** Subscribes to resources of a server; `undefined` when it does not report changes of all of them. */
  static async follow(
    { client, transport }: Session,
    uris: readonly string[],
    signal: AbortSignal,
  ): Promise<ResourceChanges | undefined> {
    if (client.getServerCapabilities()?.resources?.subscribe !== true) return undefined;
    const changes = new ResourceChanges();
    client.setNotificationHandler("notifications/resources/updated", () => changes.#changed());
    const options = { signal, timeout: TIMEOUT_MS };
    try {
      if (client.getProtocolEra() === "modern") {
        const subscription = await client.listen({ resourceSubscriptions: [...uris] }, options);
        const honored = new Set(subscription.honoredFilter.resourceSubscriptions);
        if (!uris.every((uri) => honored.has(uri))) {
          await subscription.close();
          return undefined;
        }
        void subscription.closed.then(() => changes.#end());
      } else {
        await Promise.all(uris.map((uri) => client.subscribeResource({ uri }, options)));
      }
    } catch {
      // After an interruption every resource counts as changed.
      return undefined;
    }
    void transport.ended.then(() => changes.#end());
    return changes;
  }

  /** Whether no more changes will be reported. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /**
   * Settles when something has changed since the last call, when changes are no longer reported, or when `signal`
   * aborts.
   */
  async next(signal: AbortSignal): Promise<void> {
    const stop = () => this.#news.resolve();
    signal.addEventListener("abort", stop, { once: true });
    if (!this.#hasChanged && !this.#isOver && !signal.aborted) await this.#news.promise;
    signal.removeEventListener("abort", stop);
    this.#hasChanged = false;
    this.#news = Promise.withResolvers();
  }

  #changed(): void {
    this.#hasChanged = true;
    this.#news.resolve();
  }

  #end(): void {
    this.#isOver = true;
    this.#news.resolve();
  }
}
