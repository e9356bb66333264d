/** Waiting for another process that keeps state locked. */

import { StateError } from "./state_error.ts";

/** How long to wait, and whom to tell. */
export interface BusyOptions {
  /** What is locked; for messages. */
  readonly path: string;
  /** How long to try again, in milliseconds. */
  readonly timeoutMs: number;
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
  /** Ends the wait. */
  readonly signal?: AbortSignal | undefined;
  /** What to do beside ending that process. @default "raise --state-timeout" */
  readonly remedy?: string | undefined;
  /** Called once, where the wait has taken a second. */
  readonly onWait?: (() => void | Promise<void>) | undefined;
}

const NOTICE_MS = 1_000;

/**
 * Does something that another process may keep from being done, again and again until it is done or the time has run out.
 * Each attempt must wait a while by itself, and have done nothing where it fails with `busy`.
 *
 * @throws {StateError} `ERR_STATE_BUSY` after the time, or when the signal came
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
        ? "another process keeps it locked, and the program was told to end"
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
