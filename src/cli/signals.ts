/** The program's reactions to signals. */

/** The system's signals. */
export interface SignalSource {
  readonly os: typeof Deno.build.os;
  /** Whether a terminal was attached when the program started. */
  readonly hasTerminal: boolean;
  /** @throws {TypeError} when the system does not have the signal */
  add(signal: Deno.Signal, listener: () => void): void;
}

/** Registers listeners for signals that do not end the program. */
export interface Signals {
  /** Calls `listener` at SIGHUP, where that does not end the program. */
  onHangup(listener: () => void): void;
  /** Calls `listener` at SIGUSR1, where the system has that signal. */
  onUserSignal(listener: () => void): void;
}

/**
 * Calls `end` at each signal that asks the program to end. SIGHUP is one if a terminal was attached, which has then
 * closed; without a terminal, as for a service, it means reload.
 */
export function listenToSignals({ os, hasTerminal, add }: SignalSource, end: () => void): Signals {
  const isWindows = os === "windows";
  const ending: Deno.Signal[] = isWindows ? ["SIGINT", "SIGBREAK"] : ["SIGINT", "SIGTERM"];
  for (const signal of ending) add(signal, end);
  if (isWindows) { for (const signal of ["SIGTERM", "SIGHUP"] as const) addIfKnown(signal, { add, listener: end }); }
  else if (hasTerminal) add("SIGHUP", end);
  return {
    onHangup(listener) {
      if (!isWindows && !hasTerminal) add("SIGHUP", listener);
    },
    onUserSignal(listener) {
      if (!isWindows) add("SIGUSR1", listener);
    },
  };
}

/** Runtimes before Deno 2.9 do not support all signals of Windows. */
function addIfKnown(
  signal: Deno.Signal,
  { add, listener }: { add: SignalSource["add"]; listener: () => void },
): void {
  try {
    add(signal, listener);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
}
