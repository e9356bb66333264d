/**
 * Ends the program together with the process that started it through npm: `npx` passes signals only to its shell, which
 * passes them to nobody, so that the program would stay behind without a parent. Started in any other way it may
 * outlive its parent, as daemons must.
 */

/** The interval of the check, in milliseconds. */
const INTERVAL_MS = 500;

/** Settings of the watch. */
export interface ParentWatchOptions {
  /** The process id of the present parent. */
  readonly parent: () => number;
  readonly env: (name: string) => string | undefined;
  /** Called once, when the parent has changed. */
  readonly onGone: () => void;
  /** @default 500 */
  readonly intervalMs?: number;
}

/** Watches the parent if npm started the program; does not keep the program alive. */
export function watchParent({ parent, env, onGone, intervalMs = INTERVAL_MS }: ParentWatchOptions): void {
  if (env("npm_command") !== "exec") return;
  const first = parent();
  const timer = setInterval(() => {
    if (parent() === first) return;
    clearInterval(timer);
    onGone();
  }, intervalMs);
  Deno.unrefTimer(timer);
}
