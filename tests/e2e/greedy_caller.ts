/** A caller that sends calls without a pause, and counts how many are allowed. */

/** What each of three servers may hold of a limit: a batch (5 %), and as much once Redis is away. */
const HELD_SHARE = 3 * 2 * 0.05;

const PATIENCE_MS = 10_000;
const MINUTE_MS = 60_000;

/** Runs from its creation to its end. */
export class GreedyCaller {
  readonly #url: string;
  readonly #key: string;
  readonly #perMinute: number;
  readonly #startedMs = performance.now();
  readonly #running: Promise<void>;
  #admitted = 0;
  #hasEnded = false;

  constructor(url: string, { key, perMinute }: { readonly key: string; readonly perMinute: number }) {
    this.#url = url;
    this.#key = key;
    this.#perMinute = perMinute;
    this.#running = this.#run();
  }

  /** How many calls were allowed, and the maximum: a full limit, what refilled, and what servers hold. */
  async end(): Promise<{ admitted: number; allowed: number }> {
    this.#hasEnded = true;
    await this.#running;
    const flowedIn = (performance.now() - this.#startedMs) * this.#perMinute / MINUTE_MS;
    const allowed = Math.ceil(this.#perMinute * (1 + HELD_SHARE) + flowedIn);
    return { admitted: this.#admitted, allowed };
  }

  async #run(): Promise<void> {
    while (!this.#hasEnded) {
      const status = await this.#ask().catch(() => 0);
      if (status === 200) this.#admitted++;
      if (status !== 200) await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async #ask(): Promise<number> {
    const response = await fetch(`${this.#url}/v1/tools/get_ticker`, {
      method: "POST",
      headers: { "authorization": `Bearer ${this.#key}`, "content-type": "application/json" },
      body: JSON.stringify({ pair: "XBTZAR" }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    await response.body?.cancel();
    return response.status;
  }
}
