/** Does what somebody asked for who pulled the kill switch in another process: cancels what is open. */

import { getLogger } from "@logtape/logtape";
import type { KillSwitch } from "./kill_switch.ts";

const log = getLogger(["luno-mcp-server", "trading"]);

const INTERVAL_MS = 250;

/** Looks at the kill switch four times a second; new orders are stopped by the journal itself, at once. */
export class HaltWatch {
  readonly #killSwitch: Pick<KillSwitch, "takeCancelWish">;
  readonly #cancelOpen: () => Promise<void>;
  #timer: ReturnType<typeof setInterval> | undefined;
  #hasFailed = false;

  constructor({ killSwitch, cancelOpen }: {
    readonly killSwitch: Pick<KillSwitch, "takeCancelWish">;
    readonly cancelOpen: () => Promise<void>;
  }) {
    this.#killSwitch = killSwitch;
    this.#cancelOpen = cancelOpen;
  }

  start(): void {
    this.#timer = setInterval(() => void this.look(), INTERVAL_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Looks now. Never rejects. */
  async look(): Promise<void> {
    try {
      if (this.#killSwitch.takeCancelWish()) await this.#cancelOpen();
      this.#hasFailed = false;
    } catch (error) {
      if (!this.#hasFailed) log.error("the kill switch cannot be read", { error });
      this.#hasFailed = true;
    }
  }
}
