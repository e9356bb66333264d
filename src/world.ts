/** What a command may touch of the outside; `main.ts` reads the real one, tests bring their own. */

import type { HeldClocks } from "./timing/held_clocks.ts";

/**
 * Codes with which the program ends: 0 as asked, 1 our fault or an error result, 2 the operator's input, 3 a person has to
 * approve, 4 it is not known what became of an order, 5 it was not placed or cancelled, 69 the address is not available.
 */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 5 | 69;

/** A stream that can be written to. */
export interface Output {
  write(bytes: Uint8Array): Promise<number>;
  isTerminal(): boolean;
}

/** The outside world of one run. */
export interface World {
  readonly args: readonly string[];
  env(name: string): string | undefined;
  readonly stdin: { read(buffer: Uint8Array): Promise<number | null>; isTerminal(): boolean };
  readonly stdout: Output;
  readonly stderr: Output;
  /** The terminal behind stdout. @default 80 columns without colours */
  readonly terminal?: {
    /** `undefined` where nobody knows it. */
    size(): { readonly columns: number; readonly rows: number } | undefined;
    readonly colour: boolean;
  };
  /** Wall clock in milliseconds since the Unix epoch. */
  now(): number;
  /** Milliseconds that only ever rise, for durations. */
  monotonic(): number;
  /** Holds both clocks while a message is handled. @default they always go on */
  readonly clocks?: Pick<HeldClocks, "hold" | "release">;
  /** From 0 up to, but not including, 1. @default Math.random */
  random?(): number;
  /** Aborts at SIGINT and SIGTERM. */
  readonly shutdown: AbortSignal;
  /** Has `listener` called at SIGHUP, where that does not end the program. */
  onHangup(listener: () => void): void;
  /** Has `listener` called at SIGUSR1, where the system knows it. */
  onUserSignal(listener: () => void): void;
}

/** Writes text and a newline; a reader that has gone away is no error. */
export async function print(output: Output, text: string): Promise<void> {
  await write(output, `${text}\n`);
}

/** Writes text as it is; a reader that has gone away is no error. */
export async function write(output: Output, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  try {
    for (let written = 0; written < bytes.length;) written += await output.write(bytes.subarray(written));
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

/** An output beside the result, as stderr is: where it takes nothing, the program goes on without. */
export function bestEffort(output: Output): Output {
  return {
    isTerminal: () => output.isTerminal(),
    write: (bytes) => output.write(bytes).catch(() => bytes.length),
  };
}
