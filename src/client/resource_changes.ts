import type { Session } from "./session.ts";

/** For the server's word that it will tell of changes, in milliseconds. */
const TIMEOUT_MS = 10_000;

/** Tells when one of some resources has changed, for as long as the session lasts. */
export class ResourceChanges {
  #isOver = false;
  #hasChanged = false;
  #news = Promise.withResolvers<void>();

  private constructor() {}

  /** Subscribes to resources of a server; `undefined` where it does not tell of changes of all of them. */
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
      // Who cannot be told looks again.
      return undefined;
    }
    void transport.ended.then(() => changes.#end());
    return changes;
  }

  /** Whether nothing more will be told. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Settles when something has changed since the last time, when that cannot be told any more, or when `signal` aborts. */
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
