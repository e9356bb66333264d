/** Acts on halts that were made elsewhere: in another process, by the file, or while the record could not be written. */

import { getLogger } from "@logtape/logtape";
import type { Placement } from "./journal.ts";
import type { KillSwitch } from "./kill_switch.ts";

const log = getLogger(["luno-mcp-server", "trading"]);

const INTERVAL_MS = 250;

/** What a {@linkcode HaltWatch} acts on. */
export interface HaltWatchOptions {
  readonly killSwitch: Pick<KillSwitch, "retry" | "noteFile">;
  /** Works on the wishes to cancel what is open. */
  readonly cancellation: { look(): Promise<void> };
  /** Orders that had left before and whose outcome is not known. */
  readonly onTheirWay: () => readonly Placement[];
  /** Wall clock, milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/** Looks at the kill switch four times a second; new orders are stopped by the journal itself, at once. */
export class HaltWatch {
  readonly #options: HaltWatchOptions;
  #timer: ReturnType<typeof setInterval> | undefined;
  #hasFailed = false;

  constructor(options: HaltWatchOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = setInterval(() => void this.look(), INTERVAL_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Looks now, and settles when the rounds of cancelling that are running have ended. Never rejects. */
  async look(): Promise<void> {
    const { killSwitch, cancellation, onTheirWay, now } = this.#options;
    try {
      killSwitch.retry();
      const changed = killSwitch.noteFile(now());
      if (changed === "appeared") {
        log.warning("trading is halted by the file", {
          in_flight_orders: onTheirWay().map(({ clientOrderId }) => clientOrderId),
        });
      }
      if (changed === "gone") log.warning("the file that halted trading is gone");
      await cancellation.look();
      this.#hasFailed = false;
    } catch (error) {
      if (!this.#hasFailed) log.error("cannot read or write the kill switch", { error });
      this.#hasFailed = true;
    }
  }
}
