/** What the signals of a system mean to the program. */

/** What a system sends, and what it sends it to. */
export interface SignalSource {
  readonly os: typeof Deno.build.os;
  /** Whether a terminal was attached as the program started. */
  readonly hasTerminal: boolean;
  /** @throws {TypeError} the system does not know the signal */
  add(signal: Deno.Signal, listener: () => void): void;
}

/** The signals that do not end the program. */
export interface Signals {
  /** Has `listener` called at SIGHUP, where that does not end the program. */
  onHangup(listener: () => void): void;
  /** Has `listener` called at SIGUSR1, where the system knows it. */
  onUserSignal(listener: () => void): void;
}

/**
 * Has `end` called at each signal that asks the program to end. SIGHUP is one where a terminal was attached: it has closed.
 * A program without one, as a service is, has files to read again then.
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

/** Runtimes before Deno 2.9 do not know all signals of Windows. */
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
