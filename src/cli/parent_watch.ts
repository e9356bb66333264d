/**
 * Ends the program with whoever started it through npm: `npx` passes a signal on to its shell, and the shell to nobody, so
 * that the program would stay behind without a parent. Started in any other way it outlives its parent, as daemons must.
 */

/** How often the parent is looked for, in milliseconds. */
const INTERVAL_MS = 500;

/** What the watch looks at. */
export interface ParentWatchOptions {
  /** The process that is the parent now. */
  readonly parent: () => number;
  readonly env: (name: string) => string | undefined;
  /** Called once, when another process has become the parent. */
  readonly onGone: () => void;
  /** @default 500 */
  readonly intervalMs?: number;
}

/** Watches the parent where npm started the program, and keeps no program alive. */
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
