/** Everything outside the program that a command may use; `main.ts` provides the real one, tests provide their own. */

import type { HeldClocks } from "./timing/held_clocks.ts";

/**
 * Exit codes: 0 success, 1 failure, 2 invalid input, 3 approval required, 4 outcome of an order unknown, 5 not placed
 * or not cancelled, 69 address unavailable.
 */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 5 | 69;

/** A writable stream. */
export interface Output {
  write(bytes: Uint8Array): Promise<number>;
  isTerminal(): boolean;
}

/** The environment of one run. */
export interface World {
  readonly args: readonly string[];
  env(name: string): string | undefined;
  /** The names of the variables that are set and not empty, of those that may be read. @default none is known */
  variables?(): readonly string[];
  readonly stdin: { read(buffer: Uint8Array): Promise<number | null>; isTerminal(): boolean };
  readonly stdout: Output;
  readonly stderr: Output;
  /** The terminal behind stdout. @default 80 columns without colours */
  readonly terminal?: {
    /** `undefined` when the size is unknown. */
    size(): { readonly columns: number; readonly rows: number } | undefined;
    readonly colour: boolean;
  };
  /** Wall clock in milliseconds since the Unix epoch. */
  now(): number;
  /** Monotonic milliseconds, for durations. */
  monotonic(): number;
  /**
   * Holds both clocks still while a message is handled.
   *
   * @default the clocks always advance
   */
  readonly clocks?: Pick<HeldClocks, "hold" | "release" | "during">;
  /** From 0 up to, but not including, 1. @default Math.random */
  random?(): number;
  /** Aborts at SIGINT and SIGTERM. */
  readonly shutdown: AbortSignal;
  /** Calls `listener` at SIGHUP, where that does not end the program. */
  onHangup(listener: () => void): void;
  /** Calls `listener` at SIGUSR1, where the system has that signal. */
  onUserSignal(listener: () => void): void;
}

/** Writes text and a newline; a reader that has gone away is not an error. */
export async function print(output: Output, text: string): Promise<void> {
  await write(output, `${text}\n`);
}

/** Writes text unchanged; a reader that has gone away is not an error. */
export async function write(output: Output, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  try {
    for (let written = 0; written < bytes.length;) written += await output.write(bytes.subarray(written));
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

/** Wraps an output that is optional, such as stderr: write errors are ignored. */
export function bestEffort(output: Output): Output {
  return {
    isTerminal: () => output.isTerminal(),
    write: (bytes) => output.write(bytes).catch(() => bytes.length),
  };
}
