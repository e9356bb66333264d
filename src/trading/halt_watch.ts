/** Does what somebody asked for who pulled the kill switch in another process: cancels what is open. */

import { getLogger } from "@logtape/logtape";
import type { KillSwitch, OrderKind } from "./kill_switch.ts";

const log = getLogger(["luno-mcp-server", "trading"]);

const INTERVAL_MS = 250;

/** What a {@linkcode HaltWatch} acts on. */
export interface HaltWatchOptions {
  readonly killSwitch: Pick<KillSwitch, "retry" | "takeCancelWish">;
  /** Whose orders this server can cancel. */
  readonly kinds: readonly OrderKind[];
  readonly cancelOpen: (kinds: readonly OrderKind[]) => Promise<void>;
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

  /** Looks now. Never rejects. */
  async look(): Promise<void> {
    const wished = this.#takeWish();
    if (wished.length === 0) return;
    try {
      await this.#options.cancelOpen(wished);
    } catch (error) {
      log.error("open orders could not be cancelled: cancel them by hand", { error });
    }
  }

  #takeWish(): readonly OrderKind[] {
    const { killSwitch, kinds } = this.#options;
    try {
      killSwitch.retry();
      const wished = killSwitch.takeCancelWish(kinds);
      this.#hasFailed = false;
      return wished;
    } catch (error) {
      if (!this.#hasFailed) log.error("the kill switch cannot be read or written", { error });
      this.#hasFailed = true;
      return [];
    }
  }
}
