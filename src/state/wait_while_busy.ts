/** Waits for another process that has locked state. */

import { StateError } from "./state_error.ts";

/** How long to wait, and whom to notify. */
export interface BusyOptions {
  /** What is locked; for messages. */
  readonly path: string;
  /** How long to retry, in milliseconds. */
  readonly timeoutMs: number;
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
  /** Ends the wait. */
  readonly signal?: AbortSignal | undefined;
  /**
   * What to do other than ending that process.
   *
   * @default "raise --state-timeout"
   */
  readonly remedy?: string | undefined;
  /** Called once, when the wait has taken a second. */
  readonly onWait?: (() => void | Promise<void>) | undefined;
}

const NOTICE_MS = 1_000;

/**
 * Retries an operation that a lock of another process may prevent, until it succeeds or time is up. Each attempt must
 * itself wait a while, and have had no effect when it fails as `busy`.
 *
 * @throws {StateError} `ERR_STATE_BUSY` when time is up, or the signal aborted
 */
export async function waitWhileBusy<Value>(attempt: () => Promise<Value>, options: BusyOptions): Promise<Value> {
  const { path, timeoutMs, monotonic, signal, remedy = "raise --state-timeout", onWait } = options;
  const startedMs = monotonic();
  let isTold = false;
  while (true) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof StateError && error.failure === "busy")) throw error;
      const waitedMs = monotonic() - startedMs;
      const reason = signal?.aborted
        ? "another process keeps it locked, and the program is ending"
        : waitedMs >= timeoutMs
        ? `another process has kept it locked for ${timeoutMs / 1_000} s: end that process, or ${remedy}`
        : undefined;
      if (reason !== undefined) {
        throw new StateError(`Cannot use ${path} as ${reason}`, { path, failure: "busy", cause: error });
      }
      if (!isTold && waitedMs >= NOTICE_MS) {
        isTold = true;
        await onWait?.();
      }
    }
  }
}
