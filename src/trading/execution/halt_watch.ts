/** Acts on halts that began elsewhere: in another process, by the file, or while the record could not be written. */

import { getLogger } from "../../logging/logger.ts";
import type { Placement } from "../record/recorded_placement.ts";
import type { KillSwitch } from "./kill_switch.ts";

const log = getLogger(["luno-mcp-server", "trading"]);

const INTERVAL_MS = 250;

/** Parts of a {@linkcode HaltWatch}. */
export interface HaltWatchOptions {
  readonly killSwitch: Pick<KillSwitch, "retry" | "noteFile">;
  /** Performs the requests to cancel open orders. */
  readonly cancellation: { look(): Promise<void> };
  /** Wall clock, milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/** Checks for a halt four times a second; the journal itself refuses new orders at once. */
export class HaltWatch {
  readonly #options: HaltWatchOptions;
  #timer: ReturnType<typeof setInterval> | undefined;
  /** Checks that wait for the record. */
  #waiting = 0;
  #hasFailed = false;
  #isStopped = false;

  constructor(options: HaltWatchOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = setInterval(() => {
      if (this.#waiting === 0) void this.look();
    }, INTERVAL_MS);
  }

  /** Stops the timer. A check still in progress may find the record closed. */
  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#timer);
  }

  /** Checks now, and settles when the running cancellation rounds have ended. Never rejects. */
  async look(): Promise<void> {
    const { cancellation } = this.#options;
    try {
      await this.#note();
      await cancellation.look();
      this.#hasFailed = false;
    } catch (error) {
      if (!this.#hasFailed && !this.#isStopped) log.error("cannot read or write the halt", { error });
      this.#hasFailed = true;
    }
  }

  async #note(): Promise<void> {
    const { killSwitch, now } = this.#options;
    this.#waiting++;
    try {
      await killSwitch.retry();
      const noted = await killSwitch.noteFile(now());
      if (noted?.file === "appeared") warnOfSent(noted.onTheirWay);
    } finally {
      this.#waiting--;
    }
  }
}

/** Logs the orders that a halt came too late for. */
export function warnOfSent(placements: readonly Placement[]): void {
  if (placements.length === 0) return;
  log.warning("orders were already sent when trading was halted", {
    in_flight_orders: placements.map(({ clientOrderId }) => clientOrderId),
  });
}
